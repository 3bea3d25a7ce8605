"""The parsed assets: one step per artifact, which keeps its tables equal to its raw bytes."""

from collections.abc import Iterable

import dagster as dg

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.artifacts.artifact import Artifact
from meeting_assets.health.counts import parsed_row_counts
from meeting_assets.orchestration.assets.partitions import BACKFILL, days_of
from meeting_assets.orchestration.assets.raw import raw_key
from meeting_assets.orchestration.assets.specs import results, row_count_metadata, table_spec
from meeting_assets.orchestration.resources import StorageResource, fail_at_end
from meeting_assets.pipeline.load import load_days
from meeting_assets.schema.persistent import Recordings
from meeting_assets.store.database import table_of

GROUP = "parsed"


def parsed_assets(days: dg.DailyPartitionsDefinition, database: str) -> list[dg.AssetsDefinition]:
    """One definition per artifact of the registry."""
    return [parsed_asset(artifact, days, database) for artifact in ARTIFACTS.values()]


def parsed_asset(artifact: Artifact, days: dg.DailyPartitionsDefinition, database: str) -> dg.AssetsDefinition:
    """The asset that keeps one artifact's tables equal to its raw bytes."""
    recordings = [dg.AssetKey(table_of(Recordings).name)]
    deps = [raw_key(artifact.kind), *(recordings if artifact.depends_on_bot_names else [])]

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
        days = days_of(context)
        with storage.open_storage() as (_, place):
            report = load_days(artifact, days, place)
            with place.database.reading() as connection:
                of_all = parsed_row_counts(connection, artifact)
                of_day = parsed_row_counts(connection, artifact, days) if len(days) == 1 else None
        yield from results(
            context.selected_asset_keys,
            {
                "new": report.new,
                "changed": report.changed,
                "quarantined": report.quarantined,
                "unchanged": report.unchanged,
                "missing_raw": report.missing_raw,
                "rows_written": report.rows,
                "parse_s": report.parse_s,
            },
            row_count_metadata(of_all, of_day),
        )
        fail_at_end(report.faults)

    return _load
