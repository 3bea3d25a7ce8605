"""A person on several devices is one person: times are merged, never summed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meeting_assets.metrics.analysis import analyse
from meeting_assets.metrics.meeting import Attendee, Event, MeetingInput, RawSegment, Utterance
from meeting_assets.metrics.parameters import Parameters
from meeting_assets.metrics.persons import person_rows
from meeting_assets_tests.support.meeting_builder import TRANSCRIPT_ID, Metrics, meeting_of, metrics_of, said, word

ADA, ADAS_PHONE, BO = Attendee("100", "Ada", False, "zoom:a"), Attendee("200", "Ada (phone)", False, "zoom:a"), "300"
ATTENDEES = [ADA, ADAS_PHONE, Attendee(BO, "Bo", False, "zoom:b")]
COUNTS = ("participant_count", "word_count", "filler_count")


def stays(key: str, *edges: float) -> list[Event]:
    return [Event(key, None, ("join", "leave")[index % 2], at_s) for index, at_s in enumerate(edges)]


def on_two_devices(*timeline: RawSegment, **given: Any) -> Metrics:
    return metrics_of(meeting_of(*timeline, attendees=ATTENDEES, duration_s=600, **given))


def test_sessions_and_speech_of_a_persons_devices_are_merged() -> None:
    metrics = on_two_devices(
        *(said("100", 0, 10), said("200", 5, 15), said(BO, 20, 30)),
        events=[*stays("100", 0), *stays("200", 10), *stays(BO, 0)],
    )

    ada = metrics.persons["zoom:a"]
    assert (ada["participant_count"], ada["attended_s"], ada["talk_time_s"]) == (2, 600, 15)
    assert (ada["persons_talk_s"], ada["talk_share"]) == (25, 15 / 25)
    assert ada["presence_talk_ratio"] == 15 / 600


def test_attendance_lasts_until_the_last_device_leaves() -> None:
    metrics = on_two_devices(events=[*stays("100", 0, 100), *stays("200", 50, 200, 300, 400)])

    assert metrics.persons["zoom:a"]["attended_s"] == 300
    assert metrics.participants["200"]["attended_s"] == 250


def test_words_of_a_persons_devices_are_summed_and_rated_by_merged_talk() -> None:
    metrics = on_two_devices(
        *(said("100", 0, 20), said("200", 10, 30)),
        transcript_id=TRANSCRIPT_ID,
        utterances=[Utterance("100", None, 40, "um, hello"), Utterance("200", None, 20, "uh"), Utterance(BO, None, 60)],
    )

    ada = metrics.persons["zoom:a"]
    assert (ada["word_count"], ada["word_share"], ada["filler_count"]) == (60, 0.5, 2)
    assert ada["words_per_minute"] == 60 / 0.5


def test_a_device_does_not_interrupt_another_one_of_the_same_person() -> None:
    metrics = on_two_devices(said("100", 0, 10), said("200", 5, 15), said(BO, 20, 30))

    made = {key: row["interruptions_made"] for key, row in metrics.participants.items()}
    assert made == {"100": 0, "200": 0, BO: 0}
    assert metrics.meeting["interruption_count"] == 0
    assert metrics.persons["zoom:a"]["interruptions_made"] == metrics.persons["zoom:a"]["interruptions_received"] == 0


def test_two_devices_that_interrupt_together_make_one_interruption() -> None:
    metrics = on_two_devices(said(BO, 0, 20), said("100", 5, 8), said("200", 5.1, 8))

    assert metrics.persons["zoom:a"]["interruptions_made"] == 1
    assert metrics.persons["zoom:b"]["interruptions_received"] == 1


def test_another_person_interrupts_a_person_with_two_devices_once() -> None:
    metrics = on_two_devices(said("100", 0, 10), said("200", 4, 12), said(BO, 6, 14))

    assert metrics.participants[BO]["interruptions_made"] == 1
    assert metrics.persons["zoom:b"]["interruptions_made"] == metrics.persons["zoom:a"]["interruptions_received"] == 1


def test_a_person_who_returns_under_another_id_is_not_late() -> None:
    metrics = on_two_devices(events=[*stays("100", 0, 200), *stays("200", 300), *stays(BO, 0)])

    assert metrics.participants["200"]["joined_late_s"] == 300
    assert metrics.meeting["late_joiners"] == 0


def test_an_address_seen_beside_a_platforms_id_makes_one_person() -> None:
    laptop = ADA._replace(address_key="email:ada@example.com")
    phone = ADAS_PHONE._replace(person_key="email:ada@example.com", address_key="email:ada@example.com")

    metrics = metrics_of(meeting_of(said("100", 0, 10), said("200", 5, 15), attendees=[laptop, phone]))

    assert {key: row["talk_time_s"] for key, row in metrics.persons.items()} == {"zoom:a": 15}
    assert metrics.meeting["person_count"] == 1


@pytest.mark.parametrize("unknown", ["word_count", "word_share", "filler_count"])
def test_sum_of_a_person_is_unknown_if_it_is_for_one_device(unknown: str) -> None:
    meeting = meeting_of(
        *(said("100", 0, 20), said("200", 30, 50)),
        attendees=ATTENDEES,
        transcript_id=TRANSCRIPT_ID,
        utterances=[Utterance("100", None, 40, "um"), Utterance("200", None, 20, "uh"), Utterance(BO, None, 60)],
    )
    known = analyse(meeting, Parameters())
    phone = {**known.participants["200"], unknown: None}

    ada = next(person_rows(replace(known, participants={**known.participants, "200": phone})))
    before = next(person_rows(known))

    lost = {unknown, "words_per_minute"} if unknown == "word_count" else {unknown}
    assert ada == before | dict.fromkeys(lost)
    assert None not in [before[name] for name in lost]


@pytest.mark.parametrize("devices", [ATTENDEES, [ADA, ATTENDEES[2]]], ids=["two-devices", "one-device"])
def test_talk_of_persons_is_unknown_if_too_little_speech_has_a_participant(devices: list[Attendee]) -> None:
    meeting = meeting_of(said("100", 0, 20), said(BO, 30, 50), attendees=devices, events=stays("100", 0))
    known = analyse(meeting, Parameters())
    spoken = replace(known.spoken, is_speech_attributed=False)

    ada = next(person_rows(replace(known, spoken=spoken)))

    unknown = ("talk_time_s", "persons_talk_s", "talk_share", "presence_talk_ratio", "words_per_minute")
    assert {name: ada[name] for name in unknown} == dict.fromkeys(unknown)
    assert ada["attended_s"] == 100


def test_values_unknown_for_all_devices_are_unknown_for_the_person() -> None:
    (ada, _) = metrics_of(meeting_of(attendees=ATTENDEES)).persons.values()

    known = {name for name, value in ada.items() if value is not None}
    assert known == {"recording_id", "person_key", "participant_count"}


times = st.integers(0, 900).map(lambda tenths: tenths / 10)
segments = st.builds(
    lambda key, start_s, length_s: said(key, start_s, start_s + length_s),
    st.sampled_from(["100", "200", BO]),
    times,
    times,
)
moves = st.builds(
    lambda key, action, at_s: Event(key, None, action, at_s),
    st.sampled_from(["100", "200", BO]),
    st.sampled_from(["join", "leave"]),
    times,
)


@given(st.lists(segments, max_size=20), st.lists(moves, max_size=12))
def test_times_of_a_person_lie_between_the_largest_and_the_sum_of_the_devices(
    timeline: list[RawSegment], events: list[Event]
) -> None:
    metrics = metrics_of(meeting_of(*timeline, attendees=ATTENDEES, events=events))

    for column in ("talk_time_s", "attended_s"):
        own = [metrics.participants[key][column] for key in ("100", "200")]
        known = [each for each in own if each is not None]
        merged = metrics.persons["zoom:a"][column]
        assert (merged is None) == (not known)
        if merged is not None:
            assert max(known) <= merged <= sum(known) + 1e-9
            assert merged <= metrics.meeting["duration_s"]
    shares = [row["talk_share"] for row in metrics.persons.values()]
    assert None in shares or sum(shares) == pytest.approx(1)


@given(st.lists(segments, max_size=20), st.lists(moves, max_size=12))
def test_two_devices_are_measured_like_one_with_the_same_speech(
    timeline: list[RawSegment], events: list[Event]
) -> None:
    words = [word(key, start_s, end_s) for key, _, start_s, end_s in timeline]
    meeting = meeting_of(*timeline, attendees=ATTENDEES, words=words, duration_s=200)

    as_one = metrics_of(on_one_device(meeting)).persons
    as_two = metrics_of(meeting).persons

    for key, row in as_one.items():
        assert {name: value for name, value in as_two[key].items() if name not in COUNTS} == {
            name: value for name, value in row.items() if name not in COUNTS
        }
    assert metrics_of(replace(meeting, events=events)).persons.keys() == as_two.keys()


def on_one_device(meeting: MeetingInput) -> MeetingInput:
    return replace(
        meeting,
        attendees=[ADA, ATTENDEES[2]],
        timeline=[
            each._replace(participant_key=each.participant_key.replace("200", "100")) for each in meeting.timeline
        ],
        words=[(key.replace("200", "100"), *rest) for key, *rest in meeting.words],  # type: ignore[misc]
    )


HALF_HOUR_S = 1800


def test_interruptions_of_persons_are_unknown_where_those_of_participants_are() -> None:
    alternating = [said("100", 0, HALF_HOUR_S), said("200", HALF_HOUR_S, 2 * HALF_HOUR_S)]

    metrics = metrics_of(meeting_of(*alternating, attendees=ATTENDEES, duration_s=2 * HALF_HOUR_S))

    assert metrics.quality["is_single_stream"]
    assert {row["interruptions_made"] for row in metrics.participants.values()} == {None}
    assert {row["interruptions_made"] for row in metrics.persons.values()} == {None}


def test_interruptions_of_persons_are_known_where_those_of_participants_are() -> None:
    echo = [said("100", 0, HALF_HOUR_S), said("200", 10, HALF_HOUR_S), said(BO, HALF_HOUR_S, 2 * HALF_HOUR_S)]

    metrics = metrics_of(meeting_of(*echo, attendees=ATTENDEES, duration_s=2 * HALF_HOUR_S))

    assert not metrics.quality["is_single_stream"]
    assert {row["interruptions_made"] for row in metrics.participants.values()} == {0}
    assert {row["interruptions_made"] for row in metrics.persons.values()} == {0}
