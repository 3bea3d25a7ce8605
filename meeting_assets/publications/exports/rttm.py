"""RTTM (Rich Transcription Time Marked, NIST RT-09): speech segments with speakers."""

from __future__ import annotations

from meeting_assets.publications.exports.fields import speaker_fields
from meeting_assets.publications.exports.format import ExportFormat
from meeting_assets.publications.meeting_text import MeetingText, SpeechSegment

NONE = "<NA>"


def rttm(meeting: MeetingText) -> str:
    """One line per segment of the table `speech`, from which the metrics derive."""
    fields = speaker_fields(meeting)
    return "".join(_line(meeting.recording_id, each, fields[each.speaker]) for each in meeting.segments)


def _line(recording_id: str, segment: SpeechSegment, speaker: str) -> str:
    times = f"{segment.start_s:.3f} {segment.end_s - segment.start_s:.3f}"
    return f"SPEAKER {recording_id} 1 {times} {NONE} {NONE} {speaker} {NONE} {NONE}\n"


RTTM = ExportFormat("rttm", "rttm", rttm, "segments")
