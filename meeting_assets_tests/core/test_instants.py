from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meeting_assets.core.instants import day_of, days_between, now, shifted, start_of, to_iso8601, utc

zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
instants = st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=zones)


def test_now_is_aware() -> None:
    assert now().tzinfo is UTC


@given(instants)
def test_utc_preserves_the_instant(instant: datetime) -> None:
    assert utc(instant) == instant
    assert utc(instant).tzinfo is UTC


@given(instants)
def test_naive_instant_is_read_as_utc(instant: datetime) -> None:
    naive = instant.replace(tzinfo=None)

    assert utc(naive) == naive.replace(tzinfo=UTC)


@given(st.datetimes(timezones=zones), st.timedeltas())
def test_conversions_stay_within_the_range_of_datetime(instant: datetime, by: timedelta) -> None:
    aware = utc(instant)

    assert aware.tzinfo is UTC
    assert (shifted(aware, by) > aware) == (by > timedelta(0)) or shifted(aware, by) == aware
    assert shifted(utc(datetime.max), by).tzinfo is shifted(utc(datetime.min), by).tzinfo is UTC


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        (datetime(2026, 3, 2, tzinfo=UTC), date(2026, 3, 2)),
        (datetime(2026, 3, 2, 23, 59, 59, 999_999, tzinfo=UTC), date(2026, 3, 2)),
        (datetime(2026, 3, 2, 1, tzinfo=timezone(timedelta(hours=2))), date(2026, 3, 1)),
        (datetime(2026, 3, 2, 23, tzinfo=timezone(timedelta(hours=-5))), date(2026, 3, 3)),
    ],
)
def test_day_is_the_utc_day(instant: datetime, day: date) -> None:
    assert day_of(instant) == day


@given(instants)
def test_day_contains_its_instants(instant: datetime) -> None:
    day = day_of(instant)

    assert start_of(day) <= instant < start_of(day + timedelta(days=1))


@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)), st.integers(-3, 400))
def test_days_between_includes_both_ends(first: date, length: int) -> None:
    last = first + timedelta(days=length - 1)

    days = days_between(first, last)

    assert len(days) == max(length, 0)
    assert days == sorted(set(days))
    assert not days or (days[0], days[-1]) == (first, last)


@given(instants)
def test_iso8601_text_is_parsed_to_the_same_instant(instant: datetime) -> None:
    text = to_iso8601(instant)

    assert text.endswith("Z")
    assert len(text) == len("2026-03-02T09:30:00.000000Z")
    assert datetime.fromisoformat(text) == instant


def test_iso8601_text_always_has_microseconds() -> None:
    assert to_iso8601(datetime(2026, 3, 2, 9, 30, tzinfo=UTC)) == "2026-03-02T09:30:00.000000Z"
