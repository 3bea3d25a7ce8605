"""Corrections of speakers: making and undoing them.

One transaction per recording:

    1. Lock the recording. Two users who correct one recording at the same time wait for each other.
    2. Read the corrections in force: those of the database, and those in the raw store of other speakers.
    3. Check the change, and write the corrections to the database.
    4. Write the copy in the raw store.
    5. Commit.

A process that is killed before step 4 has changed nothing. Between steps 4 and 5, the raw store has the new
corrections and the database the old ones. The next change or rebuild of the recording then adopts corrections of
speakers that the database has none of, and overwrites the rest of the copy: the database is the authority. An undone
correction thus returns only if its undo was interrupted, and no confirmed correction is lost.

A recording that the API moves to another day leaves a copy below the old day until `restored_corrections` moves it. An
undo deletes such copies, because a rebuild of the old day would adopt the undone correction from them.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection

from meeting_assets.core.batches import batched
from meeting_assets.core.errors import UsageError
from meeting_assets.core.logs import log_context
from meeting_assets.metrics.weeks import WEEK, monday
from meeting_assets.pipeline.correction_faults import faults_of, with_copies
from meeting_assets.pipeline.derive import derive_recordings
from meeting_assets.pipeline.rollup import roll_up, roll_up_people
from meeting_assets.pipeline.series_rollup import roll_up_series
from meeting_assets.pipeline.speakers import occurring_keys
from meeting_assets.pipeline.storage import Storage
from meeting_assets.store import ledger, tombstones
from meeting_assets.store.connections import retry_on_conflict
from meeting_assets.store.corrections import StoredCorrection, corrections_of, replace_corrections
from meeting_assets.store.raw_corrections import read_copy, write_copy

BATCH = 500

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Change:
    """A change of one recording's corrections: the speakers whose corrections were made, undone and adopted."""

    made: tuple[str, ...] = ()
    undone: tuple[str, ...] = ()
    adopted: tuple[str, ...] = ()
    """Speakers whose corrections only the raw store had, since an earlier command was interrupted."""


@retry_on_conflict
def change_corrections(
    storage: Storage, recording_id: str, made: Sequence[StoredCorrection], undone: Collection[str] = ()
) -> Change:
    """Undoes corrections, then makes others, in one transaction. Speakers without a correction have nothing to undo.

    Raises:
        UsageError: a correction is invalid, or the recording is not stored. Nothing was changed.
        PayloadError: the copy in the raw store is damaged. Nothing was changed.
        StoreError: database or raw store cannot be written. The database is unchanged; the copy may have the new
            corrections, which the next change or rebuild of the recording then adopts or overwrites.
    """
    stored_days = storage.raw.days_of([recording_id])[recording_id] if undone else []
    with storage.database.writing() as connection:
        day = _locked_day(connection, recording_id)
        held = corrections_of(connection, recording_id)
        before = with_copies(held, read_copy(storage.raw, day, recording_id))
        after = {key: each for key, each in before.items() if key not in undone}
        after |= {each.speaker_key: each for each in made}
        new = [each for each in made if before.get(each.speaker_key) != each]
        if faults := faults_of(new, after, occurring_keys(connection, recording_id)):
            raise _unchanged(recording_id, next(iter(faults.values())))
        replace_corrections(connection, recording_id, after.values())
        write_copy(storage.raw, day, recording_id, after.values())
        for other_day in {*stored_days} - {day}:
            write_copy(storage.raw, other_day, recording_id, [])
    change = Change(
        made=tuple(each.speaker_key for each in new),
        undone=tuple(key for key in before if key not in after),
        adopted=tuple(key for key, each in before.items() if key not in held and after.get(key) == each),
    )
    logger.info(
        "%d corrections were made, %d undone and %d adopted",
        *map(len, (change.made, change.undone, change.adopted)),
        extra=log_context(recording_id),
    )
    return change


def derive_corrected(storage: Storage, recording_ids: Collection[str]) -> list[str]:
    """Derives the metrics of corrected recordings, and updates all roll-ups; returns the faults of this package."""
    faults = derive_recordings(recording_ids, storage).faults
    weeks: set[date] = set()
    with storage.database.reading() as connection:
        for batch in batched(sorted(recording_ids), BATCH):
            weeks |= {monday(day) for day in ledger.recording_days(connection, batch).values()}
    # Trends compare a week with the week before.
    roll_up(storage, weeks | {week + WEEK for week in weeks})
    roll_up_people(storage)
    roll_up_series(storage)
    return faults


def _locked_day(connection: Connection, recording_id: str) -> date:
    """Locks a recording and returns its day."""
    if tombstones.tombstoned_until_commit(connection, [recording_id]):
        raise _unchanged(recording_id, "it was purged")
    row: dict[str, Any] | None = ledger.lock_recordings(connection, [recording_id]).get(recording_id)
    if row is None:
        raise _unchanged(recording_id, "it is not stored")
    day: date = row["day"]
    return day


def _unchanged(recording_id: str, reason: str) -> UsageError:
    return UsageError(f"The corrections of recording {recording_id} were not changed: {reason}.")
