"""Materializations of a step: totals of the run, counts of the whole table, and values of each day or week.

Dagster gives every partition of a range a materialization of its own. Totals of the run are the same in all of them, so
their names start with `run.`. Every other value belongs to the table or to the partition alone, and can be plotted.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import dagster as dg
from sqlmodel import SQLModel

from meeting_assets.health.counts import DayCounts, RecordingState
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
ROW_COUNT, PARTITION_ROW_COUNT = "dagster/row_count", "dagster/partition_row_count"
NO_PARTITIONS: Mapping[date, Mapping[str, Any]] = {}

PartitionMetadata = Mapping[date, Mapping[str, Any]]
"""Metadata of each partition, by its day or Monday."""


def materialization(
    context: dg.AssetExecutionContext,
    key: dg.AssetKey,
    *,
    run_metadata: Mapping[str, Any],
    table_metadata: Mapping[str, Any] = {},
    metadata_by_partition: PartitionMetadata = NO_PARTITIONS,
) -> dg.MaterializeResult[None]:
    """The materialization of an asset, of which Dagster makes one event per partition.

    Pages show the values of the partition first, then those of the table and the totals of the run.
    """
    shared = {**table_metadata, **{f"{RUN}{name}": value for name, value in run_metadata.items()}}
    for partition, metadata in metadata_by_partition.items():
        context.add_asset_metadata({**metadata, **shared}, asset_key=key, partition_key=partition.isoformat())
    return dg.MaterializeResult(asset_key=key, metadata=None if metadata_by_partition else shared)


def materializations(
    context: dg.AssetExecutionContext,
    run_metadata: Mapping[str, Any],
    row_counts: Mapping[type[SQLModel], int],
    metadata_by_partition: Mapping[type[SQLModel], PartitionMetadata],
) -> Iterable[dg.MaterializeResult[None]]:
    """A materialization for every table: Dagster skips all steps downstream of an output that is not emitted.

    They are in the order of `row_counts`, in which each table comes after those that it derives from, as Dagster
    expects of the outputs of a step.
    """
    for model, row_count in row_counts.items():
        if (key := dg.AssetKey(table_of(model).name)) in context.selected_asset_keys:
            yield materialization(
                context,
                key,
                run_metadata=run_metadata,
                table_metadata={ROW_COUNT: row_count},
                metadata_by_partition=metadata_by_partition.get(model, NO_PARTITIONS),
            )


def partition_row_counts(
    counts: Mapping[type[SQLModel], DayCounts], partitions: Sequence[date]
) -> dict[type[SQLModel], dict[date, dict[str, Any]]]:
    """Row counts of partitions as Dagster's UI reads and plots them; a partition without rows has 0."""
    return {
        model: {partition: {PARTITION_ROW_COUNT: row_counts.get(partition, 0)} for partition in partitions}
        for model, row_counts in counts.items()
    }


def recording_state_table(states: Iterable[RecordingState]) -> dg.TableMetadataValue:
    """The states of recordings, without personal data."""
    return dg.MetadataValue.table(
        [dg.TableRecord({**each._asdict(), "day": each.day.isoformat()}) for each in states],
        schema=dg.TableSchema([dg.TableColumn(name) for name in RecordingState._fields]),
    )
