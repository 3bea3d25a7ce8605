"""What the materializations of a run show on Dagster's pages."""

from __future__ import annotations

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
    """The table of recordings, by id, in its order."""
    (table,) = (value for name, value in metadata.items() if name.startswith("recording_states"))
    return {record.data["recording_id"]: dict(record.data) for record in table.records}
