from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meeting_assets.metrics.timeline.intervals import Interval, clipped, joined, merged
from meeting_assets.metrics.timeline.speech_segments import NOBODY, Stretches, floor, nothing

# Small numbers, so that ties, touching and nesting are common.
intervals = st.tuples(st.integers(0, 40), st.integers(1, 12)).map(lambda pair: (pair[0], pair[0] + pair[1]))
speeches = st.dictionaries(st.sampled_from("abcde"), st.lists(intervals, max_size=12))
# Of 64 bits, or as long as it takes: both hold the same numbers.
kinds = pytest.mark.parametrize("kind", [np.int64, object])


def stretches(speech: Mapping[str, Sequence[Interval]], kind: type = np.int64) -> Stretches:
    names = sorted(speech)
    rows = [(start, end, names.index(name)) for name, spoken in speech.items() for start, end in spoken]
    start, end, who = zip(*rows, strict=True) if rows else ((), (), ())
    return Stretches(np.array(start, kind), np.array(end, kind), np.array(who, np.int64), names)


def ticks(of: Sequence[Interval]) -> set[int]:
    """The same intervals as the set of microseconds they hold."""
    return {tick for start, end in of for tick in range(start, end)}


@kinds
@given(speech=speeches)
def test_unions_are_those_of_each(kind: type, speech: dict[str, list[Interval]]) -> None:
    united = stretches(speech, kind).united()

    assert united.by_name() == {name: merged(spoken) for name, spoken in sorted(speech.items()) if spoken}


@kinds
@given(speech=speeches, gap_us=st.integers(0, 9))
def test_only_what_is_of_one_is_joined(kind: type, speech: dict[str, list[Interval]], gap_us: int) -> None:
    together = stretches(speech, kind).united().joined(gap_us)

    assert together.by_name() == {name: joined(merged(own), gap_us) for name, own in speech.items() if own}


@kinds
@given(speech=speeches)
def test_the_order_is_that_of_start_end_and_name(kind: type, speech: dict[str, list[Interval]]) -> None:
    united = stretches(speech, kind).united()

    assert united.in_order().rows() == sorted(united.rows())


@kinds
@given(speech=speeches, start=st.integers(-5, 50), end=st.integers(-5, 50))
def test_what_lies_inside_is_that_of_each(kind: type, speech: dict[str, list[Interval]], start: int, end: int) -> None:
    inside = stretches(speech, kind).united().inside(start, end).by_name()

    of_each = {name: clipped(merged(spoken), start=start, end=end) for name, spoken in speech.items()}
    assert inside == {name: spoken for name, spoken in of_each.items() if spoken}


@given(speeches)
def test_lengths_are_of_each_and_of_all(speech: dict[str, list[Interval]]) -> None:
    united = stretches(speech).united()

    assert united.lengths_us() == {name: len(ticks(spoken)) for name, spoken in speech.items()}
    assert united.length_us() == sum(united.lengths_us().values())
    assert united.together().length_us() == len(ticks([each for spoken in speech.values() for each in spoken]))


def test_of_nothing_there_is_nothing() -> None:
    assert nothing().united().joined(5).in_order().inside(0, 10).rows() == []
    assert nothing().length_us() == 0
    assert states({}) == []


def states(speech: Mapping[str, Sequence[Interval]], kind: type = np.int64) -> list[tuple[int, int, int, str | None]]:
    """Start, end, how many speak, and who where it is one."""
    held = floor(stretches(speech, kind).united())
    columns = (column.tolist() for column in (held.start, held.end, held.count, held.sole))
    return [(*times, None if sole == NOBODY else held.names[sole]) for *times, sole in zip(*columns, strict=True)]


@given(speeches)
def test_floor_states_lie_end_to_end_over_the_whole_span(speech: dict[str, list[Interval]]) -> None:
    found = states(speech)

    everything = [interval for own in speech.values() for interval in own]
    assert all(start < end for start, end, _, _ in found)
    assert all(state[1] == following[0] for state, following in pairwise(found))
    if everything:
        assert found[0][0] == min(start for start, _ in everything)
        assert found[-1][1] == max(end for _, end in everything)


@kinds
@given(speech=speeches)
def test_a_floor_state_says_who_speaks_at_every_instant(kind: type, speech: dict[str, list[Interval]]) -> None:
    held = {speaker: ticks(own) for speaker, own in speech.items()}

    for start, end, count, sole in states(speech, kind):
        for tick in range(start, end):
            speaking = [speaker for speaker, own in held.items() if tick in own]
            assert count == len(speaking)
            assert sole == (speaking[0] if count == 1 else None)


def test_the_floor_passes_without_a_silence_where_speech_touches() -> None:
    found = states({"ann": [(0, 5)], "bo": [(5, 9)]})

    assert found == [(0, 5, 1, "ann"), (5, 9, 1, "bo")]
