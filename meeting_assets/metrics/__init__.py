"""Metrics of one meeting: pure functions of its parsed rows, with a definition for every column.

    meeting         the input: rows of the parsed tables
    parameters      settings of the metrics, and the hash that tells whether a row is out of date
    timeline/       interval arithmetic, and the cleaning of raw segments
    identity        participants that are one person
    resolution      the rules that resolve a speaker to a participant
    speakers        the participant of each speaker key in each source
    speech          participants and their speech, by one timing source per recording
    word_times      the times of the transcript's words, and the words of each inter-pausal unit
    listening       listening words by language, which tell backchannels
    floor           turn taking: inter-pausal units, turns and backchannels
    single_stream   sources that cannot show overlap
    presence        sessions of participants
    analysis        the intermediate results that several metrics share

    speech_table    the cleaned speech as a table
    airtime         speech, silence and overlap, and each participant's part
    affiliation     internal and external participants
    balance         evenness of the talk between participants
    turns           number and length of turns, monologues, transitions
    timing          offsets, latencies, gaps, pauses
    interruptions   interruptions and backchannels
    windows         balance over time
    words           words, their rate, fillers, questions
    attendance      sessions, cameras, shared screens, chat
    persons         each person's part, on all devices together
    quality         agreement between sources, and repairs
    audio_activity  voice activity of separate audio
    audio_agreement its agreement with other sources, and misaligned tracks
    tables          the wide tables, assembled from the columns above
    weeks           columns and numbers of weeks
    trends          weeks, and persons across meetings
    occurrences     the meetings that the recordings of a series show
    series          meetings that repeat
    measures        the ratios that have a trend

    arithmetic      ratios and medians with None for undefined results
    lineage         source columns of the metrics

A new metric is a file with its columns and the functions that compute them. Columns of the wide tables then join
`tables`; a new table is one line in `METRICS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from sqlmodel import SQLModel, col

from meeting_assets.metrics.analysis import MeetingAnalysis, analyse
from meeting_assets.metrics.attendance import Attendance, attendance_rows
from meeting_assets.metrics.meeting import MeetingInput
from meeting_assets.metrics.parameters import Parameters
from meeting_assets.metrics.persons import PersonMetrics, person_rows
from meeting_assets.metrics.quality import DataQuality, quality_rows
from meeting_assets.metrics.speakers import Speakers, speaker_rows
from meeting_assets.metrics.speech import Columns, Row
from meeting_assets.metrics.speech_table import SpeechRows, segment_rows
from meeting_assets.metrics.tables import MeetingMetrics, ParticipantMetrics, meeting_rows, participant_rows
from meeting_assets.metrics.turns import SpeakerTransitions, Turns, transition_rows, turn_rows
from meeting_assets.metrics.windows import BalanceWindows, window_rows

MeetingResult: TypeAlias = Mapping[type[SQLModel], list[Row]]

# Rows of wide tables are values by column name, rows of long ones are in column order. Each table comes after those
# that it derives from, as Dagster expects of the outputs of a step. `DataQuality` counts the rows of the other tables.
METRICS: Mapping[type[SQLModel], Callable[[MeetingAnalysis], Iterable[Columns] | Iterable[Row]]] = {
    Speakers: lambda meeting: speaker_rows(meeting.spoken.given.recording_id, meeting.speakers),
    SpeechRows: lambda meeting: segment_rows(meeting.spoken),
    Turns: lambda meeting: turn_rows(meeting.spoken.given.recording_id, meeting.taking),
    Attendance: lambda meeting: attendance_rows(meeting.spoken.given.recording_id, meeting.presence),
    ParticipantMetrics: participant_rows,
    PersonMetrics: person_rows,
    MeetingMetrics: meeting_rows,
    SpeakerTransitions: lambda meeting: transition_rows(meeting.spoken.given.recording_id, meeting.taking),
    BalanceWindows: lambda meeting: window_rows(meeting.spoken, meeting.parameters),
    DataQuality: quality_rows,
}

# The column of a smaller table that holds the number of a table's rows.
ROW_COUNT_SOURCE: Mapping[type[SQLModel], Any] = {
    Speakers: col(DataQuality.speaker_rows),
    SpeechRows: col(DataQuality.speech_rows),
    ParticipantMetrics: col(MeetingMetrics.participant_count),
    PersonMetrics: col(DataQuality.person_rows),
    Turns: col(DataQuality.turn_rows),
    SpeakerTransitions: col(DataQuality.transition_rows),
    BalanceWindows: col(DataQuality.window_rows),
    Attendance: col(DataQuality.session_rows),
}


def metric_rows(meeting: MeetingInput, parameters: Parameters, inputs_hash: str) -> MeetingResult:
    """All rows about one meeting by table, in column order; bit-identical for the same inputs.

    Args:
        meeting: the parsed rows of the meeting.
        parameters: the settings in force.
        inputs_hash: from `parameters.inputs_hash`; stored, not checked.
    """
    analysis = analyse(meeting, parameters)
    stamp: Columns = {
        "recording_id": meeting.recording_id,
        "config_version": parameters.config_version,
        "inputs_hash": inputs_hash,
    }
    result: dict[type[SQLModel], list[Row]] = {}
    for table, rows in METRICS.items():
        result[table] = [_in_column_order(table, stamp, row) for row in rows(analysis)]
        if table in ROW_COUNT_SOURCE and ROW_COUNT_SOURCE[table].class_ is DataQuality:
            stamp[ROW_COUNT_SOURCE[table].key] = len(result[table])
    return result


def _in_column_order(table: type[SQLModel], stamp: Columns, row: Columns | Row) -> Row:
    if isinstance(row, tuple):
        return row
    values = {**stamp, **row}
    return tuple(values[name] for name in table.model_fields)
