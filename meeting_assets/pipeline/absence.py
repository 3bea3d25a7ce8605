"""What a retrieve says is missing counts only if the lists do not show it either.

One answer of 404 may be wrong. A look by day has seen the list of recordings, but of media objects only those that were
created within a few days; a look at named recordings has seen no list of recordings at all. Here the list that was not
read yet is asked about what is missing; `store.absence` then demands a second look, later.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from datetime import date, datetime

from sqlalchemy import select

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.core.instants import start_of
from meeting_assets.core.logs import log_context
from meeting_assets.pipeline.discover import ARTIFACTS_COME_WITHIN, MARGIN, Discovery
from meeting_assets.pipeline.retrieval import comparable_id
from meeting_assets.pipeline.storage import Storage
from meeting_assets.recall.client import RecallClient
from meeting_assets.recall.objects import DELETED
from meeting_assets.store.ledger import LEDGER, RECORDINGS

logger = logging.getLogger(__name__)

RECORDING = "recording"
CONTRADICTION = (
    "the API answers 404 for %s of recording %s, and still lists it: it is kept, and the next sync looks again"
)


async def look_at_lists_again(client: RecallClient, storage: Storage, discovery: Discovery) -> None:
    """Takes out of the discovery's missing objects what a list still shows."""
    if not discovery.days:
        await _look_for_recordings(client, storage, discovery)
    else:
        await _look_for_media(client, storage, discovery)


def deleted_media(discovery: Discovery) -> set[tuple[str, str]]:
    """The media objects that this look has found deleted, with their recordings."""
    said = {
        (found.recording_id, media_id)
        for found in discovery.found.values()
        for of_collection in found.media.values()
        for media_id, media in of_collection.items()
        if media.status.code == DELETED
    }
    return said | discovery.gone_media


async def _look_for_recordings(client: RecallClient, storage: Storage, discovery: Discovery) -> None:
    """Asks the list of recordings for the instants at which those that are missing were created."""
    for recording_id, created_at in _created_at(storage, discovery).items():
        window = {"created_at_after": created_at - MARGIN, "created_at_before": created_at + MARGIN}
        listed = [document async for document in client.list_objects(RECORDING, window)]
        if any(comparable_id(document.get("id")) == comparable_id(recording_id) for document in listed):
            discovery.gone_recordings.discard(recording_id)
            logger.warning(CONTRADICTION, "itself", recording_id, extra=log_context(recording_id))


async def _look_for_media(client: RecallClient, storage: Storage, discovery: Discovery) -> None:
    """Asks the lists of media objects for those of each recording that something is missing of."""
    for recording_id, collection in sorted(_collections_with_missing(storage, discovery)):
        missing = {comparable_id(each): each for of, each in discovery.gone_media if of == recording_id}
        asked_at = discovery.clock.now()
        async for document in client.list_objects(collection, {"recording_id": recording_id}):
            media_id = missing.get(comparable_id(document.get("id")))
            if media_id is not None:
                discovery.gone_media.discard((recording_id, media_id))
                discovery.add_media(collection, document, asked_at)
                logger.warning(CONTRADICTION, f"{collection} {media_id}", recording_id, extra=log_context(recording_id))


def _created_at(storage: Storage, discovery: Discovery) -> dict[str, datetime]:
    query = select(RECORDINGS.c.recording_id, RECORDINGS.c.created_at).where(
        RECORDINGS.c.recording_id.in_(discovery.gone_recordings)
    )
    query = query.order_by(RECORDINGS.c.recording_id)
    return storage.database.read(lambda connection: dict(connection.execute(query).all()))


def _collections_with_missing(storage: Storage, discovery: Discovery) -> set[tuple[str, str]]:
    """The recordings and collections of missing media objects that were created outside of the listed time."""
    columns = LEDGER.c.recording_id, LEDGER.c.kind, LEDGER.c.artifact_id, LEDGER.c.api_created_at
    query = select(*columns).where(
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
    """True if the lists of media objects that a look by day has read reach this instant."""
    return created_at is not None and any(
        start_of(day) <= created_at < start_of(day) + ARTIFACTS_COME_WITHIN for day in days
    )
