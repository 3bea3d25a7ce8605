"""Purge of media files that the API has deleted, with MEETING_ASSETS_ON_DELETION=purge.

    1. Delete the file and its description from the raw store.
    2. Record in the ledger that the file is deleted, and delete what was derived from its sound, in one transaction.

A killed purge is repeated by the next fetch. The ledger row stays, so that the file is not fetched again.
"""

from __future__ import annotations

import logging
from datetime import datetime
from functools import partial
from typing import Any

from meeting_assets.core.logs import log_context
from meeting_assets.pipeline.deletion.removal import PurgeReport, forget_published
from meeting_assets.pipeline.storage import Storage
from meeting_assets.store import audio_activity, ledger, media_observation
from meeting_assets.store.connections import retry_on_conflict
from meeting_assets.store.raw_layout import media_description_key

logger = logging.getLogger(__name__)


def purge_deleted_media(storage: Storage, at: datetime) -> PurgeReport:
    """Purges stored media files whose deletion two observations confirm."""
    report = PurgeReport()
    files = storage.database.read(partial(media_observation.confirmed_files, at=at))
    for file in files:
        keys = [file.key, media_description_key(file.key)]
        storage.raw.delete(keys)
        report.raw_objects += len(keys)
        _note_purged(storage, file)
        context = log_context(file.recording_id, file.media_kind, file.part_id)
        logger.info("%s of %s was purged: deleted at the API", file.media_kind, file.recording_id, extra=context)
    forget_published(storage, {file.recording_id for file in files}, report)
    return report


@retry_on_conflict
def _note_purged(storage: Storage, file: Any) -> None:
    with storage.database.writing() as connection:
        ledger.lock_recordings(connection, [file.recording_id])
        media_observation.mark_purged(connection, file.recording_id, file.media_kind, file.part_id)
        audio_activity.forget_part(connection, file.recording_id, file.part_id)
