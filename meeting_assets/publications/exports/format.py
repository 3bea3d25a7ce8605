"""The class of all export formats."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from meeting_assets.publications.meeting_text import MeetingText


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """A file format: how it writes a meeting."""

    name: str
    """The value of `--format`."""
    extension: str
    """End of the file name, different for all formats, without the first dot."""
    write: Callable[[MeetingText], str]
    content: Literal["utterances", "segments", "chat", "sessions"] = "utterances"
    """The part of a meeting that the format contains. A meeting without it is not exported."""
    version: str = "1"
    """Raised with every change of code that changes a file. Published files of another version are written again."""

    def has_content(self, meeting: MeetingText) -> bool:
        """False if a meeting has nothing that this format contains."""
        return bool(getattr(meeting, self.content))

    def file_name(self, meeting: MeetingText) -> str:
        """The name of a meeting's file; names sort by day."""
        return f"{meeting.day}_{meeting.recording_id}.{self.extension}"
