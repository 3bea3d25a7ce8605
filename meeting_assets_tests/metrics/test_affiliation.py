from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from meeting_assets.metrics.affiliation import MeetingAffiliation, meeting_affiliation, participant_affiliation
from meeting_assets.metrics.meeting import Attendee, MeetingInput
from meeting_assets.metrics.parameters import Parameters
from meeting_assets.metrics.speech import spoken_meeting
from meeting_assets_tests.support.meeting_builder import attendees, bot, meeting_of, metrics_of, said

OWN = Parameters(own_domains=("bücher.example", "example.com"), attributed_share=0.5)
COUNTS_AND_SHARES = (
    "internal_participants",
    "external_participants",
    "internal_talk_share",
    "external_talk_share",
)


def attendee(key: str, address: str | None, *, person: str | None = None) -> Attendee:
    """An attendee whose address the participants list states."""
    address_key = None if address is None else f"email:{address.lower()}"
    return Attendee(key, key.title(), is_bot=False, person_key=person or address_key, address_key=address_key)


def talk(*people: Attendee, **given: Any) -> MeetingInput:
    """A meeting in which Ann talks for 30 s, Bo for 20 s and a speaker without a label for 50 s."""
    speech = said("ann", 0, 30), said("bo", 30, 50), said("unknown", 50, 100)
    return meeting_of(*speech, attendees=people, **given)


@pytest.mark.parametrize(
    ("address", "is_external"),
    [
        ("ann@example.com", False),
        ("Ann+Notes@EXAMPLE.com", False),
        ("ann@mail.example.com", False),
        ("ann@BÜCHER.example", False),
        ("ann@xn--bcher-kva.example", False),
        ("ann@notexample.com", True),
        ("ann@example.com.evil.example", True),
        ("ann@example.co", True),
        ("ann@еxample.com", True),
        ("example.com@elsewhere.example", True),
        ("ann", None),
        (None, None),
    ],
)
def test_side_of_a_participant_follows_from_the_domain_of_the_address(
    address: str | None, is_external: bool | None
) -> None:
    metrics = metrics_of(talk(attendee("ann", address, person="zoom:a"), *attendees("bo")), OWN)

    assert metrics.participants["ann"]["is_external"] is is_external
    assert metrics.persons["zoom:a"]["is_external"] is is_external
    assert metrics.participants["bo"]["is_external"] is None


def test_talk_shares_of_both_sides_add_up_to_the_share_whose_side_is_known() -> None:
    people = attendee("ann", "ann@example.com"), attendee("bo", "bo@elsewhere.example"), attendee("cy", None)

    meeting = metrics_of(talk(*people), OWN).meeting

    assert [meeting[name] for name in COUNTS_AND_SHARES] == [1, 1, 0.3, 0.2]


def test_side_without_any_participant_has_a_share_of_zero() -> None:
    meeting = metrics_of(talk(attendee("ann", "ann@example.com"), *attendees("bo")), OWN).meeting

    assert [meeting[name] for name in COUNTS_AND_SHARES] == [1, 0, 0.3, 0]


@pytest.mark.parametrize(
    ("address", "parameters"), [("ann@example.com", Parameters()), (None, OWN)], ids=["no-own-domains", "no-address"]
)
def test_sides_are_unknown_without_own_domains_or_addresses(address: str | None, parameters: Parameters) -> None:
    metrics = metrics_of(talk(attendee("ann", address), *attendees("bo")), parameters)

    assert {name: metrics.meeting[name] for name in MeetingAffiliation.model_fields} == dict.fromkeys(COUNTS_AND_SHARES)
    assert [row["is_external"] for row in metrics.participants.values()] == [None, None]


def test_devices_of_a_person_are_on_one_side() -> None:
    people = attendee("ann", None, person="zoom:a"), attendee("bo", "a@example.com", person="zoom:a")
    private = attendee("cy", "a@elsewhere.example", person="zoom:a")

    metrics = metrics_of(talk(*people, private), OWN)

    assert [row["is_external"] for row in metrics.participants.values()] == [False, False, False]
    assert metrics.persons["zoom:a"]["is_external"] is False


def test_bot_with_an_own_address_counts_on_no_side() -> None:
    recorder = bot("recorder")._replace(person_key="email:notes@example.com", address_key="email:notes@example.com")

    meeting = metrics_of(talk(attendee("ann", "ann@elsewhere.example"), recorder), OWN).meeting

    assert (meeting["internal_participants"], meeting["external_participants"]) == (0, 1)


def test_counts_of_both_sides_need_no_speech() -> None:
    meeting = metrics_of(meeting_of(attendees=[attendee("ann", "ann@example.com")]), OWN).meeting

    assert [meeting[name] for name in COUNTS_AND_SHARES] == [1, 0, None, None]


def test_talk_shares_are_unknown_if_too_little_speech_has_a_participant() -> None:
    spoken = replace(spoken_meeting(talk(attendee("ann", "ann@example.com")), OWN), is_speech_attributed=False)

    columns = meeting_affiliation(spoken, participant_affiliation(spoken, OWN))

    assert [columns[name] for name in COUNTS_AND_SHARES] == [1, 0, None, None]
