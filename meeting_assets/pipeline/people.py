"""Rows of `people`: all meetings of each person together."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, false, func, or_, select, true

from meeting_assets.artifacts.participants import Participants
from meeting_assets.metrics.tables import ParticipantMetrics
from meeting_assets.metrics.trends import total
from meeting_assets.pipeline.persons import Persons, covered_talk_share, person_meetings
from meeting_assets.pipeline.storage import Storage
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger import RECORDINGS

PARTICIPANTS = table_of(Participants).c
MEMBERS = table_of(ParticipantMetrics).c


def people_rows(connection: Connection, persons: Persons, storage: Storage) -> list[tuple[Any, ...]]:
    """Rows of `People`, without `modified_at`."""
    seen_at = func.coalesce(RECORDINGS.c.started_at, RECORDINGS.c.created_at, type_=RECORDINGS.c.created_at.type)
    has_name = MEMBERS.name.is_not(None) if persons.key_of_name else false()
    is_identified = or_(MEMBERS.person_key.is_not(None), has_name)
    query = (
        select(
            MEMBERS.person_key,
            MEMBERS.recording_id,
            MEMBERS.name,
            PARTICIPANTS.email,
            seen_at.label("seen_at"),
        )
        .join_from(table_of(ParticipantMetrics), RECORDINGS, RECORDINGS.c.recording_id == MEMBERS.recording_id)
        .join(
            table_of(Participants),
            (PARTICIPANTS.recording_id == MEMBERS.recording_id)
            & (PARTICIPANTS.participant_key == MEMBERS.participant_key),
            isouter=True,
        )
        .where(is_identified)
        .order_by(seen_at, MEMBERS.recording_id, MEMBERS.participant_key)
    )
    found: dict[str, _Person] = {}
    for key, recording_id, name, email, at in connection.execute(query):
        if (of_participant := persons.of(key, name)) is not None:
            found.setdefault(of_participant, _Person(at)).add_meeting(recording_id, name, email, at)
    for row in person_meetings(connection, storage, persons, true()):
        if (person := found.get(row["person_key"])) is not None:
            person.talk_s.append(row["talk_time_s"])
            person.attended_s.append(row["attended_s"])
    covered = covered_talk_share(connection, persons, true())
    return [(key, *person.columns(), covered) for key, person in sorted(found.items())]


class _Person:
    """A row of `People` under construction; meetings are added in order of time."""

    def __init__(self, first_seen_at: datetime) -> None:
        self.first_seen_at = self.last_seen_at = first_seen_at
        self.name: str | None = None
        self.email: str | None = None
        self.meetings: set[str] = set()
        self.talk_s: list[float | None] = []
        self.attended_s: list[float | None] = []

    def add_meeting(self, recording_id: str, name: str | None, email: str | None, at: datetime) -> None:
        self.meetings.add(recording_id)
        self.name, self.email, self.last_seen_at = name or self.name, email or self.email, at

    def columns(self) -> tuple[Any, ...]:
        """The columns of `People` without its key, `covered_talk_share` and `modified_at`."""
        sums = total(self.talk_s), total(self.attended_s)
        return self.name, self.email, len(self.meetings), *sums, self.first_seen_at, self.last_seen_at
