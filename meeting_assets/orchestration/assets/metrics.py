"""The metrics step: every metric table is an output of one step, which reads a recording once."""

from collections.abc import Iterable

import dagster as dg

from meeting_assets.health.counts import metric_row_counts, recording_states
from meeting_assets.metrics import METRICS
from meeting_assets.metrics.parameters import METRICS_VERSION
from meeting_assets.metrics.tables import MeetingMetrics
from meeting_assets.orchestration.assets.partitions import BACKFILL, days_of
from meeting_assets.orchestration.assets.specs import (
    FRESHNESS,
    recording_state_table,
    results,
    row_count_metadata,
    table_spec,
)
from meeting_assets.orchestration.resources import StorageResource, fail_at_end
from meeting_assets.pipeline.derive import INPUT_TABLES, derive_days
from meeting_assets.schema.persistent import Recordings
from meeting_assets.store.database import table_of

GROUP = "metrics"
MEETINGS = table_of(MeetingMetrics).name


def metrics_assets(days: dg.DailyPartitionsDefinition, database: str) -> dg.AssetsDefinition:
    """The asset that derives the metrics of every recording whose inputs have changed."""
    inputs = (Recordings, *INPUT_TABLES)

    @dg.multi_asset(
        name="metrics",
        specs=[
            table_spec(
                table,
                database=database,
                deps=[table_of(each).name for each in inputs],
                group_name=GROUP,
                code_version=METRICS_VERSION,
                freshness_policy=FRESHNESS,
            )
            for table in METRICS
        ],
        partitions_def=days,
        backfill_policy=BACKFILL,
        # Else every third webserver refuses backfills that begin above: it wants the days of all outputs to be equal,
        # and Dagster's comparison depends on the order in which a set gave their parents.
        can_subset=True,
    )
    def _derive(context: dg.AssetExecutionContext, storage: StorageResource) -> Iterable[dg.MaterializeResult[None]]:
        days = days_of(context)
        with storage.open_storage() as (_, place):
            report = derive_days(days, place)
            with place.database.reading() as connection:
                of_all = metric_row_counts(connection)
                of_day = metric_row_counts(connection, days) if len(days) == 1 else None
                of_tables = row_count_metadata(of_all, of_day)
                if len(days) == 1:
                    of_tables[MEETINGS]["standing"] = recording_state_table(recording_states(connection, days))
        yield from results(
            context.selected_asset_keys,
            {
                "new": report.new,
                "changed": report.changed,
                "unchanged": report.unchanged,
                "derive_s": report.derive_s,
            },
            of_tables,
        )
        fail_at_end(report.faults)

    return _derive
