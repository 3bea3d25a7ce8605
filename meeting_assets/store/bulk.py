"""Rows in bulk, around the ORM: `executemany` on SQLite's own cursor, `COPY` on PostgreSQL.

Both run inside the SQLAlchemy transaction they are given. SQLAlchemy's own insert reaches half of this speed, sessions
of SQLModel objects a twentieth.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Dialect, Table
from sqlmodel import SQLModel

from meeting_assets.schema.columns import Instant
from meeting_assets.store.database import table_of

Row = tuple[Any, ...]

# What every SQLite takes. A statement for many rows costs half the time of one for each.
MOST_PARAMETERS = 999


def insert_rows(connection: Connection, model: type[SQLModel], rows: Sequence[Row]) -> None:
    """Inserts rows that hold a value for every column, in column order; JSON columns as text."""
    if not rows:
        return
    table = table_of(model)
    spelled = _spelled(connection.dialect, table, rows)
    if connection.dialect.name == "sqlite":
        _executemany(connection, table, spelled)
    else:
        from meeting_assets.store.copying import copy_rows

        copy_rows(connection, table, spelled)


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
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    return f'INSERT INTO "{table.name}" ({names}) VALUES {places}'  # noqa: S608 - names of our own models
