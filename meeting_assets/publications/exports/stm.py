"""STM (Segment Time Mark, NIST sclite): utterances with speakers and times."""

from __future__ import annotations

from meeting_assets.publications.exports.fields import identifier
from meeting_assets.publications.exports.format import ExportFormat
from meeting_assets.publications.meeting_text import MeetingText


def stm(meeting: MeetingText) -> str:
    """One line per utterance, in the order of their starts."""
    return "".join(
        f"{meeting.recording_id} 1 {identifier(each.speaker)} {each.start_s:.3f} {each.end_s:.3f} {each.text}\n"
        for each in meeting.utterances
    )


STM = ExportFormat("stm", "stm", "utterances with times, for speech recognition tools", stm)
