"""The deployed definitions: assets from raw bytes to metrics and trends, with their jobs, sensors and schedules."""

import dagster as dg

from meeting_assets.core.gc_tuning import freeze, raise_threshold
from meeting_assets.orchestration.assets.checks import check_tables_job, ledger_check_step, table_check_step
from meeting_assets.orchestration.assets.ingestion_check import ingestion_check_step
from meeting_assets.orchestration.assets.metrics import metrics_assets
from meeting_assets.orchestration.assets.parsed import parsed_assets
from meeting_assets.orchestration.assets.partitions import daily, weekly
from meeting_assets.orchestration.assets.raw import raw_assets
from meeting_assets.orchestration.assets.references import with_references
from meeting_assets.orchestration.assets.rollups import GROUP as ROLLUPS
from meeting_assets.orchestration.assets.rollups import rollup_assets, rollup_job
from meeting_assets.orchestration.assets.specs import database_kind
from meeting_assets.orchestration.operations.alerts import failed_checks, failed_runs
from meeting_assets.orchestration.operations.meeting_retention import nightly_retention, retention
from meeting_assets.orchestration.operations.orphaned_runs import orphaned_runs_sensor
from meeting_assets.orchestration.operations.run_retention import nightly_run_retention, run_retention
from meeting_assets.orchestration.resources import StorageResource
from meeting_assets.orchestration.runs import JOB, RETRY_WHOLE
from meeting_assets.orchestration.triggers.finished_recordings import finished_recordings
from meeting_assets.orchestration.triggers.nightly import nightly_checks, nightly_reconciliation
from meeting_assets.orchestration.triggers.outdated_weeks import outdated_weeks_sensor
from meeting_assets.orchestration.triggers.webhook_events import webhook_events
from meeting_assets.settings import Settings, read_settings


def definitions(settings: Settings) -> dg.Definitions:
    """The definitions for some settings."""
    days, weeks = daily(settings.first_day), weekly(settings.first_day)
    database = database_kind(settings)
    ledger_checks, table_checks = ledger_check_step(), table_check_step()
    ingestion_check = ingestion_check_step(settings.first_day)
    daily_assets = dg.AssetSelection.all() - dg.AssetSelection.groups(ROLLUPS)
    synced = daily_assets.without_checks() | dg.AssetSelection.checks(ledger_checks)
    return dg.Definitions(
        assets=with_references(
            [
                raw_assets(days, database),
                *parsed_assets(days, database),
                metrics_assets(days, database),
                *rollup_assets(weeks, database),
            ],
            settings,
        ),
        asset_checks=[ledger_checks, table_checks, ingestion_check],
        jobs=[
            dg.define_asset_job(
                JOB,
                selection=synced,
                tags=RETRY_WHOLE,
                description="Fetches, parses and measures recordings by day, and evaluates the checks of the ledger.",
            ),
            rollup_job(),
            check_tables_job(table_checks, ingestion_check),
            run_retention,
            retention,
        ],
        sensors=[
            finished_recordings(days),
            webhook_events(days),
            outdated_weeks_sensor(weeks),
            orphaned_runs_sensor,
            failed_runs,
            failed_checks,
        ],
        schedules=[nightly_reconciliation(days), nightly_run_retention, nightly_checks, nightly_retention],
        resources={"storage": StorageResource()},
        # perf: twenty small steps take 88 s with one process per step and 6 s in a single process (benchmarks idle)
        executor=dg.in_process_executor,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """The entry point of code servers and run workers."""
    raise_threshold()
    loaded = definitions(read_settings())
    freeze()
    return loaded
