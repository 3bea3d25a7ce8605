from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.metrics.meeting import MeetingInput
from meeting_assets_tests.support.meeting_builder import (
    STARTED_AT,
    TRANSCRIPT_ID,
    meeting_of,
    metrics_of,
    off,
    on,
    said,
    word,
)


def quality(meeting: MeetingInput) -> dict[str, Any]:
    return metrics_of(meeting).quality


def test_timeline_and_words_cover_each_other_in_part() -> None:
    words = [word("ann", 0, 4), word("bo", 4, 8), word("bo", 20, 22)]

    row = quality(meeting_of(said("ann", 0, 10), said("bo", 9, 12), words=words))

    assert row["timeline_word_coverage"] == 8 / 12
    assert row["word_timeline_coverage"] == 8 / 10


def test_gaps_between_words_are_closed_as_in_speech() -> None:
    row = quality(meeting_of(said("ann", 0, 10), words=[word("ann", 0, 5), word("ann", 5.19, 10)]))

    assert row["timeline_word_coverage"] == 1


micros = st.integers(0, 1_000_000)
lengths = st.integers(-2, 500_000) | st.sampled_from([200_000])
units = st.builds(
    lambda key, start_us, length_us: (key, start_us, start_us + length_us),
    st.sampled_from(["ann", "bo", "unknown"]),
    micros | st.integers(0, 25).map(lambda fifths: fifths * 200_000),
    lengths,
)


@given(st.lists(units, max_size=12), st.integers(0, 2**32))
def test_word_coverage_depends_neither_on_the_order_of_the_words_nor_on_rounding(
    intervals: list[tuple[str, int, int]], seed: int
) -> None:
    words = [word(key, start_us / 1e6, end_us / 1e6) for key, start_us, end_us in intervals]
    meeting = meeting_of(said("ann", 0.1, 2.5), said("bo", 2, 4), words=words, transcript_id=TRANSCRIPT_ID)
    shuffled = random.Random(seed).sample(words, len(words))

    row = quality(meeting)

    assert quality(replace(meeting, words=shuffled)) == row
    covered = covered_microseconds([(start, end) for _, start, end in intervals if end > start])
    speech = range(100_000, 4_000_000)
    both = sum(max(0, min(end, speech.stop) - max(start, speech.start)) for start, end in covered)
    assert row["timeline_word_coverage"] == (both / len(speech) if covered else None)
    assert row["word_timeline_coverage"] == (both / sum(end - start for start, end in covered) if covered else None)


def covered_microseconds(intervals: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The intervals merged across gaps under 0.2 s, by comparing each with all others."""
    reach = sorted(intervals)
    merged: list[tuple[int, int]] = []
    while reach:
        start, end = reach.pop(0)
        while near := [each for each in reach if each[0] < end + 200_000]:
            end = max(end, *(last for _, last in near))
            reach = [each for each in reach if each not in near]
        merged.append((start, end))
    return merged


@pytest.mark.parametrize(("gap_s", "coverage"), [(0.199_999, 1), (0.2, 0.98), (0.200_001, 0.979_999_9)])
@pytest.mark.parametrize("start_s", [0.1, 0.3, 0.7, 4.1])
def test_gap_between_words_is_open_from_200_ms(start_s: float, gap_s: float, coverage: float) -> None:
    words = [word("ann", 0, start_s), word("ann", round(start_s + gap_s, 6), 10)]

    row = quality(meeting_of(said("ann", 0, 10), words=words))

    assert row["timeline_word_coverage"] == pytest.approx(coverage, abs=1e-12)


@pytest.mark.parametrize(
    ("meeting", "is_single"),
    [
        pytest.param(meeting_of(), None, id="no-timing-source"),
        pytest.param(meeting_of(said("ann", 0, 10), said("bo", 10, 20)), False, id="short"),
        pytest.param(meeting_of(words=[word("ann", 0, 5)], provider="meeting_captions"), True, id="caption-words"),
        pytest.param(meeting_of(words=[word("ann", 0, 5)], provider="assembly_ai"), False, id="words-of-an-engine"),
        pytest.param(
            meeting_of(said("ann", 0, 5), words=[word("ann", 0, 5)], provider="meeting_captions"),
            False,
            id="timeline-beside-captions",
        ),
    ],
)
def test_source_without_overlap_is_a_single_stream(meeting: MeetingInput, is_single: bool | None) -> None:
    assert quality(meeting)["is_single_stream"] is is_single


@pytest.mark.parametrize("given", [{"words": ()}, {"timeline": (), "words": [word("ann", 0, 5)]}])
def test_coverage_is_unknown_unless_both_sources_have_times(given: dict[str, Any]) -> None:
    row = quality(meeting_of(**{"timeline": [said("ann", 0, 10)], **given}))

    assert (row["timeline_word_coverage"], row["word_timeline_coverage"]) == (None, None)


def test_events_and_timeline_agree_by_speaker() -> None:
    events = [on("ann", 0), off("ann", 10), on("bo", 20), off("bo", 30)]

    row = quality(meeting_of(said("ann", 0, 10), said("ann", 20, 30), events=events))

    assert row["speech_event_agreement"] == 10 / 30


def test_events_are_compared_although_words_are_preferred() -> None:
    row = quality(meeting_of(events=[on("ann", 0), off("ann", 10)], words=[word("ann", 0, 5)]))

    assert row["speech_event_agreement"] is None


def test_sources_are_compared_inside_the_recording() -> None:
    row = quality(
        meeting_of(said("ann", 0, 100), events=[on("ann", -20), off("ann", 300)], words=[word("ann", -10, 250)])
    )

    assert (row["speech_event_agreement"], row["word_timeline_coverage"]) == (1, 1)


def test_repairs_are_counted() -> None:
    row = quality(
        meeting_of(
            said("ann", 0, 10),
            said("ann", 8, 12),
            said("unknown", 20, 25),
            said("bo", 90, None),
            said("bo", -5, 3),
            transcript_id=TRANSCRIPT_ID,
            words=[word("ann", None, 5), word("ann", 5, None), word("ann", 6, 6), word("ann", 8, 9)],
        )
    )

    assert (row["untimed_words"], row["nonpositive_words"]) == (2, 1)
    assert (row["open_intervals"], row["out_of_range_intervals"]) == (1, 1)
    assert (row["self_overlap_s"], row["unattributed_speech_s"]) == (2, 5)


def test_without_transcript_and_source_nothing_can_be_counted() -> None:
    row = quality(meeting_of())

    names = "untimed_words", "nonpositive_words", "open_intervals", "out_of_range_intervals", "self_overlap_s"
    assert [row[name] for name in names] == [None] * 5


def test_the_skew_of_the_clocks_is_a_median() -> None:
    clock_readings = [
        (at_s, STARTED_AT + timedelta(seconds=at_s + skew_s)) for at_s, skew_s in [(0, 2), (10, 2.5), (50, 90)]
    ]

    assert quality(meeting_of(clock_readings=clock_readings))["clock_skew_s"] == 2.5


def test_clock_skew_is_unknown_without_a_start() -> None:
    assert quality(meeting_of(clock_readings=[(0, STARTED_AT)], started_at=None))["clock_skew_s"] is None


def test_missing_kinds_are_named() -> None:
    artifacts = [
        ("participants", "parsed"),
        ("participant_events", "parsed"),
        ("speaker_timeline", "quarantined"),
        ("transcript", "parsed"),
        ("transcript", "failed"),
        ("provider_data", "pending"),
        ("video_separate", "absent"),
        ("audio_separate", "superseded"),
        ("audio_separate", "parsed"),
    ]

    row = quality(meeting_of(artifacts=artifacts, artifact_kinds=list(ARTIFACTS)))

    assert (row["missing_artifacts"], row["missing_kinds"]) == (2, "provider_data,video_separate")
    assert row["quarantined_artifacts"] == 1
