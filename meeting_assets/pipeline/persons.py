"""Each person's part in each meeting, with the keys of a person joined across all meetings.

`person_metrics` unites the participants that one recording shows to be one person. That two keys are one person may be
known from another meeting only. Such a recording is measured again here with the joined keys: unions cannot be made of
lengths. It is rare, since a person mostly joins under one key.
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
from meeting_assets.pipeline.derive import bot_names_of, meeting_input
from meeting_assets.pipeline.storage import Storage
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger import RECORDINGS

PARTICIPANTS = table_of(Participants).c
MEETINGS = table_of(MeetingMetrics).c
PERSONS = table_of(PersonMetrics)


def persons_by_key(connection: Connection) -> dict[str, str]:
    """The person that each key of a participant identifies."""
    query = select(PARTICIPANTS.person_key, PARTICIPANTS.email).where(
        PARTICIPANTS.person_key.is_not(None), ~PARTICIPANTS.is_bot
    )
    seen = connection.execute(query.distinct().order_by(PARTICIPANTS.person_key, PARTICIPANTS.email)).all()
    return one_person((key, person_key(None, email) or key) for key, email in seen)


def parts_taken(
    connection: Connection, storage: Storage, persons: Mapping[str, str], condition: ColumnElement[bool]
) -> list[Mapping[str, Any]]:
    """One row per meeting and person of the recordings that meet a condition, ordered by both.

    Rows have the columns of `person_metrics`, with `duration_s` of the meeting.
    """
    query = (
        select(PERSONS, MEETINGS.duration_s)
        .join_from(PERSONS, RECORDINGS, RECORDINGS.c.recording_id == PERSONS.c.recording_id)
        .join(table_of(MeetingMetrics), MEETINGS.recording_id == PERSONS.c.recording_id)
        .where(condition)
    )
    rows = [_joined(dict(row), persons) for row in connection.execute(query).mappings()]
    counts = Counter((row["recording_id"], row["person_key"]) for row in rows)
    divided = {recording_id for (recording_id, _), count in counts.items() if count > 1}
    if divided:
        rows = [row for row in rows if row["recording_id"] not in divided]
        rows += _measured_again(connection, storage, persons, divided)
    return sorted(rows, key=lambda row: (row["recording_id"], row["person_key"]))


def _measured_again(
    connection: Connection, storage: Storage, persons: Mapping[str, str], recording_ids: Iterable[str]
) -> Iterator[Mapping[str, Any]]:
    for recording_id in sorted(recording_ids):
        recording = connection.execute(RECORDINGS.select().where(RECORDINGS.c.recording_id == recording_id)).one()
        duration_s = connection.scalar(select(MEETINGS.duration_s).where(MEETINGS.recording_id == recording_id))
        meeting = meeting_input(connection, recording, bot_names_of(recording, storage))
        attendees = [
            each._replace(person_key=persons.get(each.person_key or "", each.person_key), address_key=None)
            for each in meeting.attendees
        ]
        found = analyse(replace(meeting, attendees=attendees), storage.parameters)
        for row in person_rows(found):
            yield {"recording_id": recording_id, "duration_s": duration_s, **row}


def _joined(row: Mapping[str, Any], persons: Mapping[str, str]) -> Mapping[str, Any]:
    return {**row, "person_key": persons.get(row["person_key"], row["person_key"])}
