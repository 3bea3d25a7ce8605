"""What is deployed: the assets from raw bytes to metrics, partitioned by day, and the job that brings a day home."""

import dagster as dg

from meeting_assets.orchestration.deaths import dead_runs_sensor
from meeting_assets.orchestration.metrics import metrics_assets
from meeting_assets.orchestration.parsed import parsed_assets
from meeting_assets.orchestration.partitions import daily
from meeting_assets.orchestration.raw import raw_assets
from meeting_assets.orchestration.resources import MeetingWarehouse
from meeting_assets.orchestration.runs import JOB, RETRY_WHOLE
from meeting_assets.orchestration.schedules import nightly_reconciliation
from meeting_assets.orchestration.sensors import finished_recordings
from meeting_assets.settings import Settings, read_settings


def definitions(settings: Settings) -> dg.Definitions:
    """All definitions for these settings."""
    days = daily(settings.first_day)
    return dg.Definitions(
        assets=[raw_assets(days), *parsed_assets(days), metrics_assets(days)],
        jobs=[dg.define_asset_job(JOB, selection=dg.AssetSelection.all(), tags=RETRY_WHOLE)],
        sensors=[finished_recordings(days), dead_runs_sensor],
        schedules=[nightly_reconciliation(days)],
        resources={"warehouse": MeetingWarehouse()},
        # Twenty small steps take 88 s with a process each, and 6 s in one.
        executor=dg.in_process_executor,
    )


defs = definitions(read_settings())
