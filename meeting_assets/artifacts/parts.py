"""Wire format, columns and parser that the manifests of separate audio and video share."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from meeting_assets.artifacts.artifact import Rows, Source
from meeting_assets.artifacts.wire import Moment, Seconds, Speaker, absolute_at, participant_key, relative_s
from meeting_assets.schema import fields
from meeting_assets.schema.columns import RecordingRow


class MediaPart(msgspec.Struct, frozen=True):
    """One entry of a manifest. Its download URL is a secret and is not read."""

    participant: Speaker
    start_timestamp: Moment | None
    id: str | None = None
    duration: Seconds | None = None
    type: str | None = None


class MediaPartRow(RecordingRow):
    """The columns of `video_parts` and `audio_parts`."""

    part_index: int = fields.position("in the order of the payload", primary_key=True, derived_from="[]")
    part_id: str | None = fields.text("the API's id of the part", derived_from="[].id")
    participant_key: str = fields.participant_key("[].participant")
    participant_id: int | None = fields.participant_id("[].participant")
    type: str | None = fields.text("webcam or screenshare; video only", derived_from="[].type")
    start_s: float | None = fields.seconds(
        "from the start of the recording; may be negative", derived_from="[].start_timestamp.relative"
    )
    start_at: datetime | None = fields.instant("clock time of start_s", derived_from="[].start_timestamp.absolute")
    duration_s: float | None = fields.seconds("duration according to the manifest", derived_from="[].duration")


def part_rows(parts: Sequence[MediaPart], source: Source) -> Rows:
    """Returns the rows of a manifest, in its order. Media files are not downloaded."""
    rows = [
        (
            source.recording_id,
            index,
            part.id,
            participant_key(part.participant.id, part.participant.name),
            part.participant.id,
            part.type,
            relative_s(part.start_timestamp),
            absolute_at(part.start_timestamp),
            part.duration,
        )
        for index, part in enumerate(parts)
    ]
    return Rows((rows,))
