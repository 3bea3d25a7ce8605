"""Participant events: joins and leaves, speech, webcam and screen share switched on and off, chat."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlmodel import Field

from meeting_assets.artifacts.artifact import Artifact, Rows, Source
from meeting_assets.artifacts.wire import Moment, Speaker, participant_key
from meeting_assets.core.instants import utc
from meeting_assets.store.columns import KEYED, Instant, Integer64, RecordingRow


class Chat(msgspec.Struct, frozen=True):
    """What a chat message carries."""

    text: str | None = None
    to: str | None = None


class Event(msgspec.Struct, frozen=True):
    """One entry of participant_events.json; actions are an open set."""

    action: str
    participant: Speaker
    timestamp: Moment | None
    id: str | None = None
    data: Chat | None = None


class ParticipantEvents(RecordingRow, table=True):
    """What participants did, as the platform reported it.

    Grain: one row per (recording, event); events may come twice and out of order.
    """

    __tablename__ = "participant_events"
    __table_args__ = KEYED

    event_index: int = Field(primary_key=True, description="0-based, in the order of the payload")
    event_id: str | None = Field(description="the API's id of the event; may repeat")
    action: str = Field(description="join, leave, update, speech_on, speech_off, webcam_on, chat_message, ...")
    participant_key: str
    participant_id: int | None = Field(sa_type=Integer64)
    participant_name: str | None
    at: datetime | None = Field(sa_type=Instant, description="when, by the clock")
    at_s: float | None = Field(description="seconds from the start of the recording; may be negative")
    chat_text: str | None = Field(description="chat messages only")
    chat_to: str | None = Field(description="everyone or only_bot; chat messages only")


def event_rows(events: Sequence[Event], source: Source) -> Rows:
    """Rows of `ParticipantEvents`, in the order of the payload."""
    rows = [
        (
            source.recording_id,
            index,
            event.id,
            event.action,
            participant_key(event.participant.id, event.participant.name),
            event.participant.id,
            event.participant.name,
            utc(event.timestamp.absolute) if event.timestamp and event.timestamp.absolute else None,
            event.timestamp.relative if event.timestamp else None,
            event.data.text if event.data else None,
            event.data.to if event.data else None,
        )
        for index, event in enumerate(events)
    ]
    return Rows((rows,))


ARTIFACT = Artifact(
    kind="participant_events",
    description="Joins, leaves, speech, webcam, screen share and chat, as events.",
    collection="participant_events",
    url=lambda data: data.participant_events_download_url,
    wire=list[Event],
    tables=(ParticipantEvents,),
    rows=event_rows,
    parser_version="1",
    is_listed=False,
)
