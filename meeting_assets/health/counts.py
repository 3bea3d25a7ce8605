"""What the tables hold, in numbers that cost little to ask: rows per table, and where each recording of a day stands.

Large tables are not walked: the ledger, and small tables that sum up larger ones, know how many rows they have.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select, true
from sqlmodel import SQLModel

from meeting_assets.artifacts.artifact import Artifact
from meeting_assets.metrics import COUNTED_IN, METRICS
from meeting_assets.schema.persistent import Recordings
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger import LEDGER, RECORDINGS
from meeting_assets.store.states import FETCHED, PARSED, PENDING, QUARANTINED

MOST_STANDINGS = 50


class RecordingState(NamedTuple):
    """Where a recording stands: how many of its artifacts are in tables, fetched only, waited for, unreadable."""

    recording_id: str
    day: date
    status: str
    parsed: int
    fetched: int
    waiting: int
    unreadable: int


def recording_count(connection: Connection, days: Collection[date] | None = None) -> int:
    """How many recordings some days have, or all."""
    return _counted(connection, Recordings, days)


def parsed_row_counts(
    connection: Connection, artifact: Artifact, days: Collection[date] | None = None
) -> dict[type[SQLModel], int]:
    """How many rows each table of an artifact has for some days, or for all."""
    counts: dict[type[SQLModel], int] = {
        model: _tallied(connection, model, artifact.row_count_source, days) for model in artifact.tables[:-1]
    }
    of_kind = (LEDGER.c.kind == artifact.kind, _of_days(LEDGER, days))
    counts[artifact.tables[-1]] = int(connection.scalar(select(func.sum(LEDGER.c.row_count)).where(*of_kind)) or 0)
    return counts


def metric_row_counts(connection: Connection, days: Collection[date] | None = None) -> dict[type[SQLModel], int]:
    """How many rows each metric table has for some days, or for all."""
    return {model: _tallied(connection, model, COUNTED_IN, days) for model in METRICS}


def recording_states(
    connection: Connection, days: Collection[date], recording_ids: Collection[str] = ()
) -> list[RecordingState]:
    """Where the recordings of some days stand, those that need something first; at most `MOST_STANDINGS`."""
    parsed, fetched, waiting, unreadable = (
        func.count().filter(LEDGER.c.status == status) for status in (PARSED, FETCHED, PENDING, QUARANTINED)
    )
    recording = RECORDINGS.c.recording_id, RECORDINGS.c.day, RECORDINGS.c.status
    query = (
        select(*recording, parsed, fetched, waiting, unreadable)
        .join_from(RECORDINGS, LEDGER, RECORDINGS.c.recording_id == LEDGER.c.recording_id, isouter=True)
        .where(RECORDINGS.c.day.in_(days), RECORDINGS.c.recording_id.in_(recording_ids) if recording_ids else true())
        .group_by(RECORDINGS.c.recording_id)
        .order_by(unreadable.desc(), waiting.desc(), RECORDINGS.c.day.desc(), RECORDINGS.c.recording_id)
        .limit(MOST_STANDINGS)
    )
    return [RecordingState(*row) for row in connection.execute(query)]


def _tallied(
    connection: Connection,
    model: type[SQLModel],
    counted_in: Mapping[type[SQLModel], Any],
    days: Collection[date] | None,
) -> int:
    if model not in counted_in:
        return _counted(connection, model, days)
    column = counted_in[model]
    summed = select(func.sum(column)).where(_of_days(table_of(column.class_), days))
    return int(connection.scalar(summed) or 0)


def _counted(connection: Connection, model: type[SQLModel], days: Collection[date] | None) -> int:
    table = table_of(model)
    return connection.scalar(select(func.count()).select_from(table).where(_of_days(table, days))) or 0


def _of_days(table: Any, days: Collection[date] | None) -> Any:
    if days is None:
        return true()
    return table.c.recording_id.in_(select(RECORDINGS.c.recording_id).where(RECORDINGS.c.day.in_(days)))
