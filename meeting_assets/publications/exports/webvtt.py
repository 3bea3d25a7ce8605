"""WebVTT subtitles (https://www.w3.org/TR/webvtt1/), with voice tags or with names as text."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from meeting_assets.publications.exports.cues import Cue, cues_of
from meeting_assets.publications.exports.format import ExportFormat
from meeting_assets.publications.meeting_text import MeetingText

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def escaped(text: str) -> str:
    """A text as cue text or as the name in a voice tag. Without `>`, it cannot contain the arrow `-->`.

    >>> escaped("R&D --> <v Ada>")
    'R&amp;D --&gt; &lt;v Ada&gt;'
    """
    return text.translate(_ESCAPES)


def timestamp(instant_s: float) -> str:
    """A time from the start of the recording.

    >>> timestamp(3725.0406), timestamp(360000)
    ('01:02:05.041', '100:00:00.000')
    """
    seconds, milliseconds = divmod(round(instant_s * 1000), 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{milliseconds:03}"


def with_voice_tags(meeting: MeetingText) -> str:
    """Cues whose voice tags name the speakers; players do not show them."""
    return _file(cues_of(meeting.utterances), lambda cue: f"<v {_annotation(cue.speaker)}>{_text(cue)}")


def with_names(meeting: MeetingText) -> str:
    """Cues that begin with the speaker's name, for players without support of voice tags."""
    return _file(cues_of(meeting.utterances, shows_speaker=True), _text)


def _annotation(name: str) -> str:
    """A name in a voice tag. A hyphen at its end would be part of an arrow, together with the end of the tag."""
    text = escaped(name)
    return f"{text[:-1]}&#45;" if text.endswith("-") else text


def _text(cue: Cue) -> str:
    return "\n".join(escaped(line) for line in cue.lines)


def _file(cues: Sequence[Cue], text_of: Callable[[Cue], str]) -> str:
    blocks = [f"{timestamp(cue.start_s)} --> {timestamp(cue.end_s)}\n{text_of(cue)}\n" for cue in cues]
    return "\n".join(["WEBVTT\n", *blocks])


VTT = ExportFormat("vtt", "vtt", with_voice_tags)
VTT_NAMES = ExportFormat("vtt_names", "names.vtt", with_names)
