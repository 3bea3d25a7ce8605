r"""SubRip subtitles (`.srt`). The format has no standard and no escapes.

Players read `<…>`, `{…}` and `\N` as markup, and parsers read `-->` as a time line. Angle brackets become `‹` and `›`,
braces parentheses, and a backslash `∖`.
"""

from __future__ import annotations

from meeting_assets.publications.exports.cues import Cue, cues_of
from meeting_assets.publications.exports.fields import BRACKETS
from meeting_assets.publications.exports.format import ExportFormat
from meeting_assets.publications.exports.webvtt import timestamp
from meeting_assets.publications.meeting_text import MeetingText

_SUBSTITUTES = BRACKETS | {ord("\\"): "∖"}  # noqa: RUF001


def subrip(meeting: MeetingText) -> str:
    """Numbered cues; the first one of each utterance begins with the speaker's name."""
    cues = cues_of(meeting.utterances, shows_speaker=True)
    return "\n".join(_block(number, cue) for number, cue in enumerate(cues, start=1))


def _block(number: int, cue: Cue) -> str:
    start, end = (timestamp(instant_s).replace(".", ",") for instant_s in (cue.start_s, cue.end_s))
    lines = "\n".join(line.translate(_SUBSTITUTES) for line in cue.lines)
    return f"{number}\n{start} --> {end}\n{lines}\n"


SRT = ExportFormat("srt", "srt", subrip)
