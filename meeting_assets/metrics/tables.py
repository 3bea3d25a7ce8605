"""The wide tables, one row per meeting or participant, put together from what each question contributes.

The base class that declares a column stands in the file of the functions that fill it.
"""

from __future__ import annotations

from sqlmodel import Field, SQLModel

from meeting_assets.metrics.airtime import MeetingAirtime, ParticipantAirtime
from meeting_assets.metrics.attendance import MeetingAttendance, ParticipantAttendance
from meeting_assets.metrics.balance import MeetingBalance
from meeting_assets.metrics.interruptions import MeetingInterruptions, ParticipantInterruptions
from meeting_assets.metrics.lineage import PEOPLE, PERSONS
from meeting_assets.metrics.speech import MeetingTiming
from meeting_assets.metrics.timing import MeetingReplies, ParticipantReplies
from meeting_assets.metrics.turns import MeetingTurns, ParticipantTurns
from meeting_assets.metrics.words import MeetingWords, ParticipantWords
from meeting_assets.schema.columns import KEYED, RecordingRow, Uuid
from meeting_assets.schema.lineage import derived_from


class _ParticipantRow(RecordingRow):
    participant_key: str = Field(
        primary_key=True,
        description="the participant's id as text, else `label:` and the speaker's name",
        sa_column_kwargs=derived_from(*PEOPLE),
    )
    name: str | None = Field(
        description="display name; NULL if nothing names the participant", sa_column_kwargs=derived_from(*PEOPLE)
    )
    person_key: str | None = Field(
        index=True,
        description="who this is across meetings, by the platform's or the address book's word: a row of people; NULL "
        "if nothing says",
        sa_column_kwargs=derived_from(*PERSONS),
    )
    is_listed: bool = Field(
        description="whether the participants artifact lists them; false for those who only occur elsewhere",
        sa_column_kwargs=derived_from("participants.participant_key"),
    )


# Fields of the last base come first.
class ParticipantMetrics(
    ParticipantAttendance,
    ParticipantInterruptions,
    ParticipantReplies,
    ParticipantTurns,
    ParticipantWords,
    ParticipantAirtime,
    _ParticipantRow,
    table=True,
):
    """How much and in what way each participant took part.

    Grain: one row per (recording, participant); bots and `unknown` have none.
    """

    __tablename__ = "participant_metrics"
    __table_args__ = KEYED


class _MeetingRow(RecordingRow):
    transcript_id: str | None = Field(
        sa_type=Uuid,
        description="the primary transcript, from which all words come; NULL if there is none",
        sa_column_kwargs=derived_from("transcripts.transcript_id", "transcripts.is_primary"),
    )
    config_version: str = Field(description="names the parameters that were in force", sa_column_kwargs=derived_from())
    inputs_hash: str = Field(
        description="hash of all this row was made from; the row is out of date if and only if it differs",
        sa_column_kwargs=derived_from("recordings.duration_s", "recordings.bot_name"),
    )


class _MeetingInputs(SQLModel):
    inputs: str | None = Field(
        description="what inputs_hash is made from, as SQL can spell it; the view fresh_meetings compares it",
        sa_column_kwargs=derived_from("recordings.duration_s", "recordings.bot_name"),
    )


class MeetingMetrics(
    _MeetingInputs,
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
    """How a meeting went, in one row.

    Grain: one row per recording.
    """

    __tablename__ = "meeting_metrics"
    __table_args__ = KEYED
