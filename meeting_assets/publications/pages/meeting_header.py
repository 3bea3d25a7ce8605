"""The facts at the top of a meeting's page, and its downloads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from unicodedata import category

from meeting_assets.core.languages import language_of
from meeting_assets.metrics.attendance import SCHEDULED_WITHIN_US
from meeting_assets.publications.exports import FORMATS
from meeting_assets.publications.exports.format import ExportFormat
from meeting_assets.publications.pages.meeting_data import MeetingData
from meeting_assets.publications.pages.values import platform_name

REFUSED_CHARACTERS = frozenset('<>:"/\\|?*')
MOST_TITLE_BYTES = 150
"""File systems take names of at most 255 bytes."""
DOWNLOADS = ("vtt", "md", "attendance")
"""Names of the formats that are always beside a page."""
_LABELS = {
    "vtt": "Subtitles (WebVTT)",
    "vtt_names": "Subtitles with names (WebVTT)",
    "srt": "Subtitles (SRT)",
    "md": "Transcript (Markdown)",
    "txt": "Transcript (text)",
    "json": "Transcript for language models (JSON)",
    "attendance": "Attendance (CSV)",
    "chat": "Chat (CSV)",
    "rttm": "Speech (RTTM)",
    "ctm": "Timed words (CTM)",
    "stm": "Transcript for scoring (STM)",
    "seglst": "Transcript for scoring (SegLST)",
}


class Download(NamedTuple):
    """A file beside the page."""

    file_name: str
    label: str
    saved_as: str
    """The name that the browser suggests."""


class CustomerKey(NamedTuple):
    """A key of the customer's metadata."""

    key: str
    value: str


@dataclass(frozen=True, slots=True)
class Header:
    """Facts about a meeting; None if unknown."""

    title: str
    platform: str | None
    started_at: datetime | None
    ended_at: datetime | None
    scheduled_at: datetime | None
    hosts: Sequence[str]
    recorded_by: str
    transcribed_by: str | None
    customer_keys: Sequence[CustomerKey]
    language: str | None
    """The language of the transcript as a BCP 47 code."""

    @property
    def start_delay_s(self) -> float | None:
        """Time from the scheduled start to the start of the recording; None if lateness counts from the first join."""
        if self.scheduled_at is None or self.started_at is None:
            return None
        delay_s = (self.started_at - self.scheduled_at).total_seconds()
        return delay_s if abs(delay_s) <= SCHEDULED_WITHIN_US / 1_000_000 else None


def header_of(meeting: MeetingData) -> Header:
    """The facts about a meeting."""
    recording, transcript = meeting.recording, meeting.transcript
    codes = transcript.language_codes.split(",") if transcript and transcript.language_codes else []
    return Header(
        title=" ".join((recording.title or "").split()) or f"Meeting of {recording.day}",
        platform=platform_name(recording.platform),
        started_at=recording.started_at,
        ended_at=recording.completed_at,
        scheduled_at=recording.scheduled_at,
        hosts=[each.name for each in meeting.members if each.is_host],
        recorded_by=recording.bot_name or (recording.source or "bot").replace("_", " "),
        transcribed_by=transcript.provider if transcript else None,
        customer_keys=[*_customer_keys(recording.recording_metadata, recording.bot_metadata)],
        language=next((found for code in codes if (found := language_of(code))), None),
    )


def downloads_of(meeting: MeetingData, formats: Iterable[str]) -> list[Download]:
    """The files beside the page, of the formats for which the meeting has content."""
    offered = [each for each in map(FORMATS.__getitem__, dict.fromkeys(formats)) if _has_content(meeting, each)]
    name = saved_name(meeting.recording.day, meeting.recording.title, meeting.recording.recording_id)
    return [Download(_file_name(meeting, each), _LABELS[each.name], f"{name}.{each.extension}") for each in offered]


def saved_name(day: date, title: str | None, recording_id: str) -> str:
    """A name for saved files of a meeting, without its extension, that every file system takes.

    The end of the id tells meetings with the same title apart. Control characters, those that change the direction of
    text, and those that Windows refuses become blanks.

    >>> saved_name(date(2026, 3, 2), "Weekly: sync", "0193c5fa-0000-7000-8000-00000000beef")
    '2026-03-02 Weekly sync 0000beef'
    """
    kept = (" " if each in REFUSED_CHARACTERS or category(each)[0] in "CZ" else each for each in title or "")
    words = " ".join("".join(kept).split()) or "Meeting"
    short = words.encode()[:MOST_TITLE_BYTES].decode(errors="ignore").rstrip()
    return f"{day} {short} {recording_id.replace('-', '')[-8:]}"


def _has_content(meeting: MeetingData, export: ExportFormat) -> bool:
    contents = {
        "utterances": any(each.text.strip() for each in meeting.said),
        "segments": bool(meeting.speech),
        "chat": bool(meeting.chat),
        "sessions": bool(meeting.sessions),
    }
    return contents[export.content]


def _file_name(meeting: MeetingData, export: ExportFormat) -> str:
    return f"{meeting.recording.day}_{meeting.recording.recording_id}.{export.extension}"


def _customer_keys(*documents: Any) -> Iterable[CustomerKey]:
    """The keys of several documents; equal entries count once."""
    items = [item for each in documents if isinstance(each, dict) for item in each.items()]
    return dict.fromkeys(CustomerKey(str(key), str(value)) for key, value in items)
