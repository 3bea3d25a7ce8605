"""Calendar events for tests, and the stored rows of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from meeting_assets.pipeline.calendar import CalendarReport, update_calendar
from meeting_assets.pipeline.storage import access_of
from meeting_assets.sandbox import CalendarEvent, Invitee
from meeting_assets.sandbox.world import identifier
from meeting_assets.schema.calendar import CalendarEvents, CalendarInvitees
from meeting_assets.settings import read_settings
from meeting_assets.store.database import table_of
from meeting_assets_tests.support.environments import open_test_storage

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
ANA = Invitee("ana@northwind.example", "Ana Ruiz")
BO = Invitee("bo@northwind.example", "Bo Larsen", "needsAction")

Rows = dict[str, dict[str, Any]]


def calendar_event(key: object, start_at: datetime = START, minutes: int = 30, **values: Any) -> CalendarEvent:
    """An event with two invitees, which was created a week before its start."""
    defaults: dict[str, Any] = {
        "calendar_id": identifier("test calendar"),
        "title": f"Meeting {key}",
        "organizer": ANA,
        "invitees": (ANA, BO),
        "meeting_platform": "zoom",
        "ical_uid": f"{key}@calendar.example",
    }
    created_at = start_at - timedelta(days=7)
    return CalendarEvent(
        id=identifier("test event", key),
        start_at=start_at,
        end_at=start_at + timedelta(minutes=minutes),
        created_at=created_at,
        updated_at=created_at,
        **{**defaults, **values},
    )


def read_calendar() -> CalendarReport:
    """One calendar pass with the settings of the environment."""
    with open_test_storage() as storage:
        return update_calendar(storage, access_of(read_settings()))


def stored_events() -> Rows:
    """The rows of `calendar_events` by id, without the time of the observation."""
    table = table_of(CalendarEvents)
    columns = [column for column in table.columns if column.name != "observed_at"]
    with open_test_storage() as storage, storage.database.reading() as connection:
        return {row["calendar_event_id"]: dict(row) for row in connection.execute(select(*columns)).mappings()}


def stored_invitees(event_id: str) -> Rows:
    """The invitees of an event by address."""
    return invitees_by_event().get(event_id, {})


def invitees_by_event() -> dict[str, Rows]:
    """All invitees by event and address."""
    found: dict[str, Rows] = {}
    with open_test_storage() as storage, storage.database.reading() as connection:
        for row in connection.execute(select(table_of(CalendarInvitees))).mappings():
            found.setdefault(row["calendar_event_id"], {})[row["email"]] = dict(row)
    return found
