"""The parsed assets: one step per artifact keeps its tables equal to its raw bytes."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import dagster as dg
from sqlalchemy import Connection
from sqlmodel import SQLModel

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.artifacts.artifact import Artifact
from meeting_assets.health.counts import artifacts_by_day, parsed_row_counts, parsed_row_counts_by_day
from meeting_assets.health.data_versions import parsed_versions
from meeting_assets.orchestration.assets.materializations import materializations, partition_row_counts
from meeting_assets.orchestration.assets.partitions import BACKFILL, partition_days
from meeting_assets.orchestration.assets.raw import raw_key
from meeting_assets.orchestration.assets.specs import FRESHNESS, PARSED_NEXT, table_spec
from meeting_assets.orchestration.resources import fail_if_faulty, storage_key, storage_of
from meeting_assets.orchestration.workspace import Workspace
from meeting_assets.pipeline.load import load_days
from meeting_assets.pipeline.replace import LoadReport
from meeting_assets.schema.persistent import Recordings
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger_states import QUARANTINED

GROUP = "parsed"


def parsed_assets(days: dg.DailyPartitionsDefinition, database: str, workspace: Workspace) -> list[dg.AssetsDefinition]:
    """The definitions of all parsed tables, one per artifact of the registry."""
    return [parsed_asset(artifact, days, database, workspace) for artifact in ARTIFACTS.values()]


def parsed_asset(
    artifact: Artifact, days: dg.DailyPartitionsDefinition, database: str, workspace: Workspace
) -> dg.AssetsDefinition:
    """Defines the tables that are parsed from one artifact."""
    payload = raw_key(artifact.kind, workspace)
    deps = [payload, *([workspace.key(table_of(Recordings).name)] if artifact.depends_on_bot_names else [])]

    @dg.multi_asset(
        name=workspace.named(f"parsed_{artifact.kind}"),
        specs=[
            table_spec(
                table,
                workspace,
                database=database,
                payload=payload,
                deps=deps,
                group_name=workspace.group(GROUP),
                code_version=artifact.parser_version,
                tags={"artifact": artifact.kind},
                freshness_policy=FRESHNESS,
            )
            for table in artifact.tables
        ],
        partitions_def=days,
        backfill_policy=BACKFILL,
        required_resource_keys={storage_key(workspace)},
        op_tags=PARSED_NEXT,
    )
    def _load(context: dg.AssetExecutionContext) -> Iterable[dg.MaterializeResult[None]]:
        days = partition_days(context)
        with storage_of(context, workspace).open_storage() as (_, opened_storage):
            report = load_days(artifact, days, opened_storage)
            with opened_storage.database.reading() as connection:
                row_counts = parsed_row_counts(connection, artifact)
                metadata_by_day = _metadata_by_day(connection, artifact, days)
        yield from materializations(context, workspace, _run_metadata(report), row_counts, metadata_by_day)
        fail_if_faulty(report.faults)

    return _load


def _run_metadata(report: LoadReport) -> dict[str, Any]:
    return {
        "new": report.new,
        "changed": report.changed,
        "quarantined": report.quarantined,
        "unchanged": report.unchanged,
        "missing_raw": report.missing_raw,
        "rows_written": report.rows,
        "parse_s": report.parse_s,
    }


def _metadata_by_day(
    connection: Connection, artifact: Artifact, days: Sequence[date]
) -> dict[type[SQLModel], dict[date, dict[str, Any]]]:
    """The metadata of each day: row counts, and the artifacts that could not be read."""
    versions = parsed_versions(connection, artifact, days)
    metadata = partition_row_counts(parsed_row_counts_by_day(connection, artifact, days), versions)
    states = artifacts_by_day(connection, artifact.kind, days)
    for table_metadata in metadata.values():
        for day, day_metadata in table_metadata.items():
            day_metadata[QUARANTINED] = states[day].get(QUARANTINED, 0)
    return metadata
