"""The sensor `outdated_weeks`: requests runs of weeks whose trends do not reflect the metrics of their meetings.

A run is also due if shared pages are missing: after a purge, an upgrade, or after pages were switched on.
"""

from datetime import date, timedelta

import dagster as dg

from meeting_assets.core.errors import NothingStored
from meeting_assets.core.instants import now
from meeting_assets.orchestration.assets.partitions import range_tags
from meeting_assets.orchestration.assets.rollups import JOB
from meeting_assets.orchestration.resources import apply_settings
from meeting_assets.orchestration.run_tags import for_this_database
from meeting_assets.orchestration.runs import MAX_RUNTIME
from meeting_assets.orchestration.triggers.run_requests import LONGEST_DAY_S, NOT_ENDED
from meeting_assets.orchestration.workspace import Workspace
from meeting_assets.pipeline.missing_pages import are_shared_pages_missing
from meeting_assets.pipeline.rollup import are_people_outdated, outdated_weeks
from meeting_assets.pipeline.series_rollup import outdated_series
from meeting_assets.pipeline.storage import Storage, open_storage_read_only
from meeting_assets.settings import Settings

EVERY_S = 600
AFTER_A_FAILURE = timedelta(hours=1)


def outdated_weeks_sensor(weeks: dg.WeeklyPartitionsDefinition, workspace: Workspace) -> dg.SensorDefinition:
    """Defines the sensor that requests runs for outdated weeks."""

    @dg.sensor(
        name=workspace.named("outdated_weeks"),
        job_name=workspace.named(JOB),
        minimum_interval_seconds=EVERY_S,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Compares weeks, people and series with the metrics of their meetings, and requests a run. Also "
        "if shared pages are missing.",
    )
    def _sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        if (reason := _reason_to_wait(context.instance, workspace.named(JOB))) is not None:
            return dg.SkipReason(reason)
        partitions = {*weeks.get_partition_keys()}
        settings = apply_settings(workspace)
        try:
            with open_storage_read_only(settings) as storage:
                outdated = [week for week in outdated_weeks(storage) if week.isoformat() in partitions]
                if not outdated and _is_other_work_due(storage, settings):
                    # Any run of the job derives the people and the series, and writes the shared pages.
                    outdated = [date.fromisoformat(max(partitions))]
                requests = [_request(outdated[0], outdated[-1])] if outdated else []
                requests = for_this_database(requests, storage.database, workspace)
        except NothingStored as nothing:
            return dg.SkipReason(str(nothing))
        if not requests:
            return dg.SkipReason("All weeks, people and series match the current metrics of their meetings.")
        return dg.SensorResult(requests)

    return _sensor


def _is_other_work_due(storage: Storage, settings: Settings) -> bool:
    """True if people or series are outdated, or if shared pages are missing."""
    return are_people_outdated(storage) or bool(outdated_series(storage)) or are_shared_pages_missing(storage, settings)


def _request(first: date, last: date) -> dg.RunRequest:
    """A run of all weeks from the first to the last; weeks that are up to date cost a query."""
    return dg.RunRequest(tags={MAX_RUNTIME: LONGEST_DAY_S, **range_tags(first, last)})


def _reason_to_wait(instance: dg.DagsterInstance, job: str) -> str | None:
    """The reason not to request a run now; None if there is none."""
    records = instance.get_run_records(dg.RunsFilter(job_name=job), limit=1)
    if not records:
        return None
    last = records[0]
    if last.dagster_run.status in NOT_ENDED:
        return "A run of the job is queued or in progress."
    has_failed = last.dagster_run.status == dg.DagsterRunStatus.FAILURE
    if has_failed and now().timestamp() < (last.end_time or 0) + AFTER_A_FAILURE.total_seconds():
        return f"The last run failed; the next one is requested {AFTER_A_FAILURE} after it."
    return None
