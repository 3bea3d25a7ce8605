"""Partitions: a UTC day of recordings, by `recording.created_at`, today included."""

import warnings
from collections.abc import Iterator
from datetime import date, timedelta

import dagster as dg

DAYS_PER_RUN = 30
PARTITION = "dagster/partition"
RANGE_START, RANGE_END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
BACKFILL = dg.BackfillPolicy.multi_run(DAYS_PER_RUN)


def daily(first_day: date) -> dg.DailyPartitionsDefinition:
    """The days from `first_day` to today."""
    # Without the offset a day becomes a partition when it is over, and today's meetings would wait for it.
    return dg.DailyPartitionsDefinition(start_date=first_day.isoformat(), end_offset=1, timezone="UTC")


def weekly(first_day: date) -> dg.WeeklyPartitionsDefinition:
    """The ISO weeks, by their Mondays, from that of `first_day` to that of today."""
    first = first_day - timedelta(days=first_day.weekday())
    return dg.WeeklyPartitionsDefinition(start_date=first.isoformat(), day_offset=1, end_offset=1, timezone="UTC")


def days_of_a_week() -> dg.TimeWindowPartitionMapping:
    """A week is made from its days; the first week and this one have days that are no partitions."""
    with warnings.catch_warnings():
        # That days may be missing is in beta; without it backfills of such weeks are refused.
        warnings.simplefilter("ignore", dg.BetaWarning)
        return dg.TimeWindowPartitionMapping(allow_nonexistent_upstream_partitions=True)


def days_of(context: dg.AssetExecutionContext) -> list[date]:
    """The days a run is for, or the Mondays of its weeks. Ask once: every look walks all partitions."""
    return [date.fromisoformat(key) for key in context.partition_keys]


def chunks(days: list[date]) -> Iterator[list[date]]:
    """Consecutive days in portions of one run."""
    for start in range(0, len(days), DAYS_PER_RUN):
        yield days[start : start + DAYS_PER_RUN]


def range_tags(first: date, last: date) -> dict[str, str]:
    """What makes a run one of several consecutive days."""
    return {RANGE_START: first.isoformat(), RANGE_END: last.isoformat()}
