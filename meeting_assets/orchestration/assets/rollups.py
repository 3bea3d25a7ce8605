"""Across meetings: trends by week, and everybody who was in a meeting; made from the days, in runs of their own.

Weeks do not go with the days of a run: a day is brought home again and again, and often many days at once. A sync rolls
up what its days have changed at its end; for what runs by itself, a sensor compares the weeks with their meetings.
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
from meeting_assets.orchestration.assets.partitions import BACKFILL, days_of, days_of_a_week, range_tags
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
    """The trends, by week, and the people."""
    return [_trends(weeks, database), _people(database)]


def rollup_job() -> Any:
    """The job that rolls weeks up."""
    return dg.define_asset_job(
        JOB,
        selection=dg.AssetSelection.groups(GROUP).without_checks(),
        tags=RETRY_WHOLE,
        description="Trends of weeks whose meetings have changed, and everybody who was in a meeting.",
    )


def outdated_weeks_sensor(weeks: dg.WeeklyPartitionsDefinition) -> dg.SensorDefinition:
    """The sensor, for these partitions."""

    @dg.sensor(
        name="outdated_weeks",
        job_name=JOB,
        minimum_interval_seconds=EVERY_S,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Compares weeks with the metrics of their meetings, and rolls up those that differ.",
    )
    def _sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        if (reason := _in_the_way(context.instance)) is not None:
            return dg.SkipReason(reason)
        known = {*weeks.get_partition_keys()}
        settings = settings_of_process()
        try:
            with open_storage_read_only(settings) as storage:
                outdated = [week for week in outdated_weeks(storage) if week.isoformat() in known]
                if not outdated and are_people_outdated(storage):
                    # They are made by any run.
                    outdated = [date.fromisoformat(max(known))]
                requests = [_request(outdated[0], outdated[-1])] if outdated else []
                requests = for_this_database(requests, storage.database)
        except NothingStored as nothing:
            return dg.SkipReason(str(nothing))
        if not requests:
            return dg.SkipReason("Every week is made from the present metrics of its meetings, and so are the people.")
        return dg.SensorResult(requests)

    return _sensor


def weeks_of(days: Iterable[date]) -> list[date]:
    """The weeks that hold some days, and the one after the last, whose changes are held against it, up to this one."""
    found = {monday(day) for day in days}
    this_week = monday(now().date())
    return sorted(found | {week + WEEK for week in found if week < this_week})


def weeks_to_roll_up(days: Iterable[date], storage: Storage) -> list[date]:
    """The weeks of some days from the first to the last that is out of date; all of them if the people are."""
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
        with storage.open_storage() as (_, place):
            report = roll_up(place, days_of(context))
            with place.database.reading() as connection:
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
        with storage.open_storage() as (_, place):
            changed = roll_up_people(place)
            with place.database.reading() as connection:
                counts = row_count_metadata(row_counts(connection), None)
        yield from results(context.selected_asset_keys, {"rows_changed": changed}, counts)

    return _make


def _request(first: date, last: date) -> dg.RunRequest:
    """A run of all weeks between, too: of those that are up to date nothing is done."""
    return dg.RunRequest(tags={MAX_RUNTIME: LONGEST_DAY_S, **range_tags(first, last)})


def _in_the_way(instance: dg.DagsterInstance) -> str | None:
    """Why no run is to be asked for now."""
    records = instance.get_run_records(dg.RunsFilter(job_name=JOB), limit=1)
    if not records:
        return None
    last = records[0]
    if last.dagster_run.status in NOT_ENDED:
        return "A run is about to roll weeks up."
    has_failed = last.dagster_run.status == dg.DagsterRunStatus.FAILURE
    if has_failed and now().timestamp() < (last.end_time or 0) + AFTER_A_FAILURE.total_seconds():
        return f"The last run failed, and it is too early to try again: {AFTER_A_FAILURE} after it."
    return None
