"""What the manifests of separate media streams share: one part per stretch of one participant's stream."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlmodel import Field

from meeting_assets.artifacts.artifact import Rows, Source
from meeting_assets.artifacts.wire import Moment, Seconds, Speaker, instant, participant_key, seconds
from meeting_assets.schema.columns import Instant, Integer64, RecordingRow
from meeting_assets.schema.lineage import derived_from

NO_MEDIA = (None, None, None)  # media_key, media_size_bytes, media_sha256


class MediaPart(msgspec.Struct, frozen=True):
    """One entry of a manifest; its download URL is a secret and is not read."""

    participant: Speaker
    start_timestamp: Moment | None
    id: str | None = None
    duration: Seconds | None = None
    type: str | None = None


class MediaPartRow(RecordingRow):
    """The columns of `video_parts` and `audio_parts`."""

    part_index: int = Field(
        primary_key=True, description="0-based, in the order of the payload", sa_column_kwargs=derived_from("[]")
    )
    part_id: str | None = Field(description="the API's id of the part", sa_column_kwargs=derived_from("[].id"))
    participant_key: str = Field(
        description="who: the id as text, else `label:` with the name, else `unknown`",
        sa_column_kwargs=derived_from("[].participant.id", "[].participant.name"),
    )
    participant_id: int | None = Field(
        sa_type=Integer64,
        description="as the API says; NULL under machine diarization",
        sa_column_kwargs=derived_from("[].participant.id"),
    )
    type: str | None = Field(description="webcam or screenshare; video only", sa_column_kwargs=derived_from("[].type"))
    start_s: float | None = Field(
        description="seconds from the start of the recording; may be negative",
        sa_column_kwargs=derived_from("[].start_timestamp.relative"),
    )
    start_at: datetime | None = Field(
        sa_type=Instant,
        description="when it starts, by the clock",
        sa_column_kwargs=derived_from("[].start_timestamp.absolute"),
    )
    duration_s: float | None = Field(
        description="its length, as the manifest says", sa_column_kwargs=derived_from("[].duration")
    )
    media_key: str | None = Field(description="where the media file is kept, if it is", sa_column_kwargs=derived_from())
    media_size_bytes: int | None = Field(
        sa_type=Integer64, description="of the media file, if it is kept", sa_column_kwargs=derived_from()
    )
    media_sha256: str | None = Field(description="of the media file, if it is kept", sa_column_kwargs=derived_from())


def part_rows(parts: Sequence[MediaPart], source: Source) -> Rows:
    """Rows of a manifest, in its order; the media files themselves are not fetched."""
    rows = [
        (
            source.recording_id,
            index,
            part.id,
            participant_key(part.participant.id, part.participant.name),
            part.participant.id,
            part.type,
            seconds(part.start_timestamp),
            instant(part.start_timestamp),
            part.duration,
            *NO_MEDIA,
        )
        for index, part in enumerate(parts)
    ]
    return Rows((rows,))
