"""Requested days: from options of a command, or the day of one recording."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import date, timedelta

from meeting_assets.core.errors import SettingsError, UsageError
from meeting_assets.core.instants import day_of, days_between, now
from meeting_assets.pipeline import discover
from meeting_assets.pipeline.storage import access_of, oldest_day, open_storage
from meeting_assets.settings import Settings
from meeting_assets.store import tombstones, worklist

DEFAULT_DAYS = 7


def requested_days(settings: Settings, first: date | None, last: date | None) -> list[date]:
    """The days from `first` to `last`, both included; by default the last seven days and today.

    Raises:
        UsageError: the range is empty or in the future.
        SettingsError: the settings keep no meetings of these days.
    """
    today = day_of(now())
    until = last or today
    since = first or max(until - timedelta(days=DEFAULT_DAYS), settings.first_day, oldest_day(settings.retention_days))
    if since > until:
        raise UsageError(f"--from {since} is later than --to {until}.")
    if until > today:
        raise UsageError(f"--to {until} is in the future: today is {today} UTC.")
    return days_between(_within(settings, since), until)


def day_of_recording(settings: Settings, recording_id: str) -> date:
    """The day of a recording, from the database or else from the API.

    Raises:
        UsageError: there is no such recording, or it was purged.
        SettingsError: the settings keep no meetings of its day.
        ApiError: the API does not answer.
    """
    with open_storage(settings) as storage, storage.database.reading() as connection:
        purged_at = tombstones.purged_at(connection, recording_id)
        day = worklist.day_of(connection, recording_id)
    if purged_at is not None:
        raise UsageError(f"Recording {recording_id} was purged on {day_of(purged_at)} and is not fetched again.")
    if day is not None:
        return _within(settings, day)
    return _within(settings, asyncio.run(discover.day_of_recording(access_of(settings), recording_id)))


def day_range(days: Collection[date]) -> str:
    """Days as text for messages.

    >>> day_range([date(2026, 3, 2), date(2026, 3, 4)])
    '2026-03-02 to 2026-03-04'
    """
    return str(min(days)) if len(days) == 1 else f"{min(days)} to {max(days)}"


def _within(settings: Settings, day: date) -> date:
    if day < settings.first_day:
        raise SettingsError(f"{day} is before the first day, {settings.first_day}: set MEETING_ASSETS_FIRST_DAY.")
    if day < oldest_day(settings.retention_days):
        raise SettingsError(f"{day} is older than MEETING_ASSETS_RETENTION_DAYS={settings.retention_days} keeps.")
    return day
