from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from meeting_assets.metrics.timeline.intervals import (
    Interval,
    bridged,
    clipped,
    intersection_us,
    length_us,
    to_microseconds,
    to_seconds,
    union,
)

# Small numbers, so that ties, touching and nesting are common.
intervals = st.tuples(st.integers(0, 40), st.integers(1, 12)).map(lambda pair: (pair[0], pair[0] + pair[1]))
lists_of_intervals = st.lists(intervals, max_size=12)


def ticks(of: list[Interval]) -> set[int]:
    """The microseconds that the intervals cover."""
    return {tick for start, end in of for tick in range(start, end)}


@given(st.integers(-(10**12), 10**12))
def test_seconds_and_microseconds_are_inverse(time_us: int) -> None:
    assert to_microseconds(to_seconds(time_us)) == time_us


def test_seconds_print_as_the_intended_decimal_number() -> None:
    assert str(to_seconds(to_microseconds(0.1) + to_microseconds(0.2))) == "0.3"


@given(lists_of_intervals)
def test_union_covers_the_same_time_as_its_intervals(some: list[Interval]) -> None:
    assert ticks(union(some)) == ticks(some)


@given(lists_of_intervals)
def test_union_is_ordered_with_gaps_between(some: list[Interval]) -> None:
    assert all(end < start for (_, end), (start, _) in pairwise(union(some)))


@given(lists_of_intervals)
def test_length_of_a_union_counts_every_instant_once(some: list[Interval]) -> None:
    assert length_us(union(some)) == len(ticks(some))


def test_union_keeps_an_interval_that_contains_another() -> None:
    assert union([(0, 10), (2, 3)]) == [(0, 10)]


@given(lists_of_intervals, st.integers(1, 9))
def test_bridging_closes_gaps_shorter_than_the_limit_and_no_others(some: list[Interval], gap_us: int) -> None:
    merged = bridged(union(some), gap_us)

    gaps = [(end, start) for (_, end), (start, _) in pairwise(union(some))]
    closed = [gap for gap in gaps if gap[1] - gap[0] < gap_us]
    assert ticks(merged) == ticks(some) | ticks(closed)
    assert len(merged) == len(union(some)) - len(closed)


@given(lists_of_intervals, lists_of_intervals)
def test_intersection_is_the_time_that_both_cover(some: list[Interval], others: list[Interval]) -> None:
    assert intersection_us(union(some), union(others)) == len(ticks(some) & ticks(others))


@given(lists_of_intervals, st.integers(-5, 50), st.integers(-5, 50))
def test_clipping_keeps_the_time_between_the_limits(some: list[Interval], start: int, end: int) -> None:
    inside = clipped(some, start=start, end=end)

    assert ticks(inside) == ticks(some) & set(range(start, end))
    assert all(first < last for first, last in inside)


def test_no_intervals_have_no_length_and_no_union() -> None:
    assert length_us([]) == 0
    assert union([]) == []
    assert clipped([], start=0, end=10) == []
    assert intersection_us([], [(0, 1)]) == 0
