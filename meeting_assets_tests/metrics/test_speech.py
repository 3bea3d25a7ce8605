from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from meeting_assets.metrics.meeting import Attendee, Event, RawSegment, Utterance
from meeting_assets.metrics.parameters import Parameters
from meeting_assets.metrics.speech import event_speech
from meeting_assets_tests.support.meeting_builder import (
    STARTED_AT,
    attendees,
    bot,
    meeting_of,
    metrics_of,
    off,
    on,
    said,
    word,
)


def spoken_intervals(*events: Event) -> list[tuple[float | None, float | None]]:
    return [(start_s, end_s) for _, _, start_s, end_s in event_speech(events)]


def test_timeline_is_the_first_choice_of_source() -> None:
    metrics = metrics_of(meeting_of(said("ann", 0, 10), words=[word("bo", 0, 30)], events=[on("cy", 1), off("cy", 50)]))

    assert metrics.meeting["timing_source"] == "speaker_timeline"
    assert metrics.meeting["speech_s"] == 10


@pytest.mark.parametrize(
    "timeline", [[], [said("ann", 5, 5)], [said("ann", 200, 210)], [said("ann", -9, -5)], [said("ann", None, 4)]]
)
def test_words_tell_the_time_where_nothing_of_the_timeline_is_left(timeline: list[RawSegment]) -> None:
    metrics = metrics_of(meeting_of(*timeline, words=[word("ann", 0, 1), word("ann", 1, 3)]))

    assert metrics.meeting["timing_source"] == "words"
    assert metrics.talk_times_s() == {"ann": 3}


def test_words_without_an_end_close_at_the_next_word_or_the_end_and_those_without_a_start_are_dropped() -> None:
    words = [
        *(word("ann", 0, 1), word("ann", 2, None), word("ann", None, 5), word("ann", None, None), word("ann", 6, 7)),
        *(word("bo", 3, 4), word("bo", 90, None)),
    ]

    metrics = metrics_of(meeting_of(words=words))

    assert metrics.talk_times_s() == {"ann": 6, "bo": 11}
    assert (metrics.meeting["open_intervals"], metrics.meeting["dropped_intervals"]) == (2, 2)


def test_speech_events_are_the_source_if_words_have_no_times() -> None:
    metrics = metrics_of(meeting_of(words=[word("ann", None, None)], events=[on("ann", 1), off("ann", 3)]))

    assert metrics.meeting["timing_source"] == "speech_events"
    assert metrics.talk_times_s() == {"ann": 2}


def test_preferred_timing_source_is_tried_first() -> None:
    meeting = meeting_of(said("ann", 0, 10), words=[word("ann", 0, 4)])

    metrics = metrics_of(meeting, Parameters(timing_source="words"))

    assert metrics.meeting["timing_source"] == "words"
    assert metrics.talk_times_s() == {"ann": 4}


def test_the_usual_order_holds_after_a_preferred_source_without_speech() -> None:
    meeting = meeting_of(said("ann", 0, 10), words=[word("ann", 0, 4)])

    metrics = metrics_of(meeting, Parameters(timing_source="speech_events"))

    assert metrics.meeting["timing_source"] == "speaker_timeline"


def test_sources_are_never_mixed() -> None:
    metrics = metrics_of(meeting_of(said("ann", 0, 10), words=[word("bo", 20, 30)]))

    assert metrics.talk_times_s() == {"ann": 10}


def test_later_source_with_people_is_preferred_to_an_earlier_one_with_a_bot() -> None:
    metrics = metrics_of(meeting_of(said("recorder", 0, 5), attendees=[bot("recorder")], words=[word("ann", 8, 10)]))

    assert metrics.meeting["timing_source"] == "words"
    assert metrics.talk_times_s() == {"ann": 2}
    assert metrics.meeting["bot_speech_s"] == 0


def test_the_duration_runs_from_start_to_completion() -> None:
    metrics = metrics_of(meeting_of(duration_s=61.5, latest_end_s=70))

    assert metrics.meeting["duration_s"] == 61.5
    assert metrics.meeting["duration_extended_s"] == 0


def test_latest_end_is_the_duration_if_an_instant_is_missing() -> None:
    metrics = metrics_of(meeting_of(said("ann", 0, 10), duration_s=None, latest_end_s=40.25))

    assert metrics.meeting["duration_s"] == 40.25
    assert metrics.participants["ann"]["talk_ratio"] == 10 / 40.25


def test_a_recording_completed_before_it_started_has_no_duration_of_its_own() -> None:
    meeting = meeting_of(started_at=STARTED_AT, completed_at=STARTED_AT - timedelta(seconds=5), latest_end_s=40)

    assert metrics_of(meeting).meeting["duration_s"] == 40


def test_where_every_end_lies_before_the_recording_its_duration_is_unknown() -> None:
    assert metrics_of(meeting_of(duration_s=None, latest_end_s=-3)).meeting["duration_s"] is None


def test_instants_without_a_zone_are_utc() -> None:
    meeting = meeting_of(started_at=STARTED_AT.replace(tzinfo=None), completed_at=STARTED_AT + timedelta(seconds=7))

    assert metrics_of(meeting).meeting["duration_s"] == 7


def test_a_speaker_who_is_not_listed_gets_a_row_by_the_name_of_the_speech() -> None:
    metrics = metrics_of(meeting_of(said("200", 0, 10, name="Bo"), attendees=attendees("ann")))

    row = metrics.participants["200"]
    assert (row["name"], row["is_listed"], row["talk_time_s"]) == ("Bo", False, 10)
    assert metrics.participants["ann"]["is_listed"] is True


def test_every_participant_named_by_an_artifact_has_a_row() -> None:
    metrics = metrics_of(
        meeting_of(
            said("ann", 0, 10),
            utterances=[Utterance("bo", "Bo", 3)],
            events=[Event("cy", name, "update", None) for name in ("Cy", None, "Cy")],
        )
    )

    assert {key: row["name"] for key, row in metrics.participants.items()} == {"ann": None, "bo": "Bo", "cy": "Cy"}
    assert metrics.talk_times_s() == {"ann": 10, "bo": 0, "cy": 0}
    assert metrics.meeting["participant_count"] == 3


def test_speakers_of_the_chosen_source_get_a_row_though_nothing_else_names_them() -> None:
    metrics = metrics_of(meeting_of(events=[Event("dee", "Dee", "speech_on", 90.0)]))

    assert metrics.participants["dee"]["name"] == "Dee"
    assert metrics.talk_times_s() == {"dee": 10}


def test_name_on_the_participants_list_takes_precedence() -> None:
    listed = [Attendee("100", "Ann Smith", is_bot=False), Attendee("200", None, is_bot=False)]

    metrics = metrics_of(meeting_of(said("100", 0, 1, name="A."), said("200", 2, 3, name="Bo"), attendees=listed))

    assert [row["name"] for row in metrics.participants.values()] == ["Ann Smith", "Bo"]


def test_choice_between_two_names_does_not_depend_on_row_order() -> None:
    names = [said("100", 0, 1, name="Ann S."), said("100", 2, 3, name="Ann"), said("100", 4, 5)]

    assert metrics_of(meeting_of(*names)).participants["100"]["name"] == "Ann"
    assert metrics_of(meeting_of(*reversed(names))).participants["100"]["name"] == "Ann"


def test_unknown_has_no_row_even_if_listed() -> None:
    metrics = metrics_of(
        meeting_of(said("unknown", 0, 10), attendees=[*attendees("ann"), Attendee("unknown", None, is_bot=False)])
    )

    assert metrics.participants.keys() == {"ann"}
    assert metrics.meeting["participant_count"] == 1
    assert metrics.meeting["unattributed_speech_s"] == 10


@pytest.mark.parametrize(
    "given",
    [
        {"attendees": [bot("100")]},
        {"attendees": [Attendee("100", "Recorder", is_bot=False)], "bot_names": ["recorder"]},
        {"attendees": [Attendee("100", None, is_bot=False)], "bot_names": ["Recorder"]},
        {"bot_names": [" RECORDER "]},
    ],
    ids=["flagged", "listed by name", "listed without name", "not listed"],
)
def test_a_bot_counts_nowhere_but_in_bot_speech(given: dict[str, Any]) -> None:
    speech = [said("ann", 0, 10), said("100", 5, 25, name="Recorder")]

    metrics = metrics_of(meeting_of(*speech, **given))

    assert metrics.talk_times_s() == {"ann": 10}
    assert metrics.meeting["bot_speech_s"] == 20
    assert metrics.meeting["participant_count"] == 1
    assert [metrics.meeting[name] for name in ("speech_s", "span_s", "overlap_s", "silence_s")] == [10, 10, 0, 0]
    assert metrics.participants["ann"]["talk_share"] == 1


def test_two_bots_at_once_speak_as_long_as_their_union() -> None:
    metrics = metrics_of(meeting_of(said("r1", 0, 10), said("r2", 5, 15), attendees=[bot("r1"), bot("r2")]))

    assert metrics.meeting["bot_speech_s"] == 15


def test_blank_bot_name_matches_no_participant() -> None:
    metrics = metrics_of(meeting_of(said("ann", 0, 10, name=" "), bot_names=["", " "]))

    assert metrics.talk_times_s() == {"ann": 10}


def test_pair_of_speech_events_is_an_interval() -> None:
    assert spoken_intervals(on("ann", 1), on("bo", 2), off("ann", 3), off("bo", 5)) == [(1, 3), (2, 5)]


def test_the_order_of_events_in_the_payload_does_not_matter() -> None:
    assert spoken_intervals(off("ann", 9), on("ann", 6), off("ann", 3), on("ann", 1)) == [(1, 3), (6, 9)]


def test_repeated_speech_on_continues_the_interval() -> None:
    assert spoken_intervals(on("ann", 1), on("ann", 2), off("ann", 5)) == [(1, 5)]


def test_a_speech_on_without_off_is_open() -> None:
    assert spoken_intervals(on("ann", 1), off("ann", 2), on("ann", 6)) == [(1, 2), (6, None)]


def test_a_speech_off_without_on_has_no_start() -> None:
    assert spoken_intervals(off("ann", 2), on("ann", 6), off("ann", 7), off("ann", 8)) == [(None, 2), (6, 7), (None, 8)]


def test_touching_speech_intervals_differ_from_one_that_ends() -> None:
    touching = spoken_intervals(on("ann", 1), off("ann", 3), on("ann", 3), off("ann", 5))
    ending = spoken_intervals(on("ann", 1), off("ann", 3), on("ann", 3), on("ann", 8), off("ann", 9))

    assert touching == [(1, 5)]
    assert ending == [(1, 3), (8, 9)]


def test_event_without_time_is_ignored() -> None:
    assert spoken_intervals(on("ann", None), on("ann", 1), off("ann", None), off("ann", 4)) == [(1, 4)]
