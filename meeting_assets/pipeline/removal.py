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
from meeting_assets.pipeline.warehouse import Warehouse
from meeting_assets.store.connections import retry_on_conflict
from meeting_assets.store.database import META, table_of, upsert
from meeting_assets.store.scrub import scrub
from meeting_assets.store.tables import Meta, Tombstones

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
    token: str = field(default_factory=lambda: uuid4().hex)
    """Marks the scrub that this purge owes."""

    def add(self, other: PurgeReport) -> None:
        """Adds the counts of a transaction after it was committed; before that it may be executed several times."""
        self.rows += other.rows
        self.tables |= other.tables

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
    """Notes that deleted rows have to be taken out of the files; the last statement of the deleting transaction."""
    due = _scrub_due(connection)
    if due not in (None, report.token):
        report.tables |= _all_tables(connection)  # another purge is under way, or was interrupted
    upsert(connection, Meta, [{"name": SCRUB_DUE, "value": report.token}])


def forget_raw(warehouse: Warehouse, recording_ids: Collection[str]) -> int:
    """Deletes all raw objects of recordings, of whatever day; how many objects that were."""
    days = warehouse.raw.days_of(recording_ids)
    return sum(warehouse.raw.forget(day, each) for each in sorted(days) for day in days[each])


def scrub_deleted(warehouse: Warehouse, report: PurgeReport) -> None:
    """Makes trends again without the purged rows, and takes deleted rows out of the database's files."""
    with warehouse.database.reading() as connection:
        due = _scrub_due(connection)
        if due not in (None, report.token):
            report.tables |= _all_tables(connection)
    if due is None and not report.recordings:
        return
    if report.tables & rollup.TABLES:
        rollup.roll_up(warehouse)
        rollup.roll_up_people(warehouse)
    report.obstacles = scrub(warehouse.database, report.tables)
    for obstacle in report.obstacles:
        logger.warning(obstacle)
    if report.is_scrubbed and due is not None:
        _note_scrubbed(warehouse, due)
        if warehouse.database.is_sqlite:
            scrub(warehouse.database, ())  # the write-ahead log is empty when a purge ends


@retry_on_conflict
def _note_scrubbed(warehouse: Warehouse, due: str) -> None:
    meta = table_of(Meta)
    with warehouse.database.writing() as connection:
        connection.execute(meta.delete().where(and_(meta.c.name == SCRUB_DUE, meta.c.value == due)))


def is_scrub_due(connection: Connection) -> bool:
    """True if deleted rows may still stand in the database's files, since a purge was interrupted or held up."""
    return _scrub_due(connection) is not None


def _scrub_due(connection: Connection) -> str | None:
    return connection.scalar(select(META.value).where(META.name == SCRUB_DUE))


def _all_tables(connection: Connection) -> set[str]:
    return {table.name for table in tables_to_purge(connection)} | {*rollup.TABLES}
