"""Participant events: joins, leaves, speech, webcam and screen share switches, chat messages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import Index
from sqlalchemy import text as sql

from meeting_assets.artifacts.artifact import Artifact, Row, Rows, Source
from meeting_assets.artifacts.wire import Moment, Speaker, absolute_at, decoded_part, participant_key, relative_s
from meeting_assets.schema import fields
from meeting_assets.schema.columns import KEYED, RecordingRow


class Chat(msgspec.Struct, frozen=True):
    """The data of a chat message."""

    text: str | None = None
    to: str | None = None


NO_CHAT = Chat()


class Event(msgspec.Struct, frozen=True):
    """One entry of participant_events.json. The set of actions is open; only the data of chat messages is decoded."""

    action: str
    participant: Speaker
    timestamp: Moment | None
    id: str | None = None
    data: msgspec.Raw = msgspec.Raw(b"null")


class ParticipantEvents(RecordingRow, table=True):
    """Actions of participants, as reported by the meeting platform.

    Grain: one row per (recording, event); events may be repeated and out of order.
    """

    __tablename__ = "participant_events"
    __table_args__ = (
        # perf: the view `chat` reads chat messages, and there are few
        Index(
            "participant_events_chat",
            "recording_id",
            sqlite_where=sql("action = 'chat_message'"),
            postgresql_where=sql("action = 'chat_message'"),
        ),
        KEYED,
    )

    event_index: int = fields.position("in the order of the payload", primary_key=True, derived_from="[]")
    event_id: str | None = fields.text("the API's id of the event; may repeat", derived_from="[].id")
    action: str = fields.text(
        "join, leave, update, speech_on, speech_off, webcam_on, chat_message, ...", derived_from="[].action"
    )
    participant_key: str = fields.participant_key("[].participant")
    participant_id: int | None = fields.participant_id("[].participant")
    participant_name: str | None = fields.text("display name, not unique", derived_from="[].participant.name")
    at: datetime | None = fields.instant("clock time of the event", derived_from="[].timestamp.absolute")
    at_s: float | None = fields.seconds(
        "from the start of the recording; may be negative", derived_from="[].timestamp.relative"
    )
    chat_text: str | None = fields.text("text of the chat message; NULL for other actions", derived_from="[].data")
    chat_to: str | None = fields.text(
        "everyone or only_bot for a chat message; NULL for other actions", derived_from="[].data"
    )


def event_rows(events: Sequence[Event], source: Source) -> Rows:
    """Returns the rows of `ParticipantEvents`, in the order of the payload."""
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
        absolute_at(event.timestamp),
        relative_s(event.timestamp),
        chat.text,
        chat.to,
    )


ARTIFACT = Artifact(
    kind="participant_events",
    description="Joins, leaves, speech, webcam, screen share and chat, as events.",
    collection="participant_events",
    url_field="participant_events_download_url",
    wire=list[Event],
    tables=(ParticipantEvents,),
    rows=event_rows,
    parser_version="2",
    is_listed=False,
)
