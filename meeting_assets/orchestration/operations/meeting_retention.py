"""Meeting retention: purges recordings older than MEETING_ASSETS_RETENTION_DAYS and finishes interrupted purges."""

import dagster as dg
from sqlalchemy import select

from meeting_assets.orchestration.assets.checks import VIOLATIONS
from meeting_assets.orchestration.resources import StorageResource, apply_settings
from meeting_assets.orchestration.run_tags import for_this_database
from meeting_assets.pipeline.deletion.confirmed_date import confirmed_today
from meeting_assets.pipeline.deletion.removal import PurgeReport
from meeting_assets.pipeline.deletion.retention import WAITING, retain
from meeting_assets.pipeline.deletion.tombstone_sync import finish_purges, has_unfinished_purges
from meeting_assets.pipeline.storage import Storage, access_of, open_storage
from meeting_assets.schema.persistent import Recordings
from meeting_assets.store.database import META, table_of

RECORDINGS_PER_NIGHT = 5_000
BUDGET_S = 20 * 60.0
CONFIRMATION = dg.AssetCheckKey(dg.AssetKey(table_of(Recordings).name), "retention_needs_confirmation")


@dg.op(description="Purges recordings that are older than the retention, and finishes interrupted purges.")
def purge_old_recordings(context: dg.OpExecutionContext, storage: StorageResource) -> None:
    """The one step of the job."""
    with storage.open_storage() as (settings, opened_storage):
        finished = PurgeReport()
        was_waiting = _is_waiting(opened_storage)
        left_behind = finish_purges(opened_storage, finished)
        today = confirmed_today(opened_storage, access_of(settings) if settings.api_key is not None else None)
        report, waiting = retain(opened_storage, today, limit=RECORDINGS_PER_NIGHT, budget_s=BUDGET_S)
    context.log.info(f"{report.recordings} recordings are purged, {report.remaining} are left for another night.")
    context.add_output_metadata(
        {
            "recordings_purged": report.recordings,
            "recordings_left": report.remaining,
            "rows_deleted": report.rows,
            "raw_objects_deleted": report.raw_objects,
            "raw_objects_left_behind_deleted": left_behind,
        }
    )
    if settings.retention_days is not None or was_waiting:
        _evaluate(context, waiting)
    faults = [*dict.fromkeys([*([waiting] if waiting else []), *finished.obstacles, *report.obstacles])]
    if faults:
        raise dg.Failure(description=" ".join(faults), allow_retries=False)


@dg.job(description="Purges recordings that are older than MEETING_ASSETS_RETENTION_DAYS.")
def retention() -> None:
    """The job of one step."""
    purge_old_recordings()


@dg.schedule(
    name="nightly_retention",
    job=retention,
    cron_schedule="0 2 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Purges recordings older than MEETING_ASSETS_RETENTION_DAYS and finishes interrupted purges.",
)
def nightly_retention(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """Requests a run if recordings may have expired or a purge was interrupted."""
    settings = apply_settings()
    with open_storage(settings) as storage:
        if settings.retention_days is None and not _is_begun(storage):
            return dg.SkipReason(
                "MEETING_ASSETS_RETENTION_DAYS is not set, nothing was purged recently, and no purge was interrupted."
            )
        (request,) = for_this_database([dg.RunRequest()], storage.database)
    return request


def _is_begun(storage: Storage) -> bool:
    """True if a purge was interrupted, or a confirmation is pending for a retention that is no longer set."""
    return _is_waiting(storage) or has_unfinished_purges(storage)


def _is_waiting(storage: Storage) -> bool:
    query = select(META.name).where(META.name == WAITING)
    return storage.database.read(lambda connection: connection.scalar(query)) is not None


def _evaluate(context: dg.OpExecutionContext, waiting: str | None) -> None:
    """Reports the outcome of the check at once; runs of days evaluate it as well."""
    context.instance.report_runless_asset_event(
        dg.AssetCheckEvaluation(
            asset_key=CONFIRMATION.asset_key,
            check_name=CONFIRMATION.name,
            passed=waiting is None,
            metadata={VIOLATIONS: 0 if waiting is None else 1} | ({"waiting": waiting} if waiting else {}),
            severity=dg.AssetCheckSeverity.ERROR,
        )
    )
