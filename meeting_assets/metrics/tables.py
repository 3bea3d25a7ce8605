"""The wide tables, one row per meeting or participant, assembled from the columns of each metric.

The file of a metric declares its columns and computes them; the last base class contributes the first columns.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlmodel import SQLModel

from meeting_assets.metrics.affiliation import MeetingAffiliation, ParticipantAffiliation, meeting_affiliation
from meeting_assets.metrics.airtime import MeetingAirtime, ParticipantAirtime, meeting_airtime
from meeting_assets.metrics.analysis import MeetingAnalysis
from meeting_assets.metrics.attendance import MeetingAttendance, ParticipantAttendance, meeting_attendance
from meeting_assets.metrics.balance import MeetingBalance, meeting_balance
from meeting_assets.metrics.interruptions import MeetingInterruptions, ParticipantInterruptions, meeting_interruptions
from meeting_assets.metrics.lineage import PEOPLE, PERSONS
from meeting_assets.metrics.speech import Columns, MeetingTiming, meeting_timing
from meeting_assets.metrics.timing import MeetingReplies, ParticipantReplies, meeting_replies
from meeting_assets.metrics.turns import MeetingTurns, ParticipantTurns, meeting_turns
from meeting_assets.metrics.words import MeetingWords, ParticipantWords, meeting_words
from meeting_assets.schema import fields
from meeting_assets.schema.columns import KEYED, RecordingRow


class _ParticipantRow(RecordingRow):
    participant_key: str = fields.text(
        "the participant's id as text, else `label:` and the speaker's name", primary_key=True, derived_from=PEOPLE
    )
    name: str | None = fields.text("display name; NULL if no artifact names the participant", derived_from=PEOPLE)
    person_key: str | None = fields.text(
        "the person across meetings, by the platform's id or the e-mail address: a row of people; NULL if unknown",
        index=True,
        derived_from=PERSONS,
    )
    is_listed: bool = fields.flag(
        "whether the participants artifact lists the participant; false for those that only other artifacts name",
        derived_from="participants.participant_key",
    )


class ParticipantMetrics(
    ParticipantAttendance,
    ParticipantInterruptions,
    ParticipantReplies,
    ParticipantTurns,
    ParticipantWords,
    ParticipantAirtime,
    ParticipantAffiliation,
    _ParticipantRow,
    table=True,
):
    """Each participant's part in a meeting.

    Grain: one row per (recording, participant); bots and `unknown` have none.
    """

    __tablename__ = "participant_metrics"
    __table_args__ = KEYED


class _MeetingRow(RecordingRow):
    transcript_id: str | None = fields.uuid(
        "the primary transcript, from which all words come; NULL if there is none",
        derived_from=("transcripts.transcript_id", "transcripts.is_primary"),
    )
    config_version: str = fields.text("name of the parameters in force", derived_from=())
    inputs_hash: str = fields.text(
        "hash of all inputs of this row; the row is out of date if and only if it differs",
        derived_from=("recordings.duration_s", "recordings.bot_name"),
    )


class _MeetingTimes(SQLModel):
    derived_at: datetime | None = fields.instant(
        "when the metrics of the recording were computed; NULL until then in databases of older versions",
        derived_from=(),
    )
    modified_at: datetime | None = fields.instant(
        "when a column other than inputs, inputs_hash and derived_at last changed", derived_from=()
    )


class _MeetingInputs(SQLModel):
    inputs: str | None = fields.text(
        "the inputs of inputs_hash as an SQL expression yields them; the view fresh_meetings compares it",
        derived_from=("recordings.duration_s", "recordings.bot_name"),
    )


class MeetingMetrics(
    _MeetingTimes,
    _MeetingInputs,
    MeetingAffiliation,
    MeetingAttendance,
    MeetingWords,
    MeetingInterruptions,
    MeetingReplies,
    MeetingTurns,
    MeetingBalance,
    MeetingAirtime,
    MeetingTiming,
    _MeetingRow,
    table=True,
):
    """All metrics of a meeting as a whole.

    Grain: one row per recording.
    """

    __tablename__ = "meeting_metrics"
    __table_args__ = KEYED


def participant_rows(meeting: MeetingAnalysis) -> Iterator[Columns]:
    """Rows of `ParticipantMetrics`: the attendees in their order, then participants that only other artifacts name."""
    for key, person in meeting.spoken.people.items():
        yield {
            "participant_key": key,
            "name": person.name,
            "person_key": person.person_key,
            "is_listed": person.is_listed,
            **meeting.participants[key],
        }


def meeting_rows(meeting: MeetingAnalysis) -> Iterator[Columns]:
    """The row of `MeetingMetrics`; the caller that stores it sets `inputs` and the times."""
    spoken = meeting.spoken
    yield {
        "transcript_id": spoken.given.transcript_id,
        **meeting_timing(spoken),
        **meeting_airtime(spoken, meeting.parameters),
        **meeting_balance(spoken),
        **meeting_turns(spoken, meeting.taking),
        **meeting_replies(spoken, meeting.taking),
        **meeting_interruptions(spoken, meeting.taking, meeting.interruptions),
        **meeting_words(spoken),
        **meeting_attendance(spoken, meeting.presence, meeting.participants, meeting.parameters),
        **meeting_affiliation(spoken, meeting.participants),
        **dict.fromkeys(("inputs", "derived_at", "modified_at")),
    }
