"""Internal and external participants, by the domains of their e-mail addresses.

    own domains   example.com
    internal      ada@example.com     bo+notes@mail.EXAMPLE.com
    external      cy@example.org      di@notexample.com
    unknown       participants without an address, unresolved labels, `unknown`

    all talk      ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
                  └── internal ──┘└─ external ─┘└ unknown ┘

Both shares are relative to the talk of all speakers, so they add up to the share of talk whose side is known. Several
devices of a person are on one side: a person with any own address is internal. Addresses come from a calendar match.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from sqlmodel import SQLModel

from meeting_assets.core.email_domains import domain_of, is_within
from meeting_assets.metrics.airtime import speakers_talk_us
from meeting_assets.metrics.arithmetic import ratio
from meeting_assets.metrics.lineage import PERSONS, SPEECH
from meeting_assets.metrics.meeting import Attendee
from meeting_assets.metrics.parameters import Parameters
from meeting_assets.metrics.speech import Columns, SpokenMeeting
from meeting_assets.schema import fields

ADDRESSES = (*PERSONS, "participants.email")
SIDES = ("participant_metrics.participant_key", "participant_metrics.is_external")
_EMAIL = "email:"


class ParticipantAffiliation(SQLModel):
    """Columns of `participant_metrics`."""

    is_external: bool | None = fields.flag(
        "whether no e-mail address of the participant's person in this meeting is of an own domain "
        "(MEETING_ASSETS_OWN_DOMAINS) or its subdomains; NULL without an address or without own domains",
        derived_from=ADDRESSES,
    )


class MeetingAffiliation(SQLModel):
    """Columns of `meeting_metrics`. NULL without own domains, or if no participant has an address."""

    internal_participants: int | None = fields.count(
        "participants with is_external false; with external_participants, those whose side is known",
        derived_from=SIDES,
    )
    external_participants: int | None = fields.count("participants with is_external true", derived_from=SIDES)
    internal_talk_share: float | None = fields.share(
        "talk_time_s of internal participants / speakers_talk_s; with external_talk_share, it adds up to the share of "
        "talk whose side is known; NULL if too little speech is attributed",
        derived_from=(*SPEECH, *SIDES),
    )
    external_talk_share: float | None = fields.share(
        "talk_time_s of external participants / speakers_talk_s; NULL as internal_talk_share",
        derived_from=(*SPEECH, *SIDES),
    )


def participant_affiliation(meeting: SpokenMeeting, parameters: Parameters) -> dict[str, Columns]:
    """The columns of `ParticipantAffiliation` for each participant."""
    # `participant:` keeps this key apart from every person_key.
    persons = {key: meeting.persons.get(key, f"participant:{key}") for key in meeting.people}
    domains: dict[str, set[str]] = defaultdict(set)
    for attendee in meeting.given.attendees if parameters.own_domains else ():
        domain = domain_of(_address(attendee))
        if domain is not None and attendee.participant_key in persons:
            domains[persons[attendee.participant_key]].add(domain)
    is_external = {
        person: not any(is_within(domain, parameters.own_domains) for domain in own) for person, own in domains.items()
    }
    return {key: {"is_external": is_external.get(person)} for key, person in persons.items()}


def meeting_affiliation(meeting: SpokenMeeting, participants: Mapping[str, Columns]) -> Columns:
    """The columns of `MeetingAffiliation`."""
    sides = {key: row["is_external"] for key, row in participants.items() if row["is_external"] is not None}
    if not sides:
        return dict.fromkeys(MeetingAffiliation.model_fields)
    total_us = speakers_talk_us(meeting) if meeting.is_speech_attributed else None
    columns: Columns = {}
    for side, is_external in (("internal", False), ("external", True)):
        keys = [key for key, each in sides.items() if each is is_external]
        columns |= {
            f"{side}_participants": len(keys),
            f"{side}_talk_share": ratio(sum(meeting.talk_us.get(key, 0) for key in keys), total_us),
        }
    return columns


def _address(attendee: Attendee) -> str:
    """The e-mail address of an attendee; empty if it is unknown."""
    keys = [each for each in (attendee.address_key, attendee.person_key) if each and each.startswith(_EMAIL)]
    return keys[0].removeprefix(_EMAIL) if keys else ""
