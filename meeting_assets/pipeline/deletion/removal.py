"""Deletion of rows, raw objects and published files: steps shared by the purges of recordings and of artifacts.

After rows and raw objects are deleted, a scrub erases the deleted rows from the files of the database (`store.scrub`).
The transaction that deletes rows records in `meta` that a scrub is due. If the purge is killed, a later one scrubs.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass, field
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, Table, and_, inspect
from sqlmodel import SQLModel

from meeting_assets.core.errors import NotPublished
from meeting_assets.pipeline import rollup, series_rollup
from meeting_assets.pipeline.media.spool import Spool
from meeting_assets.pipeline.storage import Storage
from meeting_assets.schema.bots import Bots, BotStatusChanges
from meeting_assets.schema.calendar import CalendarEventBots, CalendarEvents, CalendarInvitees
from meeting_assets.schema.persistent import Tombstones, WebhookObjectEvents
from meeting_assets.store import published_files, search_index
from meeting_assets.store.connections import retry_on_conflict
from meeting_assets.store.database import META, delete_meta, meta_value, put_meta, table_of
from meeting_assets.store.person_aliases import ALIASES
from meeting_assets.store.scrub import scrub

SCRUB_DUE = "scrub_due"
NOT_DELETED = (
    "Pages and exports of purged recordings were not deleted. When the store is usable, run the same purge again, or "
    "leave it to the next sync."
)
CONTEXT_TABLES = tuple(
    table_of(model).name
    for model in (Bots, BotStatusChanges, CalendarEvents, CalendarEventBots, CalendarInvitees, WebhookObjectEvents)
)
"""Tables without a `recording_id` from which purges and the retention delete rows."""

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class PurgeReport:
    """Counts of deleted recordings, rows, raw objects and published files."""

    recordings: int = 0
    rows: int = 0
    raw_objects: int = 0
    published_files: int = 0
    tables: set[str] = field(default_factory=set)
    obstacles: list[str] = field(default_factory=list)
    """Reasons why the purge is not complete, each with the remedy."""
    is_scrubbed: bool = True
    """False if deleted rows may still be in the database's files."""
    remaining: int = 0
    """Expired recordings that a later retention has to purge."""
    scrub_ids: set[str] = field(default_factory=set)
    """Ids of the pending scrubs that this purge has recorded in `meta`, one for each deleting transaction."""

    def add(self, other: PurgeReport) -> None:
        """Adds the counts of a committed transaction. Before the commit, a transaction may be retried several times."""
        self.rows += other.rows
        self.tables |= other.tables
        self.scrub_ids |= other.scrub_ids

    def add_obstacle(self, obstacle: str) -> None:
        """Adds a sentence, and logs it."""
        if obstacle not in self.obstacles:
            self.obstacles.append(obstacle)
            logger.warning(obstacle)

    def as_sentence(self) -> str:
        """A sentence for a person."""
        return (
            f"{self.recordings} recordings purged: {self.rows:,} rows, {self.raw_objects:,} raw objects and "
            f"{self.published_files:,} published files deleted."
        )


def tables_to_purge(connection: Connection) -> list[Table]:
    """All our tables with a `recording_id`, except the tombstones."""
    present = set(inspect(connection).get_table_names())
    return [
        table
        for table in SQLModel.metadata.sorted_tables
        if "recording_id" in table.c and table.name in present and table.name != table_of(Tombstones).name
    ]


def delete_rows(connection: Connection, table: Table, condition: ColumnElement[bool], report: PurgeReport) -> None:
    """Deletes rows and counts them."""
    deleted = connection.execute(table.delete().where(condition)).rowcount
    report.rows += deleted
    if deleted:
        report.tables.add(table.name)


def delete_from_index(connection: Connection, recording_id: str, report: PurgeReport) -> None:
    """Deletes a recording from the search index and counts its passages."""
    deleted = search_index.delete_passages(connection, [recording_id])
    report.rows += deleted
    if deleted:
        report.tables.add(search_index.PASSAGES.name)


def note_scrub_due(connection: Connection, report: PurgeReport) -> None:
    """Records a pending scrub in `meta`, which is written after all other tables.

    Each record has a new id: a scrub that began before this transaction was committed must not delete its record.
    """
    _pending_scrub(connection, report)
    scrub_id = uuid4().hex
    put_meta(connection, {SCRUB_DUE: scrub_id})
    report.scrub_ids.add(scrub_id)


def forget_raw(storage: Storage, recording_ids: Collection[str]) -> int:
    """Deletes all raw objects of recordings, of any day, and their partial media files; returns the former's number."""
    if storage.home is not None:
        for recording_id in recording_ids:
            Spool(storage.home).purge(recording_id)
    days = storage.raw.days_of(recording_ids)
    return sum(storage.raw.purge(day, each) for each in sorted(days) for day in days[each])


def forget_published(storage: Storage, recording_ids: Collection[str], report: PurgeReport) -> bool:
    """Deletes all published files of recordings, and the shared files that mention them, and counts them.

    Also if pages and exports are switched off: earlier runs may have written them. If the publications store is not
    usable, it adds an obstacle and returns False: the caller leaves the tombstones unfinished.
    """
    if not recording_ids:
        return True
    try:
        shared = storage.publications.shared_with(recording_ids)
        # Shared files without rows are written again by the next roll-up. The rows are deleted before the files, in
        # case this process is killed in between; and after them, in case a run has written such a file meanwhile.
        _forget_rows(storage, shared)
        report.published_files += storage.publications.purge(recording_ids, shared)
        _forget_rows(storage, shared)
    except NotPublished as error:
        report.add_obstacle(f"{error} {NOT_DELETED}")
        return False
    return True


@retry_on_conflict
def _forget_rows(storage: Storage, keys: Collection[str]) -> None:
    if not keys:
        return
    with storage.database.writing() as connection:
        published_files.forget(connection, keys)


def scrub_deleted(storage: Storage, report: PurgeReport, *, rolls_up: bool = True) -> None:
    """Derives trends without the purged rows, and erases deleted rows from the database's files.

    Without `rolls_up` the next roll-up derives the trends, so that this purge does not wait for another process.
    """
    due = storage.database.read(lambda connection: _pending_scrub(connection, report))
    if due is None and not report.tables:
        return
    if rolls_up and report.tables & (rollup.TABLES | {table.name for table in series_rollup.TABLES}):
        rollup.roll_up(storage)
        rollup.roll_up_people(storage)
        series_rollup.roll_up_series(storage)
    obstacles = scrub(storage.database, report.tables)
    report.is_scrubbed = not obstacles
    for obstacle in obstacles:
        report.add_obstacle(obstacle)
    if report.is_scrubbed and due is not None:
        is_done = and_(META.name == SCRUB_DUE, META.value == due)
        storage.database.write(lambda connection: delete_meta(connection, is_done))
        if storage.database.is_sqlite:
            scrub(storage.database, ())  # empties the write-ahead log, which now contains the deletion from `meta`


def _pending_scrub(connection: Connection, report: PurgeReport) -> str | None:
    """The id of the pending scrub; if another purge recorded it, all tables are added to the report."""
    due = meta_value(connection, SCRUB_DUE)
    if due is not None and due not in report.scrub_ids:
        of_series = (table.name for table in series_rollup.TABLES)
        others = (*rollup.TABLES, *of_series, *CONTEXT_TABLES, ALIASES.name, search_index.PASSAGES.name)
        report.tables |= {table.name for table in tables_to_purge(connection)} | {*others}
    return due


def is_scrub_due(connection: Connection) -> bool:
    """True if the database's files may contain deleted rows, because a purge was interrupted or blocked."""
    return meta_value(connection, SCRUB_DUE) is not None
