"""Identity of persons: keys that occur together on one participant, or in a user's alias, identify the same person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain
from types import MappingProxyType

from meeting_assets.metrics.meeting import Attendee


def persons_of(attendees: Iterable[Attendee]) -> Mapping[str, str]:
    """The person of each identified attendee, by `participant_key`.

    >>> laptop = Attendee("100", "Ada", False, "zoom:a", "email:ada@example.com")
    >>> phone = Attendee("200", "Ada (phone)", False, "email:ada@example.com", "email:ada@example.com")
    >>> persons_of([laptop, phone, Attendee("300", "Guest", False)])
    {'100': 'zoom:a', '200': 'zoom:a'}
    """
    known = {each.participant_key: each for each in attendees if each.person_key is not None and not each.is_bot}
    keys = {key: (str(each.person_key), each.address_key or str(each.person_key)) for key, each in known.items()}
    persons = one_person(keys.values())
    return {key: persons[own] for key, (own, _) in keys.items()}


def one_person(keys: Iterable[tuple[str, str]], aliases: Mapping[str, str] = MappingProxyType({})) -> dict[str, str]:
    """The person of each key, from pairs of keys that occur on one participant, and from a user's aliases.

    A person is named by one of its keys: the target of an alias, then the platform's before an address, then the
    alphabetically first. `aliases` maps keys to the keys of their persons; a target that has an alias itself names no
    person. The order of pairs and aliases does not matter.

    >>> one_person([("zoom:a", "email:e"), ("teams:b", "email:e"), ("email:f", "email:f")])
    {'zoom:a': 'teams:b', 'email:e': 'teams:b', 'teams:b': 'teams:b', 'email:f': 'email:f'}
    >>> one_person([("zoom:a", "zoom:a"), ("email:e", "email:e")], {"zoom:a": "email:e"})
    {'zoom:a': 'email:e', 'email:e': 'email:e'}
    """
    parent: dict[str, str] = {}

    def root(key: str) -> str:
        while parent.setdefault(key, key) != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    for one, other in chain(keys, aliases.items()):
        first, second = sorted((root(one), root(other)), key=_rank)
        parent[second] = first
    targets = sorted({*aliases.values()} - aliases.keys(), key=_rank, reverse=True)
    # `targets` is in reverse rank, so the best target wins.
    named = {root(target): target for target in targets}
    return {key: named.get(root(key), root(key)) for key in parent}


def _rank(key: str) -> tuple[bool, str]:
    return key.startswith("email:"), key
