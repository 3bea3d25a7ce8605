"""SQL functions accept expressions of any precedence as arguments, and may be part of any expression."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import ColumnElement, Float, case, literal, literal_column, select, true

from meeting_assets.pipeline.sql_functions import CodePoints, InstantText, Later, MinutesBetween, Monday, Sunday
from meeting_assets.schema.columns import Instant
from meeting_assets_tests.support.environments import open_test_storage

pytestmark = pytest.mark.with_tables

AT = datetime(2026, 3, 4, 9, tzinfo=UTC)


def value_of(expression: ColumnElement[Any]) -> Any:
    with open_test_storage() as storage, storage.database.reading() as connection:
        return connection.scalar(select(expression))


def either(value: Any, type_: Any = None) -> ColumnElement[Any]:
    """An expression that is no name and no literal."""
    return case((true(), literal(value, type_)), else_=literal(value, type_))


@pytest.mark.usefixtures("database_url")
def test_operators_within_an_argument_are_evaluated_first() -> None:
    joined = literal("b").op("||")(literal("a"))

    assert value_of(CodePoints(joined)) == "ba"
    assert value_of(MinutesBetween(either(AT, Instant()), either(AT + timedelta(minutes=3), Instant()))) == 3
    seconds = literal_column("1.5 + 1.0", Float())
    assert value_of(Later(either(AT, Instant()), seconds)) == AT + timedelta(seconds=2.5)
    assert value_of(InstantText(either(AT, Instant()))) == "2026-03-04 09:00:00.000000"


@pytest.mark.usefixtures("database_url")
def test_days_of_a_week_may_be_compared() -> None:
    day = either(date(2026, 3, 4))

    assert value_of(Monday(day)) == date(2026, 3, 2)
    assert value_of(Sunday(day)) == date(2026, 3, 8)
    assert value_of(Monday(day) == literal(date(2026, 3, 2)))
