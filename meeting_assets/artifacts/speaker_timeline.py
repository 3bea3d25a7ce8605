"""Speaker timeline: who held the floor when, according to the meeting platform."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlmodel import Field

from meeting_assets.artifacts.artifact import Artifact, Rows, Source
from meeting_assets.artifacts.wire import Moment, Speaker, instant, participant_key, seconds
from meeting_assets.schema.columns import KEYED, Instant, Integer64, RecordingRow
from meeting_assets.schema.lineage import derived_from


class Segment(msgspec.Struct, frozen=True):
    """One stretch of speech; without an end where the platform never reported one."""

    participant: Speaker
    start_timestamp: Moment | None
    end_timestamp: Moment | None = None


class SpeakerTimeline(RecordingRow, table=True):
    """Who held the floor when, according to the meeting platform.

    Grain: one row per (recording, segment).
    """

    __tablename__ = "speaker_timeline"
    __table_args__ = KEYED

    segment_index: int = Field(
        primary_key=True, description="0-based, in the order of the payload", sa_column_kwargs=derived_from("[]")
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
    speaker_name: str | None = Field(
        description="display name, not unique", sa_column_kwargs=derived_from("[].participant.name")
    )
    start_s: float | None = Field(
        description="seconds from the start of the recording; may be negative",
        sa_column_kwargs=derived_from("[].start_timestamp.relative"),
    )
    end_s: float | None = Field(
        description="NULL while the segment was never closed",
        sa_column_kwargs=derived_from("[].end_timestamp.relative"),
    )
    start_at: datetime | None = Field(
        sa_type=Instant, description="start by the clock", sa_column_kwargs=derived_from("[].start_timestamp.absolute")
    )
    end_at: datetime | None = Field(
        sa_type=Instant, description="end by the clock", sa_column_kwargs=derived_from("[].end_timestamp.absolute")
    )


def timeline_rows(segments: Sequence[Segment], source: Source) -> Rows:
    """Rows of `SpeakerTimeline`, in the order of the payload."""
    rows = [
        (
            source.recording_id,
            index,
            participant_key(segment.participant.id, segment.participant.name),
            segment.participant.id,
            segment.participant.name,
            seconds(segment.start_timestamp),
            seconds(segment.end_timestamp),
            instant(segment.start_timestamp),
            instant(segment.end_timestamp),
        )
        for index, segment in enumerate(segments)
    ]
    return Rows((rows,))


ARTIFACT = Artifact(
    kind="speaker_timeline",
    description="Who held the floor when, according to the meeting platform.",
    collection="participant_events",
    url=lambda data: data.speaker_timeline_download_url,
    wire=list[Segment],
    tables=(SpeakerTimeline,),
    rows=timeline_rows,
    parser_version="2",
    is_listed=False,
)
