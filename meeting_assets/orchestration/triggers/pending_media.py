"""The sensor `pending_media` and the schedule `nightly_media`: request runs for media files that wait.

One run at a time: files of gigabytes must not take the places of runs for new meetings. It begins with the day whose
file expires first, and takes the other waiting days of the next weeks along.
"""

from collections.abc import Sequence
from datetime import date

import dagster as dg

from meeting_assets.core.errors import NothingStored, SettingsError
from meeting_assets.core.instants import now
from meeting_assets.orchestration.assets.media import JOB
from meeting_assets.orchestration.assets.partitions import DAYS_PER_RUN, range_tags
from meeting_assets.orchestration.resources import apply_settings
from meeting_assets.orchestration.run_tags import for_this_database
from meeting_assets.orchestration.runs import LONGEST_RUN_S, MAX_RUNTIME
from meeting_assets.orchestration.triggers.run_requests import MAX_RUNS_READ, NOT_ENDED, is_failing
from meeting_assets.orchestration.workspace import Workspace
from meeting_assets.pipeline.media.activity import days_to_analyse
from meeting_assets.pipeline.media.results import waiting_days
from meeting_assets.pipeline.storage import access_of, open_storage_read_only
from meeting_assets.settings import Settings

EVERY_S = 60
# Media wait behind every run that fills tables.
PRIORITY = {"dagster/priority": "-10"}
OFF = "MEETING_ASSETS_MEDIA and MEETING_ASSETS_AUDIO_ACTIVITY are off."


def pending_media(days: dg.DailyPartitionsDefinition, workspace: Workspace) -> dg.SensorDefinition:
    """Defines the sensor."""

    @dg.sensor(
        name=workspace.named("pending_media"),
        job_name=workspace.named(JOB),
        minimum_interval_seconds=EVERY_S,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Requests a run for media files whose download or analysis is due, those that expire first.",
    )
    def _sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        return _evaluate(context.instance, days, workspace)

    return _sensor


def nightly_media(days: dg.DailyPartitionsDefinition, workspace: Workspace) -> dg.ScheduleDefinition:
    """Defines the schedule, for deployments without sensors."""

    @dg.schedule(
        name=workspace.named("nightly_media"),
        job_name=workspace.named(JOB),
        cron_schedule="30 4 * * *",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Requests a run for media files whose download or analysis is due, as the sensor does.",
    )
    def _schedule(context: dg.ScheduleEvaluationContext) -> list[dg.RunRequest] | dg.SkipReason:
        found = _evaluate(context.instance, days, workspace)
        return found if isinstance(found, dg.SkipReason) else list(found.run_requests or [])

    return _schedule


def range_of_run(waiting: Sequence[date]) -> tuple[date, date]:
    """The first and last day of a run; `waiting` are days in the order of their first expiry.

    >>> range_of_run([date(2026, 1, 9), date(2026, 1, 2), date(2026, 1, 20), date(2026, 3, 1)])
    (datetime.date(2026, 1, 9), datetime.date(2026, 1, 20))
    """
    first = waiting[0]
    return first, max(day for day in waiting if 0 <= (day - first).days < DAYS_PER_RUN)


def _evaluate(
    instance: dg.DagsterInstance, days: dg.DailyPartitionsDefinition, workspace: Workspace
) -> dg.SensorResult | dg.SkipReason:
    settings = apply_settings(workspace)
    if not (settings.media_kinds or settings.audio_activity):
        return dg.SkipReason(OFF)
    if (reason := _reason_to_wait(instance, workspace)) is not None:
        return dg.SkipReason(reason)
    try:
        access_of(settings)
        requests = _requests(settings, days, workspace)
    except (NothingStored, SettingsError) as error:
        return dg.SkipReason(str(error))
    return dg.SensorResult(requests) if requests else dg.SkipReason("No media file waits for its download or analysis.")


def _requests(settings: Settings, days: dg.DailyPartitionsDefinition, workspace: Workspace) -> list[dg.RunRequest]:
    partitions = {*days.get_partition_keys()}
    with open_storage_read_only(settings) as storage:
        waiting = waiting_days(storage.database, settings.media_kinds, at=now())
        if settings.audio_activity:
            waiting = [*dict.fromkeys([*waiting, *days_to_analyse(storage)])]
        usable = [day for day in waiting if day.isoformat() in partitions and day >= storage.oldest_day]
        if not usable:
            return []
        # A range, also for one day: a partition key would keep the day's own run in the queue.
        tags = {MAX_RUNTIME: LONGEST_RUN_S, **PRIORITY, **range_tags(*range_of_run(usable))}
        return for_this_database([dg.RunRequest(tags=tags)], storage.database, workspace)


def _reason_to_wait(instance: dg.DagsterInstance, workspace: Workspace) -> str | None:
    """The reason not to request a run now; None if there is none."""
    records = instance.get_run_records(dg.RunsFilter(job_name=workspace.named(JOB)), limit=MAX_RUNS_READ)
    if any(record.dagster_run.status in NOT_ENDED for record in records):
        return "A run of the job is queued or in progress."
    return "The last run failed, and will be repeated." if is_failing(records) else None
