"""Each threshold of docs/metrics.md, observed at its value and one microsecond beside it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from meeting_assets.metrics.measures import PERSON_MEASURES
from meeting_assets.metrics.meeting import Event, MeetingInput, RawSegment, Utterance
from meeting_assets.metrics.parameters import Parameters
from meeting_assets_tests.support.meeting_builder import (
    STARTED_AT,
    TRANSCRIPT_ID,
    attendees,
    meeting_of,
    metrics_of,
    said,
)

US = 1e-6
BY_LENGTH = Parameters(backchannel_max_s=0)
"""Parameters without backchannels, so that short speech can interrupt."""


def pause(length_s: float, *, then: str = "bo") -> MeetingInput:
    return meeting_of(said("ann", 0, 20), said(then, 20 + length_s, 50))


def joined(*at_s: float, scheduled_s: float | None = None) -> MeetingInput:
    """A meeting that `ann`, `bo` and so on join at these times."""
    events = [Event(key, None, "join", each) for key, each in zip(("ann", "bo"), at_s, strict=False)]
    scheduled_at = None if scheduled_s is None else STARTED_AT + timedelta(seconds=scheduled_s)
    keys = [event.participant_key for event in events]
    return meeting_of(events=events, attendees=attendees(*keys), scheduled_at=scheduled_at, duration_s=40_000)


def silent_but_for(talk_s: float) -> MeetingInput:
    """A meeting in which `bo` speaks for this long."""
    return meeting_of(said("ann", 10, 20), said("bo", 30, 30 + talk_s), attendees=attendees("ann", "bo"))


def long_talk(*, overlap_s: float, missing_s: float = 0) -> MeetingInput:
    """30 minutes of speech by two speakers, but for the missing seconds, with this much overlap."""
    return meeting_of(said("ann", 0, 900), said("bo", 900 - overlap_s, 1800 - missing_s), duration_s=1800)


def spoken_words(talk_s: float) -> MeetingInput:
    utterances = [Utterance("ann", None, 5, "one two three four five")]
    return meeting_of(said("ann", 0, talk_s), transcript_id=TRANSCRIPT_ID, utterances=utterances)


@pytest.mark.parametrize(
    ("meeting", "column", "value"),
    [
        pytest.param(pause(10), "dead_air_count", 1, id="dead-air-from-10-s"),
        pytest.param(pause(10 - US), "dead_air_count", 0, id="no-dead-air-below-10-s"),
        pytest.param(pause(10), "fto_count", 1, id="floor-transfer-up-to-10-s"),
        pytest.param(pause(10 + US), "fto_count", 0, id="no-floor-transfer-above-10-s"),
        pytest.param(pause(0.18), "gap_count", 1, id="gap-from-180-ms"),
        pytest.param(pause(0.18 - US), "gap_count", 0, id="no-gap-below-180-ms"),
        pytest.param(pause(0.18, then="ann"), "pause_count", 1, id="pause-from-180-ms"),
        pytest.param(pause(0.18 - US, then="ann"), "pause_count", 0, id="no-pause-below-180-ms"),
        pytest.param(pause(10 - US, then="ann"), "turn_count", 1, id="one-turn-below-10-s"),
        pytest.param(pause(10, then="ann"), "turn_count", 2, id="two-turns-from-10-s"),
        pytest.param(silent_but_for(0), "silent_participants", 1, id="silent-without-speech"),
        pytest.param(silent_but_for(US), "silent_participants", 0, id="not-silent-with-any-speech"),
        pytest.param(silent_but_for(0), "nearly_silent_participants", 0, id="silent-is-not-nearly-silent"),
        pytest.param(silent_but_for(US), "nearly_silent_participants", 1, id="nearly-silent-with-any-speech"),
        pytest.param(silent_but_for(1 - US), "nearly_silent_participants", 1, id="nearly-silent-below-1-s"),
        pytest.param(silent_but_for(1), "nearly_silent_participants", 0, id="not-nearly-silent-from-1-s"),
        pytest.param(long_talk(overlap_s=0.3), "overlap_s", 0.3, id="overlap-known-from-10-ms-per-minute"),
        pytest.param(long_talk(overlap_s=0.3 - US), "overlap_s", None, id="single-stream-below-10-ms-per-minute"),
        pytest.param(long_talk(overlap_s=0), "overlap_s", None, id="single-stream-from-30-minutes"),
        pytest.param(long_talk(overlap_s=0, missing_s=US), "overlap_s", 0, id="overlap-known-below-30-minutes"),
        pytest.param(meeting_of(said("ann", 0, 105)), "duration_s", 105, id="extended-up-to-5-s"),
        pytest.param(meeting_of(said("ann", 0, 105 + US)), "duration_s", 100, id="not-extended-beyond-5-s"),
        pytest.param(meeting_of(duration_s=172_800), "duration_s", 172_800, id="duration-known-up-to-2-days"),
        pytest.param(meeting_of(duration_s=172_800 + US), "duration_s", None, id="duration-unknown-beyond-2-days"),
        pytest.param(joined(2, 62), "late_joiners", 0, id="not-late-up-to-60-s"),
        pytest.param(joined(2, 62 + US), "late_joiners", 1, id="late-after-60-s"),
        pytest.param(spoken_words(10), "words_per_minute", 30, id="word-rate-from-10-s"),
        pytest.param(spoken_words(10 - US), "words_per_minute", None, id="no-word-rate-below-10-s"),
    ],
)
def test_meeting_column_changes_at_its_threshold(meeting: MeetingInput, column: str, value: float | None) -> None:
    assert metrics_of(meeting).meeting[column] == value


@pytest.mark.parametrize(
    ("meeting", "late_s"),
    [
        pytest.param(joined(1, 5), None, id="present-at-the-start-up-to-1-s"),
        pytest.param(joined(1 + US, 5), 0, id="joined-after-1-s"),
        pytest.param(joined(5, scheduled_s=-21_600), 21_605, id="schedule-up-to-6-h-before"),
        pytest.param(joined(5, scheduled_s=-21_600 - US), 0, id="no-schedule-beyond-6-h-before"),
        pytest.param(joined(21_700, scheduled_s=21_600), 100, id="schedule-up-to-6-h-after"),
        pytest.param(joined(21_700, scheduled_s=21_600 + US), 0, id="no-schedule-beyond-6-h-after"),
    ],
)
def test_delay_of_a_join_changes_at_its_threshold(meeting: MeetingInput, late_s: float | None) -> None:
    assert metrics_of(meeting).participants["ann"]["joined_late_s"] == pytest.approx(late_s, abs=US / 10)


@pytest.mark.parametrize(
    ("speech", "turns", "backchannels"),
    [
        pytest.param([said("ann", 0, 9), said("bo", 4, 5)], 1, 1, id="backchannel-up-to-1-s"),
        pytest.param([said("ann", 0, 9), said("bo", 4, 5 + US)], 1, 0, id="no-backchannel-above-1-s"),
        pytest.param([said("ann", 0, 9), said("bo", 8.5, 9.1)], 1, 1, id="inside-up-to-100-ms-later"),
        pytest.param([said("ann", 0, 9), said("bo", 8.5, 9.1 + US)], 2, 0, id="outside-beyond-100-ms-later"),
        pytest.param([said("ann", 0, 9), said("bo", 9 - US, 9.05)], 1, 1, id="inside-before-the-end-of-the-floor"),
        pytest.param([said("ann", 0, 9), said("bo", 9, 9.05)], 2, 0, id="outside-from-the-end-of-the-floor"),
    ],
)
def test_backchannel_depends_on_length_and_floor(speech: list[RawSegment], turns: int, backchannels: int) -> None:
    meeting = metrics_of(meeting_of(*speech)).meeting

    assert (meeting["turn_count"], meeting["backchannel_count"]) == (turns, backchannels)


@pytest.mark.parametrize(("gap_s", "backchannels"), [(0.2, 2), (0.2 - US, 0)])
def test_inter_pausal_unit_ends_with_a_gap_of_200_ms(gap_s: float, backchannels: int) -> None:
    speech = said("ann", 0, 9), said("bo", 2, 2.9), said("bo", 2.9 + gap_s, 3.6)

    assert metrics_of(meeting_of(*speech)).meeting["backchannel_count"] == backchannels


@pytest.mark.parametrize(("count", "backchannels"), [(3, 1), (4, 0)])
def test_backchannel_has_at_most_three_words(count: int, backchannels: int) -> None:
    words = [("bo", 4 + index / 10, 4.05 + index / 10, "yeah") for index in range(count)]
    meeting = meeting_of(said("ann", 0, 9), said("bo", 4, 5), words=words, transcript_id=TRANSCRIPT_ID)

    assert metrics_of(meeting).meeting["backchannel_count"] == backchannels


@pytest.mark.parametrize(
    ("speech", "made"),
    [
        pytest.param([said("ann", 0, 9), said("bo", 4, 4.5)], 0, id="none-of-500-ms"),
        pytest.param([said("ann", 0, 9), said("bo", 4, 4.5 + US)], 1, id="above-500-ms"),
        pytest.param([said("ann", 0, 9), said("bo", 8.5, 20)], 0, id="none-that-overlaps-500-ms"),
        pytest.param([said("ann", 0, 9), said("bo", 8.5 - US, 20)], 1, id="overlap-above-500-ms"),
        pytest.param([said("ann", 0, 5), said("bo", 5, 9), said("cy", 5.1, 8)], 0, id="none-from-the-end-on"),
        pytest.param([said("ann", 0, 9), said("bo", 8.5, 20), said("cy", 8.8, 15)], 1, id="others-take-over"),
        pytest.param([said("ann", 0, 9), said("bo", 8.7, 20), said("cy", 9.25, 15)], 0, id="bridge-below-250-ms"),
        pytest.param([said("ann", 0, 9), said("bo", 8.7, 20), said("cy", 9.25 - US, 15)], 1, id="bridged-gap"),
    ],
)
def test_interruption_overlaps_for_more_than_half_a_second(speech: list[RawSegment], made: int) -> None:
    assert metrics_of(meeting_of(*speech), BY_LENGTH).participants["bo"]["interruptions_made"] == made


@pytest.mark.parametrize(("pause_s", "made"), [(1.5 - US, 0), (1.5, 1)])
def test_resumption_follows_a_pause_of_less_than_1_5_s(pause_s: float, made: int) -> None:
    speech = said("ann", 0, 9), said("bo", 9, 20), said("ann", 9 + pause_s, 15)

    assert metrics_of(meeting_of(*speech)).participants["ann"]["interruptions_made"] == made


@pytest.mark.parametrize(("end_s", "successful"), [(9, 0), (9 + US, 1)])
@pytest.mark.parametrize("others", [("ann",), ("ann", "cy")], ids=["one-interrupted", "tied"])
def test_successful_interruption_outlasts_the_interrupted(
    others: tuple[str, ...], end_s: float, successful: int
) -> None:
    speech = [said(key, 0, 9) for key in others]

    metrics = metrics_of(meeting_of(*speech, said("bo", 4, end_s)))

    assert metrics.participants["bo"]["interruptions_successful"] == successful


@pytest.mark.parametrize(("duration_s", "count"), [(150, 1), (180 - US, 1), (180, 2), (210, 3)])
def test_window_of_150_s_starts_every_30_s(duration_s: float, count: int) -> None:
    windows = metrics_of(meeting_of(said("ann", 0, 9), duration_s=duration_s)).windows

    assert [row["start_s"] for row in windows] == [0, 30, 60][:count]
    assert {row["end_s"] - row["start_s"] for row in windows} == {150}


MEASURED = {"talk_time_s": 10.0, "persons_talk_s": 40.0, "attended_s": 20.0, "word_count_of_speech": 30}
MEASURED |= {"filler_count": 3, "word_count": 60, "interruptions_made": 2, "interruptions_received": 4}


@pytest.mark.parametrize(
    ("name", "ratio"),
    [
        ("talk_share", 0.25),
        ("presence_talk_ratio", 0.5),
        ("words_per_minute", 180.0),
        ("fillers_per_100_words", 5.0),
        ("interruptions_made_per_hour", 4.0),
        ("interruptions_received_per_hour", 8.0),
    ],
)
def test_measure_of_a_person_has_the_unit_of_its_name(name: str, ratio: float) -> None:
    [measure] = [each for each in PERSON_MEASURES if each.name == name]
    row: dict[str, Any] = {**MEASURED, "duration_s": 1800.0}
    numerator, denominator = measure.of(row) or (0.0, 1.0)

    assert numerator / denominator == pytest.approx(ratio)


def test_word_rate_of_a_person_needs_ten_seconds_of_talk() -> None:
    [rate] = [each for each in PERSON_MEASURES if each.name == "words_per_minute"]

    assert rate.of({**MEASURED, "talk_time_s": 10.0}) is not None
    assert rate.of({**MEASURED, "talk_time_s": 10.0 - US}) is None
