"""Numbers about one meeting: pure functions of its parsed rows, with a definition for every column.

    meeting      what is known of a meeting before anything is measured
    parameters   what can be set, and the hash that says when a row is out of date
    hygiene      what a source claims -> speech that can be measured
    speech       who was there, who spoke when: one timing source per recording
    airtime      how much was speech, and whose
    balance      how evenly it was spread
    sources      which columns of parsed tables the numbers are made from
    tables       the tables these columns make

A new metric is a file with its columns and the functions that fill them. Columns of these two tables then
join `tables` and a row below; a new table is a line in `METRICS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from sqlmodel import SQLModel, col

from meeting_assets.metrics.airtime import meeting_airtime, participant_airtime
from meeting_assets.metrics.balance import meeting_balance
from meeting_assets.metrics.meeting import MeetingInput
from meeting_assets.metrics.parameters import Parameters
from meeting_assets.metrics.speech import Columns, SpokenMeeting, meeting_timing, spoken_meeting
from meeting_assets.metrics.tables import MeetingMetrics, ParticipantMetrics

Row: TypeAlias = tuple[object, ...]
MeetingResult: TypeAlias = Mapping[type[SQLModel], list[Row]]


def participant_rows(meeting: SpokenMeeting) -> Iterator[Columns]:
    """Rows of `ParticipantMetrics`: the attendees in their order, then those who only occur elsewhere."""
    airtime = participant_airtime(meeting)
    for key, person in meeting.people.items():
        yield {
            "participant_key": key,
            "name": person.name,
            "is_listed": person.is_listed,
            **airtime[key],
        }


def meeting_rows(meeting: SpokenMeeting) -> Iterator[Columns]:
    """The row of `MeetingMetrics`."""
    yield {
        "transcript_id": meeting.given.transcript_id,
        **meeting_timing(meeting),
        **meeting_airtime(meeting),
        **meeting_balance(meeting),
    }


METRICS: Mapping[type[SQLModel], Callable[[SpokenMeeting], Iterator[Columns]]] = {
    ParticipantMetrics: participant_rows,
    MeetingMetrics: meeting_rows,
}

# The column of a smaller table that sums up to a table's rows.
COUNTED_IN: Mapping[type[SQLModel], Any] = {ParticipantMetrics: col(MeetingMetrics.participant_count)}


def measured(meeting: MeetingInput, parameters: Parameters, inputs_hash: str) -> MeetingResult:
    """All rows about one meeting by table, in column order; the same bits for the same inputs.

    Args:
        meeting: what its parsed tables say.
        parameters: what was set.
        inputs_hash: from `parameters.inputs_hash`; written down, not checked.
    """
    spoken = spoken_meeting(meeting, preferred=parameters.timing_source)
    stamp: Columns = {
        "recording_id": meeting.recording_id,
        "config_version": parameters.config_version,
        "inputs_hash": inputs_hash,
    }
    return {table: [_row(table, stamp | columns) for columns in rows(spoken)] for table, rows in METRICS.items()}


def _row(table: type[SQLModel], columns: Columns) -> Row:
    return tuple(columns[name] for name in table.model_fields)
