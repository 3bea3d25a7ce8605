"""The check that yesterday was ingested as a whole.

Dagster's freshness policies belong to assets, not to partitions: a backfill of any old day makes an asset fresh. This
check reads the materializations of yesterday's partition.
"""

from datetime import date, datetime, timedelta

import dagster as dg

from meeting_assets.core.instants import now, start_of
from meeting_assets.orchestration.assets.checks import VIOLATIONS
from meeting_assets.orchestration.assets.materializations import NAMED_RECORDINGS, RUN
from meeting_assets.orchestration.assets.raw import RECORDINGS
from meeting_assets.orchestration.workspace import DEFAULT, Workspace

YESTERDAY_WAS_INGESTED = "yesterday_was_ingested"
DAY = timedelta(days=1)
# The nightly run starts at 03:00. Until this time, the check is about the day before yesterday.
DUE_AFTER = timedelta(hours=5)
MAX_EVENTS_READ = 100


def ingestion_check_step(first_day: date, workspace: Workspace = DEFAULT) -> dg.AssetChecksDefinition:
    """The step with the check `yesterday_was_ingested`; days before `first_day` are not expected."""
    recordings = workspace.key(RECORDINGS)

    @dg.multi_asset_check(
        name=workspace.named("ingestion_checks"),
        specs=[
            dg.AssetCheckSpec(
                YESTERDAY_WAS_INGESTED,
                asset=recordings,
                description=(
                    "A run listed all recordings of yesterday (UTC) after that day had ended; a day is due at 05:00. "
                    "To fix it, start Dagster's daemon, switch on the schedule `nightly_reconciliation`, or run "
                    "`meeting-assets sync`."
                ),
            )
        ],
    )
    def _evaluate(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        day = expected_day(now())
        passed = day < first_day or was_ingested(context.instance, recordings, day)
        return dg.AssetCheckResult(
            asset_key=recordings,
            check_name=YESTERDAY_WAS_INGESTED,
            passed=passed,
            severity=dg.AssetCheckSeverity.ERROR,
            metadata={VIOLATIONS: int(not passed), "day": day.isoformat()},
        )

    return _evaluate


def expected_day(at: datetime) -> date:
    """The last day whose nightly run is due at an instant."""
    return (at - DUE_AFTER).date() - DAY


def was_ingested(instance: dg.DagsterInstance, recordings: dg.AssetKey, day: date) -> bool:
    """True if a run of the whole day materialized `recordings` after the end of the day.

    A run of named recordings does not look for other recordings of its day.
    """
    filters = dg.AssetRecordsFilter(
        asset_key=recordings,
        asset_partitions=[day.isoformat()],
        after_timestamp=start_of(day + DAY).timestamp(),
    )
    records = instance.fetch_materializations(filters, limit=MAX_EVENTS_READ).records
    found = [record.asset_materialization for record in records]
    return any(each and _is_of_whole_day(each) for each in found)


def _is_of_whole_day(materialization: dg.AssetMaterialization) -> bool:
    named = materialization.metadata.get(f"{RUN}{NAMED_RECORDINGS}")
    return named is not None and named.value == 0
