"""The facts about a meeting that Markdown and JSON contain beside its text."""

from __future__ import annotations

from typing import Any

from meeting_assets.core.instants import to_iso8601
from meeting_assets.publications.meeting_text import MeetingText


def facts_of(meeting: MeetingText) -> dict[str, Any]:
    """The facts by name; unknown ones are None."""
    return {
        "recording_id": meeting.recording_id,
        "day": str(meeting.day),
        "title": meeting.title,
        "platform": meeting.platform,
        "started_at": to_iso8601(meeting.started_at) if meeting.started_at else None,
        "duration_s": meeting.duration_s,
        "language": meeting.language,
        "speakers": [*meeting.speakers],
    }
