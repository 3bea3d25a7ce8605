"""Restores the ledger of media files from the descriptions in the raw store, without the API."""

from __future__ import annotations

from datetime import date

from meeting_assets.pipeline.storage import Storage
from meeting_assets.store import ledger, media_ledger, tombstones
from meeting_assets.store.connections import retry_on_conflict
from meeting_assets.store.raw_media import described_rows


@retry_on_conflict
def restore_media_files(storage: Storage, day: date, recording_id: str) -> list[str]:
    """Adds the stored media files of a recording to the ledger; returns a sentence for each damaged one."""
    rows, faults = described_rows(storage.raw, day, recording_id)
    if rows:
        with storage.database.writing() as connection:
            if tombstones.tombstoned_until_commit(connection, [recording_id]):
                return []  # purged by another process
            ledger.lock_recordings(connection, [recording_id])
            media_ledger.adopt(connection, rows)
    return faults
