"""The raw step: recordings and the seven raw artifacts, eight outputs of one look at the API."""

import asyncio
from collections.abc import Collection, Iterable
from datetime import date
from typing import Any

import dagster as dg
from pydantic import Field

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.artifacts.artifact import Artifact
from meeting_assets.core.ids import canonical_uuid
from meeting_assets.health.counts import recording_count, recording_states
from meeting_assets.orchestration.assets.partitions import BACKFILL, days_of
from meeting_assets.orchestration.assets.specs import (
    FRESHNESS,
    OWNERS,
    payload_schema,
    recording_state_table,
    table_spec,
)
from meeting_assets.orchestration.resources import StorageResource, fail_at_end
from meeting_assets.pipeline.fetch import FetchReport, fetch_days
from meeting_assets.pipeline.storage import Storage, access_of, bind_origin
from meeting_assets.schema.persistent import Recordings
from meeting_assets.store.database import table_of

GROUP = "raw"
STEP = "raw_artifacts"
POOL = "recall_api"
# Raised whenever the same answers of the API would be kept as other bytes or other rows.
RAW_VERSION = "1"
RECORDINGS = dg.AssetKey(table_of(Recordings).name)


class FetchConfig(dg.Config):
    """What a run may be told. Left as it is, a run fetches everything of its days that is not home yet."""

    recording_ids: list[str] = Field(
        default=[],
        description=(
            'Fetch only these recordings, by their ids at Recall.ai: ["0f7a…", "c1d2…"]. They must be of the run\'s '
            "days; a run that names one of another day fails and says which day it is of. Empty: all recordings."
        ),
    )
    refetch: bool = Field(
        default=False,
        description=(
            "Download again what is home already, for example after Recall.ai has issued an artifact again. Rows "
            "change only where bytes do."
        ),
    )


def raw_key(kind: str) -> dg.AssetKey:
    """The asset of a kind's raw bytes."""
    return dg.AssetKey([GROUP, kind])


def raw_assets(days: dg.DailyPartitionsDefinition, database: str) -> dg.AssetsDefinition:
    """The asset that fetches all seven artifacts in one pass over the API's lists."""

    @dg.multi_asset(
        name=STEP,
        specs=[
            table_spec(
                Recordings,
                database=database,
                group_name=GROUP,
                code_version=RAW_VERSION,
                freshness_policy=FRESHNESS,
            ),
            *(_spec(artifact) for artifact in ARTIFACTS.values()),
        ],
        partitions_def=days,
        backfill_policy=BACKFILL,
        can_subset=True,
        pool=POOL,
    )
    def _fetch(
        context: dg.AssetExecutionContext, config: FetchConfig, storage: StorageResource
    ) -> Iterable[dg.MaterializeResult[None]]:
        selected = context.selected_asset_keys
        kinds = [kind for kind in ARTIFACTS if raw_key(kind) in selected]
        days = days_of(context)
        with storage.open_storage() as (settings, opened_storage):
            access = access_of(settings)
            bind_origin(opened_storage, settings)
            named = [canonical_uuid(each) for each in config.recording_ids]
            report = asyncio.run(
                fetch_days(opened_storage, access, days, kinds=kinds, recording_ids=named, refetch=config.refetch)
            )
            of_recordings = _of_recordings(opened_storage, report, days, named)
        # In the order of the graph: Dagster refuses an output that comes before the one it depends on.
        for key in sorted(selected, key=lambda key: len(key.path)):
            yield dg.MaterializeResult(
                asset_key=key, metadata=of_recordings if key == RECORDINGS else _of_kind(report, key.path[-1])
            )
        fail_at_end(report.faults)

    return _fetch


def _spec(artifact: Artifact) -> dg.AssetSpec:
    return dg.AssetSpec(
        key=raw_key(artifact.kind),
        description=f"{artifact.description}\n\nGrain: one compressed object per download, as it came.",
        metadata={"dagster/column_schema": payload_schema(artifact)},
        deps=[RECORDINGS],
        group_name=GROUP,
        kinds={"json"},
        owners=OWNERS,
        tags={"artifact": artifact.kind},
        code_version=RAW_VERSION,
        freshness_policy=FRESHNESS,
    )


def _of_recordings(
    storage: Storage, report: FetchReport, days: Collection[date], recording_ids: Collection[str]
) -> dict[str, Any]:
    """What a run shows of its recordings; of a single day, where each of them stands."""
    shown: dict[str, Any] = {
        "recordings": report.recordings,
        "unreadable_objects": report.unreadable,
        "discover_s": report.discover_s,
        "fetch_s": report.fetch_s,
    }
    with storage.database.reading() as connection:
        shown["dagster/row_count"] = recording_count(connection)
        # Dagster repeats what a run of several days shows in an event for each of them.
        if len(days) == 1:
            shown["dagster/partition_row_count"] = recording_count(connection, days)
            shown["standing"] = recording_state_table(recording_states(connection, days, recording_ids))
    return shown


def _of_kind(report: FetchReport, kind: str) -> dict[str, Any]:
    counts = report.counts[kind]
    return {
        "fetched": counts["new"] + counts["changed"] + counts["unchanged"],
        **{outcome: counts[outcome] for outcome in ("new", "changed", "failed", "unchanged", "overtaken")},
    }
