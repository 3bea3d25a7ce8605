"""Rows in bulk, around the ORM: `executemany` on SQLite's own cursor, `COPY` on PostgreSQL.

Both run inside the SQLAlchemy transaction they are given. SQLAlchemy's own insert reaches half of this speed, sessions
of SQLModel objects a twentieth.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Dialect, Table
from sqlmodel import SQLModel

from meeting_assets.store.columns import Instant
from meeting_assets.store.database import table_of

Row = tuple[Any, ...]


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


def _spelled(dialect: Dialect, table: Table, rows: Iterable[Row]) -> Iterable[Row]:
    """The rows with instants as the ORM writes them; most rows are in tables without, and pass untouched."""
    instants = [(index, column.type) for index, column in enumerate(table.columns) if isinstance(column.type, Instant)]
    return (_with_instants(dialect, instants, row) for row in rows) if instants else rows


def _with_instants(dialect: Dialect, instants: Iterable[tuple[int, Instant]], row: Row) -> Row:
    values = list(row)
    for index, kind in instants:
        values[index] = kind.process_bind_param(values[index], dialect)
    return tuple(values)


def _executemany(connection: Connection, table: Table, rows: Iterable[Row]) -> None:
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    places = ", ".join("?" for _ in table.columns)
    driver: Any = connection.connection.driver_connection
    driver.executemany(
        f'INSERT INTO "{table.name}" ({names}) VALUES ({places})',  # noqa: S608 - names of our own models
        rows,
    )


def _copy(connection: Connection, table: Table, rows: Iterable[Row]) -> None:
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    driver: Any = connection.connection.driver_connection
    with (
        driver.cursor() as cursor,
        cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy,
    ):
        for row in rows:
            copy.write_row(row)
