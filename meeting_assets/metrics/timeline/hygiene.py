"""Interval hygiene: turns the raw segments of one source into speech that can be measured.

    dropped   no start, or an end that is not after the start
    open      no end: closed at the same speaker's next start or the end of the recording, whichever is first
    clipped   reaches out of the recording, or lies outside

Speech that ends up to 5 s after the recording extends it; later speech does not. The extension is decided before
segments are clipped. The order of the segments, repeated segments and cuts change the three counts and nothing else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from meeting_assets.metrics.meeting import RawSegment
from meeting_assets.metrics.timeline.intervals import Interval, clipped, length_us, to_microseconds, union
from meeting_assets.metrics.timeline.speech_segments import SpeechBySpeaker

EXTENSION_US = 5_000_000

OpenInterval: TypeAlias = tuple[int, int | None]
"""An interval whose end may be unknown."""


@dataclass(frozen=True, slots=True)
class CleanSpeech:
    """Speech of one source inside the recording, without bots."""

    duration_us: int | None
    """Duration of the recording, extended by late speech; None if unknown."""
    speech: SpeechBySpeaker = field(default_factory=dict)
    bot_speech_us: int = 0
    dropped_intervals: int = 0
    open_intervals: int = 0
    clipped_intervals: int = 0
    self_overlap_us: int = 0
    """Speech that more than one segment of the same speaker covers, beyond the first."""


def clean_speech(segments: Iterable[RawSegment], *, bot_keys: Collection[str], duration_us: int | None) -> CleanSpeech:
    """Applies interval hygiene to all segments of a source.

    Bots neither extend the recording nor count. A recording of unknown duration ends with the last known edge of its
    speech.
    """
    intervals, dropped = _valid_intervals(segments)
    until_us = _latest_us(intervals, duration_us) + 1
    closed_intervals = {speaker: closed(own, until_us) for speaker, own in sorted(intervals.items())}
    unions = {speaker: union(own) for speaker, own in closed_intervals.items() if speaker not in bot_keys}
    bots = union(each for speaker, own in closed_intervals.items() if speaker in bot_keys for each in own)
    of_people = [each for speaker, own in intervals.items() if speaker not in bot_keys for each in own]

    known_end_us = extended_us(duration_us, [end for own in unions.values() for _, end in own])
    end_us = _last_edge_us(of_people) if known_end_us is None else known_end_us
    inside = {speaker: clipped(own, start=0, end=end_us) for speaker, own in unions.items()}
    total_us = sum(length_us(clipped(closed_intervals[speaker], start=0, end=end_us)) for speaker in unions)
    return CleanSpeech(
        duration_us=known_end_us,
        speech={speaker: own for speaker, own in inside.items() if own},
        bot_speech_us=length_us(clipped(bots, start=0, end=end_us)),
        dropped_intervals=sum(speaker not in bot_keys for speaker in dropped),
        open_intervals=sum(end is None for _, end in of_people),
        clipped_intervals=sum(
            [start < 0 or start >= end_us or (end is not None and end > end_us) for start, end in of_people]
        ),
        self_overlap_us=total_us - sum(map(length_us, inside.values())),
    )


def closed(intervals: Sequence[OpenInterval], until_us: int) -> list[Interval]:
    """One speaker's intervals, each open one closed at the next later start, or else at `until_us`.

        ━━━━━?                   never closed
                 ━━━━━━          the same speaker's next segment
      = ━━━━━━━━━━━━━━━

    Intervals with the same start are copies of one, so an open one does not close at its own start: it ends with a
    closed copy, or else at the next later start.

    >>> closed([(0, None), (7, 12)], 20)
    [(0, 7), (7, 12)]
    >>> closed([(0, None), (0, 3), (7, 12)], 20)
    [(0, 3), (0, 3), (7, 12)]
    """
    open_starts = {start for start, end in intervals if end is None}
    if not open_starts:
        return [(start, end) for start, end in intervals if end is not None]
    starts = sorted({start for start, _ in intervals})
    ends = dict(zip(starts, [*starts[1:], until_us], strict=True))
    ends.update((start, end) for start, end in intervals if end is not None)
    return [(start, ends[start] if end is None else end) for start, end in intervals]


def extended_us(duration_us: int | None, ends: Iterable[int]) -> int | None:
    """The duration, or the latest end of speech that is at most 5 s later.

    Expects the ends of unions: a segment that ends much later may have been cut in two inside these 5 s.

    >>> extended_us(10_000_000, [9_000_000, 12_000_000, 15_000_001])
    12000000
    """
    if duration_us is None:
        return None
    return max((end for end in ends if duration_us < end <= duration_us + EXTENSION_US), default=duration_us)


def _valid_intervals(segments: Iterable[RawSegment]) -> tuple[Mapping[str, list[OpenInterval]], list[str]]:
    """Intervals by speaker, and the speaker of each dropped segment."""
    intervals: dict[str, list[OpenInterval]] = defaultdict(list)
    dropped: list[str] = []
    for speaker, _, start_s, end_s in segments:
        start = None if start_s is None else to_microseconds(start_s)
        end = None if end_s is None else to_microseconds(end_s)
        if start is None or (end is not None and end <= start):
            dropped.append(speaker)
        else:
            intervals[speaker].append((start, end))
    return intervals, dropped


def _latest_us(intervals: Mapping[str, Iterable[OpenInterval]], duration_us: int | None) -> int:
    """The latest time that any interval or the extended recording can reach."""
    edges = [start if end is None else end for own in intervals.values() for start, end in own]
    return max((duration_us or 0) + EXTENSION_US, max(edges, default=0))


def _last_edge_us(intervals: Iterable[OpenInterval]) -> int:
    return max((start if end is None else end for start, end in intervals), default=0)
