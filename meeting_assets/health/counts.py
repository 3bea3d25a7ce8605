"""Row counts of tables and of each day, and the state of each recording of a day.

Large tables are not scanned: the ledger and small tables already contain the row counts of larger ones. Counts by day
take one query per table, grouped by day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, Table, func, select
from sqlmodel import SQLModel

from meeting_assets.artifacts.artifact import Artifact
from meeting_assets.metrics import METRICS, ROW_COUNT_SOURCE
from meeting_assets.metrics.tables import MeetingMetrics
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger import LEDGER, RECORDINGS
from meeting_assets.store.ledger_states import (
    ABSENT,
    DELETED,
    FAILED,
    FETCHED,
    PARSED,
    PENDING,
    QUARANTINED,
    SUPERSEDED,
)

MAX_STATES = 50
LEDGER_STATES = (PARSED, FETCHED, PENDING, QUARANTINED, FAILED, ABSENT, SUPERSEDED, DELETED)
SECONDS_PER_HOUR = 3600.0

DayCounts = Mapping[date, int]
"""Row counts by day; days without rows are missing."""


class RecordingState(NamedTuple):
    """A recording with the number of its ledger rows of each state."""

    recording_id: str
    day: date
    status: str
    """The recording's status at Recall.ai."""
    artifacts: Mapping[str, int]
    """The number of rows by ledger state, in the order of `LEDGER_STATES`."""


def table_row_count(connection: Connection, model: type[SQLModel]) -> int:
    """The number of all rows of a small table."""
    return _total(connection, model, {})


def table_row_counts_by_day(connection: Connection, model: type[SQLModel], days: Collection[date]) -> DayCounts:
    """The number of rows of a small table about recordings for each of some days."""
    return _by_day(connection, model, {}, days)


def recordings_by_day(connection: Connection, days: Collection[date]) -> dict[date, dict[str, int]]:
    """The number of recordings of each day by status. A status without recordings on a day counts 0."""
    key = RECORDINGS.c.day, RECORDINGS.c.status
    query = select(*key, func.count()).where(RECORDINGS.c.day.in_(days)).group_by(*key)
    return _by_name(connection, query, days)


def artifacts_by_day(connection: Connection, kind: str, days: Collection[date]) -> dict[date, dict[str, int]]:
    """The number of artifacts of a kind of each day by state. A state without artifacts on a day counts 0."""
    key = RECORDINGS.c.day, LEDGER.c.status
    query = select(*key, func.count()).join_from(LEDGER, RECORDINGS, RECORDINGS.c.recording_id == LEDGER.c.recording_id)
    return _by_name(connection, query.where(LEDGER.c.kind == kind, RECORDINGS.c.day.in_(days)).group_by(*key), days)


def parsed_row_counts(connection: Connection, artifact: Artifact) -> dict[type[SQLModel], int]:
    """The row count of each table of an artifact."""
    counts: dict[type[SQLModel], int] = {
        model: _total(connection, model, artifact.row_count_source) for model in artifact.tables[:-1]
    }
    of_kind = select(func.sum(LEDGER.c.row_count)).where(LEDGER.c.kind == artifact.kind)
    counts[artifact.tables[-1]] = int(connection.scalar(of_kind) or 0)
    return counts


def parsed_row_counts_by_day(
    connection: Connection, artifact: Artifact, days: Collection[date]
) -> dict[type[SQLModel], DayCounts]:
    """The row count of each table of an artifact on each of some days."""
    counts: dict[type[SQLModel], DayCounts] = {
        model: _by_day(connection, model, artifact.row_count_source, days) for model in artifact.tables[:-1]
    }
    of_kind = _grouped(LEDGER, func.sum(LEDGER.c.row_count), days).where(LEDGER.c.kind == artifact.kind)
    counts[artifact.tables[-1]] = _as_counts(connection, of_kind)
    return counts


def metric_row_counts(connection: Connection) -> dict[type[SQLModel], int]:
    """The row count of each metric table."""
    return {model: _total(connection, model, ROW_COUNT_SOURCE) for model in METRICS}


def metric_row_counts_by_day(connection: Connection, days: Collection[date]) -> dict[type[SQLModel], DayCounts]:
    """The row count of each metric table on each of some days."""
    return {model: _by_day(connection, model, ROW_COUNT_SOURCE, days) for model in METRICS}


def recording_states(connection: Connection, days: Collection[date]) -> dict[date, list[RecordingState]]:
    """The states of the recordings of each day, incomplete ones first; at most `MAX_STATES` of a day."""
    counts = {state: func.count().filter(LEDGER.c.status == state) for state in LEDGER_STATES}
    incomplete = [counts[state].desc() for state in (QUARANTINED, PENDING, FAILED)]
    recording = RECORDINGS.c.recording_id, RECORDINGS.c.day, RECORDINGS.c.status.label("recording_status")
    rank = func.row_number().over(partition_by=RECORDINGS.c.day, order_by=(*incomplete, RECORDINGS.c.recording_id))
    ranked = (
        select(*recording, *(count.label(state) for state, count in counts.items()), rank.label("rank"))
        .join_from(RECORDINGS, LEDGER, RECORDINGS.c.recording_id == LEDGER.c.recording_id, isouter=True)
        .where(RECORDINGS.c.day.in_(days))
        .group_by(RECORDINGS.c.recording_id)
        .subquery()
    )
    query = select(ranked).where(ranked.c.rank <= MAX_STATES).order_by(ranked.c.day, ranked.c.rank)
    states: dict[date, list[RecordingState]] = defaultdict(list)
    for recording_id, day, status, *found, _ in connection.execute(query):
        states[day].append(RecordingState(recording_id, day, status, dict(zip(LEDGER_STATES, found, strict=True))))
    return states


def meeting_totals_by_day(connection: Connection, days: Collection[date]) -> dict[date, dict[str, float]]:
    """Hours, participants, words and interruptions of all meetings of each day; a day without meetings has zeros."""
    c = table_of(MeetingMetrics).c
    sums = {
        "day.meeting_hours": func.sum(c.duration_s) / SECONDS_PER_HOUR,
        "day.speech_hours": func.sum(c.speech_s) / SECONDS_PER_HOUR,
        "day.participants": func.sum(c.participant_count),
        "day.words": func.sum(c.word_count),
        "day.interruptions": func.sum(c.interruption_count),
    }
    day = RECORDINGS.c.day
    query = select(day, *sums.values()).join_from(
        c.recording_id.table, RECORDINGS, RECORDINGS.c.recording_id == c.recording_id
    )
    found = {each: values for each, *values in connection.execute(query.where(day.in_(days)).group_by(day))}
    return {
        each: {
            name: round(float(value or 0), 3) if name.endswith("_hours") else int(value or 0)
            for name, value in zip(sums, found.get(each, [0] * len(sums)), strict=True)
        }
        for each in days
    }


def _total(connection: Connection, model: type[SQLModel], row_count_columns: Mapping[type[SQLModel], Any]) -> int:
    table, count = _counted(model, row_count_columns)
    return int(connection.scalar(select(count).select_from(table)) or 0)


def _by_day(
    connection: Connection,
    model: type[SQLModel],
    row_count_columns: Mapping[type[SQLModel], Any],
    days: Collection[date],
) -> DayCounts:
    return _as_counts(connection, _grouped(*_counted(model, row_count_columns), days))


def _counted(model: type[SQLModel], row_count_columns: Mapping[type[SQLModel], Any]) -> tuple[Table, Any]:
    """The table that knows the row count of a model, and the expression of that count."""
    if model not in row_count_columns:
        return table_of(model), func.count()
    column = row_count_columns[model]
    return table_of(column.class_), func.sum(column)


def _grouped(table: Table, count: Any, days: Iterable[date]) -> Select[Any]:
    """The query of a count of each day. `table` has a column `recording_id`."""
    day = RECORDINGS.c.day
    query = select(day, count).join_from(table, RECORDINGS, RECORDINGS.c.recording_id == table.c.recording_id)
    return query.where(day.in_(days)).group_by(day)


def _as_counts(connection: Connection, query: Select[Any]) -> DayCounts:
    return {day: int(count or 0) for day, count in connection.execute(query)}


def _by_name(connection: Connection, query: Select[Any], days: Collection[date]) -> dict[date, dict[str, int]]:
    """Counts of each day by name. A name without rows on a day counts 0, so that a plot over the days has no gap."""
    counts = {(day, name): count for day, name, count in connection.execute(query)}
    names = sorted({name for _, name in counts})
    return {day: {name: counts.get((day, name), 0) for name in names} for day in days}
