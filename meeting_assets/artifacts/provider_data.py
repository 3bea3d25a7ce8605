"""Transcript provider data: what the transcription provider itself sent, kept as it is."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlmodel import Field

from meeting_assets.artifacts.artifact import Artifact, Row, Rows, Source
from meeting_assets.artifacts.wire import Seconds, Speaker, kept_json, participant_key
from meeting_assets.core.instants import make_aware, utc
from meeting_assets.schema.columns import Instant, Json, RecordingRow, Uuid
from meeting_assets.schema.lineage import derived_from

NOBODY = Speaker(id=None)


class SourceAudio(msgspec.Struct, frozen=True):
    """Which audio the provider heard: the mix, or one participant's."""

    type: str | None = None
    offset: Seconds | None = None
    participant: Speaker | None = None


class Part(msgspec.Struct, frozen=True):
    """One message from the provider: a webhook, an HTTP response or a websocket message."""

    type: str
    id: str | None = None
    created_at: datetime | None = None
    source_audio: SourceAudio | None = None
    data: msgspec.Raw = msgspec.Raw(b"null")

    def __post_init__(self) -> None:
        make_aware(self, "created_at")


class ProviderData(msgspec.Struct, frozen=True):
    """The whole document."""

    parts: list[Part]


class ProviderParts(RecordingRow, table=True):
    """What the transcription provider sent, message by message.

    Grain: one row per (recording, transcript, part).
    """

    # Not KEYED: in SQLite a row of more than a quarter of a page, as these are, would take a page of its own besides.
    __tablename__ = "provider_parts"

    transcript_id: str = Field(
        sa_type=Uuid,
        primary_key=True,
        description="the API's id of the transcript",
        sa_column_kwargs=derived_from("artifact_id"),
    )
    part_index: int = Field(
        primary_key=True, description="0-based, in the order of the payload", sa_column_kwargs=derived_from("parts[]")
    )
    part_id: str | None = Field(description="the API's id of the part", sa_column_kwargs=derived_from("parts[].id"))
    created_at: datetime | None = Field(
        sa_type=Instant, description="when the provider sent it", sa_column_kwargs=derived_from("parts[].created_at")
    )
    type: str = Field(
        description="webhook, http_response, websocket_message, ...", sa_column_kwargs=derived_from("parts[].type")
    )
    source_type: str | None = Field(
        description="mixed or separate audio", sa_column_kwargs=derived_from("parts[].source_audio.type")
    )
    offset_s: float | None = Field(
        description="start of the audio the provider heard, in the recording",
        sa_column_kwargs=derived_from("parts[].source_audio.offset"),
    )
    participant_key: str = Field(
        description="whose audio; unknown for the mix",
        sa_column_kwargs=derived_from("parts[].source_audio.participant.id", "parts[].source_audio.participant.name"),
    )
    payload: Any = Field(
        sa_type=Json,
        nullable=True,
        description="the part's data as given, URLs without their queries",
        sa_column_kwargs=derived_from("parts[].data"),
    )


def provider_rows(document: ProviderData, source: Source) -> Rows:
    """Rows of `ProviderParts`, in the order of the payload."""
    return Rows(([_row(index, part, source) for index, part in enumerate(document.parts)],))


def _row(index: int, part: Part, source: Source) -> Row:
    audio = part.source_audio
    speaker = (audio.participant if audio else None) or NOBODY
    payload, _ = kept_json(part.data, f"parts[{index}].data")
    return (
        source.recording_id,
        source.artifact_id,
        index,
        part.id,
        utc(part.created_at) if part.created_at else None,
        part.type,
        audio.type if audio else None,
        audio.offset if audio else None,
        participant_key(speaker.id, speaker.name),
        payload,
    )


ARTIFACT = Artifact(
    kind="provider_data",
    description="What the transcription provider itself sent, message by message.",
    collection="transcript",
    url=lambda data: data.provider_data_download_url,
    wire=ProviderData,
    tables=(ProviderParts,),
    rows=provider_rows,
    parser_version="2",
    id_column="transcript_id",
    may_lack_url=True,
    holds_urls=True,
)
