"""Voice activity: the times at which a participant's separate audio contains speech, from a decision for each frame.

    frames     ..ssss.sss.....s.....sssss..      s = the detector hears speech
    bridged      ━━━━━━━━     ━     ━━━━━        gaps under `BRIDGE_US` are closed: a pause inside a word
    kept         ━━━━━━━━           ━━━━━        intervals under `SHORTEST_US` are clicks, not speech

The intervals are independent of the platform, which has its own rules for active speakers. Times count from the start
of the recording; the manifest states where each part begins.
"""

from __future__ import annotations

from itertools import groupby

from meeting_assets.metrics.timeline.intervals import Interval, bridged

ACTIVITY_VERSION = "1"
"""Raise it whenever a code change changes an interval: stored intervals of another version are computed again."""
FRAME_US = 30_000
BRIDGE_US = 250_000
SHORTEST_US = 90_000


def activity_intervals(flags: bytes, start_us: int) -> list[Interval]:
    """The intervals of speech of one part, in whole microseconds of the recording.

    Args:
        flags: one byte per frame of `FRAME_US`; 0 is no speech.
        start_us: of the first frame, from the start of the recording; may be negative.

    >>> activity_intervals(bytes([0, 1, 1, 1, 0, 1, 1, *[0] * 20, 1, 0]), 1_000_000)
    [(1030000, 1210000)]
    """
    runs: list[Interval] = []
    position_us = start_us
    for is_speech, run in groupby(flags, key=bool):
        end_us = position_us + FRAME_US * sum(1 for _ in run)
        if is_speech:
            runs.append((position_us, end_us))
        position_us = end_us
    return [(start, end) for start, end in bridged(runs, BRIDGE_US) if end - start >= SHORTEST_US]
