"""Restores corrections of speakers, so that database and raw store have the same ones.

The database adopts corrections of speakers that it has none of, as the ledger adopts artifacts.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import date

from meeting_assets.core.errors import PayloadError
from meeting_assets.core.logs import log_context
from meeting_assets.pipeline.correction_faults import with_copies
from meeting_assets.pipeline.storage import Storage
from meeting_assets.store import ledger, tombstones
from meeting_assets.store.connections import retry_on_conflict
from meeting_assets.store.corrections import corrections_of, replace_corrections
from meeting_assets.store.raw_corrections import read_copy, write_copy

logger = logging.getLogger(__name__)


def restore_corrections(storage: Storage, day: date, recording_id: str) -> None:
    """Restores the corrections of a recording whose objects are below `day`.

    Raises:
        PayloadError: the copy in the raw store is damaged.
    """
    held = storage.database.read(lambda connection: corrections_of(connection, recording_id))
    if held or read_copy(storage.raw, day, recording_id):
        _restore(storage, day, recording_id)


def restore_moved(storage: Storage, before: Mapping[str, date], now: Mapping[str, date]) -> None:
    """Restores corrections of recordings that are new to the database or have another day than `before`.

    A recording that is new to the database has objects in the raw store only if the database replaces another one.
    A damaged copy is named in the log and stays.
    """
    moved = {recording_id: day for recording_id, day in now.items() if before.get(recording_id) != day}
    stored = {day: {*storage.raw.names(f"{day}/")} for day in {*moved.values()}}
    for recording_id, day in moved.items():
        if recording_id in before or recording_id in stored[day]:
            try:
                restore_corrections(storage, before.get(recording_id, day), recording_id)
            except PayloadError as error:
                logger.warning("%s", error, extra=log_context(recording_id))


@retry_on_conflict
def _restore(storage: Storage, stored_day: date, recording_id: str) -> None:
    with storage.database.writing() as connection:
        if tombstones.tombstoned_until_commit(connection, [recording_id]):
            return
        row = ledger.lock_recordings(connection, [recording_id]).get(recording_id)
        if row is None:
            return
        # The API may have moved the recording to another day since its objects were written.
        days = dict.fromkeys([stored_day, row["day"]])
        copies = {day: read_copy(storage.raw, day, recording_id) for day in days}
        held = corrections_of(connection, recording_id)
        in_force = with_copies(held, *copies.values())
        if in_force != held:
            replace_corrections(connection, recording_id, in_force.values())
            logger.info("%d corrections were adopted", len(in_force) - len(held), extra=log_context(recording_id))
        for day, copy in copies.items():
            wanted = in_force if day == row["day"] else {}
            if copy != wanted:
                write_copy(storage.raw, day, recording_id, wanted.values())
