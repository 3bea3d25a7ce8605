"""The metrics step: every metric table is an output of one step, which reads a recording once."""

from collections.abc import Iterable

import dagster as dg

from meeting_assets.metrics import METRICS
from meeting_assets.metrics.parameters import METRICS_VERSION
from meeting_assets.orchestration.partitions import BACKFILL, days_of
from meeting_assets.orchestration.resources import MeetingWarehouse, fail_at_end
from meeting_assets.orchestration.tables import results, table_spec
from meeting_assets.pipeline.derive import INPUT_TABLES, derive_days
from meeting_assets.store.database import table_of
from meeting_assets.store.tables import Recordings

GROUP = "metrics"


def metrics_assets(days: dg.DailyPartitionsDefinition) -> dg.AssetsDefinition:
    """The asset that derives the metrics of every recording whose inputs have changed."""
    inputs = (Recordings, *INPUT_TABLES)

    @dg.multi_asset(
        name="metrics",
        specs=[
            table_spec(
                table,
                deps=[table_of(each).name for each in inputs],
                group_name=GROUP,
                code_version=METRICS_VERSION,
            )
            for table in METRICS
        ],
        partitions_def=days,
        backfill_policy=BACKFILL,
    )
    def _derive(context: dg.AssetExecutionContext, warehouse: MeetingWarehouse) -> Iterable[dg.MaterializeResult[None]]:
        with warehouse.opened() as (_, place):
            report = derive_days(days_of(context), place)
        yield from results(
            context.selected_asset_keys,
            {"derived": report.derived, "unchanged": report.unchanged, "seconds": report.seconds},
        )
        fail_at_end(report.faults)

    return _derive
