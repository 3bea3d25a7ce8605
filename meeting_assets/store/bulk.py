"""Bulk inserts that bypass the ORM: `executemany` on SQLite's own cursor, `COPY` on PostgreSQL.

Both run in the caller's SQLAlchemy transaction.
"""

# perf: SQLAlchemy's insert reaches half of this speed, sessions of SQLModel objects a twentieth (benchmarks load)

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Dialect, Table
from sqlmodel import SQLModel

from meeting_assets.core.batches import batched
from meeting_assets.schema.columns import Instant
from meeting_assets.store.database import table_of

MAX_PARAMETERS = 999
"""The limit of older SQLite versions."""


def insert_rows(connection: Connection, model: type[SQLModel], rows: Sequence[Sequence[Any]]) -> None:
    """Inserts rows that have a value for every column, in column order; JSON columns as text."""
    if not rows:
        return
    table = table_of(model)
    rows = _with_bound_instants(connection.dialect, table, rows)
    if connection.dialect.name == "sqlite":
        _executemany(connection, table, rows)
    else:
        from meeting_assets.store.postgres_copy import copy_rows

        copy_rows(connection, table, rows)


def _with_bound_instants(dialect: Dialect, table: Table, rows: Sequence[Sequence[Any]]) -> Sequence[Sequence[Any]]:
    """The rows with instants converted as the ORM does. Most tables have no instants."""
    instants = [(index, column.type) for index, column in enumerate(table.columns) if isinstance(column.type, Instant)]
    if not instants:
        return rows
    bound = [*map(list, rows)]
    for index, kind in instants:
        for values in bound:
            if values[index] is not None:
                values[index] = kind.process_bind_param(values[index], dialect)
    return bound


def _executemany(connection: Connection, table: Table, rows: Sequence[Sequence[Any]]) -> None:
    driver: Any = connection.connection.driver_connection
    # In a multi-row insert two rows of wrong length can cancel out; inserted singly, SQLite rejects them.
    is_even = len(set(map(len, rows))) == 1
    # perf: a statement for many rows costs half the time of one statement per row (benchmarks load)
    at_once = max(1, MAX_PARAMETERS // len(table.columns)) if is_even else 1
    whole = len(rows) - len(rows) % at_once
    flattened = (tuple(chain.from_iterable(batch)) for batch in batched(rows[:whole], at_once))
    driver.executemany(_insert(table, at_once), flattened)
    driver.executemany(_insert(table, 1), rows[whole:])


@cache
def _insert(table: Table, row_count: int) -> str:
    rows = ", ".join(["(" + ", ".join("?" for _ in table.columns) + ")"] * row_count)
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    return f'INSERT INTO "{table.name}" ({names}) VALUES {rows}'  # noqa: S608 - names of our own models
