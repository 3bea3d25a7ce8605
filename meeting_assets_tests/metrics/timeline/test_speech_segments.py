from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from meeting_assets.metrics.timeline.intervals import Interval, bridged, union
from meeting_assets.metrics.timeline.speech_segments import (
    SpeechSegment,
    floor_states,
    segments_in_order,
    talk_times_us,
)

# Small numbers, so that ties, touching and nesting are common.
intervals = st.tuples(st.integers(0, 40), st.integers(1, 12)).map(lambda pair: (pair[0], pair[0] + pair[1]))
unions = st.lists(intervals, min_size=1, max_size=12).map(union)
speeches = st.dictionaries(st.sampled_from("abcde"), unions)


def ticks(of: Sequence[Interval]) -> set[int]:
    """The microseconds that the intervals cover."""
    return {tick for start, end in of for tick in range(start, end)}


@given(speeches)
def test_segments_are_ordered_by_start_end_and_speaker(speech: dict[str, list[Interval]]) -> None:
    segments = segments_in_order(speech)

    assert segments == sorted(SpeechSegment(*each, speaker) for speaker, own in speech.items() for each in own)


@given(speeches, st.integers(1, 9))
def test_bridging_merges_segments_of_one_speaker_only(speech: dict[str, list[Interval]], gap_us: int) -> None:
    segments = segments_in_order(speech, gap_us=gap_us)

    for speaker, own in speech.items():
        assert [each[:2] for each in segments if each.speaker == speaker] == bridged(own, gap_us)


@given(speeches)
def test_talk_time_is_the_length_of_each_speakers_union(speech: dict[str, list[Interval]]) -> None:
    assert talk_times_us(speech) == {speaker: len(ticks(own)) for speaker, own in speech.items()}


@given(speeches)
def test_floor_states_cover_the_span_without_gaps(speech: dict[str, list[Interval]]) -> None:
    states = floor_states(speech)

    everything = [interval for own in speech.values() for interval in own]
    assert all(state.length_us > 0 for state in states)
    assert all(state.end_us == following.start_us for state, following in pairwise(states))
    if everything:
        assert states[0].start_us == min(start for start, _ in everything)
        assert states[-1].end_us == max(end for _, end in everything)


@given(speeches)
def test_floor_state_names_its_speakers_at_every_instant(speech: dict[str, list[Interval]]) -> None:
    covered = {speaker: ticks(own) for speaker, own in speech.items()}

    for start, end, count, speaker in floor_states(speech):
        for tick in range(start, end):
            speaking = [each for each, own in covered.items() if tick in own]
            assert count == len(speaking)
            assert speaker == (speaking[0] if count == 1 else None)


def test_floor_passes_without_silence_if_speech_touches() -> None:
    states = floor_states({"ann": [(0, 5)], "bo": [(5, 9)]})

    assert states == [(0, 5, 1, "ann"), (5, 9, 1, "bo")]


def test_no_speech_has_no_segments_and_no_floor_states() -> None:
    assert segments_in_order({}) == []
    assert floor_states({}) == []
