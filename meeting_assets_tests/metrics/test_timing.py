from __future__ import annotations

from typing import Any

import pytest

from meeting_assets_tests.support.meeting_builder import Metrics, meeting_of, metrics_of, said


def counts(metrics: Metrics) -> tuple[Any, ...]:
    names = "gap_count", "pause_count", "overlap_between_count", "overlap_within_count"
    return tuple(metrics.meeting[name] for name in names)


def test_offsets_are_signed_and_their_median_leaves_out_what_is_far_apart() -> None:
    metrics = metrics_of(
        meeting_of(said("ann", 0, 10), said("bo", 10.5, 20), said("ann", 19.8, 30), said("bo", 45, 50))
    )

    assert metrics.meeting["fto_count"] == 2
    assert metrics.meeting["fto_median_s"] == pytest.approx((0.5 - 0.2) / 2)


def test_a_reply_that_overlaps_has_no_latency() -> None:
    metrics = metrics_of(
        meeting_of(said("ann", 0, 10), said("bo", 9, 20), said("ann", 22, 30), said("bo", 33, 40), said("ann", 44, 45))
    )

    replies = {key: (row["reply_count"], row["response_latency_s"]) for key, row in metrics.participants.items()}
    assert replies == {"ann": (2, 3), "bo": (2, 1.5)}
    assert metrics.meeting["response_latency_s"] == 2.5


def test_speaker_without_replies_has_no_latency() -> None:
    metrics = metrics_of(meeting_of(said("ann", 0, 10)))

    assert (metrics.participants["ann"]["reply_count"], metrics.participants["ann"]["response_latency_s"]) == (0, None)
    assert (metrics.meeting["fto_median_s"], metrics.meeting["response_latency_s"]) == (None, None)


def test_a_silence_between_two_is_a_gap_and_within_one_a_pause() -> None:
    metrics = metrics_of(meeting_of(said("ann", 0, 5), said("ann", 5.18, 8), said("bo", 8.18, 9)))

    assert counts(metrics) == (1, 1, 0, 0)


def test_a_silence_under_180_ms_is_neither() -> None:
    metrics = metrics_of(meeting_of(said("ann", 0, 5), said("ann", 5.179, 8), said("bo", 8.179, 9)))

    assert counts(metrics) == (0, 0, 0, 0)


def test_an_overlap_is_between_if_the_other_goes_on_alone() -> None:
    between = metrics_of(meeting_of(said("ann", 0, 10), said("bo", 8, 20)))
    within = metrics_of(meeting_of(said("ann", 0, 10), said("bo", 4, 6)))

    assert counts(between) == (0, 0, 1, 0)
    assert counts(within) == (0, 0, 0, 1)


def test_three_simultaneous_speakers_are_one_overlap() -> None:
    metrics = metrics_of(meeting_of(said("ann", 0, 10), said("bo", 4, 8), said("cy", 5, 7)))

    assert counts(metrics) == (0, 0, 0, 1)


def test_transitions_from_and_to_unknown_do_not_count() -> None:
    metrics = metrics_of(meeting_of(said("ann", 0, 5), said("unknown", 6, 8), said("ann", 9, 10)))

    assert counts(metrics) == (0, 0, 0, 0)


def test_silences_of_ten_seconds_are_dead_air() -> None:
    metrics = metrics_of(meeting_of(said("ann", 5, 10), said("ann", 20, 30), said("bo", 39.9, 50)))

    assert metrics.meeting["dead_air_count"] == 1
    assert metrics.meeting["first_speech_s"] == 5
