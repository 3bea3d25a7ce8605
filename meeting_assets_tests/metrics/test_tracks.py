"""Shifts and pairs of tracks: the best ones are found for all intervals."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meeting_assets.metrics.timeline.intervals import Interval, intersection_us, union
from meeting_assets.metrics.timeline.tracks import BIN_US, best_pairs, best_shift, speech_mask

INTERVALS = st.lists(
    st.tuples(st.integers(0, 2000), st.integers(1, 200)).map(lambda each: (each[0], each[0] + each[1])), max_size=30
).map(lambda bins: union((BIN_US * start, BIN_US * end) for start, end in bins))
LARGEST_US = 5_000_000


@given(INTERVALS, INTERVALS)
def test_shared_bits_are_the_shared_time(one: list[Interval], other: list[Interval]) -> None:
    shared = (speech_mask(one) & speech_mask(other)).bit_count()

    assert shared * BIN_US == intersection_us(one, other)


@given(INTERVALS.filter(len), st.integers(-250, 250))
def test_moved_track_shares_all_its_speech_at_its_shift(intervals: list[Interval], bins: int) -> None:
    reference = speech_mask((start + 10 * LARGEST_US, end + 10 * LARGEST_US) for start, end in intervals)
    track = reference << bins if bins >= 0 else reference >> -bins

    found = best_shift(track, reference, LARGEST_US)

    # Short intervals share nearly as much at the shifts around it.
    assert abs(found.shift_us - bins * BIN_US) <= 2 * BIN_US or found.gain < 0.02
    assert found.gain >= 0


def test_shift_of_intervals_inside_longer_ones_is_that_of_their_middle() -> None:
    reference = speech_mask([(10_000_000, 12_000_000), (20_000_000, 22_000_000)])
    track = speech_mask([(10_700_000, 12_300_000), (20_700_000, 22_300_000)])

    assert best_shift(track, reference, LARGEST_US).shift_us == 500_000


@pytest.mark.parametrize(("track", "reference"), [(0, 0), (0, 7), (7, 0)])
def test_silent_track_has_no_shift(track: int, reference: int) -> None:
    assert best_shift(track, reference, LARGEST_US) == (0, 0.0)


@given(
    st.integers(1, 5).flatmap(
        lambda size: st.lists(st.lists(st.integers(0, 50), min_size=size, max_size=size), min_size=size, max_size=size)
    )
)
def test_best_pairs_share_as_much_as_the_best_permutation(shared: list[list[int]]) -> None:
    pairs = best_pairs(shared)

    most = max(sum(shared[row][column] for row, column in enumerate(each)) for each in permutations(range(len(shared))))
    assert sorted(pairs) == [*range(len(shared))]
    assert sum(shared[row][column] for row, column in enumerate(pairs)) == most


def test_no_track_has_no_pair() -> None:
    assert best_pairs([]) == []
