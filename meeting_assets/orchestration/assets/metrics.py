"""The metrics step: one step writes all metric tables, so that it reads each recording once.

The dependencies of each table are the tables that its columns derive from. `speakers` and `speech` lie between the
parsed tables and most others.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import dagster as dg
from sqlalchemy import Connection
from sqlmodel import SQLModel

from meeting_assets.health.counts import (
    meeting_totals_by_day,
    metric_row_counts,
    metric_row_counts_by_day,
    recording_states,
)
from meeting_assets.health.data_versions import metrics_versions
from meeting_assets.metrics import METRICS
from meeting_assets.metrics.parameters import METRICS_VERSION
from meeting_assets.metrics.tables import MeetingMetrics
from meeting_assets.orchestration.assets.materializations import (
    RECORDING_STATES,
    materializations,
    partition_row_counts,
    recording_state_table,
)
from meeting_assets.orchestration.assets.partitions import BACKFILL, partition_days
from meeting_assets.orchestration.assets.specs import FRESHNESS, METRICS_NEXT, lineage_deps, table_spec
from meeting_assets.orchestration.resources import fail_if_faulty, storage_key, storage_of
from meeting_assets.orchestration.workspace import Workspace
from meeting_assets.pipeline.derive import derive_days

GROUP = "metrics"


def metrics_assets(days: dg.DailyPartitionsDefinition, database: str, workspace: Workspace) -> dg.AssetsDefinition:
    """Defines the metric tables, derived for every recording whose inputs changed."""

    @dg.multi_asset(
        name=workspace.named("metrics"),
        specs=[
            table_spec(
                table,
                workspace,
                database=database,
                deps=lineage_deps(table, workspace),
                group_name=workspace.group(GROUP),
                code_version=METRICS_VERSION,
                freshness_policy=FRESHNESS,
            )
            for table in METRICS
        ],
        partitions_def=days,
        backfill_policy=BACKFILL,
        required_resource_keys={storage_key(workspace)},
        op_tags=METRICS_NEXT,
        # Without it, a webserver may refuse backfills that start upstream: Dagster then requires equal partitions of
        # all outputs, and its comparison depends on the iteration order of a set.
        can_subset=True,
    )
    def _derive(context: dg.AssetExecutionContext) -> Iterable[dg.MaterializeResult[None]]:
        days = partition_days(context)
        with storage_of(context, workspace).open_storage() as (_, opened_storage):
            report = derive_days(days, opened_storage)
            with opened_storage.database.reading() as connection:
                row_counts, metadata_by_day = metric_row_counts(connection), _metadata_by_day(connection, days)
        run_metadata = {
            "new": report.new,
            "changed": report.changed,
            "unchanged": report.unchanged,
            "derive_s": report.derive_s,
        }
        yield from materializations(context, workspace, run_metadata, row_counts, metadata_by_day)
        fail_if_faulty(report.faults)

    return _derive


def _metadata_by_day(connection: Connection, days: Sequence[date]) -> dict[type[SQLModel], dict[date, dict[str, Any]]]:
    """The metadata of each day: row counts, totals of its meetings, and the state of each recording after the run."""
    metadata = partition_row_counts(metric_row_counts_by_day(connection, days), metrics_versions(connection, days))
    states, totals = recording_states(connection, days), meeting_totals_by_day(connection, days)
    for day, day_metadata in metadata[MeetingMetrics].items():
        day_metadata |= totals[day] | {RECORDING_STATES: recording_state_table(states.get(day, ()))}
    return metadata
