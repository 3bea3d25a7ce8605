"""Partitions: UTC days of recordings by `recording.created_at`, including today, and ISO weeks."""

import warnings
from collections.abc import Iterator
from datetime import date, timedelta

import dagster as dg

from meeting_assets.core.batches import batched
from meeting_assets.core.instants import days_between

DAYS_PER_RUN = 30
PARTITION = "dagster/partition"
RANGE_START, RANGE_END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
# Dagster's lists of runs hide the tags of a range behind a link. They show this one in the row of the run.
PARTITIONS = "partitions"
BACKFILL = dg.BackfillPolicy.multi_run(DAYS_PER_RUN)


def daily(first_day: date) -> dg.DailyPartitionsDefinition:
    """Daily partitions from `first_day` to today."""
    # Without the offset a day becomes a partition at its end, and today's meetings would wait until then.
    return dg.DailyPartitionsDefinition(start_date=first_day.isoformat(), end_offset=1, timezone="UTC")


def weekly(first_day: date) -> dg.WeeklyPartitionsDefinition:
    """Weekly partitions, named by their Mondays, from the ISO week of `first_day` to the current one."""
    first = first_day - timedelta(days=first_day.weekday())
    return dg.WeeklyPartitionsDefinition(start_date=first.isoformat(), day_offset=1, end_offset=1, timezone="UTC")


def days_of_a_week() -> dg.TimeWindowPartitionMapping:
    """Maps a week to its days. The first and the current week have days that are not partitions."""
    with warnings.catch_warnings():
        # The argument is in beta. Without it, Dagster refuses backfills of weeks with missing days.
        warnings.simplefilter("ignore", dg.BetaWarning)
        return dg.TimeWindowPartitionMapping(allow_nonexistent_upstream_partitions=True)


def partition_days(context: dg.AssetExecutionContext) -> list[date]:
    """The days of a run, or the Mondays of its weeks. Call it once per step: Dagster lists all partitions each time."""
    return [date.fromisoformat(key) for key in context.partition_keys]


def days_of_run(run: dg.DagsterRun) -> list[date] | None:
    """The days of a run; None if it has no daily partitions."""
    first, last = (run.tags.get(tag) or run.tags.get(PARTITION) for tag in (RANGE_START, RANGE_END))
    try:
        return days_between(date.fromisoformat(first), date.fromisoformat(last)) if first and last else None
    except ValueError:
        return None


def chunks(days: list[date]) -> Iterator[list[date]]:
    """Splits consecutive days into chunks of one run each."""
    return batched(days, DAYS_PER_RUN)


def range_tags(first: date, last: date) -> dict[str, str]:
    """Run tags that select a range of consecutive partitions, and name it in lists of runs.

    >>> range_tags(date(2026, 1, 5), date(2026, 1, 9))["partitions"]
    '2026-01-05 to 2026-01-09'
    """
    start, end = first.isoformat(), last.isoformat()
    return {RANGE_START: start, RANGE_END: end, PARTITIONS: start if start == end else f"{start} to {end}"}
