"""SegLST (segment-wise long-form speech transcription, CHiME and meeteval): utterances as JSON."""

from __future__ import annotations

import json

from meeting_assets.publications.exports.format import ExportFormat
from meeting_assets.publications.meeting_text import MeetingText


def seglst(meeting: MeetingText) -> str:
    """A list with one object per utterance, in the order of their starts."""
    segments = [
        {
            "session_id": meeting.recording_id,
            "speaker": each.speaker,
            "start_time": round(each.start_s, 3),
            "end_time": round(each.end_s, 3),
            "words": each.spaced_text,
        }
        for each in meeting.utterances
    ]
    return json.dumps(segments, ensure_ascii=False, indent=1) + "\n"


SEGLST = ExportFormat("seglst", "seglst.json", seglst)
