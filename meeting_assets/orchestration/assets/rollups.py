"""Rollups across meetings: weekly trends, people and series, derived from the days in runs of their own.

Runs of days do not roll up weeks, because a day is synced many times and a run can have many days. `sync` rolls up the
weeks of its days at its end. For all other runs, the sensor `outdated_weeks` compares weeks with their meetings.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any

import dagster as dg
from sqlmodel import SQLModel

from meeting_assets.health.data_versions import people_version, series_version, trends_versions
from meeting_assets.metrics.series import SERIES_TABLES, RecordingSeries
from meeting_assets.metrics.tables import MeetingMetrics
from meeting_assets.metrics.trends import MeetingTrends, People, PersonKeys, PersonTrends
from meeting_assets.orchestration.assets.materializations import DATA_VERSION, materializations, partition_row_counts
from meeting_assets.orchestration.assets.partitions import BACKFILL, days_of_a_week, partition_days
from meeting_assets.orchestration.assets.specs import ROLLUPS_NEXT, table_spec
from meeting_assets.orchestration.resources import storage_key, storage_of
from meeting_assets.orchestration.runs import RETRY_WHOLE
from meeting_assets.orchestration.workspace import DEFAULT, ROLL_UP, Workspace
from meeting_assets.pipeline.rollup import ROLLUP_VERSION, roll_up, roll_up_people, row_counts, row_counts_by_week
from meeting_assets.pipeline.series_rollup import roll_up_series
from meeting_assets.pipeline.storage import Storage
from meeting_assets.store.database import table_of

GROUP = "rollups"
JOB = ROLL_UP
# All other tables that rollups read are upstream of this one (docs/decisions, "Implied dependencies").
UPSTREAM = table_of(MeetingMetrics).name


def rollup_assets(
    weeks: dg.WeeklyPartitionsDefinition, database: str, workspace: Workspace
) -> list[dg.AssetsDefinition]:
    """The definitions of the weekly trends, of the people and of the series."""
    days = days_of_a_week()
    upstream = workspace.key(UPSTREAM)
    of_weeks = [dg.AssetDep(upstream, partition_mapping=days)]
    return [
        _rollup_asset("trends", (MeetingTrends, PersonTrends), _roll_up_trends, of_weeks, database, workspace, weeks),
        _rollup_asset("people", (People, PersonKeys), _roll_up_people, [upstream], database, workspace),
        _rollup_asset("series", SERIES_TABLES, _roll_up_series, [upstream], database, workspace),
    ]


def rollup_job(assets: Sequence[dg.AssetsDefinition], workspace: Workspace = DEFAULT) -> Any:
    """The job that rolls up weeks."""
    return dg.define_asset_job(
        workspace.named(JOB),
        selection=dg.AssetSelection.assets(*assets).without_checks(),
        executor_def=dg.in_process_executor,
        tags=RETRY_WHOLE,
        description="Derives the trends of weeks whose meetings changed, the table of people, and changed series, and "
        "writes the shared pages.",
    )


def _rollup_asset(
    name: str,
    tables: Sequence[type[SQLModel]],
    update: Callable[[Sequence[date], Storage], dict[str, Any]],
    deps: Sequence[dg.AssetKey | dg.AssetDep],
    database: str,
    workspace: Workspace,
    weeks: dg.WeeklyPartitionsDefinition | None = None,
) -> dg.AssetsDefinition:
    """Defines tables that one step updates, by week or as a whole. `update` returns the totals of the run."""

    @dg.multi_asset(
        name=workspace.named(name),
        specs=[
            table_spec(
                table,
                workspace,
                database=database,
                deps=deps,
                group_name=workspace.group(GROUP),
                code_version=ROLLUP_VERSION,
            )
            for table in tables
        ],
        partitions_def=weeks,
        backfill_policy=BACKFILL if weeks else None,
        required_resource_keys={storage_key(workspace)},
        op_tags=ROLLUPS_NEXT,
    )
    def _roll_up(context: dg.AssetExecutionContext) -> Iterable[dg.MaterializeResult[None]]:
        mondays = partition_days(context) if weeks else []
        with storage_of(context, workspace).open_storage() as (_, opened_storage):
            run_metadata = update(mondays, opened_storage)
            with opened_storage.database.reading() as connection:
                counts, by_week = row_counts(connection), row_counts_by_week(connection, mondays)
                versions = trends_versions(connection, mondays)
                version = series_version(connection) if RecordingSeries in tables else people_version(connection)
        metadata_by_week = partition_row_counts(by_week, versions)
        yield from materializations(
            context, workspace, run_metadata, counts, metadata_by_week, {} if weeks else {DATA_VERSION: version}
        )

    return _roll_up


def _roll_up_trends(mondays: Sequence[date], storage: Storage) -> dict[str, Any]:
    report = roll_up(storage, mondays)
    return {"changed": report.changed, "unchanged": report.unchanged, "rollup_s": report.rollup_s}


def _roll_up_people(_mondays: Sequence[date], storage: Storage) -> dict[str, Any]:
    return {"rows_changed": roll_up_people(storage)}


def _roll_up_series(_mondays: Sequence[date], storage: Storage) -> dict[str, Any]:
    report = roll_up_series(storage)
    return {"changed": report.changed, "unchanged": report.unchanged, "rollup_s": report.rollup_s}
