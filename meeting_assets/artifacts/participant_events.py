"""Participant events: joins and leaves, speech, webcam and screen share switched on and off, chat."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlmodel import Field

from meeting_assets.artifacts.artifact import Artifact, Row, Rows, Source
from meeting_assets.artifacts.wire import Moment, Speaker, decoded_part, instant, participant_key, seconds
from meeting_assets.schema.columns import KEYED, Instant, Integer64, RecordingRow
from meeting_assets.schema.lineage import derived_from


class Chat(msgspec.Struct, frozen=True):
    """What a chat message carries."""

    text: str | None = None
    to: str | None = None


NO_CHAT = Chat()


class Event(msgspec.Struct, frozen=True):
    """One entry of participant_events.json; actions are an open set, and only of chat is it known what they carry."""

    action: str
    participant: Speaker
    timestamp: Moment | None
    id: str | None = None
    data: msgspec.Raw = msgspec.Raw(b"null")


class ParticipantEvents(RecordingRow, table=True):
    """What participants did, as the platform reported it.

    Grain: one row per (recording, event); events may come twice and out of order.
    """

    __tablename__ = "participant_events"
    __table_args__ = KEYED

    event_index: int = Field(
        primary_key=True, description="0-based, in the order of the payload", sa_column_kwargs=derived_from("[]")
    )
    event_id: str | None = Field(
        description="the API's id of the event; may repeat", sa_column_kwargs=derived_from("[].id")
    )
    action: str = Field(
        description="join, leave, update, speech_on, speech_off, webcam_on, chat_message, ...",
        sa_column_kwargs=derived_from("[].action"),
    )
    participant_key: str = Field(
        description="who: the id as text, else `label:` with the name, else `unknown`",
        sa_column_kwargs=derived_from("[].participant.id", "[].participant.name"),
    )
    participant_id: int | None = Field(
        sa_type=Integer64,
        description="as the API says; NULL under machine diarization",
        sa_column_kwargs=derived_from("[].participant.id"),
    )
    participant_name: str | None = Field(
        description="display name, not unique", sa_column_kwargs=derived_from("[].participant.name")
    )
    at: datetime | None = Field(
        sa_type=Instant, description="when, by the clock", sa_column_kwargs=derived_from("[].timestamp.absolute")
    )
    at_s: float | None = Field(
        description="seconds from the start of the recording; may be negative",
        sa_column_kwargs=derived_from("[].timestamp.relative"),
    )
    chat_text: str | None = Field(description="chat messages only", sa_column_kwargs=derived_from("[].data"))
    chat_to: str | None = Field(
        description="everyone or only_bot; chat messages only", sa_column_kwargs=derived_from("[].data")
    )


def event_rows(events: Sequence[Event], source: Source) -> Rows:
    """Rows of `ParticipantEvents`, in the order of the payload."""
    return Rows(([_row(index, event, source) for index, event in enumerate(events)],))


def _row(index: int, event: Event, source: Source) -> Row:
    is_chat = event.action == "chat_message"
    chat = (decoded_part(event.data, Chat | None, f"[{index}].data") if is_chat else None) or NO_CHAT
    return (
        source.recording_id,
        index,
        event.id,
        event.action,
        participant_key(event.participant.id, event.participant.name),
        event.participant.id,
        event.participant.name,
        instant(event.timestamp),
        seconds(event.timestamp),
        chat.text,
        chat.to,
    )


ARTIFACT = Artifact(
    kind="participant_events",
    description="Joins, leaves, speech, webcam, screen share and chat, as events.",
    collection="participant_events",
    url=lambda data: data.participant_events_download_url,
    wire=list[Event],
    tables=(ParticipantEvents,),
    rows=event_rows,
    parser_version="2",
    is_listed=False,
)
