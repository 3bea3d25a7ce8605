"""Modification times: `modified_at` is set when a column outside `BOOKKEEPING` gets another value, and never otherwise.

Readers copy changed rows incrementally by it. Writers of tables with `modified_at` use one of these:

    database.upsert    inserts and updates rows
    update_of          an UPDATE of some columns
    kept_instant       rows that are deleted and inserted again
    DatabaseNow        the value itself, where the writer has compared the rows

Tables without the column are written as usual.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Column, ColumnElement, Connection, Table, Text, Update, bindparam, case, null, or_, select
from sqlalchemy import cast as sql_cast
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from meeting_assets.schema.columns import Instant, Json

MODIFIED_AT = "modified_at"
BOOKKEEPING = frozenset({"observed_at", MODIFIED_AT, "derived_at", "inputs", "inputs_hash"})
"""Columns whose changes do not count as modifications."""


class DatabaseNow(FunctionElement[datetime]):
    """The database's clock, in the format of `Instant` columns. SQLite's has a resolution of 1 ms."""

    type = Instant()
    inherit_cache = True


@compiles(DatabaseNow, "sqlite")
def _as_text(_element: DatabaseNow, _compiler: Any, **_options: Any) -> str:
    return "(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000')"


@compiles(DatabaseNow, "postgresql")
def _as_timestamp(_element: DatabaseNow, _compiler: Any, **_options: Any) -> str:
    return "clock_timestamp()"


def update_of(table: Table, condition: ColumnElement[bool], values: Mapping[str, Any]) -> Update:
    """An UPDATE of some columns, and of `modified_at` in rows where it changes one of them."""
    return table.update().where(condition).values(**values, **modification(table, values))


def modification(table: Table, values: Mapping[str, Any]) -> dict[str, ColumnElement[Any]]:
    """The new value of `modified_at` beside new values of other columns; empty if the table lacks the column."""
    changes = [_differs(table.c[name], value) for name, value in values.items() if name not in BOOKKEEPING]
    if MODIFIED_AT not in table.c or not changes:
        return {}
    return {MODIFIED_AT: case((or_(*changes), DatabaseNow()), else_=table.c[MODIFIED_AT])}


def kept_instant(connection: Connection, table: Table, row: Sequence[Any]) -> datetime | None:
    """The stored `modified_at` of a row, given in column order, if its content is stored already; else None."""
    given = dict(zip((column.name for column in table.columns), row, strict=True))
    is_row = [column == given[column.name] for column in table.primary_key]
    stored = connection.execute(select(table).where(*is_row)).mappings().first()
    if stored is None or any(stored[name] != value for name, value in given.items() if name not in BOOKKEEPING):
        return None
    return cast("datetime | None", stored[MODIFIED_AT])


def _differs(column: Column[Any], value: Any) -> ColumnElement[bool]:
    """SQL condition for rows in which a value would change. PostgreSQL cannot compare documents of type `json`."""
    if isinstance(column.type, Json):
        other = value if isinstance(value, ColumnElement) else bindparam(None, value, column.type)
        return sql_cast(column, Text).is_distinct_from(sql_cast(other, Text))
    return column.is_distinct_from(null() if value is None else value)
