"""The parsed assets: one step per artifact, which keeps its tables equal to its raw bytes."""

from collections.abc import Iterable

import dagster as dg

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.artifacts.artifact import Artifact
from meeting_assets.orchestration.partitions import BACKFILL, days_of
from meeting_assets.orchestration.raw import raw_key
from meeting_assets.orchestration.resources import MeetingWarehouse, fail_at_end
from meeting_assets.orchestration.tables import results, table_spec
from meeting_assets.pipeline.load import load_days

GROUP = "parsed"


def parsed_assets(days: dg.DailyPartitionsDefinition) -> list[dg.AssetsDefinition]:
    """One definition per artifact of the registry."""
    return [parsed_asset(artifact, days) for artifact in ARTIFACTS.values()]


def parsed_asset(artifact: Artifact, days: dg.DailyPartitionsDefinition) -> dg.AssetsDefinition:
    """The asset that keeps one artifact's tables equal to its raw bytes."""

    @dg.multi_asset(
        name=f"parsed_{artifact.kind}",
        specs=[
            table_spec(
                table,
                deps=[raw_key(artifact.kind)],
                group_name=GROUP,
                code_version=artifact.parser_version,
            )
            for table in artifact.tables
        ],
        partitions_def=days,
        backfill_policy=BACKFILL,
    )
    def _load(context: dg.AssetExecutionContext, warehouse: MeetingWarehouse) -> Iterable[dg.MaterializeResult[None]]:
        with warehouse.opened() as (_, place):
            report = load_days(artifact, days_of(context), place)
        yield from results(
            context.selected_asset_keys,
            {
                "parsed": report.parsed,
                "quarantined": report.quarantined,
                "unchanged": report.unchanged,
                "missing_raw": report.missing_raw,
                "rows": report.rows,
                "seconds": report.seconds,
            },
        )
        fail_at_end(report.faults)

    return _load
