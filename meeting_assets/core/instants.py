"""Instants: aware UTC datetimes, and the days that hold them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import msgspec

# Recall.ai records since 2022; test data may be older.
EARLIEST_YEAR, LATEST_YEAR = 2000, 2100


def now() -> datetime:
    """The present instant."""
    return datetime.now(UTC)


def utc(instant: datetime) -> datetime:
    """The same instant in UTC; a naive one is taken as UTC, as the API means it.

    An instant that UTC puts outside the calendar becomes the first or the last one of the calendar.
    """
    if instant.tzinfo is UTC:  # as nearly all are that were decoded
        return instant
    if instant.tzinfo is None:
        return instant.replace(tzinfo=UTC)
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        return _end_of_calendar(is_last=instant.year == datetime.max.year)


def shifted(instant: datetime, by: timedelta) -> datetime:
    """The aware instant so much later, at most the first or the last instant of the calendar."""
    try:
        return instant + by
    except OverflowError:
        return _end_of_calendar(is_last=by > timedelta(0))


def _end_of_calendar(*, is_last: bool) -> datetime:
    return (datetime.max if is_last else datetime.min).replace(tzinfo=UTC)


def check_year(instant: datetime | None) -> None:
    """Refuses the first and the last year of the calendar: in another time zone they are outside of it.

    Raises:
        ValueError: msgspec adds the place.
    """
    if instant is not None and not datetime.min.year < instant.year < datetime.max.year:
        raise ValueError("Year out of range")


def make_aware(struct: msgspec.Struct, name: str) -> None:
    """Replaces an instant that was just decoded by the same instant in UTC; for `__post_init__`, of frozen structs too.

    Raises:
        ValueError: its year is the first or the last of the calendar.
    """
    given = getattr(struct, name)
    if given is not None:
        check_year(given)
        if given.tzinfo is not UTC:
            msgspec.structs.force_setattr(struct, name, utc(given))


def check_plausible(instant: datetime) -> None:
    """Refuses an instant that cannot be the beginning of a meeting: its day could be no partition.

    Raises:
        ValueError: msgspec adds the place.
    """
    if not EARLIEST_YEAR <= instant.year <= LATEST_YEAR:
        raise ValueError(f"created_at is in the year {instant.year}, expected {EARLIEST_YEAR} to {LATEST_YEAR}")


def day_of(instant: datetime) -> date:
    """The UTC day that holds an instant."""
    return utc(instant).date()


def start_of(day: date) -> datetime:
    """The first instant of a UTC day."""
    return datetime.combine(day, time(), UTC)


def days_between(first: date, last: date) -> list[date]:
    """Every day from `first` to `last`, both included; empty where `last` is earlier."""
    return [first + timedelta(days=offset) for offset in range((last - first).days + 1)]


def to_iso8601(instant: datetime) -> str:
    """The instant as the API writes it: ISO 8601, microseconds, `Z`."""
    return utc(instant).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
