from __future__ import annotations

import pytest

from meeting_assets.metrics.meeting import RawSegment
from meeting_assets_tests.support.meeting_builder import Metrics, attendees, bot, meeting_of, metrics_of, said


def ann(*timeline: RawSegment, duration_s: float | None = 100) -> Metrics:
    return metrics_of(meeting_of(*timeline, attendees=attendees("ann"), duration_s=duration_s))


def talk_s(*timeline: RawSegment, duration_s: float | None = 100) -> float:
    """Ann's talk time."""
    value = ann(*timeline, duration_s=duration_s).participants["ann"]["talk_time_s"]
    assert isinstance(value, float)
    return value


def test_segments_that_end_where_or_before_they_start_are_dropped_and_counted() -> None:
    metrics = ann(said("ann", 0, 10), said("ann", 20, 20), said("ann", 30, 25))

    assert metrics.participants["ann"]["talk_time_s"] == 10
    assert metrics.meeting["dropped_intervals"] == 2


def test_a_segment_without_start_is_dropped_and_counted() -> None:
    metrics = ann(said("ann", 0, 10), said("ann", None, 20), said("ann", None, None))

    assert metrics.participants["ann"]["talk_time_s"] == 10
    assert metrics.meeting["dropped_intervals"] == 2
    assert metrics.meeting["open_intervals"] == 0


def test_an_open_segment_closes_at_the_same_speakers_next_start() -> None:
    metrics = ann(said("ann", 0, None), said("bo", 4, 5), said("ann", 10, 12))

    assert metrics.participants["ann"]["talk_time_s"] == 12
    assert metrics.meeting["open_intervals"] == 1


def test_an_open_segment_without_a_next_one_closes_at_the_end_of_the_recording() -> None:
    metrics = ann(said("ann", 0, 10), said("ann", 90, None))

    assert metrics.participants["ann"]["talk_time_s"] == 20
    assert (metrics.meeting["open_intervals"], metrics.meeting["clipped_intervals"]) == (1, 0)


def test_the_end_of_the_recording_closes_a_segment_before_a_later_start_does() -> None:
    metrics = ann(said("ann", 90, None), said("ann", 300, 301))

    assert metrics.participants["ann"]["talk_time_s"] == 10
    assert metrics.meeting["clipped_intervals"] == 1


def test_payload_order_does_not_decide_which_start_is_next() -> None:
    assert talk_s(said("ann", 50, 60), said("ann", 20, 21), said("ann", 0, None)) == 31


def test_an_open_copy_does_not_close_at_its_own_start() -> None:
    assert talk_s(said("ann", 0, None), said("ann", 0, None), said("ann", 10, 12)) == 12


def test_an_open_copy_ends_where_the_closed_one_does() -> None:
    assert talk_s(said("ann", 0, None), said("ann", 0, 4), said("ann", 10, 12)) == 6


@pytest.mark.parametrize("empty_at_s", [0, 5])
@pytest.mark.parametrize("length_s", [0, -3])
def test_a_segment_without_length_closes_nothing(empty_at_s: float, length_s: float) -> None:
    empty = said("ann", empty_at_s, empty_at_s + length_s)

    assert talk_s(said("ann", 0, None), empty, said("ann", 10, 12)) == 12


def test_two_open_segments_in_a_row_close_one_after_the_other() -> None:
    metrics = ann(said("ann", 10, None), said("ann", 20, None))

    assert metrics.participants["ann"]["talk_time_s"] == 90
    assert metrics.meeting["open_intervals"] == 2


def test_speech_before_the_recording_is_clipped_and_counted() -> None:
    metrics = ann(said("ann", -5, 5), said("ann", -9, -7), said("ann", 50, 60))

    assert metrics.participants["ann"]["talk_time_s"] == 15
    assert metrics.meeting["clipped_intervals"] == 2


def test_speech_that_ends_up_to_five_seconds_late_extends_the_recording() -> None:
    metrics = ann(said("ann", 90, 105))

    assert metrics.participants["ann"]["talk_time_s"] == 15
    assert (metrics.meeting["duration_s"], metrics.meeting["duration_extended_s"]) == (105, 5)
    assert metrics.meeting["clipped_intervals"] == 0


def test_later_speech_is_clipped_and_counted() -> None:
    metrics = ann(said("ann", 90, 105.001), said("ann", 200, 201))

    assert metrics.participants["ann"]["talk_time_s"] == 10
    assert (metrics.meeting["duration_s"], metrics.meeting["duration_extended_s"]) == (100, 0)
    assert metrics.meeting["clipped_intervals"] == 2


def test_an_open_segment_that_starts_after_the_recording_is_left_out_and_counted() -> None:
    metrics = ann(said("ann", 0, 10), said("ann", 100, None))

    assert metrics.participants["ann"]["talk_time_s"] == 10
    assert metrics.meeting["clipped_intervals"] == 1


def test_extension_applies_to_all_speakers() -> None:
    metrics = ann(said("ann", 90, 200), said("bo", 99, 103))

    assert metrics.talk_times_s() == {"ann": 13, "bo": 4}
    assert metrics.meeting["duration_s"] == 103


def test_cutting_a_segment_that_ends_too_late_extends_nothing() -> None:
    assert talk_s(said("ann", 90, 103), said("ann", 103, 200)) == 10


def test_a_bot_does_not_extend_the_recording() -> None:
    metrics = metrics_of(
        meeting_of(said("ann", 0, 10), said("recorder", 98, 103), attendees=[*attendees("ann"), bot("recorder")])
    )

    assert metrics.meeting["duration_s"] == 100
    assert metrics.meeting["bot_speech_s"] == 2


def test_hygiene_counts_leave_bots_out() -> None:
    metrics = metrics_of(
        meeting_of(
            said("ann", 0, 10),
            said("recorder", 5, 5),
            said("recorder", -5, None),
            attendees=[*attendees("ann"), bot("recorder")],
        )
    )

    counts = [metrics.meeting[f"{kind}_intervals"] for kind in ("dropped", "open", "clipped")]
    assert counts == [0, 0, 0]


def test_repeated_speech_of_one_speaker_counts_once() -> None:
    assert talk_s(said("ann", 0, 10), said("ann", 0, 10), said("ann", 5, 12), said("ann", 12, 14)) == 14


def test_recording_of_unknown_duration_ends_with_its_last_speech() -> None:
    metrics = ann(said("ann", 5, None), said("ann", 9, None), duration_s=None)

    assert metrics.participants["ann"]["talk_time_s"] == 4
    assert metrics.meeting["duration_s"] is None
    assert metrics.meeting["duration_extended_s"] is None
    assert metrics.participants["ann"]["talk_ratio"] is None


def test_times_beyond_64_bits_are_clipped_like_others() -> None:
    late, early = ann(said("ann", 50, 1e300), said("ann", 1e200, None)), ann(said("ann", -1e300, 50))

    assert [metrics.participants["ann"]["talk_time_s"] for metrics in (late, early)] == [50, 50]
    assert [metrics.meeting["clipped_intervals"] for metrics in (late, early)] == [2, 1]


def test_times_beyond_64_bits_are_measured_if_the_duration_is_unknown() -> None:
    far_s = 2.0**70
    metrics = ann(said("ann", 0, far_s), said("bo", 2 * far_s, 3 * far_s), duration_s=None)

    assert metrics.talk_times_s() == {"ann": far_s, "bo": far_s}
    assert metrics.meeting["silence_s"] == far_s
    assert [turn["end_s"] for turn in metrics.turns] == [far_s, 3 * far_s]
