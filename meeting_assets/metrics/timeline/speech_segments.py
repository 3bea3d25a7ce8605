"""Speech of all speakers of a meeting: each speaker's intervals, the segments in order, and the states of the floor.

Times are whole microseconds, as in `intervals`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import NamedTuple, TypeAlias

from meeting_assets.metrics.timeline.intervals import Interval, bridged, length_us

SpeechBySpeaker: TypeAlias = Mapping[str, Sequence[Interval]]
"""The union of each speaker's speech, in order. A speaker without speech has no entry."""


class SpeechSegment(NamedTuple):
    """One interval of one speaker's speech; segments sort by start, then end, then speaker."""

    start_us: int
    end_us: int
    speaker: str

    @property
    def length_us(self) -> int:
        return self.end_us - self.start_us


class FloorState(NamedTuple):
    """An interval in which the same speakers speak.

    `speaker` is the speaker of a state with exactly one, None in silence and in overlap.
    """

    start_us: int
    end_us: int
    speaker_count: int
    speaker: str | None

    @property
    def length_us(self) -> int:
        return self.end_us - self.start_us


def segments_in_order(speech: SpeechBySpeaker, *, gap_us: int = 1) -> list[SpeechSegment]:
    """All segments by start, end and speaker, each speaker's merged across gaps shorter than `gap_us`."""
    return sorted(
        SpeechSegment(start, end, speaker)
        for speaker, intervals in speech.items()
        for start, end in bridged(intervals, gap_us)
    )


def talk_times_us(speech: SpeechBySpeaker) -> dict[str, int]:
    """Length of each speaker's speech."""
    return {speaker: length_us(intervals) for speaker, intervals in speech.items()}


def floor_states(speech: SpeechBySpeaker) -> list[FloorState]:
    """States of the floor from the first start to the last end of speech, without gaps.

        ann  ━━━━━━━━       ━━━
        bo        ━━━━━━
      =      111112221110000111     0 silence, 1 single, 2 or more overlap

    >>> [tuple(state) for state in floor_states({"ann": [(0, 8), (15, 18)], "bo": [(5, 11)]})]
    [(0, 5, 1, 'ann'), (5, 8, 2, None), (8, 11, 1, 'bo'), (11, 15, 0, None), (15, 18, 1, 'ann')]
    """
    edges = [(start, True, speaker) for speaker, intervals in speech.items() for start, _ in intervals]
    edges += [(end, False, speaker) for speaker, intervals in speech.items() for _, end in intervals]
    states: list[FloorState] = []
    speaking: set[str] = set()
    start_us = 0
    for time_us, is_start, speaker in sorted(edges, key=itemgetter(0)):
        if time_us > start_us and (speaking or states):
            only = next(iter(speaking)) if len(speaking) == 1 else None
            states.append(FloorState(start_us, time_us, len(speaking), only))
        start_us = time_us
        if is_start:
            speaking.add(speaker)
        else:
            speaking.remove(speaker)
    return states
