"""The parsed assets: one step per artifact keeps its tables equal to its raw bytes."""

from collections.abc import Iterable
from typing import Any

import dagster as dg

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.artifacts.artifact import Artifact
from meeting_assets.health.counts import parsed_row_counts
from meeting_assets.orchestration.assets.partitions import BACKFILL, partition_days
from meeting_assets.orchestration.assets.raw import raw_key
from meeting_assets.orchestration.assets.specs import results, row_count_metadata, table_spec
from meeting_assets.orchestration.resources import StorageResource, fail_if_faulty
from meeting_assets.pipeline.load import load_days
from meeting_assets.pipeline.replace import LoadReport
from meeting_assets.schema.persistent import Recordings
from meeting_assets.store.database import table_of

GROUP = "parsed"


def parsed_assets(days: dg.DailyPartitionsDefinition, database: str) -> list[dg.AssetsDefinition]:
    """The definitions of all parsed tables, one per artifact of the registry."""
    return [parsed_asset(artifact, days, database) for artifact in ARTIFACTS.values()]


def parsed_asset(artifact: Artifact, days: dg.DailyPartitionsDefinition, database: str) -> dg.AssetsDefinition:
    """Defines the tables that are parsed from one artifact."""
    deps = [
        raw_key(artifact.kind),
        *([dg.AssetKey(table_of(Recordings).name)] if artifact.depends_on_bot_names else []),
    ]

    @dg.multi_asset(
        name=f"parsed_{artifact.kind}",
        specs=[
            table_spec(
                table,
                database=database,
                payload=raw_key(artifact.kind),
                deps=deps,
                group_name=GROUP,
                code_version=artifact.parser_version,
                tags={"artifact": artifact.kind},
            )
            for table in artifact.tables
        ],
        partitions_def=days,
        backfill_policy=BACKFILL,
    )
    def _load(context: dg.AssetExecutionContext, storage: StorageResource) -> Iterable[dg.MaterializeResult[None]]:
        days = partition_days(context)
        with storage.open_storage() as (_, opened_storage):
            report = load_days(artifact, days, opened_storage)
            with opened_storage.database.reading() as connection:
                of_all = parsed_row_counts(connection, artifact)
                of_day = parsed_row_counts(connection, artifact, days) if len(days) == 1 else None
        yield from results(context.selected_asset_keys, _metadata(report), row_count_metadata(of_all, of_day))
        fail_if_faulty(report.faults)

    return _load


def _metadata(report: LoadReport) -> dict[str, Any]:
    return {
        "new": report.new,
        "changed": report.changed,
        "quarantined": report.quarantined,
        "unchanged": report.unchanged,
        "missing_raw": report.missing_raw,
        "rows_written": report.rows,
        "parse_s": report.parse_s,
    }
