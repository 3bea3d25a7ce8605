"""Purging: a recording leaves the database and the raw store for good, and a tombstone keeps it out.

    1. in one transaction: the tombstone, and every row of every table
    2. the raw store: everything below the recording's prefix
    3. the files of the database: what was deleted is taken out of them (`store.scrub`)

A purge that is killed can be repeated, and ends in the same state: from 1 on no run writes a row of the recording,
and a run that has just kept bytes of it removes them itself (`remove_unwanted`). What a killed purge or run leaves in
the raw store all the same goes at night (`finish_purges`). `pipeline.traces` proves that nothing is left.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from time import monotonic

from sqlalchemy import ColumnElement, Connection, Table, and_, func, inspect, select
from sqlmodel import SQLModel

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.artifacts.artifact import Artifact
from meeting_assets.core.errors import SettingsError
from meeting_assets.core.instants import now
from meeting_assets.core.logs import about
from meeting_assets.metrics import METRICS
from meeting_assets.pipeline import rollup
from meeting_assets.pipeline.discover import day_of_recording
from meeting_assets.pipeline.replace import settle
from meeting_assets.pipeline.warehouse import Warehouse, access_of
from meeting_assets.settings import Settings
from meeting_assets.store import ledger, locks, tombstones
from meeting_assets.store.connections import retry_on_conflict
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger import LEDGER, RECORDINGS, Key
from meeting_assets.store.locks import Lock
from meeting_assets.store.scrub import scrub
from meeting_assets.store.states import DELETED
from meeting_assets.store.tables import Meta, Tombstones

logger = logging.getLogger(__name__)

FINISHED_WITHIN = timedelta(days=3)
"""So long after a purge the nights look for bytes that a killed run has left; no run takes longer."""
BATCH = 100
IN_THE_WAY = (
    "Another process reads the database, so that deleted text may still stand in its files: "
    "run the same purge again when that process has ended."
)


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


@dataclass(slots=True)
class PurgeReport:
    """What a purge removed."""

    recordings: int = 0
    rows: int = 0
    raw_objects: int = 0
    tables: set[str] = field(default_factory=set)
    is_scrubbed: bool = True
    """Whether nothing stood in the way of taking deleted rows out of the database's files."""
    left: int = 0
    """Recordings that are to go and have to wait for another night."""

    def add(self, other: PurgeReport) -> None:
        """Adds what a transaction removed; called after it was committed, since it may be run several times."""
        self.rows += other.rows
        self.tables |= other.tables

    def as_sentence(self) -> str:
        """For a person."""
        return f"{self.recordings} recordings purged: {self.rows:,} rows and {self.raw_objects:,} raw objects are gone."


def holding(warehouse: Warehouse, recording_id: str) -> Holding:
    """What is held of a recording."""
    with warehouse.database.reading() as connection:
        day = _known_day(connection, recording_id)
        rows = {table.name: _count(connection, table, recording_id) for table in tables_to_purge(connection)}
        purged_at = tombstones.purged_at(connection, recording_id)
    if day is None:
        day = next(iter(warehouse.raw.days_of(recording_id)), None)
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
    warehouse: Warehouse, recording_ids: Collection[str], reason: str, *, days: Mapping[str, date | None] | None = None
) -> PurgeReport:
    """Removes recordings for good; those that are not here are kept out from now on.

    `days` says when recordings were that nothing here knows the day of.

    Raises:
        StoreError: database or raw store cannot be written; the purge can be repeated.
    """
    report = PurgeReport()
    for recording_id in sorted(recording_ids):
        _purge_one(warehouse, recording_id, reason, (days or {}).get(recording_id), report)
        report.recordings += 1
        logger.info("recording %s is purged: %s", recording_id, reason, extra=about(recording_id))
    _scrub(warehouse, report)
    return report


def purge_days(warehouse: Warehouse, days: Collection[date], reason: str) -> PurgeReport:
    """Removes every recording of some days."""
    with warehouse.database.reading() as connection:
        ids = [*connection.scalars(select(RECORDINGS.c.recording_id).where(RECORDINGS.c.day.in_(days)))]
    return purge(warehouse, ids, reason) if ids else PurgeReport()


def purge_old(warehouse: Warehouse, *, limit: int, budget_s: float) -> PurgeReport:
    """Removes recordings that are older than the retention, the oldest first, as far as limit and budget go."""
    deadline = monotonic() + budget_s
    is_old = RECORDINGS.c.day < warehouse.oldest_day
    report = PurgeReport()
    while report.recordings < limit and monotonic() < deadline:
        with warehouse.database.reading() as connection:
            query = select(RECORDINGS.c.recording_id).where(is_old)
            oldest = query.order_by(RECORDINGS.c.day, RECORDINGS.c.recording_id)
            ids = [*connection.scalars(oldest.limit(min(BATCH, limit - report.recordings)))]
        if not ids:
            break
        for recording_id in ids:
            _purge_one(warehouse, recording_id, tombstones.RETENTION, None, report)
            report.recordings += 1
    with warehouse.database.reading() as connection:
        report.left = connection.scalar(select(func.count()).select_from(RECORDINGS).where(is_old)) or 0
    _scrub(warehouse, report)
    return report


def finish_purges(warehouse: Warehouse) -> int:
    """Removes what killed purges and runs have left of lately purged recordings; how many objects that were."""
    with warehouse.database.reading() as connection:
        lately = tombstones.buried_since(connection, now() - FINISHED_WITHIN)
    return sum(_forget_raw(warehouse, recording_id, day) for recording_id, day in lately.items())


def purge_deleted_artifacts(warehouse: Warehouse, recording_ids: Iterable[str]) -> PurgeReport:
    """Removes bytes and rows of artifacts that the API has deleted; their ledger rows stay and say so."""
    is_deleted = and_(LEDGER.c.api_status == DELETED, LEDGER.c.sha256.is_not(None))
    with warehouse.database.reading() as connection:
        of_these = LEDGER.c.recording_id.in_([*recording_ids])
        query = select(LEDGER.c.recording_id, LEDGER.c.kind, LEDGER.c.artifact_id, RECORDINGS.c.day).where(
            is_deleted, of_these, LEDGER.c.recording_id == RECORDINGS.c.recording_id
        )
        found = [(Key(*row[:3]), row[3]) for row in connection.execute(query)]
    report = PurgeReport()
    for key, day in found:
        if _drop_artifact(warehouse, ARTIFACTS[key.kind], key, report):
            report.raw_objects += warehouse.raw.forget(day, *key)
            logger.info(
                "%s of %s is purged: %s", key.kind, key.recording_id, tombstones.DELETED_AT_API, extra=about(*key)
            )
    _scrub(warehouse, report)
    return report


def remove_unwanted(warehouse: Warehouse, day: date, key: Key) -> None:
    """Removes bytes that were kept while their recording, or the artifact itself, was purged."""
    with warehouse.database.reading() as connection:
        is_buried = bool(tombstones.buried(connection, [key.recording_id]))
        row = ledger.known(connection, [key.recording_id])[key.recording_id, key.kind].get(key.artifact_id)
    if is_buried:
        warehouse.raw.forget(day, key.recording_id)
    elif warehouse.purges_deleted and row is not None and row["status"] == DELETED and row["sha256"] is None:
        warehouse.raw.forget(day, *key)


def tables_to_purge(connection: Connection) -> list[Table]:
    """Every table of ours that has rows about recordings, but for the tombstones; a new one is found by its column."""
    there = set(inspect(connection).get_table_names())
    return [
        table
        for table in SQLModel.metadata.sorted_tables
        if "recording_id" in table.c and table.name in there and table.name != table_of(Tombstones).name
    ]


@retry_on_conflict
def _purge_one(
    warehouse: Warehouse, recording_id: str, reason: str, known_day: date | None, report: PurgeReport
) -> None:
    done = PurgeReport()
    with warehouse.database.writing() as connection:
        locks.take(connection, Lock.ROLLUP)
        tombstones.close_graveyard(connection)
        # Locked in the order of all others, and before anything goes: who parses or derives it is waited for.
        ledger.lock_recordings(connection, [recording_id])
        rows = ledger.known(connection, [recording_id], is_locking=True)
        day = _known_day(connection, recording_id) or known_day
        tombstones.bury(connection, recording_id, day=day, reason=reason, at=now())
        artifact_ids = {artifact_id for of_kind in rows.values() for artifact_id in of_kind}
        _forget_unreadable(connection, recording_id, artifact_ids)
        done.tables |= rollup.forget(connection, recording_id)
        for table in tables_to_purge(connection):
            _delete(connection, table, table.c.recording_id == recording_id, done)
    report.add(done)
    report.raw_objects += _forget_raw(warehouse, recording_id, day)


def _known_day(connection: Connection, recording_id: str) -> date | None:
    day = connection.scalar(select(RECORDINGS.c.day).where(RECORDINGS.c.recording_id == recording_id))
    return day or tombstones.day_of_buried(connection, recording_id)


def _forget_raw(warehouse: Warehouse, recording_id: str, day: date | None) -> int:
    days = [day] if day is not None else warehouse.raw.days_of(recording_id)
    return sum(warehouse.raw.forget(each, recording_id) for each in days)


def _forget_unreadable(connection: Connection, recording_id: str, artifact_ids: Collection[str]) -> None:
    """What `meta` says of objects of the recording that made no sense."""
    collections = {artifact.collection for artifact in ARTIFACTS.values()}
    objects = {f"recording {recording_id}", *(f"{name} {each}" for name in collections for each in artifact_ids)}
    meta = table_of(Meta)
    connection.execute(meta.delete().where(meta.c.name.in_([ledger.UNREADABLE + each for each in objects])))


@retry_on_conflict
def _drop_artifact(warehouse: Warehouse, artifact: Artifact, key: Key, report: PurgeReport) -> bool:
    """Deletes the rows of an artifact, and of the metrics made from it; whether it is still one to be deleted."""
    done = PurgeReport()
    with warehouse.database.writing() as connection:
        locks.take(connection, Lock.ROLLUP)
        ledger.lock_recordings(connection, [key.recording_id])
        rows = {
            row["artifact_id"]: row for row in ledger.locked(connection, key.kind, [key.recording_id])[key.recording_id]
        }
        row = rows.get(key.artifact_id)
        if row is None or row["api_status"] != DELETED or row["sha256"] is None:
            return False
        if row["row_count"] is not None:
            for model in artifact.tables:
                table = table_of(model)
                is_its = table.c.recording_id == key.recording_id
                if artifact.id_column is not None:
                    is_its = and_(is_its, table.c[artifact.id_column] == key.artifact_id)
                _delete(connection, table, is_its, done)
            settle(connection, artifact, [key.recording_id])
        done.tables |= rollup.forget(connection, key.recording_id)
        for metrics in METRICS:
            table = table_of(metrics)
            _delete(connection, table, table.c.recording_id == key.recording_id, done)
        ledger.note_purged(connection, key, is_many=artifact.is_many)
    report.add(done)
    return True


def _delete(connection: Connection, table: Table, condition: ColumnElement[bool], report: PurgeReport) -> None:
    deleted = connection.execute(table.delete().where(condition)).rowcount
    report.rows += deleted
    if deleted:
        report.tables.add(table.name)


def _scrub(warehouse: Warehouse, report: PurgeReport) -> None:
    if report.rows or report.recordings:
        if report.tables & rollup.TABLES:
            # What was made from others, too, is made anew without the purged.
            rollup.roll_up(warehouse)
            rollup.roll_up_people(warehouse)
        report.is_scrubbed = scrub(warehouse.database, report.tables)
        if not report.is_scrubbed:
            logger.warning(IN_THE_WAY)


def _count(connection: Connection, table: Table, recording_id: str) -> int:
    return connection.scalar(select(func.count()).select_from(table).where(table.c.recording_id == recording_id)) or 0
