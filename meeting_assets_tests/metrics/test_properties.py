"""Properties of the metrics of every meeting."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meeting_assets.metrics.meeting import Event, MeetingInput, RawSegment
from meeting_assets.metrics.parameters import Parameters
from meeting_assets_tests.support.meeting_builder import Metrics, attendees, bot, meeting_of, metrics_of, said

PEOPLE = ("ann", "bo", "cy", "dee")
SPEAKERS = (*PEOPLE, "unknown")
# With these, columns of participants are known however much speech is `unknown`.
ALL_KNOWN = Parameters(attributed_share=0)

# Whole milliseconds, close together, so that ties, touching and overlap are common.
milliseconds = st.integers(0, 90_000) | st.integers(0, 90).map(lambda seconds: seconds * 1000)


def segments(speakers: tuple[str, ...] = SPEAKERS) -> st.SearchStrategy[RawSegment]:
    lengths = st.integers(1, 9_000) | st.integers(1, 9).map(lambda seconds: seconds * 1000)
    return st.builds(
        lambda speaker, start_ms, length_ms: said(speaker, start_ms / 1000, (start_ms + length_ms) / 1000),
        st.sampled_from(speakers),
        milliseconds,
        lengths,
    )


timelines = st.lists(segments(), min_size=1, max_size=25)
seeds = st.integers(0, 2**32)


def raw_segments() -> st.SearchStrategy[RawSegment]:
    """Any times that the wire format allows."""
    times = st.none() | st.integers(-20_000, 130_000).map(lambda ms: ms / 1000)
    return st.builds(said, st.sampled_from((*SPEAKERS, "recorder")), times, times)


raw_timelines = st.lists(raw_segments(), max_size=25)


def people_in(timeline: list[RawSegment]) -> MeetingInput:
    return meeting_of(*timeline, attendees=[*attendees(*PEOPLE), bot("recorder")])


def total(metrics: Metrics, column: str) -> float:
    return math.fsum(row[column] for row in metrics.participants.values())


@given(timelines | raw_timelines)
def test_sums_add_up(timeline: list[RawSegment]) -> None:
    metrics = metrics_of(people_in(timeline), ALL_KNOWN)
    meeting = metrics.meeting
    if not meeting["speech_s"]:
        return

    solo_s = total(metrics, "solo_talk_s")
    assert solo_s + total(metrics, "overlapped_talk_s") == pytest.approx(total(metrics, "talk_time_s"), abs=1e-9)
    assert meeting["speech_s"] + meeting["silence_s"] == pytest.approx(meeting["span_s"], abs=1e-9)
    unattributed_solo_s = meeting["speech_s"] - meeting["overlap_s"] - solo_s
    assert -1e-9 <= unattributed_solo_s <= meeting["unattributed_speech_s"] + 1e-9


@given(st.lists(segments(PEOPLE), min_size=1, max_size=25))
def test_single_and_overlap_make_speech(timeline: list[RawSegment]) -> None:
    metrics = metrics_of(people_in(timeline))

    single_s = total(metrics, "solo_talk_s")
    assert single_s + metrics.meeting["overlap_s"] == pytest.approx(metrics.meeting["speech_s"], abs=1e-9)


@given(timelines | raw_timelines)
def test_shares_make_one_and_ratios_stay_within_it(timeline: list[RawSegment]) -> None:
    metrics = metrics_of(people_in(timeline))
    shares = [row["talk_share"] for row in metrics.participants.values()]

    if any(share is not None for share in shares):
        assert sum(shares) == pytest.approx(1, abs=1e-9)
    ratios = [row["talk_ratio"] for row in metrics.participants.values()]
    ratios += [metrics.meeting[name] for name in ("silence_ratio", "overlap_ratio", "overlap_ratio_span")]
    assert all(ratio is None or 0 <= ratio <= 1 for ratio in ratios)


@given(raw_timelines, seeds)
def test_the_order_of_rows_changes_nothing_by_a_bit(timeline: list[RawSegment], seed: int) -> None:
    shuffled = random.Random(seed).sample(timeline, len(timeline))

    assert metrics_of(people_in(shuffled)) == metrics_of(people_in(timeline))


@given(raw_timelines)
def test_repeating_rows_changes_only_counts(timeline: list[RawSegment]) -> None:
    doubled = metrics_of(people_in([*timeline, *timeline]))

    assert doubled.without_counts() == metrics_of(people_in(timeline)).without_counts()


@given(timelines, st.data())
def test_cutting_a_segment_anywhere_changes_only_counts(timeline: list[RawSegment], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(timeline) - 1))
    speaker, name, start_s, end_s = timeline[index]
    assert start_s is not None
    assert end_s is not None
    cut_s = data.draw(st.floats(start_s, end_s))
    pieces = [RawSegment(speaker, name, start_s, cut_s), RawSegment(speaker, name, cut_s, end_s)]

    cut = metrics_of(people_in([*timeline[:index], *pieces, *timeline[index + 1 :]]))

    assert cut.without_counts() == metrics_of(people_in(timeline)).without_counts()


@given(timelines, st.permutations(PEOPLE))
def test_other_names_and_another_order_of_people_change_only_names(
    timeline: list[RawSegment], others: list[str]
) -> None:
    key = dict(zip(PEOPLE, others, strict=True)) | {"unknown": "unknown"}
    renamed = replace(
        people_in([segment._replace(participant_key=key[segment.participant_key]) for segment in timeline]),
        attendees=attendees(*reversed(others)),
    )

    before, after = metrics_of(people_in(timeline)), metrics_of(renamed)

    keys = {name: key.get(value) for name, value in before.meeting.items() if name.endswith("_key")}
    assert after.meeting == before.meeting | keys
    for person in PEOPLE:
        assert unnamed(after.participants[key[person]]) == unnamed(before.participants[person])
    assert after.transitions == {(key[one], key[other]): n for (one, other), n in before.transitions.items()}
    assert floors(after) == sorted((start, end, kind, key[person]) for start, end, kind, person in floors(before))
    assert after.windows == [window | {"top_key": key.get(window["top_key"])} for window in before.windows]


def floors(metrics: Metrics) -> list[tuple[Any, ...]]:
    return sorted((turn["start_s"], turn["end_s"], turn["kind"], turn["participant_key"]) for turn in metrics.turns)


def without(row: dict[str, Any], names: set[str]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}


def unnamed(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in {"participant_key", "name"}}


@given(timelines, st.integers(1, 900))
def test_shifting_everything_inside_the_recording_changes_nothing(timeline: list[RawSegment], shift_ms: int) -> None:
    shifted = [
        said(speaker, (start_s or 0) + shift_ms / 1000, (end_s or 0) + shift_ms / 1000)
        for speaker, _, start_s, end_s in timeline
    ]

    before, after = metrics_of(people_in(timeline)), metrics_of(people_in(shifted))

    positions = {"first_speech_s", "longest_monologue_start_s"}
    assert without(after.meeting, positions) == without(before.meeting, positions)
    assert after.participants == before.participants
    assert after.transitions == before.transitions
    shift_s = pytest.approx(shift_ms / 1000, abs=1e-6)
    for one, other in zip(before.turns, after.turns, strict=True):
        assert (other["start_s"] - one["start_s"], other["end_s"] - one["end_s"]) == (shift_s, shift_s)


@given(st.lists(segments(("ann",)), min_size=1, max_size=10), st.integers(2, 5))
def test_identical_speakers_overlap_for_their_whole_duration(timeline: list[RawSegment], k: int) -> None:
    crowd = [segment._replace(participant_key=f"p{number}") for segment in timeline for number in range(k)]

    metrics = metrics_of(meeting_of(*crowd))

    assert metrics.meeting["overlap_s"] == metrics.meeting["speech_s"]
    assert metrics.meeting["gini_talk"] == 0
    assert metrics.meeting["entropy_talk"] == pytest.approx(1, abs=1e-12)
    assert total(metrics, "solo_talk_s") == 0


@given(timelines | raw_timelines)
def test_no_value_is_nan_or_infinite(timeline: list[RawSegment]) -> None:
    metrics = metrics_of(people_in(timeline))

    rows = [metrics.meeting, metrics.quality, *metrics.participants.values(), *metrics.turns, *metrics.windows]
    values = [value for row in rows for value in row.values()]
    assert all(value == value and value not in {float("inf"), float("-inf")} for value in values)


@given(timelines, st.floats(-3, 4))
def test_a_bot_changes_nothing_but_its_own_speech(timeline: list[RawSegment], offset_s: float) -> None:
    speech_of_bot = [said("recorder", 40 + offset_s, 60), said("recorder", -1, 120)]

    before, after = metrics_of(people_in(timeline)), metrics_of(people_in([*timeline, *speech_of_bot]))

    assert after.participants == before.participants
    assert after.meeting == before.meeting | {"bot_speech_s": after.meeting["bot_speech_s"]}
    assert after.meeting["bot_speech_s"] == 100


@given(timelines | raw_timelines)
def test_transitions_sum_to_switches_and_runs_are_one_more(timeline: list[RawSegment]) -> None:
    metrics = metrics_of(people_in(timeline), ALL_KNOWN)
    meeting = metrics.meeting
    if meeting["timing_source"] is None:
        assert (metrics.turns, metrics.transitions, metrics.windows) == ([], {}, [])
        return

    assert sum(metrics.transitions.values()) == meeting["speaker_switches"]
    assert all(one != other for one, other in metrics.transitions)
    assert meeting["run_count"] == (meeting["speaker_switches"] + 1 if meeting["turn_count"] else 0)
    assert total(metrics, "run_count") == meeting["run_count"]
    assert total(metrics, "reply_count") == meeting["speaker_switches"]


@given(timelines | raw_timelines)
def test_meetings_are_the_sums_of_their_participants(timeline: list[RawSegment]) -> None:
    metrics = metrics_of(people_in(timeline), ALL_KNOWN)
    if metrics.meeting["timing_source"] is None:
        return

    for name in ("turn_count", "backchannel_count"):
        assert total(metrics, name) == metrics.meeting[name]
    assert total(metrics, "interruptions_made") == metrics.meeting["interruption_count"]
    assert total(metrics, "interruptions_received") <= metrics.meeting["interruption_count"]
    for row in metrics.participants.values():
        assert row["interruptions_successful"] <= row["interruptions_made"]
    kinds = [turn["kind"] for turn in metrics.turns]
    assert (kinds.count("turn"), kinds.count("backchannel")) == (
        metrics.meeting["turn_count"],
        metrics.meeting["backchannel_count"],
    )


@given(timelines | raw_timelines)
def test_turns_hold_speech_of_their_speaker_and_do_not_meet_their_own(timeline: list[RawSegment]) -> None:
    metrics = metrics_of(people_in(timeline))

    for key in metrics.participants:
        own = [turn for turn in metrics.turns if turn["participant_key"] == key]
        assert all(one["end_s"] < other["start_s"] for one, other in pairwise(own))
        assert all(0 <= turn["start_s"] < turn["end_s"] <= metrics.meeting["duration_s"] for turn in own)


@given(timelines | raw_timelines)
def test_windows_hold_as_much_talk_as_there_is(timeline: list[RawSegment]) -> None:
    whole = metrics_of(people_in(timeline), Parameters(window_s=3600, attributed_share=0))
    tiled = metrics_of(people_in(timeline), Parameters(window_s=25, window_step_s=25, attributed_share=0))
    if whole.meeting["timing_source"] is None:
        return

    (window,) = whole.windows
    assert window["talk_s"] == pytest.approx(total(whole, "talk_time_s"), abs=1e-9)
    shares = [row["talk_share"] for row in whole.participants.values()]
    assert window["top_share"] == (None if None in shares else pytest.approx(max(shares, default=None), abs=1e-9))
    if whole.meeting["duration_s"] == 100:
        assert sum(row["talk_s"] for row in tiled.windows) == pytest.approx(window["talk_s"], abs=1e-9)


def raw_events() -> st.SearchStrategy[Event]:
    actions = ("join", "leave", "webcam_on", "webcam_off", "screenshare_on", "screenshare_off", "chat_message")
    times = st.none() | st.integers(-20_000, 130_000).map(lambda ms: ms / 1000) | st.integers(-2, 12).map(float)
    return st.builds(
        Event, st.sampled_from((*PEOPLE, "recorder", "unknown")), st.none(), st.sampled_from(actions), times, st.none()
    )


@given(st.lists(raw_events(), max_size=25), raw_timelines, seeds)
def test_attendance_fits_the_recording_and_devices_fit_attendance(
    events: list[Event], timeline: list[RawSegment], seed: int
) -> None:
    meeting = replace(people_in(timeline), events=events)
    shuffled = random.Random(seed).sample(events, len(events))

    metrics = metrics_of(meeting)

    assert metrics_of(replace(meeting, events=[*shuffled, *shuffled])) == metrics
    duration_s = metrics.meeting["duration_s"]
    for row in metrics.participants.values():
        if row["attended_s"] is not None:
            assert 0 <= row["attended_s"] <= duration_s
            assert row["webcam_on_s"] <= row["attended_s"]
            assert row["screenshare_s"] <= row["attended_s"]
            assert row["left_early_s"] >= 0
            assert row["presence_talk_ratio"] is None or 0 <= row["presence_talk_ratio"] <= 1
    if metrics.meeting["peak_concurrency"] is not None:
        assert metrics.meeting["mean_concurrency"] <= metrics.meeting["peak_concurrency"] <= len(PEOPLE)
    assert {row["participant_key"] for row in metrics.attendance} <= set(PEOPLE)


def test_a_thousand_people_all_at_once_are_measured() -> None:
    crowd = [said(str(number), 10, 20) for number in range(1000)]

    metrics = metrics_of(meeting_of(*crowd))

    assert metrics.meeting["overlap_s"] == 10
    assert metrics.meeting["tied_ipus"] == 1000
    assert (metrics.meeting["turn_count"], metrics.meeting["gini_talk"]) == (0, 0)
    assert metrics.windows[0]["top_share"] == 1 / 1000


def test_a_thousand_people_one_after_another_are_measured() -> None:
    line = [said(str(number), number / 20, (number + 1) / 20) for number in range(1000)]

    metrics = metrics_of(meeting_of(*line, duration_s=50), Parameters(backchannel_max_s=0))

    assert (metrics.meeting["turn_count"], metrics.meeting["speaker_switches"]) == (1000, 999)
    assert metrics.meeting["entropy_talk"] == pytest.approx(1)
