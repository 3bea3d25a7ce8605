"""Metrics per person and meeting, with the keys of a person merged across all meetings.

`person_metrics` merges participants that one recording identifies as the same person. Another meeting or a user's alias
may state that two more keys belong to one person. Recordings with both keys are measured again here with the merged
key, because the union of speech cannot be computed from durations. This is rare: most people join under one key.

A participant without a key has no row of `person_metrics`. If an alias gives its display name a person, its row of
`participant_metrics` has the same numbers, as long as each person of the recording has one participant.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from math import fsum
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from meeting_assets.artifacts.participants import Participants
from meeting_assets.artifacts.person_keys import NAME_PREFIX, name_keys, person_key
from meeting_assets.metrics.analysis import analyse
from meeting_assets.metrics.arithmetic import ratio
from meeting_assets.metrics.identity import one_person
from meeting_assets.metrics.persons import PersonMetrics, person_rows
from meeting_assets.metrics.tables import MeetingMetrics, ParticipantMetrics
from meeting_assets.pipeline.meeting_input import meeting_input
from meeting_assets.pipeline.storage import Storage
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger import RECORDINGS
from meeting_assets.store.person_aliases import alias_targets

PARTICIPANTS = table_of(Participants).c
MEETINGS = table_of(MeetingMetrics).c
MEMBERS = table_of(ParticipantMetrics).c
PERSONS = table_of(PersonMetrics)
DIGITS = 6
"""Decimal places of seconds: all times are whole microseconds."""


@dataclass(frozen=True, slots=True)
class Persons:
    """The persons of all meetings."""

    by_key: Mapping[str, str]
    """The person's key for each key that occurs: of participants, of addresses beside them, and of aliased names."""
    key_of_name: Mapping[str, str]
    """The `name:` key of each display name that an alias gives a person."""

    def of(self, key: str | None, name: str | None) -> str | None:
        """The person of a participant. The name counts only if there is no key."""
        key = self.key_of_name.get(name or "") if key is None else key
        return None if key is None else self.by_key.get(key, key)


def known_persons(connection: Connection) -> Persons:
    """Reads the keys of all participants, and the users' aliases."""
    aliases = alias_targets(connection)
    # perf: with the indexed column first, SQLite needs 44 instead of 9 ms for 29,000 participants
    query = select(func.coalesce(PARTICIPANTS.email, ""), PARTICIPANTS.person_key).where(
        PARTICIPANTS.person_key.is_not(None), ~PARTICIPANTS.is_bot
    )
    seen = connection.execute(query.distinct()).all()
    pairs = [(key, person_key(None, email) or key) for email, key in seen]
    key_of_name = _aliased_names(connection, aliases)
    occurring = {*(key for pair in pairs for key in pair), *key_of_name.values()}
    persons = one_person(pairs, aliases)
    return Persons({key: person for key, person in persons.items() if key in occurring}, key_of_name)


def _aliased_names(connection: Connection, aliases: Collection[str]) -> dict[str, str]:
    """The aliased key of each display name of a participant without a key."""
    aliased = {key for key in aliases if key.startswith(NAME_PREFIX)}
    if not aliased:
        return {}
    names = select(MEMBERS.name).where(MEMBERS.person_key.is_(None), MEMBERS.name.is_not(None)).distinct()
    found = (
        (name, next((key for key in name_keys(name) if key in aliased), None)) for name in connection.scalars(names)
    )
    return {name: key for name, key in found if key is not None}


def person_meetings(
    connection: Connection, storage: Storage, persons: Persons, condition: ColumnElement[bool]
) -> list[Mapping[str, Any]]:
    """One row per meeting and person of the recordings that meet a condition, sorted by both.

    Rows have the columns of `person_metrics` and the meeting's `duration_s`.
    """
    rows = _stored_rows(connection, persons, condition)
    named = _rows_of_names(connection, persons, condition) if persons.key_of_name else []
    counts = Counter((row["recording_id"], row["person_key"]) for row in (*rows, *named))
    split = {recording_id for (recording_id, _), count in counts.items() if count > 1}
    # Where devices of one person are merged, interruptions by everyone else are found again, too.
    with_names = {row["recording_id"] for row in named}
    split |= {row["recording_id"] for row in rows if row["participant_count"] > 1} & with_names
    kept = [row for row in (*rows, *named) if row["recording_id"] not in split]
    kept += _measured_again(connection, storage, persons, split)
    return sorted(kept, key=lambda row: (row["recording_id"], row["person_key"]))


def covered_talk_share(connection: Connection, persons: Persons, condition: ColumnElement[bool]) -> float | None:
    """Talk time of participants that belong to a person / talk time of all speakers, in recordings that meet a
    condition.

    None without speech. Meetings without a timing source do not count. Talk of several devices of a person counts for
    each, above and below.
    """
    talk = select(MEMBERS.person_key, MEMBERS.name, MEMBERS.talk_time_s).join_from(
        table_of(ParticipantMetrics), RECORDINGS, RECORDINGS.c.recording_id == MEMBERS.recording_id
    )
    rows = connection.execute(talk.where(condition, MEMBERS.talk_time_s > 0))
    covered_s = fsum(talk_s for key, name, talk_s in rows if persons.of(key, name) is not None)
    return ratio(round(covered_s, DIGITS), speakers_talk_s(connection, condition))


def speakers_talk_s(connection: Connection, condition: ColumnElement[bool]) -> float:
    """Talk time of all speakers in recordings that meet a condition, overlap counted for each."""
    talk = select(MEETINGS.speakers_talk_s).join_from(
        table_of(MeetingMetrics), RECORDINGS, RECORDINGS.c.recording_id == MEETINGS.recording_id
    )
    return round(fsum(connection.scalars(talk.where(condition, MEETINGS.speakers_talk_s > 0))), DIGITS)


def _stored_rows(connection: Connection, persons: Persons, condition: ColumnElement[bool]) -> list[Mapping[str, Any]]:
    query = (
        select(PERSONS, MEETINGS.duration_s)
        .join_from(PERSONS, RECORDINGS, RECORDINGS.c.recording_id == PERSONS.c.recording_id)
        .join(table_of(MeetingMetrics), MEETINGS.recording_id == PERSONS.c.recording_id)
        .where(condition)
    )
    found = connection.execute(query).mappings()
    return [{**row, "person_key": persons.of(row["person_key"], None)} for row in found]


def _rows_of_names(connection: Connection, persons: Persons, condition: ColumnElement[bool]) -> list[Mapping[str, Any]]:
    """Rows of participants without a key whose names have persons, as if each person had one participant."""
    table = table_of(ParticipantMetrics)
    total_s = (
        select(MEMBERS.recording_id, func.sum(MEMBERS.talk_time_s).label("persons_talk_s"))
        .join_from(table, RECORDINGS, RECORDINGS.c.recording_id == MEMBERS.recording_id)
        .where(condition)
        .group_by(MEMBERS.recording_id)
        .subquery()
    )
    shared = [column for column in table.c if column.name in PERSONS.c and column.name != "person_key"]
    query = (
        select(*shared, MEMBERS.name, total_s.c.persons_talk_s, MEETINGS.duration_s)
        .join_from(table, RECORDINGS, RECORDINGS.c.recording_id == MEMBERS.recording_id)
        .join(table_of(MeetingMetrics), MEETINGS.recording_id == MEMBERS.recording_id)
        .join(total_s, total_s.c.recording_id == MEMBERS.recording_id)
        .where(condition, MEMBERS.person_key.is_(None), MEMBERS.name.is_not(None))
    )
    rows: list[Mapping[str, Any]] = []
    for row in connection.execute(query).mappings():
        if (person := persons.of(None, row["name"])) is not None:
            talk_s = row["persons_talk_s"]
            rows.append(
                {
                    **{name: value for name, value in row.items() if name != "name"},
                    "person_key": person,
                    "participant_count": 1,
                    "persons_talk_s": None if talk_s is None else round(talk_s, DIGITS),
                }
            )
    return rows


def _measured_again(
    connection: Connection, storage: Storage, persons: Persons, recording_ids: Iterable[str]
) -> Iterator[Mapping[str, Any]]:
    for recording_id in sorted(recording_ids):
        recording = connection.execute(RECORDINGS.select().where(RECORDINGS.c.recording_id == recording_id)).one()
        duration_s = connection.scalar(select(MEETINGS.duration_s).where(MEETINGS.recording_id == recording_id))
        meeting = meeting_input(connection, recording, storage.bot_names_with(recording.bot_name))
        found = analyse(meeting, storage.parameters)
        merged = {
            key: person
            for key, each in found.spoken.people.items()
            if (person := persons.of(each.person_key, each.name)) is not None
        }
        for row in person_rows(replace(found, spoken=replace(found.spoken, persons=merged))):
            yield {"recording_id": recording_id, "duration_s": duration_s, **row}
