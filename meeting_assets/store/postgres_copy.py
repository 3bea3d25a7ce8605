"""`COPY` into PostgreSQL, in its binary format."""

# perf: importing psycopg takes 0.1 s, so databases on SQLite never import this module (benchmarks load)

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

# perf: binary numbers and ids are cheaper to write and to read than text (benchmarks load)
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
    """Copies rows that have a value for every column, in column order."""
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
    """The PostgreSQL types of a table's columns. A `KeyError` names a type to add to `BINARY_TYPES`."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    return [BINARY_TYPES[column.type.compile(dialect)] for column in table.columns]


class _TextAsUuid(Dumper):
    """Dumps an id as a binary UUID. Most rows of a copy have the same id, so results are cached."""

    format = Format.BINARY
    oid = postgresql_types["uuid"].oid

    def __init__(self, cls: type, context: AdaptContext | None = None) -> None:
        super().__init__(cls, context)
        self._dumped: dict[str, bytes] = {}

    def dump(self, obj: str) -> Buffer:
        dumped = self._dumped.get(obj)
        if dumped is None:
            dumped = self._dumped[obj] = UUID(obj).bytes
        return dumped
