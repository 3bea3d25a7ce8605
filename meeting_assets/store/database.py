"""The database: its connections, what a transaction is on SQLite and PostgreSQL, and bringing the schema up to date."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Connection, Engine, Select, Table, create_engine, event, inspect, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DatabaseError, InterfaceError, OperationalError
from sqlalchemy.schema import CreateColumn, CreateTable
from sqlmodel import SQLModel

from meeting_assets.core.errors import StoreError
from meeting_assets.store.tables import Artifacts, ArtifactTombstones, Meta, Recordings, Tombstones, WebhookEvents

SCHEMA_VERSION = 2
SHAPE = "shape:"
DURABLE = (Recordings, Artifacts, WebhookEvents, Meta, Tombstones, ArtifactTombstones)
"""Tables that are migrated; the others are derived and made anew when their columns change."""


def table_of(model: type[SQLModel]) -> Table:
    """The SQLAlchemy table of a model."""
    table: Table = model.__table__  # type: ignore[attr-defined]
    return table


META = table_of(Meta).c
ADDED_IN = {2: (table_of(Recordings).c.scheduled_at,)}
"""The columns of durable tables that came with a version of the schema."""
_SPELLED: dict[tuple[str, Table | Select[Any]], str] = {}


class Database:
    """One database of meetings. `reading()` and `writing()` are its transactions."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @classmethod
    def at(cls, url: str) -> Self:
        """The database at a SQLAlchemy URL; the folder of a SQLite file is made if it is missing.

        Raises:
            StoreError: it does not answer.
        """
        if url.startswith("sqlite:///"):
            Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # What was said in a meeting is in the parameters of statements, and must not get into the text of errors.
        engine = create_engine(url, hide_parameters=True, pool_pre_ping=not url.startswith("sqlite"))
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", _set_pragmas)
            event.listen(engine, "begin", _begin)
        database = cls(engine)
        try:
            with database.reading():
                return database
        except StoreError:
            engine.dispose()
            raise

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that only reads.

        Raises:
            StoreError: the database does not answer.
        """
        with self._answering(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that writes; on SQLite it takes the one writer's place at its start.

        Taking it later, after a read, fails at once when another writer came between.

        Raises:
            StoreError: the database does not answer, or takes no more.
        """
        with (
            self._answering(),
            self.engine.connect().execution_options(is_writing=True) as connection,
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """Says in one sentence that the database cannot be worked with; errors in what we ask of it pass."""
        try:
            yield
        except (DatabaseError, InterfaceError) as error:
            # SQLite says DatabaseError itself of a file that is no database.
            if type(error) not in {DatabaseError, OperationalError, InterfaceError}:
                raise
            cause = type(error.orig).__name__
            is_full = getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL or cause == "DiskFull"
        else:
            return
        shown = self.engine.url.set(query={}).render_as_string(hide_password=True)
        if is_full:
            raise StoreError(f"The database at {shown} takes no more, its disk is full: make room, then run again.")
        raise StoreError(f"The database at {shown} does not answer ({cause}): check MEETING_ASSETS_DATABASE_URL.")

    def close(self) -> None:
        self.engine.dispose()

    def prepare(
        self, derived: Mapping[type[SQLModel], str | None], views: Mapping[str, Select[Any]] | None = None
    ) -> None:
        """Makes and mends the tables. `derived` names for each derived table the artifact kind it is parsed from.

        `views` says what each view selects.

        A derived table whose columns are no longer those of its model is made anew and empty; the ledger then
        counts its artifacts as outdated, so that they are parsed again.

        Raises:
            StoreError: the database belongs to a newer version of this package.
        """
        with self.writing() as connection:
            if not self.is_sqlite:
                # Two processes that start together would both find the tables missing.
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7309453)")
            SQLModel.metadata.create_all(connection, [table_of(model) for model in DURABLE])
            known = dict(connection.execute(select(META.name, META.value)).all())
            _migrate(connection, _version(known))
            upsert(connection, Meta, [{"name": "schema_version", "value": str(SCHEMA_VERSION)}])
            there = {*inspect(connection).get_table_names()}
            changed = {
                model
                for model in derived
                if (name := table_of(model).name) not in there
                or known.get(SHAPE + name) != _shape(connection, table_of(model))
            }
            if any(derived[model] is None for model in changed):
                # Metrics are derived together: one table made anew alone would stay empty.
                changed |= {model for model, kind in derived.items() if kind is None}
            statements = {name: _spelled(connection, view) for name, view in (views or {}).items()}
            is_stale = changed or any(known.get(SHAPE + name) != _hash(sql) for name, sql in statements.items())
            if is_stale:
                for name in statements:
                    connection.exec_driver_sql(f'DROP VIEW IF EXISTS "{name}"')
            for model in changed:
                _remake(connection, table_of(model), derived[model])
            if is_stale:
                for name, sql in statements.items():
                    connection.exec_driver_sql(f'CREATE VIEW "{name}" AS {sql}')
                    upsert(connection, Meta, [{"name": SHAPE + name, "value": _hash(sql)}])

    def note(self, name: str, value: str) -> None:
        """Writes a fact about this database down, if it is another one."""
        with self.reading() as connection:
            held = connection.scalar(select(META.value).where(META.name == name))
        if held != value:
            with self.writing() as connection:
                upsert(connection, Meta, [{"name": name, "value": value}])

    def belongs_to(self, origin: str) -> None:
        """Claims a new database for an API origin.

        Raises:
            StoreError: it holds the meetings of another one.
        """
        with self.writing() as connection:
            held = connection.scalar(select(META.value).where(META.name == "api_origin"))
            if held is None:
                upsert(connection, Meta, [{"name": "api_origin", "value": origin}])
            elif held != origin:
                raise StoreError(
                    f"The database holds meetings from {held}, not from {origin}: "
                    "choose another MEETING_ASSETS_HOME or MEETING_ASSETS_DATABASE_URL."
                )


def upsert(connection: Connection, model: type[SQLModel], rows: Sequence[Mapping[str, Any]]) -> None:
    """Inserts rows, or updates the given columns of those whose key is there already."""
    if not rows:
        return
    table = table_of(model)
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(table)
    keys = [column.name for column in table.primary_key]
    changed = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=changed), [*rows])


def _version(known: Mapping[str, str]) -> int:
    version = int(known.get("schema_version", SCHEMA_VERSION))
    if version > SCHEMA_VERSION:
        raise StoreError(
            f"The database has schema {version}, this version knows {SCHEMA_VERSION}: upgrade meeting_assets."
        )
    return version


def _migrate(connection: Connection, version: int) -> None:
    """Brings the durable tables from a version of the schema to the present one."""
    for later in range(version + 1, SCHEMA_VERSION + 1):
        for column in ADDED_IN[later]:
            spelled = CreateColumn(column).compile(dialect=connection.dialect)
            connection.exec_driver_sql(f"ALTER TABLE {column.table.name} ADD COLUMN {spelled}")


def _shape(connection: Connection, table: Table) -> str:
    return _hash(_spelled(connection, table))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _spelled(connection: Connection, what: Table | Select[Any]) -> str:
    """What makes a table, or what a view selects. Asked for each time a database is opened, and the same each time.

    To spell a table takes half a millisecond, a view two or three.
    """
    key = connection.dialect.name, what
    if key not in _SPELLED:
        literally = {"literal_binds": isinstance(what, Select)}
        statement = what if isinstance(what, Select) else CreateTable(what)
        _SPELLED[key] = str(statement.compile(dialect=connection.dialect, compile_kwargs=literally))
    return _SPELLED[key]


def _remake(connection: Connection, table: Table, kind: str | None) -> None:
    table.drop(connection, checkfirst=True)
    table.create(connection)
    upsert(connection, Meta, [{"name": SHAPE + table.name, "value": _shape(connection, table)}])
    if kind is not None:
        ledger = table_of(Artifacts)
        connection.execute(ledger.update().where(ledger.c.kind == kind).values(parser_version=None))


def _set_pragmas(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions begin where `_begin` says, not where the driver guesses
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "busy_timeout=30000",
        "secure_delete=ON",  # what is purged is not to be found in free pages
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    is_writing = connection.get_execution_options().get("is_writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writing else "BEGIN")
