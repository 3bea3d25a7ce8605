"""The persistent tables of media objects: those Recall.ai stores for a recording, and the meeting's metadata."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from meeting_assets.schema import fields
from meeting_assets.schema.columns import KEYED, RecordingRow


class MediaObjects(RecordingRow, table=True):
    """Media objects that Recall.ai stores for a recording, as last listed. Their URLs are not stored.

    Objects that are deleted at Recall.ai, or no longer listed, have the status `deleted`.

    Grain: one row per (recording, collection, media object).
    """

    __tablename__ = "media_objects"
    __table_args__ = KEYED

    collection: str = fields.text("video_mixed, audio_mixed, transcript, participant_events, ...", primary_key=True)
    media_object_id: str = fields.uuid("the API's id of the media object", primary_key=True)
    status: str | None = fields.text("the API's status: processing, done, failed or deleted")
    sub_code: str | None = fields.text("the API's reason for the status")
    format: str | None = fields.text("mp4, mp3, raw, ...; NULL for JSON objects")
    size_bytes: int | None = fields.integer64("size at Recall.ai; NULL if the API does not state it")
    created_at: datetime | None = fields.instant("the API's created_at")
    expires_at: datetime | None = fields.instant(
        "when Recall.ai deletes the object; NULL if only the recording expires"
    )
    observed_at: datetime | None = fields.instant("when the request was sent that the row reflects (store.observation)")


class MeetingMetadata(RecordingRow, table=True):
    """The metadata of meetings, as the API provides it.

    Grain: one row per (recording, metadata object).
    """

    __tablename__ = "meeting_metadata"
    __table_args__ = KEYED

    media_object_id: str = fields.uuid("the API's id of the metadata object", primary_key=True)
    status: str | None = fields.text("the API's status: processing, done, failed or deleted")
    created_at: datetime | None = fields.instant("the API's created_at")
    title: str | None = fields.text("title of the meeting")
    meeting_uuid: str | None = fields.text("Zoom's id of this occurrence of the meeting")
    data: Any = fields.json("the object's data, without URLs and secrets")
