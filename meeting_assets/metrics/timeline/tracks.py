"""Comparison of two records of the same speech: their best shift, and the best pairs of tracks and speakers.

Speech is a bit mask here, one bit per 20 ms from the start of the recording. A shift is a shift of bits, and shared
speech a count of bits, so an hour is compared at 500 shifts in some milliseconds.

    reference    ━━━━━━━      ━━━━━━━━━
    track          ━━━━━━━      ━━━━━━━━━      shift_us = +2 bins: the track is later than the reference
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from meeting_assets.metrics.timeline.intervals import Interval

BIN_US = 20_000
# Where one record has longer intervals than the other, many shifts share nearly the same speech: the middle one counts.
_EQUAL_SHARE = 0.005


class Shift(NamedTuple):
    """The shift at which a track shares most speech with its reference."""

    shift_us: int
    """Positive if the track is later than the reference."""
    gain: float
    """Additional shared speech, as part of the shorter record."""


def speech_mask(intervals: Iterable[Interval]) -> int:
    """The bit mask of a union of intervals, without those before the start of the recording.

    >>> bin(speech_mask([(0, 40_000), (80_000, 100_000)]))
    '0b10011'
    """
    pieces: list[str] = []
    position = 0
    for start_us, end_us in intervals:
        start, end = max(position, round(start_us / BIN_US)), round(end_us / BIN_US)
        if end > start:
            pieces += ["0" * (start - position), "1" * (end - start)]
            position = end
    # The highest bit of a binary numeral comes first.
    return int("".join(pieces)[::-1] or "0", 2)


def best_shift(track: int, reference: int, largest_us: int) -> Shift:
    """The best shift of a track within `largest_us` in both directions; no shift if one record is silent.

    >>> reference = speech_mask([(1_000_000, 2_000_000), (5_000_000, 9_000_000)])
    >>> best_shift(reference << 25, reference, 5_000_000)
    Shift(shift_us=500000, gain=0.2)
    """
    shorter = min(track.bit_count(), reference.bit_count())
    if not shorter:
        return Shift(0, 0.0)
    bins = largest_us // BIN_US
    shared = {shift: _shared(track, reference, shift) for shift in range(-bins, bins + 1)}
    most = max(shared.values())
    best = [shift for shift, bits in shared.items() if bits >= most - _EQUAL_SHARE * shorter]
    # Of separate peaks that are equal, the one around the smallest shift counts.
    nearest = min(best, key=abs)
    first = last = nearest
    while first - 1 in shared and shared[first - 1] >= most - _EQUAL_SHARE * shorter:
        first -= 1
    while last + 1 in shared and shared[last + 1] >= most - _EQUAL_SHARE * shorter:
        last += 1
    return Shift((first + last) // 2 * BIN_US, (most - shared[0]) / shorter)


def _shared(track: int, reference: int, shift: int) -> int:
    """Bits that both have if the track is moved back by a number of bins."""
    moved = track >> shift if shift >= 0 else track << -shift
    return (moved & reference).bit_count()


def best_pairs(shared: Sequence[Sequence[int]]) -> list[int]:
    """For each track the speaker that it is paired with, so that the speech shared by all pairs is largest.

    This is the assignment problem; the algorithm is the Hungarian one with potentials (Kuhn 1955, Munkres 1957).

    Args:
        shared: speech that each track (row) shares with each speaker (column); a square.

    >>> best_pairs([[1, 9, 2], [8, 7, 1], [0, 2, 5]])
    [1, 0, 2]
    """
    size = len(shared)
    # Row and column 0 are a sentinel: `row_of[column]` is the row of a column, `row_of[0]` the row being placed.
    row_costs, column_costs = [0] * (size + 1), [0] * (size + 1)
    row_of = [0] * (size + 1)
    for row in range(1, size + 1):
        row_of[0] = row
        path = _augmenting_path(shared, row_costs, column_costs, row_of)
        for column, previous in path:
            row_of[column] = row_of[previous]
    pairs = [0] * size
    for column in range(1, size + 1):
        pairs[row_of[column] - 1] = column - 1
    return pairs


def _augmenting_path(
    shared: Sequence[Sequence[int]], row_costs: list[int], column_costs: list[int], row_of: list[int]
) -> list[tuple[int, int]]:
    """The cheapest path from the unplaced row to a free column, from its end; updates the potentials."""
    size = len(shared)
    slack: list[float] = [float("inf")] * (size + 1)
    previous, is_visited = [0] * (size + 1), [False] * (size + 1)
    column = 0
    while row_of[column]:
        is_visited[column] = True
        row, nearest = row_of[column], 0
        for other in range(1, size + 1):
            if not is_visited[other]:
                cost = -shared[row - 1][other - 1] - row_costs[row] - column_costs[other]
                if cost < slack[other]:
                    slack[other], previous[other] = cost, column
                if not nearest or slack[other] < slack[nearest]:
                    nearest = other
        step = int(slack[nearest])
        for other in range(size + 1):
            if is_visited[other]:
                row_costs[row_of[other]] += step
                column_costs[other] -= step
            else:
                slack[other] -= step
        column = nearest
    path = []
    while column:
        path.append((column, previous[column]))
        column = previous[column]
    return path
