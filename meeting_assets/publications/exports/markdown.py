"""Markdown with front matter in YAML, for wikis, note tools and static sites."""

from __future__ import annotations

import re
from typing import Any

import yaml  # type: ignore[import-untyped]

from meeting_assets.core.instants import to_iso8601
from meeting_assets.publications.exports.format import ExportFormat
from meeting_assets.publications.exports.paragraphs import clock, paragraphs
from meeting_assets.publications.meeting_text import MeetingText

# The characters that CommonMark allows to escape and that begin markup anywhere in a line.
_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|~&!])")


def escaped(text: str) -> str:
    r"""A text without markup.

    >>> print(escaped("a_b <script> *"))
    a\_b \<script\> \*
    """
    return _MARKUP.sub(r"\\\1", text)


def markdown(meeting: MeetingText) -> str:
    """A heading with the title, then one paragraph per speaker."""
    parts = [_front_matter(meeting), f"# {escaped(_title(meeting))}\n"]
    parts += [
        f"**{escaped(each.speaker)}** ({clock(each.start_s)}): {escaped(each.text)}\n"
        for each in paragraphs(meeting.utterances)
    ]
    return "\n".join(parts)


def _title(meeting: MeetingText) -> str:
    return " ".join((meeting.title or "").split()) or f"Meeting of {meeting.day}"


def _front_matter(meeting: MeetingText) -> str:
    facts: dict[str, Any] = {
        "title": _title(meeting),
        "recording_id": meeting.recording_id,
        "day": str(meeting.day),
        "started_at": to_iso8601(meeting.started_at) if meeting.started_at else None,
        "duration_s": meeting.duration_s,
        "platform": meeting.platform,
        "language": meeting.language,
        "speakers": [*meeting.speakers],
    }
    known = {name: value for name, value in facts.items() if value is not None}
    return f"---\n{yaml.safe_dump(known, sort_keys=False, allow_unicode=True)}---\n"


MD = ExportFormat("md", "md", "Markdown with front matter", markdown)
