"""Interval arithmetic: stretches of time, half-open `[start, end)`, as plain tuples.

Times are whole microseconds: what adds up by definition adds up in the result, a tie is a tie, and a segment
cut in two anywhere weighs what it weighed before. `microseconds` and `seconds` convert at the edges:

>>> microseconds(0.1) + microseconds(0.2) == microseconds(0.3)
True
>>> seconds(1_500_000)
1.5

An interval holds time: `start < end`. No intervals is a valid input everywhere; its length is 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

Interval: TypeAlias = tuple[int, int]

_MICROSECONDS_PER_SECOND = 1_000_000


def microseconds(time_s: float) -> int:
    """Seconds as whole microseconds, to the nearest."""
    return round(time_s * _MICROSECONDS_PER_SECOND)


def seconds(time_us: int) -> float:
    """Microseconds as seconds: the float that prints as the decimal number meant."""
    return time_us / _MICROSECONDS_PER_SECOND


def merged(intervals: Iterable[Interval]) -> list[Interval]:
    """The union in order: intervals joined where they overlap or touch.

        ━━━━━       ━━━━
           ━━━━━━       ━━━
      = ━━━━━━━━━   ━━━━━━━

    >>> merged([(5, 9), (0, 3), (2, 5), (11, 12)])
    [(0, 9), (11, 12)]
    """
    union: list[Interval] = []
    rest = iter(sorted(intervals))
    for since, until in rest:
        for start, end in rest:
            if start > until:
                union.append((since, until))
                since, until = start, end
            elif end > until:
                until = end
        union.append((since, until))
    return union


def joined(disjoint: Iterable[Interval], gap_us: int) -> list[Interval]:
    """Ordered intervals, of which no two overlap, joined where less than `gap_us` lies between.

        ━━━━━  ━━     ━━
      = ━━━━━━━━━     ━━

    >>> joined([(0, 9), (11, 12), (15, 16)], 3)
    [(0, 12), (15, 16)]
    """
    bridged: list[Interval] = []
    rest = iter(disjoint)
    for since, until in rest:
        for start, end in rest:
            if start - until >= gap_us:
                bridged.append((since, until))
                since = start
            until = end
        bridged.append((since, until))
    return bridged


def shared_us(one: Sequence[Interval], other: Sequence[Interval]) -> int:
    """How long both are on; each is in order, and no two intervals of it overlap.

    >>> shared_us([(0, 9), (11, 12)], [(8, 20)])
    2
    """
    shared, place = 0, 0
    for start, end in one:
        while place < len(other) and other[place][1] <= start:
            place += 1
        at = place
        while at < len(other) and other[at][0] < end:
            since, until = other[at]
            shared += (until if until < end else end) - (since if since > start else start)
            at += 1
    return shared


def clipped(intervals: Iterable[Interval], *, start: int, end: int) -> list[Interval]:
    """What lies inside `[start, end)`; intervals wholly outside vanish.

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
    """Total length of intervals of which no two overlap.

    >>> length_us([(0, 3), (4, 5)])
    4
    """
    return sum([end - start for start, end in disjoint])
