"""Four meetings of two weeks, and the roll-ups that are derived from them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlmodel import SQLModel

from meeting_assets.artifacts.participants import Participants
from meeting_assets.metrics.tables import MeetingMetrics
from meeting_assets.pipeline.derive import derive_days
from meeting_assets.pipeline.rollup import roll_up, roll_up_people
from meeting_assets.pipeline.series_rollup import roll_up_series
from meeting_assets.sandbox import Recording
from meeting_assets.store.database import table_of
from meeting_assets_tests.support.environments import open_test_storage

SUNDAY, MONDAY, TUESDAY = date(2026, 3, 1), date(2026, 3, 2), date(2026, 3, 3)
WEEK_BEFORE, WEEK = date(2026, 2, 23), date(2026, 3, 2)


@dataclass(frozen=True)
class Home:
    """A database with four meetings."""

    url: str
    recordings: list[Recording]


def roll_up_all() -> tuple[int, int, int]:
    """Updates all roll-ups; returns changed weeks, unchanged weeks, and changed rows of people."""
    with open_test_storage() as storage:
        report = roll_up(storage)
        roll_up_series(storage)
        return report.changed, report.unchanged, roll_up_people(storage)


def rows(model: type[SQLModel]) -> list[dict[str, Any]]:
    with open_test_storage() as storage, storage.database.reading() as connection:
        table = table_of(model)
        return [dict(row) for row in connection.execute(select(table).order_by(*table.primary_key)).mappings()]


def change(model: type[SQLModel], recording_id: str, **values: Any) -> None:
    table = table_of(model)
    with open_test_storage() as storage, storage.database.writing() as connection:
        connection.execute(table.update().where(table.c.recording_id == recording_id).values(**values))


def identify(recording_id: str, day: date, *keys: str | None, email: str | None = None) -> None:
    """Sets the person keys of a recording's participants, the last one for all others, and measures it again."""
    table = table_of(Participants)
    with open_test_storage() as storage, storage.database.writing() as connection:
        of_recording = table.c.recording_id == recording_id
        names = connection.scalars(
            select(table.c.participant_key).where(of_recording).order_by(table.c.participant_key)
        )
        for index, participant_key in enumerate(names.all()):
            key = keys[min(index, len(keys) - 1)]
            person = {"person_key": key, "email": email if key else None}
            one = of_recording & (table.c.participant_key == participant_key)
            connection.execute(table.update().where(one).values(person))
    change(MeetingMetrics, recording_id, inputs_hash="")
    with open_test_storage() as storage:
        derive_days([day], storage)


def ids(home: Home, day: date) -> list[str]:
    return [each.id for each in home.recordings if each.day == day]
