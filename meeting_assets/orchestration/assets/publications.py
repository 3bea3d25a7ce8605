"""The steps that publish files: exports and pages of meetings by day, and the shared pages of the site.

An asset is defined only if its setting is on.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import dagster as dg

from meeting_assets.metrics.attendance import Attendance
from meeting_assets.metrics.quality import DataQuality
from meeting_assets.metrics.series import RecordingSeries
from meeting_assets.metrics.tables import MeetingMetrics
from meeting_assets.metrics.trends import People, PersonTrends
from meeting_assets.metrics.weeks import WEEK, monday
from meeting_assets.orchestration.assets.materializations import (
    DATA_VERSION,
    PARTITION_ROW_COUNT,
    Materialization,
    materialization,
    published,
)
from meeting_assets.orchestration.assets.partitions import BACKFILL, days_of_run, partition_days
from meeting_assets.orchestration.assets.specs import FRESHNESS, PUBLICATIONS_LAST
from meeting_assets.orchestration.resources import fail_if_faulty, storage_key, storage_of
from meeting_assets.orchestration.workspace import EXPORTS, MEETING_PAGES, PUBLICATIONS, SHARED_PAGES, Workspace
from meeting_assets.publications.exports import FORMATS
from meeting_assets.publications.pages import PAGES_VERSION
from meeting_assets.publications.publish_report import DayFiles, Kind, PublishReport
from meeting_assets.publications.publishing import publications_of, publish_days
from meeting_assets.publications.shared_publishing import publish_shared
from meeting_assets.settings import Settings
from meeting_assets.store.database import table_of
from meeting_assets.store.publications import INDEX, PublicationStore, meeting_prefix

DESCRIPTIONS: Mapping[Kind, str] = {
    "exports": "Meetings in the formats of MEETING_ASSETS_EXPORTS, such as subtitles.\n\n"
    "Grain: one file per recording and format that it has content for.",
    "meeting_pages": "Pages of meetings for a browser, with their downloads.\n\n"
    "Grain: one page per finished recording, and one file per download.",
    "shared_pages": "The index of the site, the pages of persons and series, data health, and definitions.\n\n"
    "Grain: one file per page.",
}
# All other tables that pages and exports read are upstream of these (docs/decisions, "Implied dependencies").
UPSTREAM = (MeetingMetrics, Attendance, DataQuality)
SHARED_UPSTREAM = (PersonTrends, People, RecordingSeries)

_FILES_SCHEMA = dg.TableSchema(
    [
        dg.TableColumn("recording_id", description="id at Recall.ai"),
        dg.TableColumn("files", "integer", description="number of files"),
    ]
)


def publication_assets(
    days: dg.DailyPartitionsDefinition, settings: Settings, workspace: Workspace
) -> list[dg.AssetsDefinition]:
    """The definition of the daily step; empty if exports and pages are off."""
    kinds = _daily_kinds(settings)
    if not kinds:
        return []

    @dg.multi_asset(
        name=workspace.named(PUBLICATIONS),
        specs=[
            _spec(
                kind,
                workspace,
                [table_of(table).name for table in UPSTREAM],
                code_version=_export_versions(settings) if kind == EXPORTS else PAGES_VERSION,
                freshness_policy=FRESHNESS,
            )
            for kind in kinds
        ],
        partitions_def=days,
        backfill_policy=BACKFILL,
        required_resource_keys={storage_key(workspace)},
        op_tags=PUBLICATIONS_LAST,
        # As for the metrics: otherwise a webserver may refuse backfills that start upstream.
        can_subset=True,
    )
    def _publish(context: dg.AssetExecutionContext) -> Iterable[dg.MaterializeResult[None]]:
        with storage_of(context, workspace).open_storage() as (settings, opened_storage):
            report = publish_days(opened_storage, settings, partition_days(context))
            store = opened_storage.publications
        yield from published(context, _of_days(context, workspace, kinds, report, store))
        fail_if_faulty(report.faults)

    return [_publish]


def shared_page_assets(settings: Settings, workspace: Workspace) -> list[dg.AssetsDefinition]:
    """The definition of the step of shared pages; empty if pages are off.

    The step also writes outdated pages of the meetings of the run's weeks: the roll-up before it may have given their
    persons and series a page to link to.
    """
    if not settings.pages:
        return []
    upstream = [*(table_of(table).name for table in SHARED_UPSTREAM), MEETING_PAGES]

    @dg.multi_asset(
        name=workspace.named(SHARED_PAGES),
        specs=[_spec(SHARED_PAGES, workspace, upstream)],
        required_resource_keys={storage_key(workspace)},
        op_tags=PUBLICATIONS_LAST,
    )
    def _publish(context: dg.AssetExecutionContext) -> Iterable[dg.MaterializeResult[None]]:
        with storage_of(context, workspace).open_storage() as (settings, opened_storage):
            shared = publish_shared(opened_storage, settings)
            of_weeks = publish_days(opened_storage, settings, _days_of_weeks(days_of_run(context.run) or []))
            store = opened_storage.publications
        totals = _totals(shared, SHARED_PAGES) | {
            "meeting_files_written": of_weeks.total().written,
            "publish_s": round(shared.publish_s + of_weeks.publish_s, 3),
        }
        yield materialization(
            context,
            workspace.key(SHARED_PAGES),
            run_metadata=totals,
            table_metadata={"site": _link(store, INDEX), DATA_VERSION: shared.version},
        ).result
        fail_if_faulty([*shared.faults, *of_weeks.faults])

    return [_publish]


def _daily_kinds(settings: Settings) -> list[Kind]:
    """The kinds of files that the settings ask for, in the order of the outputs."""
    kinds = {each.kind for each in publications_of(settings)}
    return [kind for kind in (EXPORTS, MEETING_PAGES) if kind in kinds]


def _spec(
    kind: Kind, workspace: Workspace, upstream: Iterable[str], *, code_version: str = PAGES_VERSION, **spec: Any
) -> dg.AssetSpec:
    return dg.AssetSpec(
        key=workspace.key(kind),
        description=DESCRIPTIONS[kind],
        deps=[workspace.key(name) for name in upstream],
        group_name=workspace.group(PUBLICATIONS),
        code_version=code_version,
        kinds={"file"},
        **spec,
    )


def _export_versions(settings: Settings) -> str:
    return ", ".join(f"{name} {FORMATS[name].version}" for name in settings.exports)


def _of_days(
    context: dg.AssetExecutionContext,
    workspace: Workspace,
    kinds: Sequence[Kind],
    report: PublishReport,
    store: PublicationStore,
) -> Iterable[Materialization]:
    for kind in kinds:
        if (key := workspace.key(kind)) in context.selected_asset_keys:
            yield materialization(
                context,
                key,
                run_metadata=_totals(report, kind) | {"publish_s": report.publish_s},
                metadata_by_partition={day: _of_day(day, files, store) for day, files in report.days[kind].items()},
            )


def _of_day(day: date, files: DayFiles, store: PublicationStore) -> dict[str, Any]:
    """The files of a day: ids and numbers alone."""
    records = [dg.TableRecord({"recording_id": each, "files": n}) for each, n in sorted(files.file_counts.items())]
    return {
        PARTITION_ROW_COUNT: files.file_count,
        "files": dg.MetadataValue.table(records, schema=_FILES_SCHEMA),
        "folder": _link(store, meeting_prefix(day, "").rstrip("/")),
        DATA_VERSION: files.version,
    }


def _totals(report: PublishReport, kind: Kind) -> dict[str, Any]:
    counts = report.of(kind)
    return {"written": counts.written, "unchanged": counts.unchanged, "removed": counts.removed}


def _link(store: PublicationStore, key: str) -> dg.MetadataValue[Any]:
    """The path of a file, or the URL of an object."""
    location = store.location(key)
    return dg.MetadataValue.path(location) if store.folder is not None else dg.MetadataValue.url(location)


def _days_of_weeks(mondays: Sequence[date]) -> list[date]:
    """The days of the weeks of a roll-up run, given by its range of days between two Mondays."""
    weeks = sorted({monday(each) for each in mondays})
    return [week + timedelta(days=n) for week in weeks for n in range(WEEK.days)]
