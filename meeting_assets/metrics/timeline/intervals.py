"""Arithmetic on half-open intervals `[start, end)`, as plain tuples of whole microseconds.

Whole microseconds keep results exact: sums that must be equal are equal, and a segment that is cut in two weighs as
much as before. `to_microseconds` and `to_seconds` convert at the edges:

>>> to_microseconds(0.1) + to_microseconds(0.2) == to_microseconds(0.3)
True
>>> to_seconds(1_500_000)
1.5

An interval is never empty: `start < end`. Every function accepts an empty list of intervals; its length is 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

Interval: TypeAlias = tuple[int, int]

_MICROSECONDS_PER_SECOND = 1_000_000


def to_microseconds(time_s: float) -> int:
    """Seconds as whole microseconds, rounded to the nearest."""
    return round(time_s * _MICROSECONDS_PER_SECOND)


def to_seconds(time_us: int) -> float:
    """Microseconds as seconds."""
    return time_us / _MICROSECONDS_PER_SECOND


def union(intervals: Iterable[Interval]) -> list[Interval]:
    """Intervals merged where they overlap or touch, in order.

        ━━━━━       ━━━━
           ━━━━━━       ━━━
      = ━━━━━━━━━   ━━━━━━━

    >>> union([(5, 9), (0, 3), (2, 5), (11, 12)])
    [(0, 9), (11, 12)]
    """
    return bridged(sorted(intervals), gap_us=1)


def bridged(ordered: Iterable[Interval], gap_us: int) -> list[Interval]:
    """Intervals, ordered by start, merged across gaps shorter than `gap_us`.

        ━━━━━  ━━     ━━
      = ━━━━━━━━━     ━━

    >>> bridged([(0, 9), (11, 12), (15, 16)], 3)
    [(0, 12), (15, 16)]
    """
    merged: list[Interval] = []
    remaining = iter(ordered)
    for start, end in remaining:
        for next_start, next_end in remaining:
            if next_start - end >= gap_us:
                merged.append((start, end))
                start, end = next_start, next_end
            elif next_end > end:
                end = next_end
        merged.append((start, end))
    return merged


def intersection_us(one: Sequence[Interval], other: Sequence[Interval]) -> int:
    """Length of the time that two unions share.

        ━━━━━━━━━   ━━━━
             ━━━━━━━━━
      =      ━━━━   ━━

    >>> intersection_us([(0, 9), (11, 12)], [(8, 20)])
    2
    """
    shared_us = 0
    i = j = 0
    while i < len(one) and j < len(other):
        (start, end), (other_start, other_end) = one[i], other[j]
        shared_start = start if start > other_start else other_start
        shared_end = end if end < other_end else other_end
        if shared_end > shared_start:
            shared_us += shared_end - shared_start
        if end < other_end:
            i += 1
        else:
            j += 1
    return shared_us


def clipped(intervals: Iterable[Interval], *, start: int, end: int) -> list[Interval]:
    """The parts of the intervals inside `[start, end)`; intervals wholly outside vanish.

           ┃          ┃
        ━━━━━━  ━━  ━━━━━  ━━━
      =    ┃━━  ━━  ━━┃

    >>> clipped([(-2, 3), (4, 5), (8, 12), (12, 13)], start=0, end=10)
    [(0, 3), (4, 5), (8, 10)]
    """
    if start >= end:
        return []
    return [
        (first if first > start else start, last if last < end else end)
        for first, last in intervals
        if first < end and last > start
    ]


def length_us(disjoint: Iterable[Interval]) -> int:
    """Total length of intervals that do not overlap.

    >>> length_us([(0, 3), (4, 5)])
    4
    """
    return sum([end - start for start, end in disjoint])
