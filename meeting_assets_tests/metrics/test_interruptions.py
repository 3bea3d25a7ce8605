from __future__ import annotations

import time
from typing import Any

import pytest

from meeting_assets.metrics.meeting import Attendee
from meeting_assets_tests.support.meeting_builder import Metrics, meeting_of, metrics_of, said


def of(metrics: Metrics, name: str) -> dict[str, Any]:
    return {key: row[name] for key, row in metrics.participants.items() if row[name]}


def test_speaker_who_starts_in_anothers_speech_and_continues_interrupts() -> None:
    metrics = metrics_of(meeting_of(said("ann", 0, 10), said("bo", 8, 20)))

    assert of(metrics, "interruptions_made") == {"bo": 1}
    assert of(metrics, "interruptions_received") == {"ann": 1}
    assert of(metrics, "interruptions_successful") == {"bo": 1}
    assert metrics.meeting["interruption_count"] == 1


@pytest.mark.parametrize(("start_s", "count"), [(9.5, 0), (9.499, 1)])
def test_overlap_up_to_half_a_second_is_no_interruption(start_s: float, count: int) -> None:
    metrics = metrics_of(meeting_of(said("ann", 0, 10), said("bo", start_s, 20)))

    assert metrics.meeting["interruption_count"] == count


def test_interruption_that_ends_first_is_not_successful() -> None:
    metrics = metrics_of(meeting_of(said("ann", 0, 10), said("bo", 4, 7)))

    assert of(metrics, "interruptions_made") == {"bo": 1}
    assert of(metrics, "interruptions_successful") == {}


def test_speakers_with_equal_starts_do_not_interrupt_each_other() -> None:
    metrics = metrics_of(meeting_of(said("ann", 0, 10), said("bo", 0, 20)))

    assert metrics.meeting["interruption_count"] == 0


def test_a_backchannel_is_no_interruption() -> None:
    metrics = metrics_of(meeting_of(said("ann", 0, 10), said("bo", 5, 5.9)))

    assert metrics.meeting["interruption_count"] == 0
    assert of(metrics, "backchannel_count") == {"bo": 1}


@pytest.mark.parametrize(("restart_s", "count"), [(10.249, 1), (10.25, 0)])
def test_who_takes_a_breath_can_be_interrupted(restart_s: float, count: int) -> None:
    metrics = metrics_of(meeting_of(said("ann", 0, 10), said("bo", 10.1, 20), said("ann", restart_s, 15)))

    assert of(metrics, "interruptions_made").get("bo", 0) == count


def test_the_interrupted_speaker_is_the_first_to_start() -> None:
    metrics = metrics_of(meeting_of(said("ann", 5, 20), said("bo", 0, 20), said("cy", 10, 30)))

    assert of(metrics, "interruptions_received") == {"bo": 2}
    assert of(metrics, "interruptions_made") == {"ann": 1, "cy": 1}


def test_equal_starts_of_two_others_count_for_neither() -> None:
    metrics = metrics_of(meeting_of(said("ann", 0, 20), said("bo", 0, 21), said("cy", 10, 30)))

    assert of(metrics, "interruptions_made") == {"cy": 1}
    assert of(metrics, "interruptions_received") == {}


@pytest.mark.parametrize(("pause_s", "made"), [(0.25, {}), (1.499, {}), (1.5, {"ann": 1})])
def test_resumption_of_ones_own_turn_is_no_interruption(pause_s: float, made: dict[str, int]) -> None:
    metrics = metrics_of(meeting_of(said("ann", 0, 10), said("bo", 10.1, 20), said("ann", 10 + pause_s, 15)))

    assert of(metrics, "interruptions_made").get("ann", 0) == made.get("ann", 0)


def test_resumption_counts_from_the_beginning_of_ones_own_speech() -> None:
    metrics = metrics_of(meeting_of(said("ann", 0, 10), said("ann", 11, 12), said("bo", 11.8, 20), said("ann", 13, 15)))

    assert of(metrics, "interruptions_made") == {}


def test_turn_that_follows_a_backchannel_is_no_resumption() -> None:
    metrics = metrics_of(meeting_of(said("ann", 0, 20), said("bo", 5, 5.6), said("bo", 6, 9)))

    assert of(metrics, "backchannel_count") == {"bo": 1}
    assert of(metrics, "interruptions_made") == {"bo": 1}


def test_interrupter_who_pauses_and_goes_on_interrupts_once() -> None:
    metrics = metrics_of(meeting_of(said("ann", 0, 20), said("bo", 5, 7), said("bo", 8, 10), said("bo", 11, 13)))

    assert of(metrics, "interruptions_made") == {"bo": 1}


def test_interrupter_who_returns_after_a_long_pause_interrupts_again() -> None:
    metrics = metrics_of(meeting_of(said("ann", 0, 20), said("bo", 5, 7), said("bo", 8.5, 10)))

    assert of(metrics, "interruptions_made") == {"bo": 2}


def test_simultaneous_talk_counts_once_for_two_speakers() -> None:
    timeline = [said("ann", 0, 10), said("bo", 5, 20), said("cy", 8, 18), said("ann", 13, 20)]

    metrics = metrics_of(meeting_of(*timeline))

    assert of(metrics, "interruptions_made") == {"bo": 1, "cy": 1}
    assert of(metrics, "interruptions_received") == {"ann": 2}


def test_simultaneous_talk_after_a_break_counts_again() -> None:
    metrics = metrics_of(meeting_of(said("ann", 0, 10), said("bo", 5, 20), said("ann", 13, 18)))

    assert of(metrics, "interruptions_made") == {"ann": 1, "bo": 1}


def test_overlap_continues_when_others_take_over_from_each_other() -> None:
    metrics = metrics_of(meeting_of(said("ann", 0, 10), said("bo", 9.8, 20), said("cy", 9.9, 20)))

    # Ann has ended after 0.2 s, but then bo talks over cy.
    assert of(metrics, "interruptions_made") == {"bo": 1, "cy": 1}
    assert of(metrics, "interruptions_received") == {"ann": 2}


@pytest.mark.parametrize(("start_s", "count"), [(10.2, 1), (10.25, 0)])
def test_overlap_continues_across_a_bridged_gap_between_others(start_s: float, count: int) -> None:
    metrics = metrics_of(meeting_of(said("ann", 0, 10), said("bo", 9.8, 20), said("cy", start_s, 10.9)))

    assert of(metrics, "interruptions_made").get("bo", 0) == count


def test_unknown_neither_interrupts_nor_is_interrupted() -> None:
    metrics = metrics_of(meeting_of(said("unknown", 0, 10), said("bo", 5, 20), said("unknown", 15, 30)))

    assert metrics.meeting["interruption_count"] == 0


def test_two_devices_of_one_person_make_no_simultaneous_talk() -> None:
    people = [Attendee(key, key, is_bot=False, person_key=f"zoom:{key[:3]}") for key in ("ann", "ann phone", "bob")]
    echo = [said("ann", 0, 60), said("ann phone", 0, 60)]

    metrics = metrics_of(meeting_of(*echo, said("bob", 5, 7), said("bob", 15, 17), attendees=people))

    assert of(metrics, "interruptions_made") == {"bob": 2}


def test_constant_crosstalk_of_a_hundred_is_measured_in_seconds() -> None:
    timeline = [
        said(str(number), start_s + number / 100, start_s + number / 100 + 0.75)
        for number in range(100)
        for start_s in range(200)
    ]

    started = time.process_time()
    metrics_of(meeting_of(*timeline, duration_s=250))

    assert time.process_time() - started < 5
