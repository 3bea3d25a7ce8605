"""Sources that give the floor to one speaker at a time, so that overlap in them is unknown rather than absent.

    ann  ━━━━━━━━━━━        ━━━━━       captions of a meeting: one stream of text, in which speakers take turns
    bo              ━━━━━━━━            bo may have started earlier; the source does not say so

Ten of ten real Zoom caption files report no overlap at all. Overlap, interruptions and offsets are NULL for such a
source, never 0.
"""

from __future__ import annotations

from meeting_assets.metrics.speech import SpokenMeeting

CAPTIONS = "meeting_captions"
"""The provider of a transcript that holds the captions of the meeting platform."""
# A shorter meeting may have no overlap by chance.
MIN_SPEECH_US = 30 * 60_000_000
# Overlap of 0.01 s in a minute of speech: less than the rounding of times produces.
MIN_OVERLAP_SHARE = 0.01 / 60


def is_single_stream(meeting: SpokenMeeting) -> bool:
    """Whether the timing source of a meeting cannot show overlap.

    True for the times of caption words, and for at least 30 minutes of speech by two or more speakers with less than
    0.01 s of overlap per minute of speech. False without a timing source.
    """
    if meeting.timing_source == "words" and meeting.given.provider == CAPTIONS:
        return True
    speech_us = sum(state.length_us for state in meeting.floor if state.speaker_count > 0)
    overlap_us = sum(state.length_us for state in meeting.floor if state.speaker_count > 1)
    is_long = len(meeting.clean.speech) > 1 and speech_us >= MIN_SPEECH_US
    return is_long and overlap_us < MIN_OVERLAP_SHARE * speech_us
