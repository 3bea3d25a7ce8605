"""Which participants are one person: keys that were seen together on one participant identify the same person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from meeting_assets.metrics.meeting import Attendee


def persons_of(attendees: Iterable[Attendee]) -> Mapping[str, str]:
    """The person of each attendee that has one, by `participant_key`.

    >>> laptop = Attendee("100", "Ada", False, "zoom:a", "email:ada@example.com")
    >>> phone = Attendee("200", "Ada (phone)", False, "email:ada@example.com", "email:ada@example.com")
    >>> persons_of([laptop, phone, Attendee("300", "Guest", False)])
    {'100': 'zoom:a', '200': 'zoom:a'}
    """
    known = {each.participant_key: each for each in attendees if each.person_key is not None and not each.is_bot}
    keys = {key: (str(each.person_key), each.address_key or str(each.person_key)) for key, each in known.items()}
    persons = one_person(keys.values())
    return {key: persons[own] for key, (own, _) in keys.items()}


def one_person(keys: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Which person each key means, from pairs of keys that were seen on one participant.

    Of all keys of a person the platform's come first, then the alphabet.

    >>> one_person([("zoom:a", "email:e"), ("teams:b", "email:e"), ("email:f", "email:f")])
    {'zoom:a': 'teams:b', 'email:e': 'teams:b', 'teams:b': 'teams:b', 'email:f': 'email:f'}
    """
    leader: dict[str, str] = {}

    def found(key: str) -> str:
        while leader.setdefault(key, key) != key:
            leader[key] = leader[leader[key]]
            key = leader[key]
        return key

    for one, other in keys:
        first, second = sorted((found(one), found(other)), key=_rank)
        leader[second] = first
    return {key: found(key) for key in leader}


def _rank(key: str) -> tuple[bool, str]:
    return key.startswith("email:"), key
