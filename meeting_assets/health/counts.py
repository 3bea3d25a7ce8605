"""Row counts of tables, and the state of each recording of a day.

Large tables are not scanned: the ledger and small tables already contain the row counts of larger ones.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select, true
from sqlmodel import SQLModel

from meeting_assets.artifacts.artifact import Artifact
from meeting_assets.metrics import METRICS, ROW_COUNT_SOURCE
from meeting_assets.schema.persistent import Recordings
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger import LEDGER, RECORDINGS
from meeting_assets.store.ledger_states import FETCHED, PARSED, PENDING, QUARANTINED

MAX_STATES = 50


class RecordingState(NamedTuple):
    """A recording with the number of its artifacts that are parsed, only fetched, pending and quarantined."""

    recording_id: str
    day: date
    status: str
    parsed: int
    fetched: int
    waiting: int
    unreadable: int


def recording_count(connection: Connection, days: Collection[date] | None = None) -> int:
    """The number of recordings of some days, or of all."""
    return _counted(connection, Recordings, days)


def parsed_row_counts(
    connection: Connection, artifact: Artifact, days: Collection[date] | None = None
) -> dict[type[SQLModel], int]:
    """The row count of each table of an artifact, for some days or for all."""
    counts: dict[type[SQLModel], int] = {
        model: _summed(connection, model, artifact.row_count_source, days) for model in artifact.tables[:-1]
    }
    of_kind = (LEDGER.c.kind == artifact.kind, _of_days(LEDGER, days))
    counts[artifact.tables[-1]] = int(connection.scalar(select(func.sum(LEDGER.c.row_count)).where(*of_kind)) or 0)
    return counts


def metric_row_counts(connection: Connection, days: Collection[date] | None = None) -> dict[type[SQLModel], int]:
    """The row count of each metric table, for some days or for all."""
    return {model: _summed(connection, model, ROW_COUNT_SOURCE, days) for model in METRICS}


def recording_states(
    connection: Connection, days: Collection[date], recording_ids: Collection[str] = ()
) -> list[RecordingState]:
    """The states of the recordings of some days, incomplete ones first; at most `MAX_STATES`."""
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
        .limit(MAX_STATES)
    )
    return [RecordingState(*row) for row in connection.execute(query)]


def _summed(
    connection: Connection,
    model: type[SQLModel],
    row_count_columns: Mapping[type[SQLModel], Any],
    days: Collection[date] | None,
) -> int:
    if model not in row_count_columns:
        return _counted(connection, model, days)
    column = row_count_columns[model]
    query = select(func.sum(column)).where(_of_days(table_of(column.class_), days))
    return int(connection.scalar(query) or 0)


def _counted(connection: Connection, model: type[SQLModel], days: Collection[date] | None) -> int:
    table = table_of(model)
    return connection.scalar(select(func.count()).select_from(table).where(_of_days(table, days))) or 0


def _of_days(table: Any, days: Collection[date] | None) -> Any:
    if days is None:
        return true()
    return table.c.recording_id.in_(select(RECORDINGS.c.recording_id).where(RECORDINGS.c.day.in_(days)))
