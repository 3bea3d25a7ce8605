"""Sources that give the floor to one speaker at a time, so that overlap in them is unknown rather than absent.

    ann  ━━━━━━━━━━━        ━━━━━       captions of a meeting: one stream of text, in which speakers take turns
    bo              ━━━━━━━━            bo may have started earlier; the source does not say so

Ten of ten real Zoom caption files report no overlap at all. Overlap, interruptions and offsets are NULL for such a
source, never 0.
"""

from __future__ import annotations

from collections.abc import Iterable

from meeting_assets.core.timing_source import TimingSource
from meeting_assets.metrics.timeline.speech_segments import FloorState

CAPTIONS = "meeting_captions"
"""The provider of a transcript that holds the captions of the meeting platform."""
# A shorter meeting may have no overlap by chance.
MIN_SPEECH_US = 30 * 60_000_000
# Overlap of 0.01 s in a minute of speech: less than the rounding of times produces.
MIN_OVERLAP_SHARE = 0.01 / 60


def is_single_stream(
    source: TimingSource | None, provider: str | None, floor: Iterable[FloorState], speaker_count: int
) -> bool:
    """Whether the timing source of a meeting cannot show overlap.

    True for the times of caption words, and for at least 30 minutes of speech by two or more speakers with less than
    0.01 s of overlap per minute of speech. False without a timing source.

    Args:
        source: the timing source.
        provider: of the primary transcript.
        floor: the states of the floor by the timing source.
        speaker_count: speakers in the timing source, without bots; several devices of one person count as several.
    """
    if source == "words" and provider == CAPTIONS:
        return True
    if speaker_count < 2:
        return False
    speech_us = overlap_us = 0
    for state in floor:
        if state.speaker_count > 0:
            speech_us += state.length_us
        if state.speaker_count > 1:
            overlap_us += state.length_us
    return speech_us >= MIN_SPEECH_US and overlap_us < MIN_OVERLAP_SHARE * speech_us
