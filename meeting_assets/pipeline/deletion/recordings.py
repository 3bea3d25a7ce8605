"""Purge of recordings: deletes them from database and stores; a tombstone prevents another download.

    1. Write a tombstone to the database, then one to the raw store.
    2. Delete all rows of the recording, and those of its bot and calendar event (`pipeline.deletion.context`), in one
       transaction.
    3. Delete all raw objects of the recording, of any day, its published files, and the shared files that mention it.
    4. Mark the tombstone as finished.
    5. Erase the deleted rows from the files of the database (`store.scrub`).

A killed purge can be repeated and ends in the same state. After step 1 no run writes a row of the recording, and a run
that has just stored bytes of it deletes them itself (`remove_if_purged`). The next fetch and the nightly job finish
interrupted purges (`pipeline.deletion.tombstone_sync`). `health.purge_verification` searches for remains.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial

from sqlalchemy import Connection, Table, func, select

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.core.batches import batched
from meeting_assets.core.errors import SettingsError, UsageError
from meeting_assets.core.instants import day_of, now
from meeting_assets.core.logs import log_context
from meeting_assets.pipeline import rollup, series_rollup
from meeting_assets.pipeline.bots_pass import note_deleted_bots
from meeting_assets.pipeline.deletion.aliases import aliased_keys, delete_unused_aliases
from meeting_assets.pipeline.deletion.context import delete_context, events_of_recordings, known_bots
from meeting_assets.pipeline.deletion.removal import (
    PurgeReport,
    delete_from_index,
    delete_rows,
    forget_published,
    forget_raw,
    note_scrub_due,
    scrub_deleted,
    tables_to_purge,
)
from meeting_assets.pipeline.discover import recording_at_api
from meeting_assets.pipeline.storage import Storage, access_of
from meeting_assets.settings import Settings
from meeting_assets.store import (
    ledger,
    locks,
    raw_tombstones,
    tombstones,
    unreadable_objects,
)
from meeting_assets.store.connections import retry_on_conflict
from meeting_assets.store.database import META, delete_meta
from meeting_assets.store.ledger import LEDGER, RECORDINGS, ArtifactKey
from meeting_assets.store.locks import Lock
from meeting_assets.store.published_files import PUBLISHED
from meeting_assets.store.tombstones import Tombstone, TombstoneName

logger = logging.getLogger(__name__)

BATCH = 100


@dataclass(frozen=True, slots=True)
class StoredRecording:
    """The numbers of artifacts and rows that are stored of a recording, without the rows of published files."""

    recording_id: str
    day: date | None
    artifacts: int
    rows: int
    purged_at: datetime | None

    @property
    def is_known(self) -> bool:
        return self.day is not None or self.rows > 0 or self.purged_at is not None

    def as_sentence(self) -> str:
        """A sentence for a person, without title or names."""
        if self.purged_at is not None and not self.rows:
            return f"{self.recording_id}: already purged on {self.purged_at.date()}."
        if not self.is_known:
            return f"{self.recording_id}: not stored; the purge prevents a later download."
        return f"{self.recording_id}: day {self.day}, {self.artifacts} artifacts, {self.rows:,} rows."


def stored_recording(storage: Storage, recording_id: str) -> StoredRecording:
    """Counts the artifacts and rows of a recording."""
    with storage.database.reading() as connection:
        day = _known_day(connection, recording_id)
        counted = [table for table in tables_to_purge(connection) if table.name != PUBLISHED.name]
        rows = {table.name: _count(connection, table, recording_id) for table in counted}
        purged_at = tombstones.purged_at(connection, recording_id)
    if day is None:
        day = next(iter(storage.raw.days_of([recording_id])[recording_id]), None)
    return StoredRecording(recording_id, day, rows[LEDGER.name], sum(rows.values()), purged_at)


def day_and_bot_at_api(settings: Settings, recording_id: str) -> tuple[date, str | None]:
    """Retrieves the day of a recording that is not stored, and the id of its bot, from the API.

    Raises:
        UsageError: the API does not know the recording either.
        SettingsError: no key is set.
        ApiError: the API does not answer.
    """
    if settings.api_key is None:
        raise SettingsError(f"Recording {recording_id} is not stored. Set RECALL_API_KEY to look it up at the API.")
    try:
        recording = asyncio.run(recording_at_api(access_of(settings), recording_id))
        return day_of(recording.created_at), str(recording.bot.id) if recording.bot else None
    except UsageError:
        raise UsageError(
            f"Recording {recording_id} is neither stored nor known to the API: there is nothing to purge. Check the id."
        ) from None


def purge(
    storage: Storage,
    recording_ids: Collection[str],
    reason: str,
    *,
    days: Mapping[str, date | None] | None = None,
    bots: Mapping[str, str] | None = None,
) -> PurgeReport:
    """Purges recordings; tombstones also prevent the download of recordings that are not stored.

    `days` and `bots` contain the days and the bots of recordings that are not stored.

    Raises:
        StoreError: database or raw store cannot be written. Repeat the purge.
    """
    report = PurgeReport()
    removed: list[Tombstone] = []
    for batch in batched(sorted(recording_ids), BATCH):
        of_batch = {each: (days or {}).get(each) for each in batch}
        removed += purge_batch(storage, of_batch, reason, report, bots=bots or {})
    finish_removal(storage, removed, report)
    scrub_deleted(storage, report)
    return report


def purge_batch(
    storage: Storage,
    recordings: Mapping[str, date | None],
    reason: str,
    report: PurgeReport,
    *,
    bots: Mapping[str, str] | None = None,
) -> list[Tombstone]:
    """Purges recordings without the last steps: after all batches, the caller calls `finish_removal`, `scrub_deleted`.

    Returns the tombstones for `finish_removal`.
    """
    added = _add_tombstones(storage, recordings, reason, {**(bots or {}), **known_bots(storage, recordings)})
    removed = remove_recordings(storage, added, report)
    report.recordings += len(added)
    return removed


@retry_on_conflict
def _add_tombstones(
    storage: Storage, recordings: Mapping[str, date | None], reason: str, bots: Mapping[str, str]
) -> list[Tombstone]:
    with storage.database.writing() as connection:
        tombstones.lock_tombstones(connection)
        days = {each: _known_day(connection, each) or day for each, day in recordings.items()}
        added = [Tombstone(TombstoneName(each), day, now(), reason, bots.get(each)) for each, day in days.items()]
        tombstones.add(connection, added)
        return tombstones.find_tombstones(connection, {TombstoneName(each) for each in recordings})


def remove_recordings(storage: Storage, pending: Sequence[Tombstone], report: PurgeReport) -> list[Tombstone]:
    """Deletes rows and raw objects of recordings with a tombstone in the database.

    May be repeated after a failure. Returns the tombstones for `finish_removal`, with their bots and events.
    """
    if not pending:
        return []
    pending = _with_events(storage, _with_bots(storage, pending))
    raw_tombstones.write(storage.raw, pending)
    for tombstone in pending:
        _delete_recording(storage, tombstone.name.recording_id, report)
    report.raw_objects += forget_raw(storage, [each.name.recording_id for each in pending])
    return pending


def finish_removal(storage: Storage, removed: Sequence[Tombstone], report: PurgeReport) -> None:
    """Deletes the published files of removed recordings, and marks their tombstones as finished.

    Once for all batches, because it lists all days of the publications store and reads all shared files. The tombstones
    stay unfinished, and the purge incomplete, if the publications store is not usable.
    """
    if not removed or not forget_published(storage, [each.name.recording_id for each in removed], report):
        return
    for tombstone in removed:
        recording_id = tombstone.name.recording_id
        raw_tombstones.remove_artifacts_of(storage.raw, recording_id)
        logger.info("recording %s was purged: %s", recording_id, tombstone.reason, extra=log_context(recording_id))
    for batch in batched(removed, BATCH):
        finished = [each.name for each in batch]
        storage.database.write(partial(tombstones.mark_finished, finished=finished, at=now()))


def remove_if_purged(storage: Storage, day: date, key: ArtifactKey) -> None:
    """Deletes the bytes of an artifact that a run stored while the artifact or its recording was purged."""
    is_recording_purged, is_artifact_purged = storage.database.read(
        lambda connection: (
            bool(tombstones.tombstoned_recordings(connection, [key.recording_id])),
            key in tombstones.purged_artifacts(connection, [key.recording_id]),
        )
    )
    if is_recording_purged:
        storage.raw.purge(day, key.recording_id)
        forget_raw(storage, [key.recording_id])
    elif is_artifact_purged:
        storage.raw.purge(day, *key)


def _with_bots(storage: Storage, pending: Sequence[Tombstone]) -> list[Tombstone]:
    """The tombstones with their bots. A tombstone of an earlier version, or one that a restored database adopted, may
    lack the bot that the rows of the recording still name.
    """
    found = known_bots(storage, [each.name.recording_id for each in pending if each.bot_id is None])
    if found:
        _record_bots(storage, found)
    return [replace(each, bot_id=each.bot_id or found.get(each.name.recording_id)) for each in pending]


def _with_events(storage: Storage, pending: Sequence[Tombstone]) -> list[Tombstone]:
    """The tombstones with the calendar events of their recordings, which are not stored again."""
    bots = {each.name.recording_id: each.bot_id for each in pending if not each.calendar_event_ids}
    found = storage.database.read(partial(events_of_recordings, bots=bots))
    if found:
        _record_events(storage, found)
    return [
        replace(each, calendar_event_ids=each.calendar_event_ids or found.get(each.name.recording_id, ()))
        for each in pending
    ]


@retry_on_conflict
def _record_events(storage: Storage, events: Mapping[str, Sequence[str]]) -> None:
    with storage.database.writing() as connection:
        tombstones.lock_tombstones(connection)
        tombstones.set_events(connection, events)


@retry_on_conflict
def _record_bots(storage: Storage, bots: Mapping[str, str]) -> None:
    with storage.database.writing() as connection:
        tombstones.lock_tombstones(connection)
        tombstones.set_bots(connection, bots)


@retry_on_conflict
def _delete_recording(storage: Storage, recording_id: str, report: PurgeReport) -> None:
    deleted = PurgeReport(scrub_ids={*report.scrub_ids})
    with storage.database.writing() as connection:
        locks.take(connection, Lock.ROLLUP)
        # Locks the ledger in the usual order before it deletes rows, to wait for runs that parse or derive them.
        ledger.lock_recordings(connection, [recording_id])
        rows = ledger.read_rows(connection, [recording_id], is_locking=True)
        artifact_ids = {artifact_id for of_kind in rows.values() for artifact_id in of_kind}
        deleted.tables |= series_rollup.forget(connection, recording_id) | rollup.forget(connection, recording_id)
        keys = aliased_keys(connection, recording_id)
        deleted_bots = delete_context(connection, recording_id, deleted)
        delete_from_index(connection, recording_id, deleted)
        for table in tables_to_purge(connection):
            delete_rows(connection, table, table.c.recording_id == recording_id, deleted)
        delete_unused_aliases(connection, keys, deleted)
        note_deleted_bots(connection, deleted_bots)
        note_scrub_due(connection, deleted)
        _forget_unreadable(connection, recording_id, artifact_ids)
    report.add(deleted)


def _known_day(connection: Connection, recording_id: str) -> date | None:
    day = connection.scalar(select(RECORDINGS.c.day).where(RECORDINGS.c.recording_id == recording_id))
    return day or tombstones.day_of_tombstoned(connection, recording_id)


def _forget_unreadable(connection: Connection, recording_id: str, artifact_ids: Collection[str]) -> None:
    """Deletes the notes in `meta` about objects of the recording that could not be decoded."""
    collections = {artifact.collection for artifact in ARTIFACTS.values()}
    objects = {f"recording {recording_id}", *(f"{name} {each}" for name in collections for each in artifact_ids)}
    is_theirs = META.name.in_([unreadable_objects.UNREADABLE + each for each in objects])
    connection.execute(select(META.name).where(is_theirs).order_by(META.name).with_for_update())
    delete_meta(connection, is_theirs)


def _count(connection: Connection, table: Table, recording_id: str) -> int:
    return connection.scalar(select(func.count()).select_from(table).where(table.c.recording_id == recording_id)) or 0
