"""The second ledger: the state of every media file."""

from __future__ import annotations

from datetime import date, datetime

from meeting_assets.schema import fields
from meeting_assets.schema.columns import KEYED, RecordingRow


class MediaFiles(RecordingRow, table=True):
    """The ledger of media files.

    Grain: one row per (recording, media kind, part). `part_id` is '' for mixed media.
    """

    __tablename__ = "media_files"
    __table_args__ = KEYED

    media_kind: str = fields.text("audio_mixed, video_mixed, audio_separate or video_separate", primary_key=True)
    part_id: str = fields.text("the API's id of the part; '' for mixed media", primary_key=True)
    day: date = fields.day("UTC day of the recording", index=True)
    media_object_id: str = fields.uuid("the API's id of the media object")
    participant_id: int | None = fields.integer64("the API's id of the participant; separate media only")
    status: str = fields.text("absent, pending, fetched, quarantined, failed or deleted", index=True)
    key: str | None = fields.text("key of the file in the raw store")
    size_bytes: int | None = fields.integer64("of the stored file")
    sha256: str | None = fields.text("of the stored file")
    content_type: str | None = fields.text("media type, such as video/mp4")
    container: str | None = fields.text("mp4, mp3, flac, ...")
    codec: str | None = fields.text("of the video, else of the audio: h264, mp3, flac, ...")
    sample_rate_hz: int | None = fields.count("samples of audio per second")
    channels: int | None = fields.count("channels of audio")
    width: int | None = fields.count("pixels")
    height: int | None = fields.count("pixels")
    duration_s: float | None = fields.seconds("measured on the stored file")
    expected_size_bytes: int | None = fields.integer64("according to the API")
    expected_duration_s: float | None = fields.seconds("according to the API")
    expires_at: datetime | None = fields.instant("when the API deletes the file; NULL for never or unknown")
    missing_since: datetime | None = fields.instant(
        "since when all observations found the stored file deleted at the API; else NULL"
    )
    error: str | None = fields.text("why the last attempt failed, or why the file cannot be read")
    attempts: int = fields.count("attempts since the last success")
    next_attempt_at: datetime | None = fields.instant("earliest time of the next attempt")
    worker: str | None = fields.text("process that downloads the file now")
    fetched_at: datetime | None = fields.instant("when the file was stored")
    modified_at: datetime | None = fields.instant("when a column last changed")
