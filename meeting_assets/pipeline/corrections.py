"""Corrections of speakers: making, undoing and restoring them.

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
"""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection

from meeting_assets.core.batches import batched
from meeting_assets.core.errors import PayloadError, SettingsError
from meeting_assets.core.logs import log_context
from meeting_assets.metrics.trends import WEEK, monday
from meeting_assets.pipeline.derive import derive_recordings
from meeting_assets.pipeline.rollup import roll_up, roll_up_people
from meeting_assets.pipeline.speakers import Occurring, occurring_keys
from meeting_assets.pipeline.storage import Storage
from meeting_assets.store import ledger, tombstones
from meeting_assets.store.connections import retry_on_conflict
from meeting_assets.store.corrections import (
    ASSIGN,
    KINDS,
    NAME,
    SAME_AS,
    InForce,
    StoredCorrection,
    corrections_of,
    replace_corrections,
)
from meeting_assets.store.raw_corrections import read_copy, write_copy

BATCH = 500
LONGEST_NAME, LONGEST_NOTE = 200, 1_000
NO_SPEAKER = "this recording has no such speaker"
NO_PARTICIPANT = "this recording has no such participant to assign to"
NO_TARGET = "this recording has no such speaker to join with"
TWICE = "the speaker has another correction in the same command"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Change:
    """A change of one recording's corrections: the speakers whose corrections were made, and undone."""

    made: tuple[str, ...] = ()
    undone: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        return len(self.made) + len(self.undone)


@retry_on_conflict
def change_corrections(
    storage: Storage, recording_id: str, made: Sequence[StoredCorrection], undone: Collection[str] = ()
) -> Change:
    """Undoes corrections, then makes others, in one transaction. Speakers without a correction have nothing to undo.

    Raises:
        SettingsError: a correction is invalid, or the recording is not stored. Nothing was changed.
        PayloadError: the copy in the raw store is damaged. Nothing was changed.
        StoreError: database or raw store cannot be written. Nothing was changed.
    """
    with storage.database.writing() as connection:
        day = _locked_day(connection, recording_id)
        held = corrections_of(connection, recording_id)
        before = _merged(held, read_copy(storage.raw, day, recording_id))
        after = {key: each for key, each in before.items() if key not in undone}
        after |= {each.speaker_key: each for each in made}
        new = [each for each in made if before.get(each.speaker_key) != each]
        if faults := faults_of(new, after, occurring_keys(connection, recording_id)):
            raise SettingsError(f"Nothing was changed: {next(iter(faults.values()))}.")
        _write(connection, storage, day, recording_id, after)
    change = Change(tuple(each.speaker_key for each in new), tuple(key for key in before if key not in after))
    logger.info(
        "%d corrections were made and %d undone", len(change.made), len(change.undone), extra=log_context(recording_id)
    )
    return change


def restore_corrections(storage: Storage, day: date, recording_id: str) -> None:
    """Makes database and raw store have the same corrections of a recording whose objects are below `day`.

    The database adopts corrections of speakers that it has none of, as the ledger adopts artifacts.

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
        in_force = _merged(held, *copies.values())
        if in_force != held:
            replace_corrections(connection, recording_id, in_force.values())
        for day, copy in copies.items():
            wanted = in_force if day == row["day"] else {}
            if copy != wanted:
                write_copy(storage.raw, day, recording_id, wanted.values())


def derive_corrected(storage: Storage, recording_ids: Collection[str]) -> list[str]:
    """Derives the metrics of corrected recordings, and rolls up their weeks and the people; returns the faults."""
    faults: list[str] = []
    weeks: set[date] = set()
    for batch in batched(sorted(recording_ids), BATCH):
        faults += derive_recordings(batch, storage).faults
        days = storage.database.read(lambda connection: ledger.days_of(connection, batch))  # noqa: B023 - called at once
        weeks |= {monday(day) for day in days.values()}
    # Trends compare a week with the week before.
    roll_up(storage, weeks | {week + WEEK for week in weeks})
    roll_up_people(storage)
    return faults


def faults_of(
    new: Collection[StoredCorrection], in_force: Mapping[str, StoredCorrection], occurring: Occurring
) -> dict[str, str]:
    """The faults of new corrections by speaker key; `in_force` contains them and the others of the recording.

    Faults quote no speaker, name or note, since errors may be logged.
    """
    found = {each.speaker_key: _fault(each, in_force, occurring) for each in new}
    if len(found) < len(new):
        keys = [each.speaker_key for each in new]
        found |= {key: TWICE for key in keys if keys.count(key) > 1}
    return {key: fault for key, fault in found.items() if fault is not None}


def text_fault(text: str, longest: int, *, lines: bool = False) -> str | None:
    """The reason why a text of a user cannot be stored; None if it can. `lines` allows line breaks and tabs."""
    if not text.strip():
        return "is empty"
    if len(text) > longest:
        return f"is longer than {longest:,} characters"
    allowed = "\n\r\t" if lines else ""
    if any(unicodedata.category(each) in {"Cc", "Cs"} and each not in allowed for each in text):
        return "contains control characters or bytes that are not UTF-8"
    return None


def _merged(held: InForce, *copies: InForce) -> dict[str, StoredCorrection]:
    """The corrections of the database, and those of the raw store of other speakers that form no circle with them."""
    merged = dict(held)
    for key, each in (item for copy in copies for item in copy.items()):
        if key not in merged and not _is_circular(key, {**merged, key: each}):
            merged[key] = each
    return merged


def _fault(correction: StoredCorrection, in_force: InForce, occurring: Occurring) -> str | None:
    key, kind, target = correction.statement
    if kind not in KINDS:
        return f"the kind is none of {', '.join(KINDS)}"
    if key not in occurring.speakers:
        return NO_SPEAKER
    of_texts = _text_faults(correction)
    if kind == NAME or of_texts:
        return next(iter(of_texts), None)
    return _fault_of_target(key, kind, target, in_force, occurring)


def _text_faults(correction: StoredCorrection) -> list[str]:
    faults = {"author": text_fault(correction.author, LONGEST_NAME)}
    if correction.kind == NAME:
        faults["name"] = text_fault(correction.target, LONGEST_NAME)
    if correction.note is not None:
        faults["note"] = text_fault(correction.note, LONGEST_NOTE, lines=True)
    return [f"the {what} {fault}" for what, fault in faults.items() if fault is not None]


def _fault_of_target(key: str, kind: str, target: str, in_force: InForce, occurring: Occurring) -> str | None:
    if target == key:
        return "a speaker cannot be corrected to itself"
    if kind == SAME_AS and target not in occurring.speakers:
        return NO_TARGET
    if kind == ASSIGN and target not in occurring.participants:
        return NO_PARTICIPANT
    if _is_circular(key, in_force):
        return "the correction and others in force form a circle"
    if kind == ASSIGN and target in in_force and in_force[target].kind != NAME:
        return "the participant itself is corrected to another speaker; use that one"
    if any((each.kind, each.target) == (ASSIGN, key) for each in in_force.values()):
        return "other speakers are assigned to this participant; assign them to the new one first"
    return None


def _is_circular(key: str, in_force: InForce) -> bool:
    """True if following the corrections from a speaker comes to a speaker again."""
    visited: set[str] = set()
    while key not in visited:
        visited.add(key)
        correction = in_force.get(key)
        if correction is None or correction.kind == NAME:
            return False
        key = correction.target
    return True


def _locked_day(connection: Connection, recording_id: str) -> date:
    """Locks a recording and returns its day."""
    if tombstones.tombstoned_until_commit(connection, [recording_id]):
        raise SettingsError(f"Nothing was changed: recording {recording_id} was purged.")
    row: dict[str, Any] | None = ledger.lock_recordings(connection, [recording_id]).get(recording_id)
    if row is None:
        raise SettingsError(f"Nothing was changed: recording {recording_id} is not stored.")
    day: date = row["day"]
    return day


def _write(connection: Connection, storage: Storage, day: date, recording_id: str, after: InForce) -> None:
    replace_corrections(connection, recording_id, after.values())
    write_copy(storage.raw, day, recording_id, after.values())
