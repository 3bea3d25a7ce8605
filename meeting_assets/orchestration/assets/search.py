"""The search index: one step of the daily job indexes recordings whose primary transcript changed.

It is a step of its own, so that neither loading nor metrics wait for it (docs/decisions, "Search index").
"""

from collections.abc import Iterable

import dagster as dg

from meeting_assets.artifacts.transcript import ARTIFACT, Transcripts, TranscriptUtterances
from meeting_assets.core.search_tokens import INDEX_VERSION
from meeting_assets.health.data_versions import parsed_versions
from meeting_assets.orchestration.assets.materializations import (
    DATA_VERSION,
    PARTITION_ROW_COUNT,
    materialization,
    published,
)
from meeting_assets.orchestration.assets.partitions import BACKFILL, partition_days
from meeting_assets.orchestration.assets.specs import FRESHNESS, PUBLICATIONS_LAST, table_spec
from meeting_assets.orchestration.resources import storage_key, storage_of
from meeting_assets.orchestration.workspace import PUBLICATIONS, Workspace
from meeting_assets.pipeline.search_index import index_days, passage_counts
from meeting_assets.schema.search_index import SearchIndex
from meeting_assets.store.database import table_of

UPSTREAM = (Transcripts, TranscriptUtterances)


def search_asset(days: dg.DailyPartitionsDefinition, database: str, workspace: Workspace) -> dg.AssetsDefinition:
    """Defines the search index."""
    name = table_of(SearchIndex).name
    key = workspace.key(name)

    @dg.multi_asset(
        name=workspace.named(name),
        specs=[
            table_spec(
                SearchIndex,
                workspace,
                database=database,
                deps=[workspace.key(table_of(table).name) for table in UPSTREAM],
                group_name=workspace.group(PUBLICATIONS),
                code_version=INDEX_VERSION,
                freshness_policy=FRESHNESS,
            )
        ],
        partitions_def=days,
        backfill_policy=BACKFILL,
        required_resource_keys={storage_key(workspace)},
        op_tags=PUBLICATIONS_LAST,
    )
    def _index(context: dg.AssetExecutionContext) -> Iterable[dg.MaterializeResult[None]]:
        days = partition_days(context)
        with storage_of(context, workspace).open_storage() as (_, opened_storage):
            report = index_days(days, opened_storage)
            with opened_storage.database.reading() as connection:
                counts, versions = passage_counts(connection, days), parsed_versions(connection, ARTIFACT, days)
        metadata = {
            day: {PARTITION_ROW_COUNT: counts.get(day, 0), DATA_VERSION: f"{INDEX_VERSION}-{version}"}
            for day, version in versions.items()
        }
        totals = {
            "new": report.new,
            "changed": report.changed,
            "removed": report.removed,
            "unchanged": report.unchanged,
            "index_s": report.index_s,
        }
        yield from published(
            context, [materialization(context, key, run_metadata=totals, metadata_by_partition=metadata)]
        )

    return _index
