"""The tables of voice activity: when each participant's separate audio contains speech, and which files were analysed.

They are computed from stored media files, not from payloads. Without MEETING_ASSETS_AUDIO_ACTIVITY they stay empty.
"""

from __future__ import annotations

from sqlmodel import SQLModel

from meeting_assets.schema import fields
from meeting_assets.schema.columns import KEYED, RecordingRow

PART = ("audio_parts.part_id",)
SPEAKER = ("audio_parts.participant_key",)
SOUND = ("media_files.sha256", "audio_parts.start_s")


class AudioActivity(RecordingRow, table=True):
    """Speech in the separate audio of participants, independent of the meeting platform.

    Grain: one row per (recording, part of the separate audio, interval of speech).
    """

    __tablename__ = "audio_activity"
    __table_args__ = KEYED

    part_id: str = fields.text("the API's id of the part", primary_key=True, derived_from=PART)
    interval_index: int = fields.position("in the order of time", primary_key=True, derived_from=SOUND)
    participant_key: str = fields.text("the participant whose audio the part is", derived_from=SPEAKER)
    participant_id: int | None = fields.integer64(
        "the API's id of the participant", derived_from="audio_parts.participant_id"
    )
    start_s: float = fields.seconds("from the start of the recording; may be negative", derived_from=SOUND)
    end_s: float = fields.seconds("from the start of the recording", derived_from=SOUND)


class AudioAnalyses(RecordingRow, table=True):
    """The analysed files of separate audio, silent and unreadable ones too.

    Grain: one row per (recording, part of the separate audio).
    """

    __tablename__ = "audio_analyses"
    __table_args__ = KEYED

    part_id: str = fields.text("the API's id of the part", primary_key=True, derived_from=PART)
    participant_key: str = fields.text("the participant whose audio the part is", derived_from=SPEAKER)
    inputs_hash: str = fields.text(
        "hash of the file's sha256, the part's start and speaker, and the detector's version; the part is analysed "
        "again if and only if it differs",
        derived_from=(*SOUND, *SPEAKER),
    )
    analysed_s: float | None = fields.seconds(
        "length of the analysed audio; NULL if it cannot be read", derived_from="media_files.sha256"
    )
    activity_s: float | None = fields.seconds(
        "length of its speech; NULL if it cannot be read", derived_from="media_files.sha256"
    )
    error: str | None = fields.text("why the audio has no intervals; NULL if it was analysed", derived_from=())


AUDIO_TABLES: tuple[type[SQLModel], ...] = (AudioActivity, AudioAnalyses)
