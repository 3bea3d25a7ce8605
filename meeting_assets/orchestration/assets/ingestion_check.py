"""The check that yesterday was ingested as a whole.

Dagster's freshness policies belong to assets, not to partitions: a backfill of any old day makes an asset fresh. This
check reads the materializations of yesterday's partition.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import dagster as dg

from meeting_assets.core.instants import now, start_of
from meeting_assets.orchestration.assets.evaluations import VIOLATIONS
from meeting_assets.orchestration.assets.materializations import LISTED_AT, NAMED_RECORDINGS, RUN
from meeting_assets.orchestration.assets.partitions import RANGE_END, RANGE_START
from meeting_assets.orchestration.assets.raw import RECORDINGS
from meeting_assets.orchestration.workspace import DEFAULT, Workspace

YESTERDAY_WAS_INGESTED = "yesterday_was_ingested"
DAY = timedelta(days=1)
# The nightly run starts at 03:00. Until 05:00, the check is about the day before yesterday.
DUE_AFTER = timedelta(hours=5)
PAGE_EVENTS = 100
SCHEDULE, NIGHTLY_RECONCILIATION = "dagster/schedule_name", "nightly_reconciliation"
UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]


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
                    "A run listed all recordings of yesterday (UTC) after that day had ended. A day is due at 05:00, "
                    "or when its nightly run ends. To fix it, start Dagster's daemon, switch on the schedule "
                    f"`{NIGHTLY_RECONCILIATION}`, or run `meeting-assets sync`."
                ),
            )
        ],
    )
    def _evaluate(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        day = due_day(context.instance, now(), workspace)
        passed = day < first_day or was_ingested(context.instance, day, workspace)
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


def due_day(instance: dg.DagsterInstance, at: datetime, workspace: Workspace = DEFAULT) -> date:
    """The expected day, or the day before it while its nightly run is queued or in progress.

    A queue that never advances is noticed a day later, because the day before has no complete run then.
    """
    day = expected_day(at)
    filters = dg.RunsFilter(
        tags={SCHEDULE: workspace.named(NIGHTLY_RECONCILIATION)}, statuses=UNFINISHED, created_after=start_of(day + DAY)
    )
    runs = instance.get_runs(filters)
    return day - DAY if any(_includes(run, day) for run in runs) else day


def _includes(run: dg.DagsterRun, day: date) -> bool:
    """Whether a nightly run of a range of days lists a day. Runs of named recordings have a single day."""
    first, last = run.tags.get(RANGE_START), run.tags.get(RANGE_END)
    return first is not None and last is not None and first <= day.isoformat() <= last


def was_ingested(instance: dg.DagsterInstance, day: date, workspace: Workspace = DEFAULT) -> bool:
    """True if a run of the whole day began to list the recordings after the end of the day, and stored them.

    A run of named recordings does not look for other recordings of its day.
    """
    end_s = start_of(day + DAY).timestamp()
    filters = dg.AssetRecordsFilter(
        asset_key=workspace.key(RECORDINGS), asset_partitions=[day.isoformat()], after_timestamp=end_s
    )
    return any(_lists_whole_day(each, end_s) for each in _materializations(instance, filters))


def _materializations(
    instance: dg.DagsterInstance, filters: dg.AssetRecordsFilter
) -> Iterator[dg.AssetMaterialization]:
    """The materializations that match, newest first."""
    cursor = None
    while True:
        page = instance.fetch_materializations(filters, limit=PAGE_EVENTS, cursor=cursor)
        for record in page.records:
            if record.asset_materialization is not None:
                yield record.asset_materialization
        if not page.has_more:
            return
        cursor = page.cursor


def _lists_whole_day(materialization: dg.AssetMaterialization, end_s: float) -> bool:
    """Whether a run looked for all recordings of the day, and began to do so after its end."""
    named = materialization.metadata.get(f"{RUN}{NAMED_RECORDINGS}")
    listed_at = materialization.metadata.get(f"{RUN}{LISTED_AT}")
    return (
        named is not None
        and named.value == 0
        and isinstance(listed_at, dg.TimestampMetadataValue)
        and listed_at.value >= end_s
    )
