"""The raw step: one pass over the API's lists fetches recordings, their media objects and the seven raw artifacts."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any

import dagster as dg
from pydantic import Field
from sqlalchemy import Connection
from sqlmodel import SQLModel

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.artifacts.artifact import Artifact
from meeting_assets.core.coroutines import run_coroutine
from meeting_assets.core.ids import canonical_uuid
from meeting_assets.core.instants import now
from meeting_assets.health.counts import (
    artifacts_by_day,
    recording_states,
    recordings_by_day,
    table_row_count,
    table_row_counts_by_day,
)
from meeting_assets.health.data_versions import listed_versions, raw_versions, recordings_versions
from meeting_assets.orchestration.assets.materializations import (
    DATA_VERSION,
    LISTED_AT,
    NAMED_RECORDINGS,
    PARTITION_ROW_COUNT,
    ROW_COUNT,
    STATES_AFTER_FETCH,
    Materialization,
    materialization,
    published,
    recording_state_table,
)
from meeting_assets.orchestration.assets.partitions import BACKFILL, partition_days
from meeting_assets.orchestration.assets.specs import FRESHNESS, RAW_FIRST, payload_schema, table_spec
from meeting_assets.orchestration.resources import fail_if_faulty, storage_key, storage_of
from meeting_assets.orchestration.workspace import CONTEXT, DEFAULT, RAW, Workspace
from meeting_assets.pipeline.fetch import fetch_days
from meeting_assets.pipeline.fetch_results import FetchReport
from meeting_assets.pipeline.storage import Storage, access_of, bind_origin
from meeting_assets.schema.media_objects import MediaObjects, MeetingMetadata
from meeting_assets.schema.persistent import Recordings
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger_states import STORED

STEP = "raw_artifacts"
POOL = "recall_api"
# Increase it when the same downloads would be stored as other bytes.
RAW_VERSION = "1"
# Increase it when the same lists would be stored as other rows.
LISTED_VERSION = "2"
RECORDINGS = table_of(Recordings).name
LISTED_TABLES: tuple[type[SQLModel], ...] = (MeetingMetadata, MediaObjects)
"""Tables of objects that the lists of recordings contain."""


class FetchConfig(dg.Config):
    """Run config of the raw step. By default a run fetches all artifacts of its days that are not stored yet."""

    recording_ids: list[str] = Field(
        default=[],
        description=(
            'Fetch only these recordings, by their ids at Recall.ai: ["0f7a…", "c1d2…"]. They must belong to the '
            "run's days; a run that names a recording of another day fails and names that day. Empty: all recordings."
        ),
    )
    refetch: bool = Field(
        default=False,
        description=(
            "Download stored artifacts again, for example after Recall.ai has replaced an artifact. Rows change only "
            "if bytes differ."
        ),
    )


def fetch_config(
    recording_ids: Iterable[str], workspace: Workspace = DEFAULT, *, refetch: bool = False
) -> dict[str, Any]:
    """Run config of a run whose raw step has this `FetchConfig`."""
    return {"ops": {workspace.named(STEP): {"config": {"recording_ids": [*recording_ids], "refetch": refetch}}}}


def raw_key(kind: str, workspace: Workspace = DEFAULT) -> dg.AssetKey:
    """The key of the asset with the raw bytes of a kind of artifact."""
    return workspace.key(RAW, kind)


def raw_assets(days: dg.DailyPartitionsDefinition, database: str, workspace: Workspace) -> dg.AssetsDefinition:
    """Defines the recordings, their media objects and the seven raw artifacts, of one pass over the API's lists."""

    @dg.multi_asset(
        name=workspace.named(STEP),
        specs=[*_listed_specs(database, workspace), *(_spec(artifact, workspace) for artifact in ARTIFACTS.values())],
        partitions_def=days,
        backfill_policy=BACKFILL,
        can_subset=True,
        pool=workspace.named(POOL),
        required_resource_keys={storage_key(workspace)},
        op_tags=RAW_FIRST,
    )
    def _fetch(context: dg.AssetExecutionContext, config: FetchConfig) -> Iterable[dg.MaterializeResult[None]]:
        kinds = [kind for kind in ARTIFACTS if raw_key(kind, workspace) in context.selected_asset_keys]
        days = partition_days(context)
        with storage_of(context, workspace).open_storage() as (settings, opened_storage):
            bind_origin(opened_storage, settings)
            listed_at = now()
            named = [canonical_uuid(each) for each in config.recording_ids]
            fetching = fetch_days(
                opened_storage, access_of(settings), days, kinds=kinds, recording_ids=named, refetch=config.refetch
            )
            report = run_coroutine(fetching)
            results = _materializations(context, workspace, opened_storage, report, days, named, listed_at)
        yield from published(context, results)
        fail_if_faulty(report.faults)

    return _fetch


def _materializations(
    context: dg.AssetExecutionContext,
    workspace: Workspace,
    storage: Storage,
    report: FetchReport,
    days: Sequence[date],
    named: Sequence[str],
    listed_at: datetime,
) -> list[Materialization]:
    """The materializations of a run, in the order of the graph.

    Dagster rejects an output that is yielded before its upstream output.
    """
    results = []
    with storage.database.reading() as connection:
        if (key := workspace.key(RECORDINGS)) in context.selected_asset_keys:
            results.append(
                materialization(
                    context,
                    key,
                    run_metadata=recording_run_metadata(report, named, listed_at),
                    table_metadata={ROW_COUNT: table_row_count(connection, Recordings)},
                    metadata_by_partition=recording_metadata_by_day(connection, days),
                )
            )
        results += _listed_materializations(context, workspace, connection, report, days)
        for kind in ARTIFACTS:
            if (key := raw_key(kind, workspace)) in context.selected_asset_keys:
                metadata_by_day = artifact_metadata_by_day(connection, kind, days)
                results.append(
                    materialization(
                        context,
                        key,
                        run_metadata=artifact_run_metadata(report, kind),
                        metadata_by_partition=metadata_by_day,
                    )
                )
    return results


def _listed_materializations(
    context: dg.AssetExecutionContext,
    workspace: Workspace,
    connection: Connection,
    report: FetchReport,
    days: Sequence[date],
) -> list[Materialization]:
    return [
        materialization(
            context,
            key,
            run_metadata={"recordings": report.recordings},
            table_metadata={ROW_COUNT: table_row_count(connection, model)},
            metadata_by_partition=listed_metadata_by_day(connection, model, days),
        )
        for model in LISTED_TABLES
        if (key := workspace.key(table_of(model).name)) in context.selected_asset_keys
    ]


def _listed_specs(database: str, workspace: Workspace) -> Iterator[dg.AssetSpec]:
    """The specs of the tables that the lists of recordings fill."""
    shared: dict[str, Any] = {
        "database": database,
        "code_version": LISTED_VERSION,
        "freshness_policy": FRESHNESS,
    }
    yield table_spec(Recordings, workspace, group_name=workspace.group(RAW), **shared)
    for model in LISTED_TABLES:
        deps = [workspace.key(RECORDINGS)]
        yield table_spec(model, workspace, deps=deps, group_name=workspace.group(CONTEXT), **shared)


def _spec(artifact: Artifact, workspace: Workspace) -> dg.AssetSpec:
    return dg.AssetSpec(
        key=raw_key(artifact.kind, workspace),
        description=f"{artifact.description}\n\nGrain: one compressed object per download, as the API sent it.",
        metadata={"dagster/column_schema": payload_schema(artifact)},
        deps=[workspace.key(RECORDINGS)],
        group_name=workspace.group(RAW),
        kinds={"json"},
        tags={"artifact": artifact.kind},
        code_version=RAW_VERSION,
        freshness_policy=FRESHNESS,
    )


def recording_run_metadata(report: FetchReport, named: Sequence[str], listed_at: datetime) -> dict[str, Any]:
    """Totals of a run: recordings in its config, recordings that the API listed, undecodable objects, and seconds."""
    return {
        NAMED_RECORDINGS: len(named),
        LISTED_AT: dg.MetadataValue.timestamp(listed_at),
        "recordings": report.recordings,
        "unreadable_objects": report.unreadable,
        "discover_s": report.discover_s,
        "fetch_s": report.fetch_s,
    }


def recording_metadata_by_day(connection: Connection, days: Sequence[date]) -> dict[date, dict[str, Any]]:
    """The metadata of each day after the fetch: recordings by status, and the state of each recording."""
    counts, states = recordings_by_day(connection, days), recording_states(connection, days)
    versions = recordings_versions(connection, days)
    return {
        day: {
            PARTITION_ROW_COUNT: sum(counts[day].values()),
            **{f"status.{status}": count for status, count in counts[day].items()},
            STATES_AFTER_FETCH: recording_state_table(states.get(day, ())),
            DATA_VERSION: versions[day],
        }
        for day in days
    }


def listed_metadata_by_day(
    connection: Connection, model: type[SQLModel], days: Sequence[date]
) -> dict[date, dict[str, Any]]:
    """The metadata of each day after the fetch: rows of a table of listed objects."""
    counts, versions = table_row_counts_by_day(connection, model, days), listed_versions(connection, model, days)
    return {day: {PARTITION_ROW_COUNT: counts.get(day, 0), DATA_VERSION: versions[day]} for day in days}


def artifact_run_metadata(report: FetchReport, kind: str) -> dict[str, Any]:
    """Totals of a run: artifacts of a kind by the result of their fetch."""
    counts = report.counts[kind]
    return {
        "fetched": counts["new"] + counts["changed"] + counts["unchanged"],
        **{outcome: counts[outcome] for outcome in ("new", "changed", "failed", "unchanged", "overtaken")},
    }


def artifact_metadata_by_day(connection: Connection, kind: str, days: Sequence[date]) -> dict[date, dict[str, Any]]:
    """The metadata of each day after the fetch: artifacts of a kind that are stored, and others by their state."""
    counts, versions = artifacts_by_day(connection, kind, days), raw_versions(connection, kind, days)
    return {
        day: {"stored": sum(counts[day].get(state, 0) for state in STORED), DATA_VERSION: versions[day]}
        | {state: count for state, count in counts[day].items() if state not in STORED}
        for day in days
    }
