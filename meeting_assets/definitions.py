"""The deployed definitions: assets from raw bytes to metrics, trends and pages; jobs, sensors and schedules."""

from collections.abc import Collection, Sequence
from typing import Any, TypeVar

import dagster as dg

from meeting_assets.core.gc_tuning import freeze, raise_threshold
from meeting_assets.orchestration.assets.audio_activity import audio_activity_assets
from meeting_assets.orchestration.assets.calendar import calendar_assets
from meeting_assets.orchestration.assets.checks import check_step, check_tables_job
from meeting_assets.orchestration.assets.context import context_assets, context_job
from meeting_assets.orchestration.assets.ingestion_check import ingestion_check_step
from meeting_assets.orchestration.assets.media import media_assets, media_job
from meeting_assets.orchestration.assets.metrics import metrics_assets
from meeting_assets.orchestration.assets.parsed import parsed_assets
from meeting_assets.orchestration.assets.partitions import daily, weekly
from meeting_assets.orchestration.assets.publications import publication_assets, shared_page_assets
from meeting_assets.orchestration.assets.raw import raw_assets
from meeting_assets.orchestration.assets.references import with_references
from meeting_assets.orchestration.assets.rollups import rollup_assets, rollup_job
from meeting_assets.orchestration.assets.search import search_asset
from meeting_assets.orchestration.assets.specs import database_kind
from meeting_assets.orchestration.operations.alerts import failed_checks, failed_runs
from meeting_assets.orchestration.operations.meeting_retention import nightly_retention, retention
from meeting_assets.orchestration.operations.orphaned_runs import orphaned_runs_sensor
from meeting_assets.orchestration.operations.run_retention import nightly_run_retention, run_retention
from meeting_assets.orchestration.resources import storage_key, storage_resource
from meeting_assets.orchestration.runs import JOB, RETRY_WHOLE
from meeting_assets.orchestration.triggers.finished_recordings import finished_recordings
from meeting_assets.orchestration.triggers.meeting_context import nightly_meeting_context, webhook_object_events
from meeting_assets.orchestration.triggers.nightly import nightly_checks, nightly_reconciliation
from meeting_assets.orchestration.triggers.outdated_weeks import outdated_weeks_sensor
from meeting_assets.orchestration.triggers.pending_media import nightly_media, pending_media
from meeting_assets.orchestration.triggers.webhook_events import webhook_events
from meeting_assets.orchestration.workspace import DEFAULT, Workspace
from meeting_assets.settings import Settings, read_settings


def definitions(
    settings: Settings, workspace: Workspace = DEFAULT, triggers: Collection[str] | None = None
) -> dg.Definitions:
    """The definitions of a workspace with its settings. They can be merged with any others.

    `triggers` are the names of the sensors and schedules to include, by default all.
    """
    days, weeks = daily(settings.first_day), weekly(settings.first_day)
    database = database_kind(settings)
    checks = check_step(settings.media_kinds, workspace)
    ingestion_check = ingestion_check_step(settings.first_day, workspace)
    daily_assets = [
        raw_assets(days, database, workspace),
        *parsed_assets(days, database, workspace),
        metrics_assets(days, database, workspace),
        search_asset(days, database, workspace),
        *(publications := publication_assets(days, settings, workspace)),
    ]
    calendar = calendar_assets(settings, workspace)
    rollups = [*rollup_assets(weeks, database, workspace), *shared_page_assets(settings, workspace)]
    context = context_assets(database, workspace)
    media = [
        *media_assets(days, settings, workspace),
        *audio_activity_assets(days, database, settings, workspace),
    ]
    return dg.Definitions(
        assets=with_references([*daily_assets, *rollups, context, *calendar, *media], settings),
        asset_checks=[checks, ingestion_check],
        jobs=[
            sync_job(daily_assets, checks, workspace),
            context_job([context, *calendar], workspace),
            rollup_job(rollups, workspace),
            check_tables_job(checks, ingestion_check, workspace=workspace),
            run_retention(workspace),
            retention(workspace),
            *([media_job([*media, *publications], workspace)] if media else []),
        ],
        sensors=_included(_sensors(days, weeks, settings, workspace), workspace, triggers),
        schedules=_included(_schedules(days, settings, workspace), workspace, triggers),
        resources={storage_key(workspace): storage_resource(workspace)},
    )


def sync_job(
    assets: Sequence[dg.AssetsDefinition], checks: dg.AssetChecksDefinition, workspace: Workspace = DEFAULT
) -> Any:
    """The main job: it fetches and measures days, and evaluates all checks."""
    return dg.define_asset_job(
        workspace.named(JOB),
        selection=dg.AssetSelection.assets(*assets).without_checks() | dg.AssetSelection.checks(checks),
        tags=RETRY_WHOLE,
        # perf: twenty small steps take 88 s with one process per step and 6 s in a single process (benchmarks idle)
        executor_def=dg.in_process_executor,
        description="Fetches, parses, measures and publishes recordings by day, and evaluates all checks.",
    )


def _sensors(
    days: dg.DailyPartitionsDefinition,
    weeks: dg.WeeklyPartitionsDefinition,
    settings: Settings,
    workspace: Workspace,
) -> list[dg.SensorDefinition]:
    return [
        finished_recordings(days, workspace),
        webhook_events(days, workspace),
        webhook_object_events(workspace),
        outdated_weeks_sensor(weeks, workspace),
        orphaned_runs_sensor(workspace),
        failed_runs(workspace),
        failed_checks(workspace),
        *([pending_media(days, workspace)] if settings.media_kinds or settings.audio_activity else []),
    ]


def _schedules(
    days: dg.DailyPartitionsDefinition, settings: Settings, workspace: Workspace
) -> list[dg.ScheduleDefinition]:
    return [
        nightly_meeting_context(workspace),
        nightly_reconciliation(days, workspace),
        nightly_run_retention(workspace),
        nightly_checks(workspace),
        nightly_retention(workspace),
        *([nightly_media(days, workspace)] if settings.media_kinds or settings.audio_activity else []),
    ]


Trigger = TypeVar("Trigger", dg.SensorDefinition, dg.ScheduleDefinition)


def _included(found: list[Trigger], workspace: Workspace, names: Collection[str] | None) -> list[Trigger]:
    return [each for each in found if names is None or each.name in map(workspace.named, names)]


@dg.definitions
def defs() -> dg.Definitions:
    """The entry point of code servers and run workers."""
    raise_threshold()
    # Runs of assets that a user selects belong to no job. Other projects choose their executor themselves.
    loaded = dg.Definitions.merge(definitions(read_settings()), dg.Definitions(executor=dg.in_process_executor))
    freeze()
    return loaded
