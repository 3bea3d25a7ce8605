from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

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
