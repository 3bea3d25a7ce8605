"""Rollups across meetings: weekly trends and people, derived from the days in runs of their own.

Runs of days do not roll up weeks, because a day is synced many times and a run can have many days. `sync` rolls up the
weeks of its days at its end. For all other runs, the sensor `outdated_weeks` compares weeks with their meetings.
"""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import dagster as dg

from meeting_assets.core.errors import NothingStored
from meeting_assets.core.instants import now
from meeting_assets.metrics.persons import PersonMetrics
from meeting_assets.metrics.tables import MeetingMetrics, ParticipantMetrics
from meeting_assets.metrics.trends import WEEK, MeetingTrends, People, PersonKeys, PersonTrends, monday
from meeting_assets.orchestration.assets.partitions import BACKFILL, days_of_a_week, partition_days, range_tags
from meeting_assets.orchestration.assets.specs import results, row_count_metadata, table_spec
from meeting_assets.orchestration.resources import StorageResource, settings_of_process
from meeting_assets.orchestration.run_tags import for_this_database
from meeting_assets.orchestration.runs import MAX_RUNTIME, RETRY_WHOLE
from meeting_assets.orchestration.triggers.run_requests import LONGEST_DAY_S, NOT_ENDED
from meeting_assets.pipeline.rollup import (
    ROLLUP_VERSION,
    are_people_outdated,
    outdated_weeks,
    roll_up,
    roll_up_people,
    row_counts,
)
from meeting_assets.pipeline.storage import Storage, open_storage_read_only
from meeting_assets.store.database import table_of

GROUP = "rollups"
JOB = "roll_up"
EVERY_S = 600
AFTER_A_FAILURE = timedelta(hours=1)


def rollup_assets(weeks: dg.WeeklyPartitionsDefinition, database: str) -> list[dg.AssetsDefinition]:
    """The definitions of the weekly trends and of the people."""
    return [_trends(weeks, database), _people(database)]


def rollup_job() -> Any:
    """The job that rolls up weeks."""
    return dg.define_asset_job(
        JOB,
        selection=dg.AssetSelection.groups(GROUP).without_checks(),
        tags=RETRY_WHOLE,
        description="Derives the trends of weeks whose meetings changed, and the table of people.",
    )


def outdated_weeks_sensor(weeks: dg.WeeklyPartitionsDefinition) -> dg.SensorDefinition:
    """Defines the sensor that requests runs for outdated weeks."""

    @dg.sensor(
        name="outdated_weeks",
        job_name=JOB,
        minimum_interval_seconds=EVERY_S,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Compares weeks with the metrics of their meetings, and requests a run of the weeks that differ.",
    )
    def _sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        if (reason := _reason_to_wait(context.instance)) is not None:
            return dg.SkipReason(reason)
        partitions = {*weeks.get_partition_keys()}
        settings = settings_of_process()
        try:
            with open_storage_read_only(settings) as storage:
                outdated = [week for week in outdated_weeks(storage) if week.isoformat() in partitions]
                if not outdated and are_people_outdated(storage):
                    # Any run of the job derives the people.
                    outdated = [date.fromisoformat(max(partitions))]
                requests = [_request(outdated[0], outdated[-1])] if outdated else []
                requests = for_this_database(requests, storage.database)
        except NothingStored as nothing:
            return dg.SkipReason(str(nothing))
        if not requests:
            return dg.SkipReason("All weeks and people match the current metrics of their meetings.")
        return dg.SensorResult(requests)

    return _sensor


def weeks_of(days: Iterable[date]) -> list[date]:
    """The weeks of some days and their following weeks up to the current one: trends compare with the week before."""
    found = {monday(day) for day in days}
    this_week = monday(now().date())
    return sorted(found | {week + WEEK for week in found if week < this_week})


def weeks_to_roll_up(days: Iterable[date], storage: Storage) -> list[date]:
    """The weeks of some days from the first to the last outdated one; all weeks if the people are outdated."""
    weeks = weeks_of(days)
    if are_people_outdated(storage):
        return weeks
    outdated = outdated_weeks(storage, weeks)
    return [week for week in weeks if outdated and outdated[0] <= week <= outdated[-1]]


def _trends(weeks: dg.WeeklyPartitionsDefinition, database: str) -> dg.AssetsDefinition:
    days = days_of_a_week()
    upstream = [table_of(model).name for model in (MeetingMetrics, ParticipantMetrics, PersonMetrics)]
    deps = [dg.AssetDep(name, partition_mapping=days) for name in (*upstream, "participants", "recordings")]

    @dg.multi_asset(
        name="trends",
        specs=[
            table_spec(
                model,
                database=database,
                deps=deps,
                group_name=GROUP,
                code_version=ROLLUP_VERSION,
            )
            for model in (MeetingTrends, PersonTrends)
        ],
        partitions_def=weeks,
        backfill_policy=BACKFILL,
    )
    def _make(context: dg.AssetExecutionContext, storage: StorageResource) -> Iterable[dg.MaterializeResult[None]]:
        with storage.open_storage() as (_, opened_storage):
            report = roll_up(opened_storage, partition_days(context))
            with opened_storage.database.reading() as connection:
                counts = row_count_metadata(row_counts(connection), None)
        numbers = {"changed": report.changed, "unchanged": report.unchanged, "rollup_s": report.rollup_s}
        yield from results(context.selected_asset_keys, numbers, counts)

    return _make


def _people(database: str) -> dg.AssetsDefinition:
    upstream = [table_of(model).name for model in (MeetingMetrics, ParticipantMetrics, PersonMetrics)]

    @dg.multi_asset(
        name="people",
        specs=[
            table_spec(
                model,
                database=database,
                deps=[*upstream, "participants", "recordings"],
                group_name=GROUP,
                code_version=ROLLUP_VERSION,
            )
            for model in (People, PersonKeys)
        ],
    )
    def _make(context: dg.AssetExecutionContext, storage: StorageResource) -> Iterable[dg.MaterializeResult[None]]:
        with storage.open_storage() as (_, opened_storage):
            changed = roll_up_people(opened_storage)
            with opened_storage.database.reading() as connection:
                counts = row_count_metadata(row_counts(connection), None)
        yield from results(context.selected_asset_keys, {"rows_changed": changed}, counts)

    return _make


def _request(first: date, last: date) -> dg.RunRequest:
    """A run of all weeks from the first to the last; weeks that are up to date cost a query."""
    return dg.RunRequest(tags={MAX_RUNTIME: LONGEST_DAY_S, **range_tags(first, last)})


def _reason_to_wait(instance: dg.DagsterInstance) -> str | None:
    """The reason not to request a run now; None if there is none."""
    records = instance.get_run_records(dg.RunsFilter(job_name=JOB), limit=1)
    if not records:
        return None
    last = records[0]
    if last.dagster_run.status in NOT_ENDED:
        return "A run of the job is queued or in progress."
    has_failed = last.dagster_run.status == dg.DagsterRunStatus.FAILURE
    if has_failed and now().timestamp() < (last.end_time or 0) + AFTER_A_FAILURE.total_seconds():
        return f"The last run failed; the next one is requested {AFTER_A_FAILURE} after it."
    return None
