"""Audio of a meeting as a file: the stored separate audio of all participants, mixed in sync with the transcript.

Second 0 of the file is second 0 of all other exports. Unlike text formats, audio is read from the raw store, and it is
written by the command `export` alone: files of this size are not published beside pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from meeting_assets.publications.meeting_text import MeetingText

NO_AUDIO = (
    "no stored audio. Set MEETING_ASSETS_MEDIA=audio_separate (or audio_mixed), and run `meeting-assets sync` while "
    "Recall.ai still has it"
)


class AudioExport(NamedTuple):
    """A format of audio files."""

    name: str
    """The value of `--format`, and the end of the file name."""
    media_type: str

    def file_name(self, meeting: MeetingText) -> str:
        """The name of a meeting's file; names sort by day."""
        return f"{meeting.day}_{meeting.recording_id}.{self.name}"


AUDIO: Mapping[str, AudioExport] = {
    each.name: each for each in (AudioExport("wav", "audio/wav"), AudioExport("mp3", "audio/mpeg"))
}
"""The formats by name."""
