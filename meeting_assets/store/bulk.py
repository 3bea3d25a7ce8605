"""Rows in bulk, around the ORM: `executemany` on SQLite's own cursor, `COPY` on PostgreSQL.

Both run inside the SQLAlchemy transaction they are given. SQLAlchemy's own insert reaches half of this speed, sessions
of SQLModel objects a twentieth.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import chain
from typing import Any
from uuid import UUID

from psycopg.abc import AdaptContext, Buffer
from psycopg.adapt import Dumper
from psycopg.postgres import types as postgresql_types
from psycopg.pq import Format
from sqlalchemy import Connection, Dialect, Table
from sqlalchemy.dialects import postgresql
from sqlmodel import SQLModel

from meeting_assets.store.columns import Instant
from meeting_assets.store.database import table_of

Row = tuple[Any, ...]

# What every SQLite takes. A statement for many rows costs half the time of one for each.
MOST_PARAMETERS = 999
# Numbers and ids in PostgreSQL's own format spare both sides spelling and reading them. JSON is text in either.
BINARY_TYPES = {
    "BIGINT": "int8",
    "BOOLEAN": "bool",
    "DATE": "date",
    "FLOAT": "float8",
    "INTEGER": "int4",
    "JSON": "text",
    "TEXT": "text",
    "TIMESTAMP WITH TIME ZONE": "timestamptz",
    "UUID": "uuid",
    "VARCHAR": "text",
}


def insert_rows(connection: Connection, model: type[SQLModel], rows: Sequence[Row]) -> None:
    """Inserts rows that hold a value for every column, in column order; JSON columns as text."""
    if not rows:
        return
    table = table_of(model)
    spelled = _spelled(connection.dialect, table, rows)
    if connection.dialect.name == "sqlite":
        _executemany(connection, table, spelled)
    else:
        _copy(connection, table, spelled)


def _spelled(dialect: Dialect, table: Table, rows: Sequence[Row]) -> Sequence[Sequence[Any]]:
    """The rows with instants as the ORM writes them; most rows are in tables without, and pass untouched."""
    instants = [(index, column.type) for index, column in enumerate(table.columns) if isinstance(column.type, Instant)]
    if not instants:
        return rows
    spelled = [*map(list, rows)]
    for index, kind in instants:
        spell = kind.process_bind_param
        for values in spelled:
            if values[index] is not None:
                values[index] = spell(values[index], dialect)
    return spelled


def _executemany(connection: Connection, table: Table, rows: Sequence[Sequence[Any]]) -> None:
    driver: Any = connection.connection.driver_connection
    # Rows of unlike lengths might make up for each other; one by one SQLite refuses them.
    is_even = len(set(map(len, rows))) == 1
    at_once = max(1, MOST_PARAMETERS // len(table.columns)) if is_even else 1
    whole = len(rows) - len(rows) % at_once
    driver.executemany(_insert(table, at_once), _flattened(rows, whole, at_once))
    driver.executemany(_insert(table, 1), rows[whole:])


def _flattened(rows: Sequence[Sequence[Any]], whole: int, at_once: int) -> Iterator[Row]:
    for start in range(0, whole, at_once):
        yield tuple(chain.from_iterable(rows[start : start + at_once]))


@cache
def _insert(table: Table, row_count: int) -> str:
    places = ", ".join(["(" + ", ".join("?" for _ in table.columns) + ")"] * row_count)
    return f'INSERT INTO "{table.name}" ({_names(table)}) VALUES {places}'  # noqa: S608 - names of our own models


def _names(table: Table) -> str:
    return ", ".join(f'"{column.name}"' for column in table.columns)


def _copy(connection: Connection, table: Table, rows: Iterable[Sequence[Any]]) -> None:
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor:
        cursor.adapters.register_dumper(None, _TextAsUuid)
        with cursor.copy(f'COPY "{table.name}" ({_names(table)}) FROM STDIN (FORMAT BINARY)') as copy:
            copy.set_types(binary_types(table))
            for row in rows:
                copy.write_row(row)


@cache
def binary_types(table: Table) -> list[str]:
    """What PostgreSQL calls the types of a table's columns as they are copied; a `KeyError` names one to be added."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    return [BINARY_TYPES[column.type.compile(dialect)] for column in table.columns]


class _TextAsUuid(Dumper):
    """An id, which is text here, as PostgreSQL's bytes; most rows of a copy have the same."""

    format = Format.BINARY
    oid = postgresql_types["uuid"].oid

    def __init__(self, cls: type, context: AdaptContext | None = None) -> None:
        super().__init__(cls, context)
        self._known: dict[str, bytes] = {}

    def dump(self, obj: str) -> Buffer:
        known = self._known.get(obj)
        if known is None:
            known = self._known[obj] = UUID(obj).bytes
        return known
