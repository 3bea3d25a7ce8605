"""Meeting retention: purges recordings older than MEETING_ASSETS_RETENTION_DAYS and finishes interrupted purges."""

import dagster as dg
from sqlalchemy import select

from meeting_assets.core.errors import NotPublished
from meeting_assets.orchestration.assets.evaluations import VIOLATIONS
from meeting_assets.orchestration.resources import apply_settings, storage_key, storage_of
from meeting_assets.orchestration.run_tags import for_this_database
from meeting_assets.orchestration.workspace import DEFAULT, RETENTION, Workspace
from meeting_assets.pipeline.deletion.confirmed_date import confirmed_today
from meeting_assets.pipeline.deletion.removal import PurgeReport
from meeting_assets.pipeline.deletion.retention import WAITING, retain
from meeting_assets.pipeline.deletion.tombstone_sync import finish_purges, has_unfinished_purges
from meeting_assets.pipeline.storage import Storage, access_of, open_storage
from meeting_assets.publications.shared_publishing import republish_shared
from meeting_assets.schema.persistent import Recordings
from meeting_assets.settings import Settings
from meeting_assets.store.database import META, table_of

RECORDINGS_PER_NIGHT = 5_000
BUDGET_S = 20 * 60.0
CONFIRMATION = "retention_needs_confirmation"


def retention(workspace: Workspace = DEFAULT) -> dg.JobDefinition:
    """Defines the job of one step."""

    @dg.op(
        name=workspace.named("purge_old_recordings"),
        description="Purges recordings that are older than the retention, and finishes interrupted purges.",
        required_resource_keys={storage_key(workspace)},
    )
    def _purge(context: dg.OpExecutionContext) -> None:
        purge_old_recordings(context, workspace)

    @dg.job(
        name=workspace.named(RETENTION),
        description="Purges recordings that are older than MEETING_ASSETS_RETENTION_DAYS.",
        executor_def=dg.in_process_executor,
    )
    def _job() -> None:
        _purge()

    return _job


def purge_old_recordings(context: dg.OpExecutionContext, workspace: Workspace) -> None:
    """The work of the step.

    Raises:
        dg.Failure: something was not deleted or written, or the retention needs a confirmation.
    """
    with storage_of(context, workspace).open_storage() as (settings, opened_storage):
        finished = PurgeReport()
        was_waiting = _is_waiting(opened_storage)
        left_behind = finish_purges(opened_storage, finished)
        today = confirmed_today(opened_storage, access_of(settings) if settings.api_key is not None else None)
        report, waiting = retain(opened_storage, today, limit=RECORDINGS_PER_NIGHT, budget_s=BUDGET_S)
        # Before the shared pages are written: a failure there must not hide these results.
        context.log.info(f"{report.recordings} recordings are purged, {report.remaining} are left for another night.")
        context.add_output_metadata(
            {
                "recordings_purged": report.recordings,
                "recordings_left": report.remaining,
                "rows_deleted": report.rows,
                "raw_objects_deleted": report.raw_objects,
                "raw_objects_left_behind_deleted": left_behind,
                "published_files_deleted": finished.published_files + report.published_files,
            }
        )
        if settings.retention_days is not None or was_waiting:
            _evaluate(context, workspace, waiting)
        of_pages = _republish(opened_storage, settings)
    faults = [*dict.fromkeys([*([waiting] if waiting else []), *finished.obstacles, *report.obstacles, *of_pages])]
    if faults:
        raise dg.Failure(description=" ".join(faults), allow_retries=False)


def _republish(storage: Storage, settings: Settings) -> list[str]:
    """Writes the shared pages again without the purged recordings; returns the faults."""
    try:
        return republish_shared(storage, settings).faults
    except NotPublished as error:
        return [str(error)]


def nightly_retention(workspace: Workspace = DEFAULT) -> dg.ScheduleDefinition:
    """Defines the schedule. It requests a run if recordings may have expired or a purge was interrupted."""

    @dg.schedule(
        name=workspace.named("nightly_retention"),
        job_name=workspace.named(RETENTION),
        cron_schedule="0 2 * * *",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Purges recordings older than MEETING_ASSETS_RETENTION_DAYS and finishes interrupted purges.",
    )
    def _schedule(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        settings = apply_settings(workspace)
        with open_storage(settings) as storage:
            if settings.retention_days is None and not _is_begun(storage):
                return dg.SkipReason(
                    "MEETING_ASSETS_RETENTION_DAYS is not set, nothing was purged recently, and no purge was "
                    "interrupted."
                )
            (request,) = for_this_database([dg.RunRequest()], storage.database, workspace)
        return request

    return _schedule


def _is_begun(storage: Storage) -> bool:
    """True if a purge was interrupted, or a confirmation is pending for a retention that is no longer set."""
    return _is_waiting(storage) or has_unfinished_purges(storage)


def _is_waiting(storage: Storage) -> bool:
    query = select(META.name).where(META.name == WAITING)
    return storage.database.read(lambda connection: connection.scalar(query)) is not None


def _evaluate(context: dg.OpExecutionContext, workspace: Workspace, waiting: str | None) -> None:
    """Reports the outcome of the check at once; runs of days evaluate it as well."""
    context.instance.report_runless_asset_event(
        dg.AssetCheckEvaluation(
            asset_key=workspace.key(table_of(Recordings).name),
            check_name=CONFIRMATION,
            passed=waiting is None,
            metadata={VIOLATIONS: 0 if waiting is None else 1} | ({"waiting": waiting} if waiting else {}),
            severity=dg.AssetCheckSeverity.ERROR,
        )
    )
