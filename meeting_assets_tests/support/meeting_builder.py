"""Builds short meetings, and returns their metrics by column name.

`said("ann", 0, 5)` is a segment, `meeting_of(...)` a meeting of 100 s, `metrics_of(...)` its metrics.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlmodel import SQLModel

from meeting_assets.metrics import metric_rows
from meeting_assets.metrics.attendance import Attendance
from meeting_assets.metrics.meeting import Attendee, Event, MeetingInput, RawSegment, Word
from meeting_assets.metrics.parameters import Parameters
from meeting_assets.metrics.persons import PersonMetrics
from meeting_assets.metrics.quality import DataQuality
from meeting_assets.metrics.tables import MeetingMetrics, ParticipantMetrics
from meeting_assets.metrics.turns import SpeakerTransitions, Turns
from meeting_assets.metrics.windows import BalanceWindows

RECORDING_ID = "0b6e4a60-5d4f-4f0e-8d1c-2f8f1c7d9a01"
TRANSCRIPT_ID = "7f3f0f9e-9d35-4c3b-9a5e-1f8f0a3b2c02"
STARTED_AT = datetime(2026, 1, 5, 9, tzinfo=UTC)


def said(speaker: str, start_s: float | None, end_s: float | None, *, name: str | None = None) -> RawSegment:
    return RawSegment(speaker, name, start_s, end_s)


def word(speaker: str, start_s: float | None, end_s: float | None, text: str = "word") -> Word:
    return speaker, start_s, end_s, text


def on(speaker: str, at_s: float | None) -> Event:
    return Event(speaker, None, "speech_on", at_s)


def off(speaker: str, at_s: float | None) -> Event:
    return Event(speaker, None, "speech_off", at_s)


def attendees(*keys: str) -> list[Attendee]:
    return [Attendee(key, key.title(), is_bot=False) for key in keys]


def bot(key: str) -> Attendee:
    return Attendee(key, key.title(), is_bot=True)


def meeting_of(*timeline: RawSegment, duration_s: float | None = 100, **given: Any) -> MeetingInput:
    """A meeting with this timeline; its duration is unknown if `duration_s` is None."""
    completed_at = None if duration_s is None else STARTED_AT + timedelta(seconds=duration_s)
    return MeetingInput(
        RECORDING_ID, **{"timeline": timeline, "started_at": STARTED_AT, "completed_at": completed_at, **given}
    )


STORED_LATER = frozenset({"derived_at", "modified_at"})
"""Columns that the database fills."""


@dataclass(frozen=True)
class Metrics:
    """The rows of one meeting, by column name, without the columns that the database fills."""

    meeting: dict[str, Any]
    participants: dict[str, dict[str, Any]]
    persons: dict[str, dict[str, Any]]
    turns: list[dict[str, Any]]
    transitions: dict[tuple[str, str], int]
    windows: list[dict[str, Any]]
    attendance: list[dict[str, Any]]
    quality: dict[str, Any]

    def talk_times_s(self) -> dict[str, float | None]:
        return {key: row["talk_time_s"] for key, row in self.participants.items()}

    def without_counts(self) -> tuple[Any, ...]:
        """All rows without the counts that depend on how speech is cut into segments."""
        counts = {"dropped_intervals", "open_intervals", "clipped_intervals"}
        of_meeting = {name: value for name, value in self.meeting.items() if name not in counts}
        return of_meeting, self.participants, self.persons, self.turns, self.transitions, self.windows, self.attendance


def metrics_of(meeting: MeetingInput, parameters: Parameters | None = None) -> Metrics:
    rows: dict[type[SQLModel], list[dict[str, Any]]] = {
        table: [_by_column(table, row) for row in of_table]
        for table, of_table in metric_rows(meeting, parameters or Parameters(), "hash").items()
    }
    [meeting_row] = rows[MeetingMetrics]
    [quality_row] = rows[DataQuality]
    return Metrics(
        meeting=meeting_row,
        participants={row["participant_key"]: row for row in rows[ParticipantMetrics]},
        persons={row["person_key"]: row for row in rows[PersonMetrics]},
        turns=rows[Turns],
        transitions={(row["from_key"], row["to_key"]): row["switch_count"] for row in rows[SpeakerTransitions]},
        windows=rows[BalanceWindows],
        attendance=rows[Attendance],
        quality=quality_row,
    )


def _by_column(table: type[SQLModel], row: tuple[Any, ...]) -> dict[str, Any]:
    columns = zip(table.model_fields, row, strict=True)
    return {name: value for name, value in columns if name not in STORED_LATER}
