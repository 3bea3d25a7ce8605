"""The database: its PostgreSQL schema, facts about it in `meta`, and statements of both dialects."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

from sqlalchemy import ColumnElement, Connection, Select, Table, event, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import SQLModel

from meeting_assets.core.errors import StoreRefused
from meeting_assets.schema.bots import Bots, BotStatusChanges
from meeting_assets.schema.calendar import CalendarEventBots, CalendarEvents, CalendarInvitees
from meeting_assets.schema.descriptions import Descriptions
from meeting_assets.schema.media_files import MediaFiles
from meeting_assets.schema.media_objects import MediaObjects, MeetingMetadata
from meeting_assets.schema.persistent import (
    Artifacts,
    ArtifactTombstones,
    Corrections,
    Meta,
    PersonAliases,
    Recordings,
    RunHeartbeats,
    Tombstones,
    WebhookEvents,
    WebhookObjectEvents,
)
from meeting_assets.schema.published_files import PublishedFiles
from meeting_assets.store.connections import Connections, retry_on_conflict
from meeting_assets.store.driver_errors import address_text
from meeting_assets.store.migrations.plan import Schema
from meeting_assets.store.modification import MODIFIED_AT, DatabaseNow, modification
from meeting_assets.store.namespaces import DEFAULT_SCHEMA, Namespace, find_namespace, quoted, set_search_path

PERSISTENT_TABLES = (
    Recordings,
    Artifacts,
    MediaObjects,
    MediaFiles,
    MeetingMetadata,
    Bots,
    BotStatusChanges,
    CalendarEvents,
    CalendarEventBots,
    CalendarInvitees,
    WebhookEvents,
    WebhookObjectEvents,
    Meta,
    Tombstones,
    ArtifactTombstones,
    Corrections,
    PersonAliases,
    RunHeartbeats,
    PublishedFiles,
)
"""Tables that cannot be recreated from the raw store."""


def table_of(model: type[SQLModel]) -> Table:
    """The SQLAlchemy table of a model."""
    table: Table = model.__table__  # type: ignore[attr-defined]
    return table


META = table_of(Meta).c
API_ORIGIN = "api_origin"
"""Name of the API origin in `meta`."""


def meta_value(connection: Connection, name: str) -> str | None:
    """A value of `meta`; None if it is not set."""
    return connection.scalar(select(META.value).where(META.name == name))


def put_meta(connection: Connection, values: Mapping[str, str]) -> None:
    """Sets values of `meta`, in the order of their names."""
    upsert(connection, Meta, [{"name": name, "value": value} for name, value in sorted(values.items())])


def delete_meta(connection: Connection, condition: ColumnElement[bool]) -> None:
    """Deletes the rows of `meta` that meet a condition."""
    connection.execute(table_of(Meta).delete().where(condition))


class Database(Connections):
    """One database: its transactions, and the schema that holds its tables."""

    namespace = Namespace("", exists=True)
    """The PostgreSQL schema in which every transaction resolves names; empty on SQLite."""
    role_search_path = ""
    """The role's own search path on PostgreSQL; empty on SQLite."""

    @classmethod
    def at(cls, url: str, schema: str = DEFAULT_SCHEMA, *, is_read_only: bool = False) -> Self:
        """Opens the database at a URL. New PostgreSQL databases get their tables in `schema`.

        Raises:
            StoreError: the database does not answer, or the role may not read its tables.
        """
        database = super().at(url, is_read_only=is_read_only)
        if not database.is_sqlite:
            try:
                database._find_namespace(schema)
            except BaseException:
                database.close()
                raise
        return database

    def _find_namespace(self, configured: str) -> None:
        with self.reading() as connection:
            self.role_search_path = str(connection.exec_driver_sql("SHOW search_path").scalar())
            self.namespace = find_namespace(connection, configured)
        event.listen(self.engine, "begin", lambda connection: set_search_path(connection, self.namespace.name))

    @property
    def address(self) -> str:
        """The URL without password and options, for messages."""
        return address_text(self.engine.url)

    def qualified(self, name: str) -> str:
        """A table's name for statements outside of transactions, in which no search path is set."""
        return quoted(name) if self.is_sqlite else f"{quoted(self.namespace.name)}.{quoted(name)}"

    def set_meta(self, name: str, value: str) -> None:
        """Sets a value of `meta`; writes only if the value differs."""
        if self.read(lambda connection: meta_value(connection, name)) != value:
            self.write(lambda connection: put_meta(connection, {name: value}))

    def bind_origin(self, origin: str) -> None:
        """Binds a new database to an API origin.

        Raises:
            StoreRefused: the database holds meetings of another origin.
        """
        held = self.set_meta_once(API_ORIGIN, origin)
        if held != origin:
            raise StoreRefused(
                f"The database holds meetings from {held}, not from {origin}: "
                "choose another MEETING_ASSETS_HOME or MEETING_ASSETS_DATABASE_URL."
            )

    @retry_on_conflict
    def set_meta_once(self, name: str, value: str) -> str:
        """Sets a value of `meta` that is not set yet, and returns the value that `meta` then holds.

        All processes that start at the same time get the value of the first one.
        """
        with self.writing() as connection:
            row = {"name": name, "value": value}
            connection.execute(insert_into(connection, table_of(Meta)).on_conflict_do_nothing(), row)
            held: str = connection.scalars(select(META.value).where(META.name == name)).one()
        return held


def schema_of(
    derived: Mapping[type[SQLModel], str | None],
    views: Mapping[str, Select[Any]] | None = None,
    descriptions: Descriptions | None = None,
) -> Schema:
    """The schema of the persistent tables and of some derived tables and views."""
    tables = {table_of(model): kind for model, kind in derived.items()}
    persistent = tuple(table_of(model) for model in PERSISTENT_TABLES)
    return Schema(persistent, tables, views or {}, descriptions or Descriptions())


def insert_into(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT of the connection's dialect, which can handle conflicts."""
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)


def upsert(
    connection: Connection,
    model: type[SQLModel],
    rows: Sequence[Mapping[str, Any]],
    *,
    only_if: Callable[[Any, Any], ColumnElement[bool]] | None = None,
) -> None:
    """Inserts rows; for existing keys, updates the given columns.

    Also sets `modified_at`, if the table has it. The rows must not contain it.

    `only_if` gets the columns of the existing row and of the new one, and returns the condition of the update.
    """
    if not rows:
        return
    table = table_of(model)
    statement = insert_into(connection, table)
    keys = [column.name for column in table.primary_key]
    changed: dict[str, Any] = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    condition = only_if(table.c, statement.excluded) if only_if is not None else None
    if MODIFIED_AT in table.c:
        changed |= modification(table, changed)
        statement = statement.values({MODIFIED_AT: DatabaseNow()})
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=changed, where=condition), [*rows])
