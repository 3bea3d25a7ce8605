"""Partitions: a UTC day of recordings, by `recording.created_at`, today included."""

from collections.abc import Iterator
from datetime import date

import dagster as dg

DAYS_PER_RUN = 30
PARTITION = "dagster/partition"
RANGE_START, RANGE_END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
BACKFILL = dg.BackfillPolicy.multi_run(DAYS_PER_RUN)


def daily(first_day: date) -> dg.DailyPartitionsDefinition:
    """The days from `first_day` to today."""
    # Without the offset a day becomes a partition when it is over, and today's meetings would wait for it.
    return dg.DailyPartitionsDefinition(start_date=first_day.isoformat(), end_offset=1, timezone="UTC")


def days_of(context: dg.AssetExecutionContext) -> list[date]:
    """The days a run is for. Ask once: every look walks all partitions."""
    return [date.fromisoformat(key) for key in context.partition_keys]


def chunks(days: list[date]) -> Iterator[list[date]]:
    """Consecutive days in portions of one run."""
    for start in range(0, len(days), DAYS_PER_RUN):
        yield days[start : start + DAYS_PER_RUN]


def range_tags(first: date, last: date) -> dict[str, str]:
    """What makes a run one of several consecutive days."""
    return {RANGE_START: first.isoformat(), RANGE_END: last.isoformat()}
