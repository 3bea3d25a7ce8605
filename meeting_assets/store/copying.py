"""`COPY` into PostgreSQL, in its own binary format.

Apart, since psycopg takes a tenth of a second to import, which nobody needs whose meetings are in SQLite.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any
from uuid import UUID

from psycopg.abc import AdaptContext, Buffer
from psycopg.adapt import Dumper
from psycopg.postgres import types as postgresql_types
from psycopg.pq import Format
from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql

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


def copy_rows(connection: Connection, table: Table, rows: Iterable[Sequence[Any]]) -> None:
    """Copies rows that hold a value for every column, in column order."""
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor:
        cursor.adapters.register_dumper(None, _TextAsUuid)
        with cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN (FORMAT BINARY)') as copy:
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
