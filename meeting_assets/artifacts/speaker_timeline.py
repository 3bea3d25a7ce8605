"""Speaker timeline: the periods in which participants spoke, according to the meeting platform."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from meeting_assets.artifacts.artifact import Artifact, Rows, Source
from meeting_assets.artifacts.wire import Moment, Speaker, absolute_at, participant_key, relative_s
from meeting_assets.schema import fields
from meeting_assets.schema.columns import KEYED, RecordingRow


class Segment(msgspec.Struct, frozen=True):
    """One segment of speech; it has no end if the platform never reported one."""

    participant: Speaker
    start_timestamp: Moment | None
    end_timestamp: Moment | None = None


class SpeakerTimeline(RecordingRow, table=True):
    """The periods in which participants spoke, according to the meeting platform.

    Grain: one row per (recording, segment).
    """

    __tablename__ = "speaker_timeline"
    __table_args__ = KEYED

    segment_index: int = fields.position("in the order of the payload", primary_key=True, derived_from="[]")
    participant_key: str = fields.participant_key("[].participant")
    participant_id: int | None = fields.participant_id("[].participant")
    speaker_name: str | None = fields.text("display name, not unique", derived_from="[].participant.name")
    start_s: float | None = fields.seconds(
        "from the start of the recording; may be negative", derived_from="[].start_timestamp.relative"
    )
    end_s: float | None = fields.seconds(
        "from the start of the recording; NULL if the platform never reported the end",
        derived_from="[].end_timestamp.relative",
    )
    start_at: datetime | None = fields.instant("clock time of start_s", derived_from="[].start_timestamp.absolute")
    end_at: datetime | None = fields.instant("clock time of end_s", derived_from="[].end_timestamp.absolute")


def timeline_rows(segments: Sequence[Segment], source: Source) -> Rows:
    """Returns the rows of `SpeakerTimeline`, in the order of the payload."""
    rows = [
        (
            source.recording_id,
            index,
            participant_key(segment.participant.id, segment.participant.name),
            segment.participant.id,
            segment.participant.name,
            relative_s(segment.start_timestamp),
            relative_s(segment.end_timestamp),
            absolute_at(segment.start_timestamp),
            absolute_at(segment.end_timestamp),
        )
        for index, segment in enumerate(segments)
    ]
    return Rows((rows,))


ARTIFACT = Artifact(
    kind="speaker_timeline",
    description="The periods in which participants spoke, according to the meeting platform.",
    collection="participant_events",
    url_field="speaker_timeline_download_url",
    wire=list[Segment],
    tables=(SpeakerTimeline,),
    rows=timeline_rows,
    parser_version="2",
    is_listed=False,
)
