"""The metrics step: one step writes all metric tables, so that it reads each recording once.

The dependencies of each table are the tables that its columns derive from. `speakers` and `speech` lie between the
parsed tables and most others.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import dagster as dg

from meeting_assets.health.counts import metric_row_counts, recording_states
from meeting_assets.metrics import METRICS
from meeting_assets.metrics.parameters import METRICS_VERSION
from meeting_assets.metrics.tables import MeetingMetrics
from meeting_assets.orchestration.assets.partitions import BACKFILL, partition_days
from meeting_assets.orchestration.assets.specs import (
    FRESHNESS,
    RECORDING_STATES,
    lineage_deps,
    recording_state_table,
    results,
    row_count_metadata,
    table_spec,
)
from meeting_assets.orchestration.resources import StorageResource, fail_if_faulty
from meeting_assets.pipeline.derive import derive_days
from meeting_assets.pipeline.storage import Storage
from meeting_assets.store.database import table_of

GROUP = "metrics"
MEETINGS = table_of(MeetingMetrics).name


def metrics_assets(days: dg.DailyPartitionsDefinition, database: str) -> dg.AssetsDefinition:
    """Defines the metric tables, derived for every recording whose inputs changed."""

    @dg.multi_asset(
        name="metrics",
        specs=[
            table_spec(
                table,
                database=database,
                deps=lineage_deps(table),
                group_name=GROUP,
                code_version=METRICS_VERSION,
                freshness_policy=FRESHNESS,
            )
            for table in METRICS
        ],
        partitions_def=days,
        backfill_policy=BACKFILL,
        # Without it, a webserver may refuse backfills that start upstream: Dagster then requires equal partitions of
        # all outputs, and its comparison depends on the iteration order of a set.
        can_subset=True,
    )
    def _derive(context: dg.AssetExecutionContext, storage: StorageResource) -> Iterable[dg.MaterializeResult[None]]:
        days = partition_days(context)
        with storage.open_storage() as (_, opened_storage):
            report = derive_days(days, opened_storage)
            of_tables = _table_metadata(opened_storage, days)
        metadata = {
            "new": report.new,
            "changed": report.changed,
            "unchanged": report.unchanged,
            "derive_s": report.derive_s,
        }
        order = [table_of(table).name for table in METRICS]
        keys = sorted(context.selected_asset_keys, key=lambda key: order.index(key.path[-1]))
        yield from results(keys, metadata, of_tables)
        fail_if_faulty(report.faults)

    return _derive


def _table_metadata(storage: Storage, days: Sequence[date]) -> dict[str, dict[str, Any]]:
    """The metadata of each metric table; runs of a single day include the state of each recording."""
    with storage.database.reading() as connection:
        of_all = metric_row_counts(connection)
        if len(days) != 1:
            return row_count_metadata(of_all, None)
        of_tables = row_count_metadata(of_all, metric_row_counts(connection, days))
        of_tables[MEETINGS][RECORDING_STATES] = recording_state_table(recording_states(connection, days))
    return of_tables
