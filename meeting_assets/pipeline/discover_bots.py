"""Finds the bots of discovered recordings with as few calls as possible: by list, by time window or one by one."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from meeting_assets.core.errors import Refused, Transient
from meeting_assets.core.instants import shifted
from meeting_assets.pipeline.bots import ObservedBot, stored_documents
from meeting_assets.pipeline.discovered import Discovery
from meeting_assets.pipeline.retrieval import Name, Retrieval
from meeting_assets.pipeline.storage import Storage
from meeting_assets.recall.bot_status import stored_bot_object
from meeting_assets.recall.client import Query, RecallClient
from meeting_assets.recall.objects import Bot

# A bot joins around the time its recording is created, at most this much earlier or later.
BOT_MARGIN = timedelta(hours=6)
FEW_BOTS, MANY_BOTS = 5, 100

logger = logging.getLogger(__name__)


async def find_bots(
    client: RecallClient, discovery: Discovery, known: Collection[str], storage: Storage | None = None
) -> None:
    """Adds the bots of recordings, except recordings whose bot is `known`.

    Bots that `storage` has are not requested. Bots that the lists do not show are retrieved one by one.
    """
    wanted = {
        str(found.recording.bot.id): found.recording.created_at
        for found in discovery.found.values()
        if found.recording.bot is not None and found.recording_id not in known
    }
    documents = storage.database.read(lambda connection: stored_documents(connection, wanted)) if storage else {}
    stored = {*documents}
    requested_at = discovery.clock.now()
    documents |= await _requested_bots(client, discovery, {each: wanted[each] for each in wanted.keys() - stored})
    bots = {bot_id: bot for bot_id, each in documents.items() if (bot := discovery.decode_object("bot", each, Bot))}
    discovery.bots += [ObservedBot(bots[bot_id], requested_at) for bot_id in sorted(bots.keys() - stored)]
    for found in discovery.found.values():
        if found.recording.bot is not None and (bot_id := str(found.recording.bot.id)) in bots:
            found.bot, found.bot_object = bots[bot_id], stored_bot_object(documents[bot_id])


async def _requested_bots(
    client: RecallClient, discovery: Discovery, wanted: Mapping[str, datetime]
) -> dict[str, dict[str, Any]]:
    """Bot objects by id, from the lists as far as possible. `wanted` has the creation times of their recordings."""
    documents: dict[str, dict[str, Any]] = {}
    try:
        async for document in _listed_bots(client, wanted.values()):
            if (bot_id := str(document.get("id"))) in wanted and discovery.decode_object("bot", document, Bot):
                documents[bot_id] = document
            if wanted.keys() <= documents.keys():
                break
    except (Refused, Transient) as error:
        # Recordings are stored without their bots, too. A wrong key has failed the lists before this one.
        logger.warning("the list of bots cannot be read, so bots are retrieved one by one: %s", error)
    missing = [Name("bot", each) for each in sorted(wanted.keys() - documents.keys())]
    for name, outcome in (await Retrieval(client).each(missing)).items():
        if (retrieved := discovery.add_retrieved(name, outcome)) is not None:
            documents[name.object_id] = retrieved
    return documents


async def _listed_bots(client: RecallClient, created_at: Collection[datetime]) -> AsyncIterator[dict[str, Any]]:
    """Bots from the API's list: all bots, if that takes no more calls than retrieving those that a window misses.

    A window of `join_at` shows about half of the bots, because the API clears `join_at` of many once they have joined.
    """
    if len(created_at) >= MANY_BOTS:
        affordable_pages = len(created_at) / 2 / client.retrieves_per_list_call
        async for page in client.list_pages("bot"):
            for document in page.results:
                yield document
            if page.page_count is None or page.page_count > affordable_pages:
                break
        else:
            return
    if len(created_at) > FEW_BOTS:
        window: Query = {
            "join_at_after": shifted(min(created_at), -BOT_MARGIN),
            "join_at_before": shifted(max(created_at), BOT_MARGIN),
        }
        async for document in client.list_objects("bot", window):
            yield document
