"""Lists for the command `people`: persons with their keys, and display names without a person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import Connection, select, true

from meeting_assets.artifacts.person_keys import name_keys
from meeting_assets.metrics.arithmetic import ratio
from meeting_assets.metrics.tables import ParticipantMetrics
from meeting_assets.metrics.trends import People, PersonKeys, total
from meeting_assets.pipeline.persons import known_persons, speakers_talk_s
from meeting_assets.store.database import table_of
from meeting_assets.store.person_aliases import Alias, all_aliases

MEMBERS = table_of(ParticipantMetrics).c
PEOPLE, KEYS = table_of(People).c, table_of(PersonKeys).c


class ListedPerson(NamedTuple):
    """A row of `people`, with the person's keys and share of the talk of all speakers in all meetings."""

    person_key: str
    name: str | None
    email: str | None
    keys: tuple[str, ...]
    meeting_count: int
    attended_s: float | None
    talk_time_s: float | None
    talk_share: float | None


class Unlinked(NamedTuple):
    """A display name of participants without a person; the most frequent spelling stands for equal names."""

    name: str
    person_key: str
    """Its `name:` key."""
    meeting_count: int
    talk_time_s: float | None
    talk_share: float | None
    namesakes: tuple[str, ...]
    """Persons of that name. They may be other people."""


@dataclass(frozen=True, slots=True)
class PeopleList:
    """All persons by talk time, the aliases in force, and the share of talk that the persons cover.

    The share is that of the last roll-up; without persons 0, or None if no meeting has speech.
    """

    people: list[ListedPerson]
    aliases: list[Alias]
    covered_talk_share: float | None


@dataclass(slots=True)
class _Name:
    spellings: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    meetings: set[str] = field(default_factory=set)
    talk_s: list[float | None] = field(default_factory=list)


def people_list(connection: Connection) -> PeopleList:
    """Reads the persons of the last roll-up. `talk_share` divides their talk by that of all meetings now."""
    keys: dict[str, list[str]] = defaultdict(list)
    for known_key, person in connection.execute(select(KEYS.known_key, KEYS.person_key)):
        keys[person].append(known_key)
    query = select(
        PEOPLE.person_key, PEOPLE.name, PEOPLE.email, PEOPLE.meeting_count, PEOPLE.attended_s, PEOPLE.talk_time_s
    )
    total_s = speakers_talk_s(connection, true())
    people = []
    for key, name, email, count, attended_s, talk_s in connection.execute(query):
        share = None if talk_s is None else ratio(talk_s, total_s)
        people.append(ListedPerson(key, name, email, tuple(sorted(keys[key])), count, attended_s, talk_s, share))
    covered = connection.scalar(select(PEOPLE.covered_talk_share).limit(1)) if people else ratio(0.0, total_s)
    people.sort(key=lambda each: (-(each.talk_time_s or 0), -each.meeting_count, each.person_key))
    return PeopleList(people, all_aliases(connection), covered)


def unlinked_names(connection: Connection) -> list[Unlinked]:
    """Display names of participants without a person, by talk time."""
    persons = known_persons(connection)
    query = select(MEMBERS.recording_id, MEMBERS.name, MEMBERS.talk_time_s).where(
        MEMBERS.person_key.is_(None), MEMBERS.name.is_not(None)
    )
    names: dict[str, _Name] = defaultdict(_Name)
    for recording_id, name, talk_s in connection.execute(query):
        keys = name_keys(name)
        if keys and persons.of(None, name) is None:
            found = names[keys[-1]]  # without labels that a platform appends
            found.spellings[name] += 1
            found.meetings.add(recording_id)
            found.talk_s.append(talk_s)
    namesakes = _namesakes(((name, key) for name, key in connection.execute(select(PEOPLE.name, PEOPLE.person_key))))
    total_s = speakers_talk_s(connection, true())
    rows = [_unlinked(key, found, namesakes.get(key, []), total_s) for key, found in names.items()]
    return sorted(rows, key=lambda each: (-(each.talk_time_s or 0), -each.meeting_count, each.person_key))


def _unlinked(key: str, found: _Name, namesakes: Iterable[str], total_s: float) -> Unlinked:
    name = min(found.spellings, key=lambda each: (-found.spellings[each], each))
    talk_s = total(found.talk_s)
    share = None if talk_s is None else ratio(talk_s, total_s)
    return Unlinked(name, key, len(found.meetings), talk_s, share, tuple(sorted(namesakes)))


def _namesakes(people: Iterable[tuple[str | None, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for name, person in people:
        if keys := name_keys(name):
            found[keys[-1]].append(person)
    return found
