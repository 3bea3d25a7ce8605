"""The database: its connections, and bringing the schema up to date."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

from sqlalchemy import ColumnElement, Connection, Select, Table, event, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import SQLModel

from meeting_assets.core.errors import StoreError
from meeting_assets.schema.persistent import (
    Artifacts,
    ArtifactTombstones,
    Meta,
    Recordings,
    RunHeartbeats,
    Tombstones,
    WebhookEvents,
)
from meeting_assets.store.connections import Connections, retry_on_conflict
from meeting_assets.store.driver_errors import shown
from meeting_assets.store.migrations.plan import Schema
from meeting_assets.store.namespaces import DEFAULT_SCHEMA, Namespace, find_namespace, quoted, set_search_path

PERSISTENT_TABLES = (Recordings, Artifacts, WebhookEvents, Meta, Tombstones, ArtifactTombstones, RunHeartbeats)
"""Tables that cannot be made again from the raw store."""


def table_of(model: type[SQLModel]) -> Table:
    """The SQLAlchemy table of a model."""
    table: Table = model.__table__  # type: ignore[attr-defined]
    return table


META = table_of(Meta).c


class Database(Connections):
    """One database of meetings: its transactions, and the schema that holds its tables."""

    namespace = Namespace("", is_made=True)
    """On PostgreSQL the schema that every transaction resolves names in; nothing on SQLite."""
    role_search_path = ""
    """On PostgreSQL what the role resolves names in otherwise."""

    @classmethod
    def at(cls, url: str, schema: str = DEFAULT_SCHEMA, *, is_read_only: bool = False) -> Self:
        """The database at a URL. `schema` is where new databases of PostgreSQL get their tables.

        Raises:
            StoreError: it does not answer, or the role may not read its tables.
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
        event.listen(self.engine, "begin", self._set_search_path)

    def _set_search_path(self, connection: Connection) -> None:
        set_search_path(connection, self.namespace.name)

    @property
    def address(self) -> str:
        """The URL without password and options, for messages."""
        return shown(self.engine.url)

    def qualified(self, name: str) -> str:
        """A table's name for statements outside of transactions, where no search path is set."""
        return quoted(name) if self.is_sqlite else f"{quoted(self.namespace.name)}.{quoted(name)}"

    @retry_on_conflict
    def note(self, name: str, value: str) -> None:
        """Writes a fact about this database into `meta`, if `meta` does not say so already."""
        with self.reading() as connection:
            held = connection.scalar(select(META.value).where(META.name == name))
        if held != value:
            with self.writing() as connection:
                upsert(connection, Meta, [{"name": name, "value": value}])

    def belongs_to(self, origin: str) -> None:
        """Binds a new database to an API origin.

        Raises:
            StoreError: it holds the meetings of another origin.
        """
        held = self.note_first("api_origin", origin)
        if held != origin:
            raise StoreError(
                f"The database holds meetings from {held}, not from {origin}: "
                "choose another MEETING_ASSETS_HOME or MEETING_ASSETS_DATABASE_URL."
            )

    @retry_on_conflict
    def note_first(self, name: str, value: str) -> str:
        """Writes a fact into `meta` unless it holds one of that name; returns the value held.

        Of processes that start at the same time, all get the value of the first one.
        """
        with self.writing() as connection:
            insert = sqlite.insert if self.is_sqlite else postgresql.insert
            connection.execute(insert(table_of(Meta)).on_conflict_do_nothing(), {"name": name, "value": value})
            held: str = connection.scalars(select(META.value).where(META.name == name)).one()
        return held


def schema_of(derived: Mapping[type[SQLModel], str | None], views: Mapping[str, Select[Any]] | None = None) -> Schema:
    """The persistent tables, and these derived ones and views."""
    tables = {table_of(model): kind for model, kind in derived.items()}
    return Schema(tuple(table_of(model) for model in PERSISTENT_TABLES), tables, views or {})


def upsert(
    connection: Connection,
    model: type[SQLModel],
    rows: Sequence[Mapping[str, Any]],
    *,
    only_if: Callable[[Any, Any], ColumnElement[bool]] | None = None,
) -> None:
    """Inserts rows, or updates the given columns of those whose key is there already.

    `only_if` gets the columns of the row there and of the given one, and says whether to update it.
    """
    if not rows:
        return
    table = table_of(model)
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(table)
    keys = [column.name for column in table.primary_key]
    changed = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    condition = only_if(table.c, statement.excluded) if only_if is not None else None
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=changed, where=condition), [*rows])
