"""Instants (aware UTC datetimes) and UTC days."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import msgspec

# Recall.ai exists since 2022; test data may be older.
EARLIEST_YEAR, LATEST_YEAR = 2000, 2100


def now() -> datetime:
    """Returns the current instant."""
    return datetime.now(UTC)


def utc(instant: datetime) -> datetime:
    """Returns the instant in UTC. A naive datetime is UTC, as in the API.

    An instant outside the range of `datetime` becomes the first or last instant of that range.
    """
    if instant.tzinfo is UTC:  # perf: true of nearly all decoded instants (benchmarks load)
        return instant
    if instant.tzinfo is None:
        return instant.replace(tzinfo=UTC)
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        return _end_of_calendar(is_last=instant.year == datetime.max.year)


def shifted(instant: datetime, by: timedelta) -> datetime:
    """Returns the instant plus `by`, limited to the range of `datetime`."""
    try:
        return instant + by
    except OverflowError:
        return _end_of_calendar(is_last=by > timedelta(0))


def _end_of_calendar(*, is_last: bool) -> datetime:
    return (datetime.max if is_last else datetime.min).replace(tzinfo=UTC)


def check_year(instant: datetime) -> None:
    """Rejects the first and the last year of `datetime`: in another time zone the instant may be out of range.

    Raises:
        ValueError: msgspec adds the place to the message.
    """
    if not datetime.min.year < instant.year < datetime.max.year:
        raise ValueError("Year out of range")


def make_aware(struct: msgspec.Struct, name: str) -> None:
    """Converts a decoded instant to UTC in place. `__post_init__` calls it, also in frozen structs.

    Raises:
        ValueError: its year is the first or the last of `datetime`.
    """
    given = getattr(struct, name)
    if given is not None:
        check_year(given)
        if given.tzinfo is not UTC:
            msgspec.structs.force_setattr(struct, name, utc(given))


def check_created_at(instant: datetime) -> None:
    """Rejects an instant that cannot be the start of a meeting, because its day cannot be a partition.

    Raises:
        ValueError: msgspec adds the place to the message.
    """
    if not EARLIEST_YEAR <= instant.year <= LATEST_YEAR:
        raise ValueError(f"created_at is in the year {instant.year}, expected {EARLIEST_YEAR} to {LATEST_YEAR}")


def day_of(instant: datetime) -> date:
    """Returns the UTC day of an instant."""
    return utc(instant).date()


def start_of(day: date) -> datetime:
    """Returns the first instant of a UTC day."""
    return datetime.combine(day, time(), UTC)


def days_between(first: date, last: date) -> list[date]:
    """Returns every day from `first` to `last`, both included; empty if `last` is earlier."""
    return [first + timedelta(days=offset) for offset in range((last - first).days + 1)]


def to_iso8601(instant: datetime) -> str:
    """Returns the instant in the API's format: ISO 8601 with microseconds and `Z`."""
    return utc(instant).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
