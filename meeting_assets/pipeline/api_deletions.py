"""Deletions at the API.

A recording or media object counts as deleted if its retrieve returns 404 and the lists do not show it. Purges need a
second observation.

A single 404 may be wrong. A discovery by day has read the list of recordings, and lists of media objects created within
a few days. A discovery of named recordings has read no list of recordings. `recheck_gone` reads the lists that are
missing. `purge_deleted` then removes data whose deletion an earlier fetch observed too (see `store.absence`).
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from datetime import date, datetime

from sqlalchemy import select

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.core.instants import start_of
from meeting_assets.core.logs import log_context
from meeting_assets.pipeline.deletion.artifacts import purge_deleted_artifacts
from meeting_assets.pipeline.deletion.media import purge_deleted_media
from meeting_assets.pipeline.deletion.recordings import purge
from meeting_assets.pipeline.discover import ARTIFACTS_COME_WITHIN, MARGIN
from meeting_assets.pipeline.discovered import Discovery
from meeting_assets.pipeline.retrieval import Retrieval, comparable_id
from meeting_assets.pipeline.storage import Storage
from meeting_assets.recall.client import RecallClient
from meeting_assets.recall.objects import DELETED, RECORDING
from meeting_assets.store import absence, tombstones, worklist
from meeting_assets.store.ledger import KEY_COLUMNS, LEDGER, RECORDINGS

logger = logging.getLogger(__name__)

MAX_WITNESSES = 5
CONTRADICTION = (
    "the API answers 404 for %s of recording %s but still lists it: it is kept, and the next sync checks it again"
)
UNCONFIRMED = (
    "recording %s is deleted at Recall.ai. It is purged when a fetch at least one hour later also finds it deleted."
)
UNCERTAIN = (
    "the API knows neither recording %s nor anything related to it: it is kept, since to a key of another workspace "
    "everything appears deleted; `meeting-assets purge` removes it"
)


async def recheck_gone(client: RecallClient, storage: Storage, discovery: Discovery) -> None:
    """Removes objects from the discovery's gone ones if a list still shows them."""
    if not discovery.days:
        await _recheck_recordings(client, storage, discovery)
    else:
        await _recheck_media(client, storage, discovery)


async def purge_deleted(client: RecallClient, storage: Storage, discovery: Discovery, at: datetime) -> None:
    """Purges recordings and artifacts that this fetch and an earlier one found deleted at the API."""
    deleted = {each.recording_id for each in discovery.found.values() if each.recording.status.code == DELETED}
    certain = await _certainly_gone(client, storage, discovery.gone_recordings)
    for recording_id in sorted(discovery.gone_recordings - certain):
        logger.warning(UNCERTAIN, recording_id, extra=log_context(recording_id))
    confirmed = storage.database.read(
        lambda connection: absence.confirmed_recordings(connection, deleted | certain, at=at)
    )
    if confirmed:
        purge(storage, confirmed, tombstones.DELETED_AT_API)
    for recording_id in sorted((deleted | certain) - confirmed):
        logger.warning(UNCONFIRMED, recording_id, extra=log_context(recording_id))
    for recording_id in deleted & confirmed:
        del discovery.found[recording_id]
    purge_deleted_artifacts(storage, _deleted_media(discovery), at=at)
    purge_deleted_media(storage, at)


async def _certainly_gone(client: RecallClient, storage: Storage, recording_ids: Collection[str]) -> set[str]:
    """Recordings that the API does not know, although the key can read objects of their workspace.

    Proof is the recording's bot, which outlives the recording, or else any other recording without a bot.
    """
    bots, others = storage.database.read(
        lambda connection: (
            worklist.bots_of(connection, recording_ids),
            worklist.newest_without_bot(connection, recording_ids, MAX_WITNESSES),
        )
    )
    certain = set()
    retrieval = Retrieval(client)
    for recording_id, bot_id in sorted(bots.items()):
        witnesses = [("bot", bot_id)] if bot_id is not None else [(RECORDING, other) for other in others]
        for collection, witness in witnesses:
            if (await retrieval.one(collection, witness)).document is not None:
                certain.add(recording_id)
                break
    return certain


def _deleted_media(discovery: Discovery) -> set[tuple[str, str]]:
    """Media objects that this discovery found deleted, as (recording id, media id)."""
    marked = {
        (found.recording_id, media_id)
        for found in discovery.found.values()
        for of_collection in found.media.values()
        for media_id, media in of_collection.items()
        if media.status.code == DELETED
    }
    return marked | discovery.gone_media


async def _recheck_recordings(client: RecallClient, storage: Storage, discovery: Discovery) -> None:
    """Lists recordings created at the same instants as the gone ones."""
    query = select(RECORDINGS.c.recording_id, RECORDINGS.c.created_at).order_by(RECORDINGS.c.recording_id)
    gone = query.where(RECORDINGS.c.recording_id.in_(discovery.gone_recordings))
    for recording_id, created_at in storage.database.read(lambda connection: connection.execute(gone).all()):
        window = {"created_at_after": created_at - MARGIN, "created_at_before": created_at + MARGIN}
        listed = [document async for document in client.list_objects(RECORDING, window)]
        if any(comparable_id(document.get("id")) == comparable_id(recording_id) for document in listed):
            discovery.gone_recordings.discard(recording_id)
            logger.warning(CONTRADICTION, "itself", recording_id, extra=log_context(recording_id))


async def _recheck_media(client: RecallClient, storage: Storage, discovery: Discovery) -> None:
    """Lists the media objects of each recording with gone ones that the lists by day could not show."""
    for recording_id, collection in sorted(_unlisted_collections(storage, discovery)):
        gone = {comparable_id(each): each for of, each in discovery.gone_media if of == recording_id}
        requested_at = discovery.clock.now()
        async for document in client.list_objects(collection, {"recording_id": recording_id}):
            media_id = gone.get(comparable_id(document.get("id")))
            if media_id is not None:
                discovery.gone_media.discard((recording_id, media_id))
                discovery.add_media(collection, document, requested_at)
                logger.warning(CONTRADICTION, f"{collection} {media_id}", recording_id, extra=log_context(recording_id))


def _unlisted_collections(storage: Storage, discovery: Discovery) -> set[tuple[str, str]]:
    """Recordings and collections with gone media objects that were created outside of the listed time."""
    query = select(*KEY_COLUMNS, LEDGER.c.api_created_at).where(
        LEDGER.c.recording_id.in_({recording_id for recording_id, _ in discovery.gone_media})
    )
    rows = storage.database.read(lambda connection: connection.execute(query).all())
    return {
        (recording_id, ARTIFACTS[kind].collection)
        for recording_id, kind, artifact_id, created_at in rows
        if kind in ARTIFACTS
        and ARTIFACTS[kind].is_listed
        and (recording_id, artifact_id) in discovery.gone_media
        and not _is_listed_time(created_at, discovery.days)
    }


def _is_listed_time(created_at: datetime | None, days: Collection[date]) -> bool:
    """True if the lists of media objects read for these days reach this instant."""
    return created_at is not None and any(
        start_of(day) <= created_at < start_of(day) + ARTIFACTS_COME_WITHIN for day in days
    )
