"""CTM (Conversation Time Mark, NIST sclite): words with times.

The format has no field for a speaker. As in meeteval, the channel names the speaker.
"""

from __future__ import annotations

from meeting_assets.publications.exports.fields import identifier
from meeting_assets.publications.exports.format import ExportFormat
from meeting_assets.publications.meeting_text import MeetingText


def ctm(meeting: MeetingText) -> str:
    """One line per word, in the order of their starts."""
    words = [(word, identifier(each.speaker)) for each in meeting.utterances for word in each.words]
    return "".join(
        f"{meeting.recording_id} {speaker} {word.start_s:.3f} {max(word.end_s - word.start_s, 0):.3f} {word.text}\n"
        for word, speaker in sorted(words, key=lambda item: item[0].start_s)
    )


CTM = ExportFormat("ctm", "ctm", "words with times, for speech recognition tools", ctm)
