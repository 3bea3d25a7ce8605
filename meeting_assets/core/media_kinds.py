"""The kinds of media files that can be downloaded, for settings and `--help`."""

from __future__ import annotations

from enum import StrEnum


class MediaKind(StrEnum):
    """Audio and video of a recording: of the whole meeting, or separately of each participant."""

    AUDIO_MIXED = "audio_mixed"
    VIDEO_MIXED = "video_mixed"
    AUDIO_SEPARATE = "audio_separate"
    VIDEO_SEPARATE = "video_separate"
