from __future__ import annotations

from dataclasses import replace

from meeting_assets.metrics.parameters import Parameters
from meeting_assets.metrics.speech import spoken_meeting
from meeting_assets.metrics.windows import window_rows
from meeting_assets_tests.support.meeting_builder import meeting_of, metrics_of, said

TENS = Parameters(window_s=20, window_step_s=10)


def test_windows_start_at_every_step_and_are_whole() -> None:
    metrics = metrics_of(meeting_of(said("ann", 0, 10), duration_s=45), TENS)

    assert [(row["window_index"], row["start_s"], row["end_s"]) for row in metrics.windows] == [
        (0, 0, 20),
        (1, 10, 30),
        (2, 20, 40),
    ]


def test_a_meeting_shorter_than_a_window_is_one() -> None:
    (window,) = metrics_of(meeting_of(said("ann", 0, 10), said("bo", 8, 12), duration_s=15), TENS).windows

    assert (window["start_s"], window["end_s"], window["talk_s"], window["speaker_count"]) == (0, 15, 14, 2)
    assert (window["top_key"], window["top_share"]) == ("ann", 10 / 14)


def test_talk_counts_in_every_window_that_it_overlaps() -> None:
    metrics = metrics_of(meeting_of(said("ann", 5, 25), said("bo", 15, 17), duration_s=40), TENS)

    assert [row["talk_s"] for row in metrics.windows] == [17, 17, 5]
    assert [row["top_share"] for row in metrics.windows] == [15 / 17, 15 / 17, 1]


def test_two_equal_speakers_give_no_top_speaker() -> None:
    (window,) = metrics_of(meeting_of(said("ann", 0, 5), said("bo", 5, 10), duration_s=15), TENS).windows

    assert (window["top_key"], window["top_share"]) == (None, 0.5)


def test_window_without_talk_has_no_top_speaker() -> None:
    metrics = metrics_of(meeting_of(said("ann", 0, 5), duration_s=40), TENS)

    assert (metrics.windows[2]["talk_s"], metrics.windows[2]["speaker_count"]) == (0, 0)
    assert (metrics.windows[2]["top_key"], metrics.windows[2]["top_share"]) == (None, None)


def test_there_are_no_windows_without_a_timing_source() -> None:
    assert metrics_of(meeting_of()).windows == []


def test_windows_hold_the_talk_of_participants_alone() -> None:
    meeting = meeting_of(said("ann", 0, 5), said("label:Speaker A", 0, 12), said("unknown", 0, 12), duration_s=15)
    spoken = spoken_meeting(meeting, Parameters())
    # An unresolved label is no participant.
    spoken = replace(spoken, people={"ann": spoken.people["ann"]}, is_speech_attributed=True)

    [(*_, talk_s, speaker_count, top_key, top_share)] = window_rows(spoken, TENS)

    assert (talk_s, speaker_count, top_key, top_share) == (5, 1, "ann", 1)


def test_there_are_no_windows_if_too_little_speech_has_a_participant() -> None:
    spoken = spoken_meeting(meeting_of(said("ann", 0, 10)), Parameters())

    assert window_rows(replace(spoken, is_speech_attributed=False), TENS) == []
    assert window_rows(spoken, TENS) != []
