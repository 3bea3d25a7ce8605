"""The share of each label's speech that lies in each participant's timeline.

Labels are compared with the timeline where it tells best who speaks: where exactly one speaker is active, farther than
a collar from the speaker's start and end. In overlap the timeline does not tell whose words these are. In silence it
names no speaker. At the edges its times and those of words differ; the scoring of diarization has the same collar.

    timeline   ann  ━━━━━━━━━━━━━━━━━━
               bo               ━━━━━━━━━━━━━━━━
    compared        .aaaaaaaaaa.      .bbbbbbbb.
    words      A    ━━━━━━━━━━━━━━━━━━━━━━━              10 of ann, 4 of bo: share 0.71, the runner-up's 0.29

Without the collar, labels whose times are off by 0.3 s have shares as low as 0.79 on the AMI meetings, less than many
labels of which every tenth word is another speaker's; with it they have 1.00 (benchmarks labels).
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from meeting_assets.metrics.timeline.intervals import Interval, length_us
from meeting_assets.metrics.timeline.speech_segments import SpeechBySpeaker, floor_states

# A label that is comparable in a smaller part of its speech is left out.
LEAST_COMPARABLE = 0.1


class LabelShare(NamedTuple):
    """The speaker whose timeline has most of a label's comparable speech."""

    speaker: str
    share: float
    """Part of the comparable speech."""
    runner_up: float
    """The second largest share, 0 without one."""


class _Alone(NamedTuple):
    """Time in which one speaker speaks alone, without the collar."""

    start_us: int
    end_us: int
    speaker: str


def label_shares(labels: SpeechBySpeaker, timeline: SpeechBySpeaker, collar_us: int) -> dict[str, LabelShare]:
    """The best candidate of each label; labels with too little comparable speech are left out.

    Both arguments are unions. Of several speakers with equal shares the alphabetically first is returned.

    >>> timeline = {"ann": [(0, 18)], "bo": [(12, 28)]}
    >>> label_shares({"A": [(0, 23)], "B": [(30, 40)]}, timeline, collar_us=1)
    {'A': LabelShare(speaker='ann', share=0.7142857142857143, runner_up=0.2857142857142857)}
    """
    alone = [
        _Alone(state.start_us + collar_us, state.end_us - collar_us, state.speaker)
        for state in floor_states(timeline)
        if state.speaker is not None and state.length_us > 2 * collar_us
    ]
    ends = [each.end_us for each in alone]
    shares: dict[str, LabelShare] = {}
    for label, intervals in labels.items():
        covered = _covered_us(intervals, alone, ends)
        if covered and covered.total() >= LEAST_COMPARABLE * length_us(intervals):
            shares[label] = _best(covered)
    return shares


def _covered_us(intervals: Sequence[Interval], alone: Sequence[_Alone], ends: Sequence[int]) -> Counter[str]:
    """Time of the intervals in which each speaker speaks alone."""
    covered: Counter[str] = Counter()
    for start_us, end_us in intervals:
        for index in range(bisect_right(ends, start_us), len(alone)):
            first_us, last_us, speaker = alone[index]
            if first_us >= end_us:
                break
            covered[speaker] += min(end_us, last_us) - max(start_us, first_us)
    return covered


def _best(covered: Mapping[str, int]) -> LabelShare:
    (first, longest_us), *others = sorted(covered.items(), key=lambda each: (-each[1], each[0]))
    total_us = sum(covered.values())
    return LabelShare(first, longest_us / total_us, others[0][1] / total_us if others else 0.0)
