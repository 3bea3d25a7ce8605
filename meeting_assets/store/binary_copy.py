"""PostgreSQL's binary format of `COPY`, packed column by column.

psycopg packs value by value, which takes three times as long as decoding and building the rows did. The format is that
of PostgreSQL's manual, *COPY*, "Binary Format": per row its number of fields, per field its length and its bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import chain, repeat
from struct import Struct
from typing import Any
from uuid import UUID

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql

# Small enough for the server to insert what was sent while the next is packed.
ROWS_AT_ONCE = 1000

SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
NULL = b"\xff\xff\xff\xff"
FIRST_DAY, FIRST_INSTANT = date(2000, 1, 1), datetime(2000, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

_LENGTH = Struct(">i").pack

Column = Sequence[Any]
# A column's values as fields, each with its length before it.
Pack = Callable[[Column], Iterable[bytes]]


def packed(rows: Sequence[Sequence[Any]], packs: Sequence[Pack]) -> Iterator[bytes]:
    """All that is to be sent for some rows, in parts of many rows.

    Raises:
        ValueError: a row has fewer or more values than there are columns.
        struct.error: a number is beyond its column's type.
    """
    yield SIGNATURE
    row_start = Struct(">h").pack(len(packs))
    for start in range(0, len(rows), ROWS_AT_ONCE):
        columns = zip(*rows[start : start + ROWS_AT_ONCE], strict=True)
        fields = [pack(column) for column, pack in zip(columns, packs, strict=True)]
        yield b"".join(chain.from_iterable(zip(repeat(row_start), *fields, strict=False)))
    yield TRAILER


@cache
def packs_of(table: Table) -> list[Pack]:
    """How a table's columns are packed; a `KeyError` names a type to be added."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    return [PACKS[column.type.compile(dialect)] for column in table.columns]


def _of_size(form: str) -> Pack:
    """For numbers, which all take the same room."""
    struct = Struct(f">i{form}")
    pack, size = struct.pack, struct.size - 4

    def fields(values: Column) -> Iterable[bytes]:
        if None in values:
            return [NULL if value is None else pack(size, value) for value in values]
        return map(pack, repeat(size), values)

    return fields


def _each_once(spelled: Callable[[Any], bytes]) -> Pack:
    """For values that are often the same: ids, keys, words."""

    def fields(values: Column) -> Iterable[bytes]:
        known = dict.fromkeys(values, NULL)
        for value in known:
            if value is not None:
                data = spelled(value)
                known[value] = _LENGTH(len(data)) + data
        return map(known.__getitem__, values)

    return fields


PACKS: dict[str, Pack] = {
    "BIGINT": _of_size("q"),
    "BOOLEAN": _each_once(Struct("?").pack),
    "DATE": _each_once(lambda day: _LENGTH((day - FIRST_DAY).days)),
    "FLOAT": _of_size("d"),
    "INTEGER": _of_size("i"),
    "JSON": _each_once(str.encode),
    "TEXT": _each_once(str.encode),
    "TIMESTAMP WITH TIME ZONE": _each_once(lambda at: Struct(">q").pack((at - FIRST_INSTANT) // MICROSECOND)),
    "UUID": _each_once(lambda text: UUID(text).bytes),
    "VARCHAR": _each_once(str.encode),
}
