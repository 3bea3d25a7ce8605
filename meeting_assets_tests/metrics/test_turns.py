from __future__ import annotations

from typing import Any

import pytest

from meeting_assets.metrics.meeting import Speech
from meeting_assets.metrics.parameters import Parameters
from meeting_assets_tests.support.meeting_builder import Metrics, attendees, meeting_of, metrics_of, said, word


def floors(metrics: Metrics) -> list[tuple[str, float, float]]:
    return [(row["participant_key"], row["start_s"], row["end_s"]) for row in metrics.turns if row["kind"] == "turn"]


def backchannels(metrics: Metrics) -> list[tuple[str, float]]:
    return [(row["participant_key"], row["start_s"]) for row in metrics.turns if row["kind"] == "backchannel"]


def of(metrics: Metrics, name: str) -> dict[str, Any]:
    return {key: row[name] for key, row in metrics.participants.items()}


def test_a_pause_ends_a_turn_if_it_is_longer_than_the_gap() -> None:
    metrics = metrics_of(meeting_of(said("ann", 0, 10), said("ann", 11.5, 20), said("ann", 21.501, 30)))

    assert floors(metrics) == [("ann", 0, 20), ("ann", 21.501, 30)]
    assert of(metrics, "turn_count") == {"ann": 2}
    assert of(metrics, "run_count") == {"ann": 1}
    assert metrics.meeting["speaker_switches"] == 0


def test_speech_inside_anothers_floor_takes_no_turn_and_breaks_none() -> None:
    metrics = metrics_of(meeting_of(said("ann", 0, 30), said("bo", 10, 14), said("ann", 31, 40)))

    assert floors(metrics) == [("ann", 0, 40)]
    assert of(metrics, "turn_count") == {"ann": 1, "bo": 0}
    assert metrics.meeting["longest_monologue_s"] == 40
    assert (metrics.meeting["longest_monologue_key"], metrics.meeting["longest_monologue_start_s"]) == ("ann", 0)


@pytest.mark.parametrize(("end_s", "takes_the_floor"), [(20.1, False), (20.101, True)])
def test_ipu_that_ends_up_to_100_ms_after_the_floor_is_inside(end_s: float, takes_the_floor: bool) -> None:
    metrics = metrics_of(meeting_of(said("ann", 0, 20), said("bo", 15, end_s)))

    assert (("bo", 15, end_s) in floors(metrics)) is takes_the_floor


def test_speaker_who_continues_after_the_holder_takes_the_floor() -> None:
    metrics = metrics_of(meeting_of(said("ann", 0, 10), said("bo", 8, 20), said("ann", 19, 30)))

    assert floors(metrics) == [("ann", 0, 10), ("bo", 8, 20), ("ann", 19, 30)]
    assert metrics.transitions == {("ann", "bo"): 1, ("bo", "ann"): 1}
    assert metrics.meeting["speaker_switches"] == 2
    assert metrics.meeting["interactivity_per_min"] == pytest.approx(2 / (100 / 60))


def test_short_ipu_between_two_ipus_of_one_other_speaker_is_a_backchannel() -> None:
    metrics = metrics_of(meeting_of(said("ann", 0, 10), said("bo", 10.2, 10.7), said("ann", 11, 20)))

    assert floors(metrics) == [("ann", 0, 20)]
    assert backchannels(metrics) == [("bo", 10.2)]
    assert of(metrics, "backchannel_count") == {"ann": 0, "bo": 1}
    assert of(metrics, "talk_time_s") == {"ann": 19, "bo": 0.5}


def test_two_consecutive_short_ipus_are_both_backchannels() -> None:
    metrics = metrics_of(
        meeting_of(said("ann", 0, 10), said("bo", 10.2, 10.5), said("cy", 10.6, 10.9), said("ann", 11, 20))
    )

    assert backchannels(metrics) == [("bo", 10.2), ("cy", 10.6)]


@pytest.mark.parametrize(
    "timeline",
    [
        [said("ann", 0, 10), said("bo", 10.2, 11.3), said("ann", 11.5, 20)],
        [said("ann", 0, 10), said("bo", 10.2, 10.7), said("cy", 11, 20)],
        [said("ann", 0, 10), said("bo", 10.2, 10.7)],
        [said("ann", 0, 10), said("bo", 10.2, 10.7), said("bo", 11, 20), said("ann", 21, 30)],
        [said("bo", 10.2, 10.7), said("ann", 11, 20)],
    ],
    ids=["too long", "between two others", "the last word", "the start of more", "the first word"],
)
def test_ipu_that_is_long_or_not_between_two_of_one_speaker_takes_the_floor(timeline: list[Speech]) -> None:
    metrics = metrics_of(meeting_of(*timeline))

    assert backchannels(metrics) == []
    assert ("bo", 10.2) in [(key, start_s) for key, start_s, _ in floors(metrics)]


@pytest.mark.parametrize(("count", "is_one"), [(3, True), (4, False)])
def test_a_backchannel_has_three_words_at_most(count: int, is_one: bool) -> None:
    words = [word("bo", 10.2 + index / 10, 10.25 + index / 10) for index in range(count)]

    metrics = metrics_of(meeting_of(said("ann", 0, 10), said("bo", 10.2, 10.9), said("ann", 11, 20), words=words))

    assert bool(backchannels(metrics)) is is_one


def test_caption_with_many_words_is_no_backchannel() -> None:
    words = [word("bo", 10.2, 10.9, "Yes, and I would add")]

    metrics = metrics_of(meeting_of(said("ann", 0, 10), said("bo", 10.2, 10.9), said("ann", 11, 20), words=words))

    assert backchannels(metrics) == []


def test_speaker_with_more_talk_takes_the_floor_from_an_equal_ipu() -> None:
    metrics = metrics_of(meeting_of(said("ann", 0, 10), said("bo", 0, 10), said("bo", 20, 30)))

    assert floors(metrics) == [("bo", 0, 10), ("bo", 20, 30)]
    assert metrics.meeting["tied_ipus"] == 0


def test_tied_ipus_take_no_floor() -> None:
    metrics = metrics_of(meeting_of(said("ann", 0, 10), said("bo", 0, 10)))

    assert floors(metrics) == []
    assert metrics.meeting["tied_ipus"] == 2
    assert (metrics.meeting["turn_count"], metrics.meeting["longest_monologue_s"]) == (0, None)


def test_unknown_takes_no_turns() -> None:
    metrics = metrics_of(meeting_of(said("ann", 0, 10), said("unknown", 11, 20), said("bo", 21, 30)))

    assert floors(metrics) == [("ann", 0, 10), ("bo", 21, 30)]
    assert metrics.transitions == {("ann", "bo"): 1}


def test_any_speech_of_another_participant_ends_uninterrupted_speech() -> None:
    metrics = metrics_of(
        meeting_of(said("ann", 0, 10), said("bo", 4, 4.5), said("ann", 11, 13), said("unknown", 13, 14))
    )

    assert of(metrics, "longest_monologue_s") == {"ann": 13, "bo": None}
    assert of(metrics, "longest_uninterrupted_s") == {"ann": 8.5, "bo": None}
    assert metrics.meeting["longest_uninterrupted_s"] == 8.5


def test_long_pause_ends_uninterrupted_speech() -> None:
    metrics = metrics_of(meeting_of(said("ann", 0, 5), said("ann", 6.5, 8), said("ann", 9.6, 11)))

    assert of(metrics, "longest_uninterrupted_s") == {"ann": 8}


def test_turns_have_a_mean_a_median_and_a_deviation_over_all_attendees() -> None:
    metrics = metrics_of(
        meeting_of(said("ann", 0, 10), said("bo", 12, 14), said("ann", 20, 24), attendees=attendees("ann", "bo", "cy"))
    )

    assert of(metrics, "mean_turn_s") == {"ann": 7, "bo": 2, "cy": None}
    assert (metrics.meeting["mean_turn_s"], metrics.meeting["median_turn_s"]) == (16 / 3, 4)
    assert metrics.meeting["turn_count_sd"] == pytest.approx((2 / 3) ** 0.5)


def test_a_longer_gap_makes_fewer_turns() -> None:
    meeting = meeting_of(said("ann", 0, 10), said("ann", 12, 20))

    assert len(floors(metrics_of(meeting))) == 2
    assert len(floors(metrics_of(meeting, Parameters(dead_air_s=2)))) == 1
