"""SQL functions whose text differs between SQLite and PostgreSQL, with the same results on both."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import Date, Float, String
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from meeting_assets.schema.columns import Instant


class InstantText(FunctionElement[str]):
    """An instant in UTC as `YYYY-MM-DD HH:MM:SS.ffffff`, in any time zone of the session."""

    type = String()
    inherit_cache = True


@compiles(InstantText, "sqlite")
def _as_stored(element: InstantText, compiler: Any, **options: Any) -> str:
    return str(compiler.process(element.clauses, **options))


@compiles(InstantText, "postgresql")
def _as_formatted(element: InstantText, compiler: Any, **options: Any) -> str:
    instant = compiler.process(element.clauses, **options)
    return f"to_char(({instant}) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"


class CodePoints(FunctionElement[str]):
    """A text that is sorted by its code points, independent of the database's locale."""

    type = String()
    inherit_cache = True


@compiles(CodePoints, "sqlite")
def _in_binary_order(element: CodePoints, compiler: Any, **options: Any) -> str:
    return f"({compiler.process(element.clauses, **options)}) COLLATE BINARY"


@compiles(CodePoints, "postgresql")
def _in_order_of_c(element: CodePoints, compiler: Any, **options: Any) -> str:
    return f'({compiler.process(element.clauses, **options)}) COLLATE "C"'


class Later(FunctionElement[datetime]):
    """An instant some seconds later, rounded to milliseconds: SQLite computes no finer."""

    type = Instant()
    inherit_cache = True


@compiles(Later, "sqlite")
def _with_modifier(element: Later, compiler: Any, **options: Any) -> str:
    instant, seconds = (compiler.process(each, **options) for each in element.clauses)
    shift = f"printf('%+.3f seconds', {seconds})"
    return f"CASE WHEN ({seconds}) IS NOT NULL THEN strftime('%Y-%m-%d %H:%M:%f', {instant}, {shift}) || '000' END"


@compiles(Later, "postgresql")
def _with_interval(element: Later, compiler: Any, **options: Any) -> str:
    instant, seconds = (compiler.process(each, **options) for each in element.clauses)
    rounded = f"date_trunc('milliseconds', ({instant}) + interval '500 microseconds')"
    return f"({rounded} + round(CAST({seconds} AS numeric), 3) * interval '1 second')"


class MinutesBetween(FunctionElement[float]):
    """Minutes from one instant to a later one, rounded to hundredths."""

    type = Float()
    inherit_cache = True


@compiles(MinutesBetween, "sqlite")
def _of_days(element: MinutesBetween, compiler: Any, **options: Any) -> str:
    start, end = (compiler.process(each, **options) for each in element.clauses)
    return f"round((julianday({end}) - julianday({start})) * 1440, 2)"


@compiles(MinutesBetween, "postgresql")
def _of_epochs(element: MinutesBetween, compiler: Any, **options: Any) -> str:
    start, end = (compiler.process(each, **options) for each in element.clauses)
    return f"CAST(round(CAST(extract(epoch FROM ({end}) - ({start})) / 60 AS numeric), 2) AS double precision)"


class DayOfWeek(FunctionElement[date]):
    """A day of the ISO week of a given day; subclasses say which one."""

    type = Date()
    inherit_cache = True
    iso_day: ClassVar[int]
    """1 for Monday to 7 for Sunday."""


class Monday(DayOfWeek):
    """The Monday of a day's ISO week."""

    inherit_cache = True
    iso_day = 1


class Sunday(DayOfWeek):
    """The Sunday of a day's ISO week."""

    inherit_cache = True
    iso_day = 7


@compiles(DayOfWeek, "sqlite")
def _from_next_sunday(element: DayOfWeek, compiler: Any, **options: Any) -> str:
    shift = "" if element.iso_day == Sunday.iso_day else f", '{element.iso_day - Sunday.iso_day} days'"
    return f"date({compiler.process(element.clauses, **options)}, 'weekday 0'{shift})"


@compiles(DayOfWeek, "postgresql")
def _by_day_of_week(element: DayOfWeek, compiler: Any, **options: Any) -> str:
    day = compiler.process(element.clauses, **options)
    return f"(({day}) + ({element.iso_day} - CAST(extract(isodow FROM ({day})) AS integer)))"


class JsonItems(FunctionElement[Any]):
    """The keys and values of a JSON object as a table; no rows for NULL and other documents."""

    inherit_cache = True


@compiles(JsonItems, "sqlite")
def _items_of_text(element: JsonItems, compiler: Any, **options: Any) -> str:
    document = compiler.process(element.clauses, **options)
    return f"json_each(CASE WHEN json_type({document}) = 'object' THEN {document} END)"


@compiles(JsonItems, "postgresql")
def _items_of_json(element: JsonItems, compiler: Any, **options: Any) -> str:
    document = compiler.process(element.clauses, **options)
    return f"json_each_text(CASE WHEN json_typeof({document}) = 'object' THEN {document} END)"


class ItemText(FunctionElement[str]):
    """The value of a row of `JsonItems` as text. Its arguments are the columns `value` and `type`."""

    type = String()
    inherit_cache = True


@compiles(ItemText, "sqlite")
def _with_names_of_booleans(element: ItemText, compiler: Any, **options: Any) -> str:
    value, kind = (compiler.process(each, **options) for each in element.clauses)
    return f"CASE WHEN ({kind}) IN ('true', 'false') THEN {kind} ELSE CAST({value} AS TEXT) END"


@compiles(ItemText, "postgresql")
def _as_given(element: ItemText, compiler: Any, **options: Any) -> str:
    value, _kind = (compiler.process(each, **options) for each in element.clauses)
    return str(value)
