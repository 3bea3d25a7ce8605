"""Rows of `audio_activity` and `audio_analyses`, read and replaced by part."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import ColumnElement, Connection, select

from meeting_assets.schema.audio_activity import AudioActivity, AudioAnalyses
from meeting_assets.store.bulk import insert_rows
from meeting_assets.store.database import table_of

ACTIVITY, ANALYSES = table_of(AudioActivity), table_of(AudioAnalyses)
AudioInput: TypeAlias = tuple[str, str]
"""part_id and inputs_hash of an analysed part."""


class Analysis(NamedTuple):
    """A row of `audio_analyses`."""

    recording_id: str
    part_id: str
    participant_key: str
    inputs_hash: str
    analysed_s: float | None
    activity_s: float | None
    error: str | None


def inputs_of(connection: Connection, condition: ColumnElement[bool]) -> dict[str, list[AudioInput]]:
    """The analysed parts that meet a condition, by recording: inputs of the metrics."""
    found: dict[str, list[AudioInput]] = defaultdict(list)
    c = ANALYSES.c
    for recording_id, *part in connection.execute(select(c.recording_id, c.part_id, c.inputs_hash).where(condition)):
        found[recording_id].append((part[0], part[1]))
    return found


def replace_part(
    connection: Connection,
    analysis: Analysis,
    participant_id: int | None,
    intervals_s: Sequence[tuple[float, float]],
) -> None:
    """Replaces the rows of one part; the caller holds the lock of its recording."""
    for table in (ACTIVITY, ANALYSES):
        connection.execute(table.delete().where(_is_part(table.c, analysis.recording_id, analysis.part_id)))
    rows = [
        (analysis.recording_id, analysis.part_id, index, analysis.participant_key, participant_id, start_s, end_s)
        for index, (start_s, end_s) in enumerate(intervals_s)
    ]
    insert_rows(connection, AudioActivity, rows)
    insert_rows(connection, AudioAnalyses, [analysis])


def forget_part(connection: Connection, recording_id: str, part_id: str) -> bool:
    """Deletes the rows of one part; returns whether there were any."""
    deleted = [
        connection.execute(table.delete().where(_is_part(table.c, recording_id, part_id))).rowcount
        for table in (ACTIVITY, ANALYSES)
    ]
    return any(deleted)


def _is_part(columns: Any, recording_id: str, part_id: str) -> Any:
    return (columns.recording_id == recording_id) & (columns.part_id == part_id)
