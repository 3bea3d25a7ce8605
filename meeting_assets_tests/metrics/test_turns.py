from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from meeting_assets.metrics.floor import turn_taking
from meeting_assets.metrics.interruptions import interruptions, meeting_interruptions, participant_interruptions
from meeting_assets.metrics.parameters import Parameters
from meeting_assets.metrics.speech import Person, spoken_meeting
from meeting_assets.metrics.timing import participant_replies
from meeting_assets.metrics.turns import meeting_turns, participant_turns
from meeting_assets.metrics.word_times import WordTimes
from meeting_assets_tests.support.meeting_builder import Metrics, attendees, meeting_of, metrics_of, said


def floors(metrics: Metrics) -> list[tuple[str, float, float]]:
    return [(row["participant_key"], row["start_s"], row["end_s"]) for row in metrics.turns if row["kind"] == "turn"]


def of(metrics: Metrics, name: str) -> dict[str, Any]:
    return {key: row[name] for key, row in metrics.participants.items()}


def test_pauses_of_a_presenter_do_not_end_the_turn() -> None:
    metrics = metrics_of(meeting_of(said("ann", 0, 10), said("ann", 13, 20), said("ann", 29.999, 40)))

    assert floors(metrics) == [("ann", 0, 40)]
    assert metrics.meeting["longest_monologue_s"] == 40
    assert of(metrics, "longest_uninterrupted_s") == {"ann": 40}


def test_dead_air_ends_a_turn_but_not_a_run() -> None:
    metrics = metrics_of(meeting_of(said("ann", 0, 10), said("ann", 20, 30)))

    assert floors(metrics) == [("ann", 0, 10), ("ann", 20, 30)]
    assert of(metrics, "turn_count") == {"ann": 2}
    assert of(metrics, "run_count") == {"ann": 1}
    assert metrics.meeting["speaker_switches"] == 0
    assert metrics.meeting["dead_air_count"] == 1


def test_another_speaker_who_takes_the_floor_ends_a_turn() -> None:
    metrics = metrics_of(meeting_of(said("ann", 0, 10), said("bo", 10.5, 13), said("ann", 13.5, 20)))

    assert floors(metrics) == [("ann", 0, 10), ("bo", 10.5, 13), ("ann", 13.5, 20)]


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


def test_speaker_with_more_talk_takes_the_floor_from_an_equal_ipu() -> None:
    metrics = metrics_of(meeting_of(said("ann", 0, 10), said("bo", 0, 10), said("bo", 18, 30)))

    assert floors(metrics) == [("bo", 0, 30)]
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


def test_dead_air_ends_uninterrupted_speech() -> None:
    metrics = metrics_of(meeting_of(said("ann", 0, 5), said("ann", 14.9, 20), said("ann", 30, 41)))

    assert of(metrics, "longest_uninterrupted_s") == {"ann": 20}


def test_turns_have_a_mean_a_median_and_a_deviation_over_all_attendees() -> None:
    metrics = metrics_of(
        meeting_of(said("ann", 0, 10), said("bo", 12, 14), said("ann", 20, 24), attendees=attendees("ann", "bo", "cy"))
    )

    assert of(metrics, "mean_turn_s") == {"ann": 7, "bo": 2, "cy": None}
    assert (metrics.meeting["mean_turn_s"], metrics.meeting["median_turn_s"]) == (16 / 3, 4)
    assert metrics.meeting["turn_count_sd"] == pytest.approx((2 / 3) ** 0.5)


def test_longer_dead_air_makes_fewer_turns() -> None:
    meeting = meeting_of(said("ann", 0, 10), said("ann", 12, 20))

    assert len(floors(metrics_of(meeting, Parameters(dead_air_s=2)))) == 2
    assert len(floors(metrics_of(meeting, Parameters(dead_air_s=2.001)))) == 1


def test_turns_of_a_label_count_in_the_meeting_alone() -> None:
    meeting = meeting_of(said("100", 0, 10), said("label:Speaker A", 11, 31), said("100", 32, 35))
    spoken = replace(spoken_meeting(meeting, Parameters()), people={"100": Person("Ann", True, False)})
    taking = turn_taking(spoken, WordTimes(()), Parameters())

    columns = meeting_turns(spoken, taking)

    assert (columns["turn_count"], columns["longest_uninterrupted_s"]) == (3, 20)
    assert participant_turns(spoken, taking).keys() == {"100"}


def test_turns_replies_and_interruptions_of_participants_are_unknown_where_speech_is_not_attributed() -> None:
    meeting = meeting_of(said("100", 0, 10), said("label:Speaker A", 8, 31))
    spoken = replace(spoken_meeting(meeting, Parameters()), is_speech_attributed=False)
    taking = turn_taking(spoken, WordTimes(()), Parameters())
    found = interruptions(spoken, taking, Parameters())

    of_participants = (
        participant_turns(spoken, taking),
        participant_replies(spoken, taking),
        participant_interruptions(spoken, taking, found),
    )
    for columns in of_participants:
        assert {value for row in columns.values() for value in row.values()} == {None}
    of_meeting = {**meeting_turns(spoken, taking), **meeting_interruptions(spoken, taking, found)}
    assert (of_meeting["turn_count"], of_meeting["interruption_count"], of_meeting["turn_count_sd"]) == (2, 1, None)


def test_unresolved_label_with_more_talk_comes_first_among_ipus_of_the_same_times() -> None:
    metrics = metrics_of(meeting_of(said("label:A", 0, 5), said("label:B", 0, 5), said("label:B", 20, 60)))

    assert metrics.meeting["tied_ipus"] == 0
    assert [turn["participant_key"] for turn in metrics.turns] == ["label:B"] * 2


def test_unresolved_label_with_more_talk_comes_before_a_participant() -> None:
    metrics = metrics_of(meeting_of(said("100", 0, 5), said("label:B", 0, 5), said("label:B", 20, 60)))

    assert [turn["participant_key"] for turn in metrics.turns] == ["label:B"] * 2
