from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from meeting_assets.metrics.timeline.intervals import (
    Interval,
    clipped,
    length_us,
    merged,
    microseconds,
    seconds,
)

# Small numbers, so that ties, touching and nesting are common.
intervals = st.tuples(st.integers(0, 40), st.integers(1, 12)).map(lambda pair: (pair[0], pair[0] + pair[1]))
lists_of_intervals = st.lists(intervals, max_size=12)


def ticks(of: list[Interval]) -> set[int]:
    """The same intervals as the set of microseconds they hold."""
    return {tick for start, end in of for tick in range(start, end)}


@given(st.integers(-(10**12), 10**12))
def test_seconds_and_microseconds_are_each_others_inverse(time_us: int) -> None:
    assert microseconds(seconds(time_us)) == time_us


def test_seconds_print_as_the_decimal_number_meant() -> None:
    assert str(seconds(microseconds(0.1) + microseconds(0.2))) == "0.3"


@given(lists_of_intervals)
def test_the_union_holds_what_the_intervals_hold(some: list[Interval]) -> None:
    assert ticks(merged(some)) == ticks(some)


@given(lists_of_intervals)
def test_a_union_is_in_order_with_room_between(some: list[Interval]) -> None:
    union = merged(some)

    assert all(end < start for (_, end), (start, _) in pairwise(union))


@given(lists_of_intervals)
def test_the_length_of_a_union_counts_every_instant_once(some: list[Interval]) -> None:
    assert length_us(merged(some)) == len(ticks(some))


def test_an_interval_inside_another_does_not_shorten_it() -> None:
    assert merged([(0, 10), (2, 3)]) == [(0, 10)]


@given(lists_of_intervals, st.integers(-5, 50), st.integers(-5, 50))
def test_clipping_keeps_what_lies_between(some: list[Interval], start: int, end: int) -> None:
    inside = clipped(some, start=start, end=end)

    assert ticks(inside) == ticks(some) & set(range(start, end))
    assert all(first < last for first, last in inside)


def test_nothing_has_no_length_and_no_union() -> None:
    assert length_us([]) == 0
    assert merged([]) == []
    assert clipped([], start=0, end=10) == []
