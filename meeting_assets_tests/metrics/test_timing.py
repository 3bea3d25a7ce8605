from __future__ import annotations

from typing import Any

import pytest

from meeting_assets.metrics.meeting import RawSegment
from meeting_assets_tests.support.meeting_builder import Metrics, meeting_of, metrics_of, said


def counts(metrics: Metrics) -> tuple[Any, ...]:
    names = "gap_count", "pause_count", "overlap_between_count", "overlap_within_count"
    return tuple(metrics.meeting[name] for name in names)


def alternating(*offsets_s: float, turn_s: float = 5) -> list[RawSegment]:
    """Turns of ann and bo in alternation, each with its offset to the turn before."""
    turns = [said("ann", 0, turn_s)]
    for number, offset_s in enumerate(offsets_s):
        start_s = (turns[-1].end_s or 0) + offset_s
        turns.append(said("ann" if number % 2 else "bo", start_s, start_s + turn_s))
    return turns


def test_offsets_are_signed_and_their_median_leaves_out_what_is_far_apart() -> None:
    metrics = metrics_of(meeting_of(*alternating(0.5, -0.25, 0.75, 15, -0.5, 0.25)))

    assert metrics.meeting["fto_count"] == 5
    assert metrics.meeting["fto_median_s"] == pytest.approx(0.25)


def test_a_reply_that_overlaps_has_no_latency() -> None:
    metrics = metrics_of(meeting_of(*alternating(3, -1, 1, 2, -1, 2, -0.5, 3, 3, 1)))

    replies = {key: (row["reply_count"], row["response_latency_s"]) for key, row in metrics.participants.items()}
    assert replies == {"ann": (5, 2), "bo": (5, 1)}
    assert metrics.meeting["response_latency_s"] == 1.5


@pytest.mark.parametrize(("count", "is_known"), [(4, False), (5, True)])
def test_medians_of_a_meeting_need_five_values(count: int, is_known: bool) -> None:
    meeting = metrics_of(meeting_of(*alternating(*[0.5] * count))).meeting

    assert (meeting["fto_median_s"], meeting["response_latency_s"]) == ((0.5, 0.5) if is_known else (None, None))
    assert meeting["fto_count"] == count


@pytest.mark.parametrize(("count", "latency_s"), [(8, None), (9, 0.5)])
def test_latency_of_a_participant_needs_five_replies(count: int, latency_s: float | None) -> None:
    bo = metrics_of(meeting_of(*alternating(*[0.5] * count))).participants["bo"]

    assert (bo["reply_count"], bo["response_latency_s"]) == ((count + 1) // 2, latency_s)


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
