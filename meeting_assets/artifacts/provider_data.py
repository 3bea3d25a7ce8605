"""Provider data: the messages of the transcription provider, stored unchanged."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from meeting_assets.artifacts.artifact import Artifact, Row, Rows, Source
from meeting_assets.artifacts.transcript import TranscriptRow
from meeting_assets.artifacts.wire import Seconds, Speaker, kept_json, participant_key
from meeting_assets.core.instants import make_aware, utc
from meeting_assets.schema import fields

NO_SPEAKER = Speaker(id=None)


class SourceAudio(msgspec.Struct, frozen=True):
    """The audio that the provider transcribed: the mix, or that of one participant."""

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


class ProviderParts(TranscriptRow, table=True):
    """The messages of the transcription provider.

    Grain: one row per (recording, transcript, part).
    """

    # Not KEYED: without row numbers, SQLite stores rows of more than a quarter of a page on pages of their own.
    __tablename__ = "provider_parts"

    part_index: int = fields.position("in the order of the payload", primary_key=True, derived_from="parts[]")
    part_id: str | None = fields.text("the API's id of the part", derived_from="parts[].id")
    created_at: datetime | None = fields.instant(
        "when the provider sent the message", derived_from="parts[].created_at"
    )
    type: str = fields.text("webhook, http_response, websocket_message, ...", derived_from="parts[].type")
    source_type: str | None = fields.text("mixed or separate audio", derived_from="parts[].source_audio.type")
    offset_s: float | None = fields.seconds(
        "start of the transcribed audio within the recording", derived_from="parts[].source_audio.offset"
    )
    participant_key: str = fields.participant_key("parts[].source_audio.participant")
    payload: Any = fields.json("the data of the part as given, URLs without queries", derived_from="parts[].data")


def provider_rows(document: ProviderData, source: Source) -> Rows:
    """Returns the rows of `ProviderParts`, in the order of the payload."""
    return Rows(([_row(index, part, source) for index, part in enumerate(document.parts)],))


def _row(index: int, part: Part, source: Source) -> Row:
    audio = part.source_audio
    speaker = (audio.participant if audio else None) or NO_SPEAKER
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
    description="The messages of the transcription provider, unchanged.",
    collection="transcript",
    url_field="provider_data_download_url",
    wire=ProviderData,
    tables=(ProviderParts,),
    rows=provider_rows,
    parser_version="2",
    id_column="transcript_id",
    url_optional=True,
    contains_signed_urls=True,
)
