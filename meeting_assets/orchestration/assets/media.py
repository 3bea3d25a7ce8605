"""The media step: files of mixed and separate audio and video by day, for the kinds that MEETING_ASSETS_MEDIA names.

The step has a job of its own. Files of gigabytes thus never delay the tables and metrics of their day.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import dagster as dg

from meeting_assets.artifacts.audio_separate import AudioParts
from meeting_assets.artifacts.video_separate import VideoParts
from meeting_assets.core.coroutines import run_coroutine
from meeting_assets.core.instants import now
from meeting_assets.core.media_kinds import MediaKind
from meeting_assets.orchestration.assets.materializations import (
    DATA_VERSION,
    PARTITION_ROW_COUNT,
    Materialization,
    materialization,
    published,
)
from meeting_assets.orchestration.assets.partitions import BACKFILL, partition_days
from meeting_assets.orchestration.assets.specs import ROLLUPS_NEXT
from meeting_assets.orchestration.resources import fail_if_faulty, storage_key, storage_of
from meeting_assets.orchestration.runs import RETRY_WHOLE
from meeting_assets.orchestration.workspace import DEFAULT, MEDIA, SYNC_MEDIA, Workspace
from meeting_assets.pipeline.media.day_counts import MediaDay, media_days
from meeting_assets.pipeline.media.download import BYTES_PER_GB, MediaOptions, fetch_media
from meeting_assets.pipeline.media.report import MediaReport, Outcome
from meeting_assets.pipeline.storage import Storage, access_of, bind_origin
from meeting_assets.schema.media_objects import MediaObjects
from meeting_assets.settings import Settings
from meeting_assets.store.database import table_of

STEP = "media_files"
JOB = SYNC_MEDIA
# Increase it when the same downloads would be stored as other files.
MEDIA_VERSION = "1"
DESCRIPTIONS: Mapping[MediaKind, str] = {
    MediaKind.AUDIO_MIXED: "Audio of whole meetings.\n\nGrain: one file per recording.",
    MediaKind.VIDEO_MIXED: "Video of whole meetings, with their audio.\n\nGrain: one file per recording.",
    MediaKind.AUDIO_SEPARATE: "Audio of each participant. Raw samples are converted (MEETING_ASSETS_MEDIA_AUDIO).\n\n"
    "Grain: one file per recording and part of the manifest.",
    MediaKind.VIDEO_SEPARATE: "Video of each participant and screen share.\n\n"
    "Grain: one file per recording and part of the manifest.",
}
UPSTREAM: Mapping[MediaKind, str] = {
    MediaKind.AUDIO_MIXED: table_of(MediaObjects).name,
    MediaKind.VIDEO_MIXED: table_of(MediaObjects).name,
    MediaKind.AUDIO_SEPARATE: table_of(AudioParts).name,
    MediaKind.VIDEO_SEPARATE: table_of(VideoParts).name,
}
"""The table that lists the files of each kind."""


def media_key(kind: MediaKind, workspace: Workspace = DEFAULT) -> dg.AssetKey:
    """The key of the asset with the files of a media kind."""
    return workspace.key(MEDIA, kind.value)


def media_options(settings: Settings, kinds: Iterable[MediaKind]) -> MediaOptions:
    """The options of a run that downloads some of the kinds."""
    max_gb = settings.media_max_gb_per_run
    return MediaOptions(
        kinds=frozenset(kinds),
        home=settings.home,
        audio_format=settings.media_audio,
        max_mbit_per_s=settings.media_max_mbit_per_s,
        max_bytes_per_run=round(max_gb * BYTES_PER_GB) if max_gb is not None else None,
    )


def media_assets(
    days: dg.DailyPartitionsDefinition, settings: Settings, workspace: Workspace
) -> list[dg.AssetsDefinition]:
    """The definition of the step; empty if MEETING_ASSETS_MEDIA is off."""
    if not settings.media_kinds:
        return []

    @dg.multi_asset(
        name=workspace.named(STEP),
        specs=[_spec(kind, workspace) for kind in settings.media_kinds],
        partitions_def=days,
        backfill_policy=BACKFILL,
        can_subset=True,
        required_resource_keys={storage_key(workspace)},
        op_tags=ROLLUPS_NEXT,
    )
    def _download(context: dg.AssetExecutionContext) -> Iterable[dg.MaterializeResult[None]]:
        days = partition_days(context)
        with storage_of(context, workspace).open_storage() as (settings, opened_storage):
            bind_origin(opened_storage, settings)
            kinds = [kind for kind in settings.media_kinds if media_key(kind, workspace) in context.selected_asset_keys]
            fetching = fetch_media(opened_storage, access_of(settings), media_options(settings, kinds), days)
            report = run_coroutine(fetching)
            results = [*_materializations(context, workspace, opened_storage, report, kinds, days)]
        yield from published(context, results)
        fail_if_faulty(report.faults)

    return [_download]


def media_job(assets: Sequence[dg.AssetsDefinition], workspace: Workspace = DEFAULT) -> Any:
    """The job that downloads media files."""
    return dg.define_asset_job(
        workspace.named(JOB),
        selection=dg.AssetSelection.assets(*assets),
        executor_def=dg.in_process_executor,
        tags=RETRY_WHOLE,
        description="Downloads the media files of MEETING_ASSETS_MEDIA by day, analyses their speech, and publishes "
        "the pages that play them.",
    )


def _spec(kind: MediaKind, workspace: Workspace) -> dg.AssetSpec:
    return dg.AssetSpec(
        key=media_key(kind, workspace),
        description=DESCRIPTIONS[kind],
        deps=[workspace.key(UPSTREAM[kind])],
        group_name=workspace.group(MEDIA),
        kinds={"file"},
        tags={"media_kind": kind.value},
        code_version=MEDIA_VERSION,
    )


def _materializations(
    context: dg.AssetExecutionContext,
    workspace: Workspace,
    storage: Storage,
    report: MediaReport,
    kinds: Sequence[MediaKind],
    days: Sequence[date],
) -> Iterator[Materialization]:
    with storage.database.reading() as connection:
        for kind in kinds:
            by_day = media_days(connection, kind, days, at=now())
            yield materialization(
                context,
                media_key(kind, workspace),
                run_metadata=run_metadata(report, kind),
                metadata_by_partition={day: _of_day(found) for day, found in by_day.items()},
            )


def run_metadata(report: MediaReport, kind: MediaKind) -> dict[str, Any]:
    """Totals of a run: files of a kind by outcome and their bytes; bytes and speed of all kinds together."""
    return {
        **{outcome.value: report.counts[kind][outcome] for outcome in Outcome},
        "stored_bytes": report.stored_bytes[kind],
        "received_bytes": report.received_bytes,
        "mb_per_s": report.mb_per_s,
        "media_s": report.media_s,
    }


def _of_day(day: MediaDay) -> dict[str, Any]:
    """The files of a day and kind after the run."""
    return {
        PARTITION_ROW_COUNT: day.stored,
        "stored_bytes": day.stored_bytes,
        "stored_s": day.stored_s,
        "waiting": day.waiting,
        "quarantined": day.quarantined,
        "lost": day.lost,
        DATA_VERSION: day.version,
    }
