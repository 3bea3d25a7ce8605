"""STM (Segment Time Mark, NIST sclite): utterances with speakers and times.

For sclite, `<…>` before the words is a label, and `{…}` and a lone `@` are alternatives. They are replaced.
"""

from __future__ import annotations

from meeting_assets.publications.exports.fields import BRACKETS, speaker_fields
from meeting_assets.publications.exports.format import ExportFormat
from meeting_assets.publications.meeting_text import MeetingText, SpokenUtterance

_AT = "＠"  # noqa: RUF001 - full-width


def stm(meeting: MeetingText) -> str:
    """One line per utterance, in the order of their starts."""
    fields = speaker_fields(meeting)
    return "".join(
        f"{meeting.recording_id} 1 {fields[each.speaker]} {each.start_s:.3f} {each.end_s:.3f} {transcript_text(each)}\n"
        for each in meeting.utterances
    )


def transcript_text(utterance: SpokenUtterance) -> str:
    """The words of an utterance without sclite's markup."""
    words = (word.text.translate(BRACKETS) for word in utterance.words)
    return " ".join(_AT if word == "@" else word for word in words)


STM = ExportFormat("stm", "stm", stm)
