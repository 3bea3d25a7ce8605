"""Voice activity as intervals: pauses inside words are closed, clicks are dropped, times are those of the recording."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meeting_assets.metrics.audio_activity import BRIDGE_US, FRAME_US, SHORTEST_US, activity_intervals
from meeting_assets.metrics.timeline.intervals import length_us


@pytest.mark.parametrize(
    ("frames", "expected_ms"),
    [
        ("", []),
        ("......", []),
        ("..sssshh..", [(60, 180)]),
        ("sssssssssshhh.", [(0, 300)]),
        ("sssshh.......sssshh.", [(0, 510)]),  # a gap of 270 ms
        ("sssshh........sssshh.", [(0, 120), (420, 540)]),  # a gap of 300 ms
        ("shh.", []),  # a click
        ("sshh.", [(0, 60)]),
        ("..ssssssss", [(60, 300)]),  # the file ends while the participant speaks
    ],
)
def test_frames_become_intervals(frames: str, expected_ms: list[tuple[int, int]]) -> None:
    flags = bytes(each in "sh" for each in frames)

    assert activity_intervals(flags, 0) == [(1000 * start, 1000 * end) for start, end in expected_ms]


@given(st.binary(max_size=300), st.integers(-(10**9), 10**9))
def test_start_of_the_part_moves_all_intervals(flags: bytes, start_us: int) -> None:
    moved = activity_intervals(flags, start_us)

    assert moved == [(start + start_us, end + start_us) for start, end in activity_intervals(flags, 0)]


@given(st.lists(st.booleans(), max_size=300).map(bytes))
def test_intervals_are_long_and_far_apart(flags: bytes) -> None:
    intervals = activity_intervals(flags, 0)

    assert all(end - start >= SHORTEST_US for start, end in intervals)
    assert all(start - end >= BRIDGE_US for (_, end), (start, _) in pairwise(intervals))
    assert length_us(intervals) <= FRAME_US * len(flags)
