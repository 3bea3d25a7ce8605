"""Sets participants of stored meetings, and makes aliases of their persons."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from meeting_assets.artifacts.participants import Participants
from meeting_assets.metrics.tables import MeetingMetrics, ParticipantMetrics
from meeting_assets.metrics.trends import ROLLUPS, People
from meeting_assets.pipeline.aliases import AliasChange, alias_request, change_aliases, valid_key
from meeting_assets.pipeline.derive import derive_days
from meeting_assets.pipeline.rollup import are_people_outdated, outdated_weeks
from meeting_assets.store.database import table_of
from meeting_assets_tests.support.environments import TableRows, content_of, open_test_storage
from meeting_assets_tests.support.rollups import MONDAY, SUNDAY, TUESDAY, Home, change, ids, roll_up_all, rows
from meeting_assets_tests.support.snapshots import fill_once

AT = datetime(2026, 4, 1, 9, tzinfo=UTC)
ADA, BO, CHI = ("Ada Lovelace", None), ("Bo Larsen", None), ("Chi Tran", None)


def set_participants(recording_id: str, day: date, *people: tuple[str, str | None]) -> None:
    """Sets names and person keys of a recording's participants, and measures it again."""
    table = table_of(Participants)
    keys = [row["participant_key"] for row in rows(Participants) if row["recording_id"] == recording_id]
    with open_test_storage() as storage, storage.database.writing() as connection:
        for key, (name, person) in zip(keys, people, strict=True):
            one = (table.c.recording_id == recording_id) & (table.c.participant_key == key)
            connection.execute(table.update().where(one).values(name=name, person_key=person, email=None))
    change(MeetingMetrics, recording_id, inputs_hash="")
    with open_test_storage() as storage:
        derive_days([day], storage)


def meetings_without_person_keys(home: Home) -> list[str]:
    """The ids of the four meetings, on Sunday, Monday (two) and Tuesday, without any person key."""
    found = [(day, each) for day in (SUNDAY, MONDAY, TUESDAY) for each in ids(home, day)]

    def remove_keys() -> None:
        for day, recording_id in found:
            set_participants(recording_id, day, ADA, BO, CHI)

    fill_once("four meetings without person keys", remove_keys)
    return [each for _, each in found]


def alias(*pairs: tuple[str, str], undo: Sequence[str] = (), note: str | None = None) -> AliasChange:
    with open_test_storage() as storage:
        stated = [alias_request(*pair, note=note) for pair in pairs]
        return change_aliases(storage, stated, [valid_key(each) for each in undo], author="test", at=AT)


def tables() -> TableRows:
    """The roll-ups after an update, without times of work."""
    roll_up_all()
    with open_test_storage() as storage, storage.database.reading() as connection:
        return {str(model.__tablename__): content_of(connection, model) for model in ROLLUPS}


def outdated() -> tuple[list[date], bool]:
    with open_test_storage() as storage:
        return outdated_weeks(storage), are_people_outdated(storage)


def people() -> dict[str, dict[str, Any]]:
    roll_up_all()
    return {row["person_key"]: row for row in rows(People)}


def of_meeting(recording_id: str, name: str) -> dict[str, Any]:
    return next(row for row in rows(ParticipantMetrics) if (row["recording_id"], row["name"]) == (recording_id, name))
