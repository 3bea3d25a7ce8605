"""Recordings with their bots, status changes, calendar events, invitees and webhook messages, as stored rows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Table

from meeting_assets.pipeline.bot_status_changes import CHANGES
from meeting_assets.pipeline.bots import BOTS, ObservedBot, record_bots
from meeting_assets.recall.objects import Bot, decode_object
from meeting_assets.sandbox.world import identifier
from meeting_assets.store.calendar_events import EVENT_BOTS, EVENTS, INVITEES
from meeting_assets.store.ledger import RECORDINGS
from meeting_assets.webhooks.object_inbox import OBJECT_INBOX
from meeting_assets_tests.support.environments import open_test_storage

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
CONTEXT_TABLES = (BOTS, CHANGES, EVENTS, EVENT_BOTS, INVITEES, OBJECT_INBOX)


def store(table: Table, **values: Any) -> None:
    with open_test_storage() as storage, storage.database.writing() as connection:
        connection.execute(table.insert(), dict.fromkeys(table.c.keys()) | values)


def bot_id(name: str) -> str:
    return identifier("bot", name)


def recording_id(name: str) -> str:
    return identifier("recording", name)


def event_id(name: str) -> str:
    return identifier("event", name)


def store_recording(name: str, *, bot: str | None, at: datetime = AT, **values: Any) -> str:
    times = {"created_at": at, "completed_at": at, "day": at.date()}
    key = {"recording_id": recording_id(name), "bot_id": bot_id(bot) if bot else None, "status": "done"}
    store(RECORDINGS, **key | times | values)
    return recording_id(name)


def store_bot(name: str, *, at: datetime = AT, **values: Any) -> str:
    """A bot with a status change and a webhook message."""
    store(BOTS, **{"bot_id": bot_id(name), "bot_name": "Notetaker", "day": at.date(), "outcome": "missed"} | values)
    store(CHANGES, bot_id=bot_id(name), change_index=0, code="done", at=at)
    message = {"message_id": f"message of {name}", "event": "bot.done", "object_id": bot_id(name)}
    store(OBJECT_INBOX, **message, received_at=at, handled_at=at)
    return bot_id(name)


def store_event(name: str, *bots: str, at: datetime = AT, **values: Any) -> str:
    """An event with one invitee."""
    ids = [bot_id(each) for each in bots]
    links = {"bot_id": next(iter(ids), None), "other_bot_ids": ids[1:] or None}
    numbers = {"is_deleted": False, "invitee_count": 1, "start_at": at, "end_at": at + timedelta(hours=1)}
    store(EVENTS, **{"calendar_event_id": event_id(name)} | links | numbers | values)
    for other in ids[1:]:
        store(EVENT_BOTS, calendar_event_id=event_id(name), bot_id=other)
    invitee = {"email": f"{name.replace(' ', '.')}@northwind.example", "is_organizer": False, "is_optional": False}
    store(INVITEES, calendar_event_id=event_id(name), **invitee)
    return event_id(name)


def store_meeting(name: str, **values: Any) -> str:
    """A recording with its own bot and its own event."""
    store_bot(name)
    store_event(name, name)
    return store_recording(name, bot=name, calendar_event_id=event_id(name), **values)


def context_rows() -> dict[str, list[Mapping[Any, Any]]]:
    """The rows of the tables without a recording id, by table."""
    with open_test_storage() as storage, storage.database.reading() as connection:
        return {
            table.name: [
                dict(row) for row in connection.execute(table.select().order_by(*table.primary_key)).mappings()
            ]
            for table in CONTEXT_TABLES
        }


def row_counts() -> dict[str, int]:
    return {name: len(found) for name, found in context_rows().items()}


NO_ROWS = {table.name: 0 for table in CONTEXT_TABLES}


def observe_bot(name: str, at: datetime = AT) -> None:
    """Records a bot as the API's list shows it."""
    change = {"code": "done", "created_at": at.isoformat()}
    document = {"id": bot_id(name), "bot_name": "Notetaker", "metadata": {"key": "v"}, "status_changes": [change]}
    with open_test_storage() as storage:
        record_bots(storage, [ObservedBot(decode_object(document, Bot, "bot"), at)], at + timedelta(days=1))
