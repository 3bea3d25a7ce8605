"""Removal: what a purge of recordings and a purge of artifacts share.

Rows are deleted, then raw objects, then what deleted rows leave in the files of the database (`store.scrub`). The last
step is noted as due in `meta` together with the deleted rows, so that a later purge does it where one was killed.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass, field
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, Table, and_, inspect, select
from sqlmodel import SQLModel

from meeting_assets.pipeline import rollup
from meeting_assets.pipeline.storage import Storage
from meeting_assets.schema.persistent import Meta, Tombstones
from meeting_assets.store.connections import retry_on_conflict
from meeting_assets.store.database import META, table_of, upsert
from meeting_assets.store.scrub import scrub

SCRUB_DUE = "scrub_due"

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class PurgeReport:
    """What a purge removed."""

    recordings: int = 0
    rows: int = 0
    raw_objects: int = 0
    tables: set[str] = field(default_factory=set)
    obstacles: list[str] = field(default_factory=list)
    """What kept deleted rows from being taken out of the database's files, with what to do about it."""
    left: int = 0
    """Expired recordings that wait for another night."""
    scrub_ids: set[str] = field(default_factory=set)
    """Identify the pending scrubs in `meta` that this purge has noted, one for each deleting transaction."""

    def add(self, other: PurgeReport) -> None:
        """Adds the counts of a transaction after it was committed; before that it may be executed several times."""
        self.rows += other.rows
        self.tables |= other.tables
        self.scrub_ids |= other.scrub_ids

    @property
    def is_scrubbed(self) -> bool:
        return not self.obstacles

    def as_sentence(self) -> str:
        """For a person."""
        return f"{self.recordings} recordings purged: {self.rows:,} rows and {self.raw_objects:,} raw objects are gone."


def tables_to_purge(connection: Connection) -> list[Table]:
    """Every table of ours that has rows about recordings, but for the tombstones; a new one is found by its column."""
    there = set(inspect(connection).get_table_names())
    return [
        table
        for table in SQLModel.metadata.sorted_tables
        if "recording_id" in table.c and table.name in there and table.name != table_of(Tombstones).name
    ]


def delete_rows(connection: Connection, table: Table, condition: ColumnElement[bool], report: PurgeReport) -> None:
    """Deletes rows and counts them."""
    deleted = connection.execute(table.delete().where(condition)).rowcount
    report.rows += deleted
    if deleted:
        report.tables.add(table.name)


def note_scrub_due(connection: Connection, report: PurgeReport) -> None:
    """Notes that deleted rows have to be taken out of the files, after all tables but `meta` are written.

    Each note has a new id: a scrub that began before this transaction was committed must not remove its note.
    """
    _add_tables_of_others(connection, _scrub_due(connection), report)
    scrub_id = uuid4().hex
    upsert(connection, Meta, [{"name": SCRUB_DUE, "value": scrub_id}])
    report.scrub_ids.add(scrub_id)


def forget_raw(storage: Storage, recording_ids: Collection[str]) -> int:
    """Deletes all raw objects of recordings, of whatever day; how many objects that were."""
    days = storage.raw.days_of(recording_ids)
    return sum(storage.raw.purge(day, each) for each in sorted(days) for day in days[each])


def scrub_deleted(storage: Storage, report: PurgeReport, *, rolls_up: bool = True) -> None:
    """Makes trends again without the purged rows, and takes deleted rows out of the database's files.

    Without `rolls_up` the deleted trends are left to the next roll-up, and no roll-up of another process is waited for.
    """
    due = storage.database.read(lambda connection: _pending_scrub(connection, report))
    if due is None and not report.tables:
        return
    if rolls_up and report.tables & rollup.TABLES:
        rollup.roll_up(storage)
        rollup.roll_up_people(storage)
    report.obstacles = scrub(storage.database, report.tables)
    for obstacle in report.obstacles:
        logger.warning(obstacle)
    if report.is_scrubbed and due is not None:
        _note_scrubbed(storage, due)
        if storage.database.is_sqlite:
            scrub(storage.database, ())  # the write-ahead log is empty when a purge ends


def _pending_scrub(connection: Connection, report: PurgeReport) -> str | None:
    """The id of the pending scrub; if another purge noted it, the report gets all tables to scrub."""
    due = _scrub_due(connection)
    _add_tables_of_others(connection, due, report)
    return due


def _add_tables_of_others(connection: Connection, due: str | None, report: PurgeReport) -> None:
    """Adds all tables if another purge, which may be in progress or was interrupted, has noted the pending scrub."""
    if due is not None and due not in report.scrub_ids:
        report.tables |= _all_tables(connection)


@retry_on_conflict
def _note_scrubbed(storage: Storage, due: str) -> None:
    meta = table_of(Meta)
    with storage.database.writing() as connection:
        connection.execute(meta.delete().where(and_(meta.c.name == SCRUB_DUE, meta.c.value == due)))


def is_scrub_due(connection: Connection) -> bool:
    """True if deleted rows may still stand in the database's files, since a purge was interrupted or held up."""
    return _scrub_due(connection) is not None


def _scrub_due(connection: Connection) -> str | None:
    return connection.scalar(select(META.value).where(META.name == SCRUB_DUE))


def _all_tables(connection: Connection) -> set[str]:
    return {table.name for table in tables_to_purge(connection)} | {*rollup.TABLES}
