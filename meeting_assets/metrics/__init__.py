"""Numbers about one meeting: pure functions of its parsed rows, with a definition for every column.

    meeting         what is known of a meeting before anything is measured
    parameters      what can be set, and the hash that says when a row is out of date
    hygiene         what a source claims -> speech that can be measured
    switches        what is switched on and off -> stretches of time
    speech          who was there, who spoke when: one timing source per recording
    airtime         how much was speech, and whose; how much silence and overlap
    turns           who held the floor, for how long, and who followed whom
    timing          how fast: offsets, latencies, gaps, pauses, overlaps
    interruptions   who talked over whom, who listened aloud
    balance         how evenly the talk was spread
    windows         the same, as the meeting went on
    attendance      who was there when; cameras, shared screens, chat
    words           how much was said, how fast; fillers, questions
    identity        which participants are one person
    persons         how each person took part, on all devices together
    quality         how far all this can be trusted
    trends          what becomes of it from week to week, and of whom: made of many meetings
    arithmetic      what all of these share
    sources         which columns of parsed tables the numbers are made from
    tables          the wide tables these columns make

A new metric is a file with its columns and the functions that fill them. Columns of the wide tables then
join `tables` and a row below; a new table is a line in `METRICS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import chain
from operator import itemgetter
from typing import Any, TypeAlias

from sqlmodel import SQLModel, col

from meeting_assets.metrics.airtime import meeting_airtime, participant_airtime
from meeting_assets.metrics.attendance import (
    Attendance,
    Presence,
    attendance_rows,
    meeting_attendance,
    participant_attendance,
    presence,
)
from meeting_assets.metrics.balance import meeting_balance
from meeting_assets.metrics.interruptions import (
    Interruptions,
    interruptions,
    meeting_interruptions,
    participant_interruptions,
)
from meeting_assets.metrics.meeting import MeetingInput
from meeting_assets.metrics.parameters import Parameters
from meeting_assets.metrics.persons import PersonMetrics, person_rows
from meeting_assets.metrics.quality import DataQuality, quality_rows
from meeting_assets.metrics.speech import Columns, Row, SpokenMeeting, meeting_timing, spoken_meeting
from meeting_assets.metrics.tables import MeetingMetrics, ParticipantMetrics
from meeting_assets.metrics.timing import meeting_replies, participant_replies
from meeting_assets.metrics.turns import (
    SpeakerTransitions,
    Turns,
    TurnTaking,
    meeting_turns,
    participant_turns,
    transition_rows,
    turn_rows,
    turn_taking,
)
from meeting_assets.metrics.windows import BalanceWindows, window_rows
from meeting_assets.metrics.words import WordTimes, meeting_words, participant_words

MeetingResult: TypeAlias = Mapping[type[SQLModel], list[Row]]


@dataclass(frozen=True, slots=True)
class Measured:
    """One meeting with everything that more than one question asks for."""

    spoken: SpokenMeeting
    parameters: Parameters
    words: WordTimes
    taking: TurnTaking
    interruptions: Interruptions
    presence: Presence
    participants: Mapping[str, Columns]
    """What is known of each of the people."""


def looked_at(meeting: MeetingInput, parameters: Parameters) -> Measured:
    """The meeting, with what there is to be measured in it."""
    spoken = spoken_meeting(meeting, parameters)
    words = WordTimes(meeting.words, parameters.ipu_gap_s)
    taking = turn_taking(spoken, words, parameters)
    found = interruptions(spoken, taking, parameters)
    present = presence(spoken)
    of_each = (
        participant_airtime(spoken),
        participant_words(spoken),
        participant_turns(spoken, taking),
        participant_replies(spoken, taking),
        participant_interruptions(spoken, taking, found),
        participant_attendance(spoken, present),
    )
    participants = {key: dict(chain.from_iterable(part[key].items() for part in of_each)) for key in spoken.people}
    return Measured(spoken, parameters, words, taking, found, present, participants)


def participant_rows(meeting: Measured) -> Iterator[Columns]:
    """Rows of `ParticipantMetrics`: the attendees in their order, then those who only occur elsewhere."""
    for key, person in meeting.spoken.people.items():
        yield {
            "participant_key": key,
            "name": person.name,
            "person_key": person.person_key,
            "is_listed": person.is_listed,
            **meeting.participants[key],
        }


def meeting_rows(meeting: Measured) -> Iterator[Columns]:
    """The row of `MeetingMetrics`."""
    spoken = meeting.spoken
    yield {
        "transcript_id": spoken.given.transcript_id,
        **meeting_timing(spoken),
        **meeting_airtime(spoken),
        **meeting_balance(spoken),
        **meeting_turns(spoken, meeting.taking),
        **meeting_replies(spoken, meeting.taking),
        **meeting_interruptions(spoken, meeting.taking, meeting.interruptions),
        **meeting_words(spoken, meeting.participants),
        **meeting_attendance(spoken, meeting.presence, meeting.participants, meeting.parameters),
        "inputs": None,  # whoever writes the row down knows
    }


# Of wide tables rows come by column name; of long ones as they are written, in a list. The last one counts the rows of
# those before it.
METRICS: Mapping[type[SQLModel], Callable[[Measured], Iterator[Columns] | list[Row]]] = {
    ParticipantMetrics: participant_rows,
    PersonMetrics: person_rows,
    MeetingMetrics: meeting_rows,
    Turns: lambda meeting: turn_rows(meeting.spoken.given.recording_id, meeting.taking),
    SpeakerTransitions: lambda meeting: transition_rows(meeting.spoken.given.recording_id, meeting.taking),
    BalanceWindows: lambda meeting: window_rows(meeting.spoken, meeting.parameters),
    Attendance: lambda meeting: attendance_rows(meeting.spoken.given.recording_id, meeting.presence),
    DataQuality: lambda meeting: quality_rows(meeting.spoken, meeting.words, meeting.parameters),
}

# The column of a smaller table that sums up to a table's rows.
COUNTED_IN: Mapping[type[SQLModel], Any] = {
    ParticipantMetrics: col(MeetingMetrics.participant_count),
    PersonMetrics: col(DataQuality.person_rows),
    Turns: col(DataQuality.turn_rows),
    SpeakerTransitions: col(DataQuality.transition_rows),
    BalanceWindows: col(DataQuality.window_rows),
    Attendance: col(DataQuality.session_rows),
}


def measured(meeting: MeetingInput, parameters: Parameters, inputs_hash: str) -> MeetingResult:
    """All rows about one meeting by table, in column order; the same bits for the same inputs.

    Args:
        meeting: what its parsed tables say.
        parameters: what was set.
        inputs_hash: from `parameters.inputs_hash`; written down, not checked.
    """
    found = looked_at(meeting, parameters)
    stamp: Columns = {
        "recording_id": meeting.recording_id,
        "config_version": parameters.config_version,
        "inputs_hash": inputs_hash,
    }
    result: dict[type[SQLModel], list[Row]] = {}
    for table, rows in METRICS.items():
        result[table] = _rows(table, stamp, rows(found))
        if table in COUNTED_IN and COUNTED_IN[table].class_ is DataQuality:
            stamp[COUNTED_IN[table].key] = len(result[table])
    return result


def _rows(table: type[SQLModel], stamp: Columns, found: Iterator[Columns] | list[Row]) -> list[Row]:
    if isinstance(found, list):
        return found
    in_order = _in_order(table)
    return [in_order({**stamp, **columns}) for columns in found]


@cache
def _in_order(table: type[SQLModel]) -> Callable[[Columns], Row]:
    return itemgetter(*table.model_fields)
