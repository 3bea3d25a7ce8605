"""The raw step: recordings and the seven raw artifacts, eight outputs of one look at the API."""

import asyncio
from collections.abc import Iterable
from typing import Any

import dagster as dg
from pydantic import Field

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.orchestration.partitions import BACKFILL, days_of
from meeting_assets.orchestration.resources import MeetingWarehouse, fail_at_end
from meeting_assets.orchestration.tables import table_spec
from meeting_assets.pipeline.fetch import FetchReport, fetch_days
from meeting_assets.pipeline.warehouse import access_of, claim
from meeting_assets.store.tables import Recordings

GROUP = "raw"
STEP = "raw_artifacts"
POOL = "recall_api"


class FetchConfig(dg.Config):
    """What a run may be told; without it everything of its days that is not home is fetched."""

    recording_ids: list[str] = Field(default=[], description="fetch only these recordings of the run's days")
    refetch: bool = Field(default=False, description="download again what is home already")


def raw_key(kind: str) -> dg.AssetKey:
    """The asset of a kind's raw bytes."""
    return dg.AssetKey([GROUP, kind])


def raw_assets(days: dg.DailyPartitionsDefinition) -> dg.AssetsDefinition:
    """The asset that fetches all seven artifacts in one pass over the API's lists."""

    @dg.multi_asset(
        name=STEP,
        specs=[table_spec(Recordings, group_name=GROUP), *(_spec(kind) for kind in ARTIFACTS)],
        partitions_def=days,
        backfill_policy=BACKFILL,
        can_subset=True,
        pool=POOL,
    )
    def _fetch(
        context: dg.AssetExecutionContext, config: FetchConfig, warehouse: MeetingWarehouse
    ) -> Iterable[dg.MaterializeResult[None]]:
        selected = context.selected_asset_keys
        kinds = [kind for kind in ARTIFACTS if raw_key(kind) in selected]
        with warehouse.opened() as (settings, place):
            access = access_of(settings)
            claim(place, settings)
            report = asyncio.run(
                fetch_days(
                    place,
                    access,
                    days_of(context),
                    kinds=kinds,
                    recording_ids=config.recording_ids,
                    refetch=config.refetch,
                )
            )
        # In the order of the graph: Dagster refuses an output that comes before the one it depends on.
        for key in sorted(selected, key=lambda key: len(key.path)):
            yield dg.MaterializeResult(asset_key=key, metadata=_metadata(report, key))
        fail_at_end(report.faults)

    return _fetch


def _spec(kind: str) -> dg.AssetSpec:
    return dg.AssetSpec(
        key=raw_key(kind),
        description=f"{ARTIFACTS[kind].description}\n\nGrain: one compressed object per download, as it came.",
        deps=[Recordings.__tablename__],
        group_name=GROUP,
        kinds={"json"},
    )


def _metadata(report: FetchReport, key: dg.AssetKey) -> dict[str, Any]:
    counts = report.counts.get(key.path[-1]) if len(key.path) > 1 else None
    if counts is None:
        return {
            "recordings": report.recordings,
            "unreadable_objects": report.unreadable,
            **{f"{phase}_s": s for phase, s in report.seconds.items()},
        }
    return {
        "fetched": counts["new"] + counts["changed"] + counts["unchanged"],
        **{outcome: counts[outcome] for outcome in ("new", "changed", "unchanged", "overtaken", "failed")},
    }
