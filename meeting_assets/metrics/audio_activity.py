"""Voice activity: the times at which a participant's separate audio contains speech, from a decision for each frame.

    frames     ..sssshh.ssshh......shh.....ssssshh..     s, h = the detector says speech
    speech       ━━━━   ━━━         ━       ━━━━━        h: it goes on for 2 or 3 frames after the last speech
    bridged      ━━━━━━━━━━         ━       ━━━━━        gaps under `BRIDGE_US` are closed: pauses inside a phrase
    kept         ━━━━━━━━━━                 ━━━━━        intervals under `SHORTEST_US` are clicks, not speech

The intervals are independent of the platform, which has its own rules for active speakers. Times count from the start
of the recording; the manifest states where each part begins.
"""

from __future__ import annotations

from itertools import groupby

from meeting_assets.metrics.timeline.intervals import Interval, bridged

ACTIVITY_VERSION = "1"
"""Raise it whenever a code change changes an interval: stored intervals of another version are computed again."""
FRAME_US = 30_000
BRIDGE_US = 300_000
SHORTEST_US = 60_000
# WebRTC's detector, in its second most aggressive mode and with frames of 30 ms, says speech for this many frames after
# the last speech: after more than six frames of it, and after fewer (`vad_core.c`).
_HANGOVER_LONG, _HANGOVER_SHORT = 3, 2
_LONG_FRAMES = 6 + _HANGOVER_LONG


def activity_intervals(flags: bytes, start_us: int) -> list[Interval]:
    """The intervals of speech of one part, in whole microseconds of the recording.

    Args:
        flags: one byte per frame of `FRAME_US`; 0 is no speech.
        start_us: of the first frame, from the start of the recording; may be negative.

    >>> activity_intervals(bytes([0, *[1] * 12, *[0] * 20, 1, 1, 1, *[0] * 9]), 1_000_000)
    [(1030000, 1300000)]
    """
    runs: list[Interval] = []
    position = 0
    for is_speech, run in groupby(flags, key=bool):
        count = sum(1 for _ in run)
        if is_speech:
            spoken = count if position + count == len(flags) else _without_hangover(count)
            runs.append((start_us + FRAME_US * position, start_us + FRAME_US * (position + spoken)))
        position += count
    return [(start, end) for start, end in bridged(runs, BRIDGE_US) if end - start >= SHORTEST_US]


def _without_hangover(frame_count: int) -> int:
    """The frames of a run before the detector's hangover; at least one."""
    return max(1, frame_count - (_HANGOVER_LONG if frame_count > _LONG_FRAMES else _HANGOVER_SHORT))
