"""Materializations of a step: totals of the run, counts of the whole table, and values of each day or week.

Dagster gives every partition of a range a materialization of its own. Totals of the run are the same in all of them, so
their names start with `run.`, and those of a range are texts such as `47 in 14 partitions`: Dagster would plot numbers
as if each day had all of them. Every other value belongs to the table or to the partition alone, and can be plotted.

Each partition has a data version of its own. Dagster gives all materializations of a run the same one, so a run of
several partitions adds an observation of each with its version (docs/decisions, "Data versions by day").
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple

import dagster as dg
from sqlmodel import SQLModel

from meeting_assets.health.counts import DayCounts, RecordingState
from meeting_assets.health.data_versions import DataVersions, version_of_range
from meeting_assets.metrics.tables import MeetingMetrics
from meeting_assets.orchestration.workspace import Workspace
from meeting_assets.store.database import table_of

RUN = "run."
NAMED_RECORDINGS = "named_recordings"
"""Metadata key of the number of recordings in the run config; 0 if the run looked for all recordings of its days."""
LISTED_AT = "listed_at"
"""Metadata key of the instant at which the run began to list recordings."""
RECORDING_STATES = "recording_states"
"""Metadata key of the table with the state of each recording of a day, at the end of the run."""
STATES_AFTER_FETCH = "recording_states_after_fetch"
"""Metadata key of the same table before artifacts are parsed."""
DATA_VERSION = "data_version"
"""Metadata key of a partition's data version, which changes if and only if the content of the partition changes."""
DATA_VERSION_TAG = "dagster/data_version"
MOST_OBSERVED = 10
"""Runs of more partitions publish one version for all: an observation costs as much as a materialization, and backfills
change most of their days anyway. The nightly run has eight days."""
ALWAYS_OBSERVED = table_of(MeetingMetrics).name
"""The asset whose partitions have versions of their own in runs of any length. Assets of other projects usually follow
it, and one asset costs little."""
ROW_COUNT, PARTITION_ROW_COUNT = "dagster/row_count", "dagster/partition_row_count"
RATE_SUFFIX = "_per_s"
NO_PARTITIONS: Mapping[date, Mapping[str, Any]] = {}

_STATE_SCHEMA = dg.TableSchema(
    [
        dg.TableColumn("recording_id", description="id at Recall.ai"),
        dg.TableColumn("status", description="status of the recording at Recall.ai"),
        dg.TableColumn("artifacts", description="number of artifacts by their state in the ledger"),
    ]
)

PartitionMetadata = Mapping[date, Mapping[str, Any]]
"""Metadata of each partition, by its day or Monday."""


class Materialization(NamedTuple):
    """A materialization, with the data version of each of its partitions."""

    result: dg.MaterializeResult[None]
    versions: DataVersions


def materialization(
    context: dg.AssetExecutionContext,
    key: dg.AssetKey,
    *,
    run_metadata: Mapping[str, Any],
    table_metadata: Mapping[str, Any] = {},
    metadata_by_partition: PartitionMetadata = NO_PARTITIONS,
) -> Materialization:
    """The materialization of an asset, of which Dagster makes one event per partition.

    Pages show the values of the partition first, then those of the table and the totals of the run, and last the data
    version, which the fewest readers need.
    """
    totals = {name: shown_total(name, value, len(metadata_by_partition)) for name, value in run_metadata.items()}
    shared = {**table_metadata, **{f"{RUN}{name}": value for name, value in totals.items()}}
    for partition, metadata in metadata_by_partition.items():
        shown = {name: value for name, value in {**metadata, **shared}.items() if name != DATA_VERSION}
        if DATA_VERSION in metadata:
            shown[DATA_VERSION] = metadata[DATA_VERSION]
        context.add_asset_metadata(shown, asset_key=key, partition_key=partition.isoformat())
    versions = {
        partition: metadata[DATA_VERSION]
        for partition, metadata in metadata_by_partition.items()
        if DATA_VERSION in metadata
    }
    version = version_of_range(versions) if versions else shared.get(DATA_VERSION)
    result = dg.MaterializeResult[None](
        asset_key=key,
        metadata=None if metadata_by_partition else shared,
        data_version=dg.DataVersion(version) if version else None,
    )
    return Materialization(result, versions)


def shown_total(name: str, value: Any, partition_count: int) -> Any:
    """The shown value of a total of the run: a text in a run of several partitions.

    The number of named recordings is a setting, and the same for each partition. Rates are no sums of partitions.
    """
    if not isinstance(value, int | float) or name == NAMED_RECORDINGS or partition_count <= 1:
        return value
    number = f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"
    return number if name.endswith(RATE_SUFFIX) else f"{number} in {partition_count} partitions"


def published(
    context: dg.AssetExecutionContext, found: Iterable[Materialization]
) -> Iterable[dg.MaterializeResult[None]]:
    """Yields materializations, and logs the data versions of their partitions after each."""
    for result, versions in found:
        yield result
        if len(versions) > 1 and result.asset_key is not None and _is_observed(result.asset_key, len(versions)):
            for partition, version in versions.items():
                context.log_event(
                    dg.AssetObservation(
                        result.asset_key, partition=partition.isoformat(), tags={DATA_VERSION_TAG: version}
                    )
                )


def _is_observed(key: dg.AssetKey, partition_count: int) -> bool:
    return partition_count <= MOST_OBSERVED or key.path[-1] == ALWAYS_OBSERVED


def materializations(
    context: dg.AssetExecutionContext,
    workspace: Workspace,
    run_metadata: Mapping[str, Any],
    row_counts: Mapping[type[SQLModel], int],
    metadata_by_partition: Mapping[type[SQLModel], PartitionMetadata],
    table_metadata: Mapping[str, Any] = {},
) -> Iterable[dg.MaterializeResult[None]]:
    """A materialization for every table: Dagster skips all steps downstream of an output that is not emitted.

    They are in the order of `row_counts`, in which each table comes after those that it derives from, as Dagster
    expects of the outputs of a step.
    """
    for model, row_count in row_counts.items():
        if (key := workspace.key(table_of(model).name)) in context.selected_asset_keys:
            found = materialization(
                context,
                key,
                run_metadata=run_metadata,
                table_metadata={ROW_COUNT: row_count, **table_metadata},
                metadata_by_partition=metadata_by_partition.get(model, NO_PARTITIONS),
            )
            yield from published(context, [found])


def partition_row_counts(
    counts: Mapping[type[SQLModel], DayCounts], versions: DataVersions
) -> dict[type[SQLModel], dict[date, dict[str, Any]]]:
    """Row counts of partitions as Dagster's UI reads and plots them; a partition without rows has 0.

    All tables of a step have the same data versions.
    """
    return {
        model: {
            partition: {PARTITION_ROW_COUNT: row_counts.get(partition, 0), DATA_VERSION: version}
            for partition, version in versions.items()
        }
        for model, row_counts in counts.items()
    }


def recording_state_table(states: Iterable[RecordingState]) -> dg.TableMetadataValue:
    """The states of the recordings of a day, without personal data: `6 parsed, 1 failed`."""
    # A column per state would leave too little room for ids, which the page would break into lines.
    return dg.MetadataValue.table(
        [
            dg.TableRecord(
                {
                    "recording_id": each.recording_id,
                    "status": each.status,
                    "artifacts": ", ".join(f"{count} {state}" for state, count in each.artifacts.items() if count),
                }
            )
            for each in states
        ],
        schema=_STATE_SCHEMA,
    )
