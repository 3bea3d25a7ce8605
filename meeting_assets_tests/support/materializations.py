"""What the materializations of a run show on Dagster's pages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import dagster as dg

Metadata = dict[str, Any]


def shown(run_id: str, day: date) -> dict[str, Metadata]:
    """The metadata of a run's materializations of a day, by asset."""
    with dg.DagsterInstance.get() as instance:
        events = instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
    found: dict[str, Metadata] = {}
    for entry in events:
        assert entry.dagster_event
        made = entry.dagster_event.step_materialization_data.materialization
        if made.partition == day.isoformat():
            found[made.asset_key.to_user_string()] = {name: value.value for name, value in made.metadata.items()}
    return found


def recording_states(metadata: Metadata) -> dict[str, Metadata]:
    """The recordings of a day by id, in the order of the table: the status, and the number of artifacts by state."""
    (table,) = (value for name, value in metadata.items() if name.startswith("recording_states"))
    return {record.data["recording_id"]: _row(record.data) for record in table.records}


def _row(data: Mapping[str, Any]) -> Metadata:
    counts = (each.split(" ") for each in data["artifacts"].split(", ") if each)
    return {"status": data["status"], **{state: int(count) for count, state in counts}}
