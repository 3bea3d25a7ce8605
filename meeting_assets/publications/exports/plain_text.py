"""Plain text: one paragraph per speaker, with its time."""

from __future__ import annotations

from meeting_assets.publications.exports.format import ExportFormat
from meeting_assets.publications.exports.paragraphs import clock, paragraphs
from meeting_assets.publications.meeting_text import MeetingText


def plain_text(meeting: MeetingText) -> str:
    """Paragraphs as `[00:01:05] Ada: text`, each on a line of its own."""
    lines = [f"[{clock(each.start_s)}] {each.speaker}: {each.text}" for each in paragraphs(meeting.utterances)]
    return "".join(f"{line}\n" for line in lines)


TXT = ExportFormat("txt", "txt", plain_text)
