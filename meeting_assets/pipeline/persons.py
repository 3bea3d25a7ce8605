"""Metrics per person and meeting, with the keys of a person merged across all meetings.

`person_metrics` merges participants that one recording identifies as the same person. Another meeting may show that two
more keys belong to one person. Recordings with both keys are measured again here with the merged key, because the union
of speech cannot be computed from durations. This is rare: most people join under one key.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from meeting_assets.artifacts.participants import Participants
from meeting_assets.artifacts.person_keys import person_key
from meeting_assets.metrics.analysis import analyse
from meeting_assets.metrics.identity import one_person
from meeting_assets.metrics.persons import PersonMetrics, person_rows
from meeting_assets.metrics.tables import MeetingMetrics
from meeting_assets.pipeline.derive import meeting_input
from meeting_assets.pipeline.storage import Storage
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger import RECORDINGS

PARTICIPANTS = table_of(Participants).c
MEETINGS = table_of(MeetingMetrics).c
PERSONS = table_of(PersonMetrics)


def persons_by_key(connection: Connection) -> dict[str, str]:
    """The person's key for each key of a participant."""
    query = select(PARTICIPANTS.person_key, PARTICIPANTS.email).where(
        PARTICIPANTS.person_key.is_not(None), ~PARTICIPANTS.is_bot
    )
    seen = connection.execute(query.distinct().order_by(PARTICIPANTS.person_key, PARTICIPANTS.email)).all()
    return one_person((key, person_key(None, email) or key) for key, email in seen)


def person_meetings(
    connection: Connection, storage: Storage, persons: Mapping[str, str], condition: ColumnElement[bool]
) -> list[Mapping[str, Any]]:
    """One row per meeting and person of the recordings that meet a condition, sorted by both.

    Rows have the columns of `person_metrics` and the meeting's `duration_s`.
    """
    query = (
        select(PERSONS, MEETINGS.duration_s)
        .join_from(PERSONS, RECORDINGS, RECORDINGS.c.recording_id == PERSONS.c.recording_id)
        .join(table_of(MeetingMetrics), MEETINGS.recording_id == PERSONS.c.recording_id)
        .where(condition)
    )
    found = connection.execute(query).mappings()
    rows: list[Mapping[str, Any]] = [
        {**row, "person_key": persons.get(row["person_key"], row["person_key"])} for row in found
    ]
    counts = Counter((row["recording_id"], row["person_key"]) for row in rows)
    split = {recording_id for (recording_id, _), count in counts.items() if count > 1}
    if split:
        rows = [row for row in rows if row["recording_id"] not in split]
        rows += _measured_again(connection, storage, persons, split)
    return sorted(rows, key=lambda row: (row["recording_id"], row["person_key"]))


def _measured_again(
    connection: Connection, storage: Storage, persons: Mapping[str, str], recording_ids: Iterable[str]
) -> Iterator[Mapping[str, Any]]:
    for recording_id in sorted(recording_ids):
        recording = connection.execute(RECORDINGS.select().where(RECORDINGS.c.recording_id == recording_id)).one()
        duration_s = connection.scalar(select(MEETINGS.duration_s).where(MEETINGS.recording_id == recording_id))
        meeting = meeting_input(connection, recording, storage.bot_names_with(recording.bot_name))
        attendees = [
            each._replace(person_key=persons.get(each.person_key or "", each.person_key), address_key=None)
            for each in meeting.attendees
        ]
        found = analyse(replace(meeting, attendees=attendees), storage.parameters)
        for row in person_rows(found):
            yield {"recording_id": recording_id, "duration_s": duration_s, **row}
