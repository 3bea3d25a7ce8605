"""The step of voice activity: it analyses stored separate audio, if MEETING_ASSETS_AUDIO_ACTIVITY is on.

It belongs to the job of media files. Metrics of the analysed recordings are derived at its end, since the step of the
metrics belongs to another job, which must not wait for media.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import dagster as dg
from sqlalchemy import Connection, func, select
from sqlmodel import SQLModel

from meeting_assets.artifacts.audio_separate import AudioParts
from meeting_assets.core.media_kinds import MediaKind
from meeting_assets.metrics.audio_activity import ACTIVITY_VERSION
from meeting_assets.orchestration.assets.materializations import PARTITION_ROW_COUNT, materializations
from meeting_assets.orchestration.assets.media import media_key
from meeting_assets.orchestration.assets.partitions import BACKFILL, partition_days
from meeting_assets.orchestration.assets.specs import ROLLUPS_NEXT, table_spec
from meeting_assets.orchestration.resources import fail_if_faulty, storage_key, storage_of
from meeting_assets.orchestration.workspace import MEDIA, Workspace
from meeting_assets.pipeline.derive import derive_recordings
from meeting_assets.pipeline.media.activity import ActivityReport, analyse_days
from meeting_assets.schema.audio_activity import AUDIO_TABLES
from meeting_assets.settings import Settings
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger import RECORDINGS

STEP = "audio_activity"


def audio_activity_assets(
    days: dg.DailyPartitionsDefinition, database: str, settings: Settings, workspace: Workspace
) -> list[dg.AssetsDefinition]:
    """The definition of the step; empty if MEETING_ASSETS_AUDIO_ACTIVITY is off."""
    if not settings.audio_activity:
        return []
    has_audio = MediaKind.AUDIO_SEPARATE in settings.media_kinds
    files = [media_key(MediaKind.AUDIO_SEPARATE, workspace)] if has_audio else []

    @dg.multi_asset(
        name=workspace.named(STEP),
        specs=[
            table_spec(
                table,
                workspace,
                database=database,
                deps=[workspace.key(table_of(AudioParts).name), *files],
                group_name=workspace.group(MEDIA),
                code_version=ACTIVITY_VERSION,
            )
            for table in AUDIO_TABLES
        ],
        partitions_def=days,
        backfill_policy=BACKFILL,
        can_subset=True,
        required_resource_keys={storage_key(workspace)},
        op_tags=ROLLUPS_NEXT,
    )
    def _analyse(context: dg.AssetExecutionContext) -> Iterable[dg.MaterializeResult[None]]:
        days = partition_days(context)
        with storage_of(context, workspace).open_storage() as (_, opened_storage):
            report = analyse_days(opened_storage, days)
            derived = derive_recordings(report.recording_ids, opened_storage)
            with opened_storage.database.reading() as connection:
                counts = {table: _row_count(connection, table) for table in AUDIO_TABLES}
                by_day = {table: _row_counts_by_day(connection, table, days) for table in AUDIO_TABLES}
        run_metadata = {**_run_metadata(report), "derived": derived.derived}
        yield from materializations(context, workspace, run_metadata, counts, by_day)
        fail_if_faulty([*report.faults, *derived.faults])

    return [_analyse]


def _run_metadata(report: ActivityReport) -> dict[str, Any]:
    """Totals of a run: parts by result, seconds of audio and of speech, and the duration of the work."""
    return {
        "analysed": report.analysed,
        "unchanged": report.unchanged,
        "unreadable": report.unreadable,
        "removed": report.removed,
        "analysed_s": report.analysed_s,
        "activity_s": report.activity_s,
        "detection_s": report.detection_s,
    }


def _row_count(connection: Connection, model: type[SQLModel]) -> int:
    return connection.scalar(select(func.count()).select_from(table_of(model))) or 0


def _row_counts_by_day(
    connection: Connection, model: type[SQLModel], days: Sequence[date]
) -> dict[date, dict[str, Any]]:
    """The rows of each day."""
    table = table_of(model)
    query = (
        select(RECORDINGS.c.day, func.count())
        .join(table, table.c.recording_id == RECORDINGS.c.recording_id)
        .where(RECORDINGS.c.day.in_(days))
        .group_by(RECORDINGS.c.day)
    )
    counts = {row[0]: row[1] for row in connection.execute(query)}
    return {day: {PARTITION_ROW_COUNT: counts.get(day, 0)} for day in days}
