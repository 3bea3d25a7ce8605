"""Retention: every night what is older than MEETING_ASSETS_RETENTION_DAYS goes, and what killed purges have left."""

import dagster as dg

from meeting_assets.core.instants import now
from meeting_assets.orchestration.resources import MeetingWarehouse, settings_of_process
from meeting_assets.orchestration.run_tags import for_this_database
from meeting_assets.pipeline.purge import FINISHED_WITHIN, IN_THE_WAY, finish_purges, purge_old
from meeting_assets.pipeline.warehouse import opened
from meeting_assets.store import tombstones

RECORDINGS_PER_NIGHT = 5_000
BUDGET_S = 20 * 60.0


@dg.op(description="Purges recordings that are older than the retention, and finishes purges that were interrupted.")
def purge_old_recordings(context: dg.OpExecutionContext, warehouse: MeetingWarehouse) -> None:
    """The one step of the job."""
    with warehouse.opened() as (_, place):
        report = purge_old(place, limit=RECORDINGS_PER_NIGHT, budget_s=BUDGET_S)
        left_behind = finish_purges(place)
    context.log.info(f"{report.recordings} recordings are purged, {report.left} are left for another night.")
    if not report.is_scrubbed:
        context.log.warning(IN_THE_WAY)
    context.add_output_metadata(
        {
            "recordings_purged": report.recordings,
            "recordings_left": report.left,
            "rows_deleted": report.rows,
            "raw_objects_deleted": report.raw_objects,
            "raw_objects_left_behind_deleted": left_behind,
        }
    )


@dg.job(description="Keeps no recording longer than it may be kept.", executor_def=dg.in_process_executor)
def retention() -> None:
    """The job of one step."""
    purge_old_recordings()


@dg.schedule(
    name="nightly_retention",
    job=retention,
    cron_schedule="0 2 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Purges what is older than MEETING_ASSETS_RETENTION_DAYS; without it only finishes what was begun.",
)
def nightly_retention(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """Asks for a run where there may be something to purge."""
    settings = settings_of_process()
    with opened(settings) as warehouse, warehouse.database.reading() as connection:
        lately = tombstones.buried_since(connection, now() - FINISHED_WITHIN)
    if settings.retention_days is None and not lately:
        return dg.SkipReason("MEETING_ASSETS_RETENTION_DAYS is not set, and nothing was purged lately.")
    (request,) = for_this_database([dg.RunRequest()], settings)
    return request
