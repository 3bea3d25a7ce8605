"""CTM (Conversation Time Mark, NIST sclite): words with times.

The format has no field for a speaker. As in meeteval, the channel names the speaker.
"""

from __future__ import annotations

from meeting_assets.publications.exports.fields import speaker_fields
from meeting_assets.publications.exports.format import ExportFormat
from meeting_assets.publications.meeting_text import MeetingText


def ctm(meeting: MeetingText) -> str:
    """One line per word. As sclite requires, lines are sorted by file, channel and start."""
    fields = speaker_fields(meeting)
    words = [(fields[each.speaker], word) for each in meeting.utterances for word in each.words]
    return "".join(
        f"{meeting.recording_id} {speaker} {word.start_s:.3f} {max(word.end_s - word.start_s, 0):.3f} {word.text}\n"
        for speaker, word in sorted(words, key=lambda item: (item[0], item[1].start_s))
    )


CTM = ExportFormat("ctm", "ctm", ctm)
