"""Purging: a recording leaves the database and the raw store for good, and a tombstone keeps it out.

    1. a tombstone in the database, then one in the raw store
    2. in one transaction: every row of every table
    3. the raw store: everything of the recording, of whatever day
    4. the tombstone is marked as finished
    5. the files of the database: what was deleted is taken out of them (`store.scrub`)

A purge that is killed can be repeated, and ends in the same state: from 1 on no run writes a row of the recording,
and a run that has just kept bytes of it removes them itself (`remove_unwanted`). Interrupted purges are finished by
the next fetch and at night (`pipeline.deletion.tombstone_sync`). `health.purge_verification` proves that nothing is
left.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, Table, func, select

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.core.errors import SettingsError
from meeting_assets.core.instants import now
from meeting_assets.core.logs import log_context
from meeting_assets.pipeline import rollup
from meeting_assets.pipeline.deletion.removal import (
    PurgeReport,
    delete_rows,
    forget_raw,
    note_scrub_due,
    scrub_deleted,
    tables_to_purge,
)
from meeting_assets.pipeline.discover import day_of_recording
from meeting_assets.pipeline.storage import Storage, access_of
from meeting_assets.schema.persistent import Meta
from meeting_assets.settings import Settings
from meeting_assets.store import ledger, locks, raw_tombstones, tombstones
from meeting_assets.store.connections import retry_on_conflict
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger import LEDGER, RECORDINGS, Key
from meeting_assets.store.locks import Lock
from meeting_assets.store.tombstones import Name, Tombstone
from meeting_assets.store.unreadable_objects import UNREADABLE

logger = logging.getLogger(__name__)

BATCH = 100


@dataclass(frozen=True, slots=True)
class Holding:
    """What is held of a recording, in numbers."""

    recording_id: str
    day: date | None
    artifacts: int
    rows: int
    purged_at: datetime | None

    @property
    def is_known(self) -> bool:
        return self.day is not None or self.rows > 0 or self.purged_at is not None

    def as_sentence(self) -> str:
        """For a person, without a title or a name."""
        if self.purged_at is not None and not self.rows:
            return f"{self.recording_id}: purged already, on {self.purged_at.date()}."
        if not self.is_known:
            return f"{self.recording_id}: not here; it is kept out from now on."
        return f"{self.recording_id}: of {self.day}, {self.artifacts} artifacts, {self.rows:,} rows."


def holding(storage: Storage, recording_id: str) -> Holding:
    """What is held of a recording."""
    with storage.database.reading() as connection:
        day = _known_day(connection, recording_id)
        rows = {table.name: _count(connection, table, recording_id) for table in tables_to_purge(connection)}
        purged_at = tombstones.purged_at(connection, recording_id)
    if day is None:
        day = next(iter(storage.raw.days_of([recording_id])[recording_id]), None)
    return Holding(recording_id, day, rows[LEDGER.name], sum(rows.values()), purged_at)


def day_at_api(settings: Settings, recording_id: str) -> date:
    """The day of a recording that is not here, asked from the API.

    Raises:
        SettingsError: it is unknown there, too, or cannot be asked for.
        ApiError: the API does not say.
    """
    if settings.api_key is None:
        raise SettingsError(
            f"Recording {recording_id} is not here, and without RECALL_API_KEY the API cannot be asked about it."
        )
    try:
        return asyncio.run(day_of_recording(access_of(settings), recording_id))
    except SettingsError:
        raise SettingsError(
            f"Recording {recording_id} is neither here nor at the API: there is nothing to purge."
        ) from None


def purge(
    storage: Storage, recording_ids: Collection[str], reason: str, *, days: Mapping[str, date | None] | None = None
) -> PurgeReport:
    """Removes recordings for good; those that are not here are kept out from now on.

    `days` says when recordings were that nothing here knows the day of.

    Raises:
        StoreError: database or raw store cannot be written; the purge can be repeated.
    """
    report = PurgeReport()
    for batch in _batches(sorted(recording_ids)):
        purge_batch(storage, {each: (days or {}).get(each) for each in batch}, reason, report)
    scrub_deleted(storage, report)
    return report


def purge_batch(storage: Storage, recordings: Mapping[str, date | None], reason: str, report: PurgeReport) -> None:
    """Removes recordings, without the last step: the files of the database are left to `scrub_deleted`."""
    buried = _add_tombstones(storage, recordings, reason)
    remove_recordings(storage, buried, report)
    report.recordings += len(buried)


@retry_on_conflict
def _add_tombstones(storage: Storage, recordings: Mapping[str, date | None], reason: str) -> list[Tombstone]:
    with storage.database.writing() as connection:
        tombstones.lock_tombstones(connection)
        days = {each: _known_day(connection, each) or day for each, day in recordings.items()}
        tombstones.add(connection, [Tombstone(Name(each), day, now(), reason) for each, day in days.items()])
        return tombstones.named(connection, {Name(each) for each in recordings})


def remove_recordings(storage: Storage, buried: Sequence[Tombstone], report: PurgeReport) -> None:
    """Removes rows and raw objects of recordings whose tombstones the database holds; repeats what was interrupted."""
    if not buried:
        return
    raw_tombstones.write(storage.raw, buried)
    for tombstone in buried:
        _delete_recording(storage, tombstone.name.recording_id, report)
    report.raw_objects += forget_raw(storage, [each.name.recording_id for each in buried])
    for tombstone in buried:
        recording_id = tombstone.name.recording_id
        raw_tombstones.remove_artifacts_of(storage.raw, recording_id)
        logger.info("recording %s is purged: %s", recording_id, tombstone.reason, extra=log_context(recording_id))
    _note_finished(storage, [each.name for each in buried])


@retry_on_conflict
def _note_finished(storage: Storage, finished: Collection[Name]) -> None:
    with storage.database.writing() as connection:
        tombstones.note_finished(connection, finished, at=now())


def remove_unwanted(storage: Storage, day: date, key: Key) -> None:
    """Removes bytes that were kept while their recording, or the artifact itself, was purged."""
    is_buried, is_purged = storage.database.read(
        lambda connection: (
            bool(tombstones.is_tombstoned(connection, [key.recording_id])),
            key in tombstones.purged_artifacts(connection, [key.recording_id]),
        )
    )
    if is_buried:
        storage.raw.purge(day, key.recording_id)
        forget_raw(storage, [key.recording_id])
    elif is_purged:
        storage.raw.purge(day, *key)


@retry_on_conflict
def _delete_recording(storage: Storage, recording_id: str, report: PurgeReport) -> None:
    done = PurgeReport(scrub_ids={*report.scrub_ids})
    with storage.database.writing() as connection:
        locks.take(connection, Lock.ROLLUP)
        # Locked in the order of all others, and before anything goes: runs that parse or derive it are waited for.
        ledger.lock_recordings(connection, [recording_id])
        rows = ledger.known(connection, [recording_id], is_locking=True)
        artifact_ids = {artifact_id for of_kind in rows.values() for artifact_id in of_kind}
        done.tables |= rollup.forget(connection, recording_id)
        for table in tables_to_purge(connection):
            delete_rows(connection, table, table.c.recording_id == recording_id, done)
        note_scrub_due(connection, done)
        _forget_unreadable(connection, recording_id, artifact_ids)
    report.add(done)


def _known_day(connection: Connection, recording_id: str) -> date | None:
    day = connection.scalar(select(RECORDINGS.c.day).where(RECORDINGS.c.recording_id == recording_id))
    return day or tombstones.day_of_tombstoned(connection, recording_id)


def _forget_unreadable(connection: Connection, recording_id: str, artifact_ids: Collection[str]) -> None:
    """What `meta` says of objects of the recording that made no sense."""
    collections = {artifact.collection for artifact in ARTIFACTS.values()}
    objects = {f"recording {recording_id}", *(f"{name} {each}" for name in collections for each in artifact_ids)}
    meta = table_of(Meta)
    theirs = meta.c.name.in_([UNREADABLE + each for each in objects])
    connection.execute(select(meta.c.name).where(theirs).order_by(meta.c.name).with_for_update())
    connection.execute(meta.delete().where(theirs))


def _count(connection: Connection, table: Table, recording_id: str) -> int:
    return connection.scalar(select(func.count()).select_from(table).where(table.c.recording_id == recording_id)) or 0


def _batches(recording_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(recording_ids), BATCH):
        yield recording_ids[start : start + BATCH]
