"""The inbox: the table `webhook_events`, one row per received message."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, delete, select, update

from meeting_assets.core.batches import batched
from meeting_assets.schema.persistent import WebhookEvents
from meeting_assets.store.database import insert_into, table_of

INBOX = table_of(WebhookEvents)
MAX_IDS_PER_STATEMENT = 500


class Message(NamedTuple):
    """One row of the inbox."""

    message_id: str
    event: str
    recording_id: str
    artifact_id: str | None
    received_at: datetime
    handled_at: datetime | None = None


def insert_messages(connection: Connection, messages: Sequence[Message]) -> set[str]:
    """Inserts messages that are not stored yet, and returns their ids."""
    statement = insert_into(connection, INBOX).on_conflict_do_nothing().returning(INBOX.c.message_id)
    return {*connection.scalars(statement, [message._asdict() for message in messages])}


def unhandled(connection: Connection, *, at_most: int) -> list[Message]:
    """Unhandled messages, the newest first."""
    columns = (INBOX.c[name] for name in Message._fields)
    query = select(*columns).where(INBOX.c.handled_at.is_(None)).order_by(INBOX.c.received_at.desc()).limit(at_most)
    return [Message(*row) for row in connection.execute(query)]


def has_unhandled(connection: Connection) -> bool:
    """True if an unhandled message exists."""
    return connection.scalar(select(INBOX.c.message_id).where(INBOX.c.handled_at.is_(None)).limit(1)) is not None


def mark_handled(connection: Connection, message_ids: Collection[str], at: datetime) -> None:
    """Marks messages as handled."""
    for batch in batched(sorted(message_ids), MAX_IDS_PER_STATEMENT):
        connection.execute(update(INBOX).where(INBOX.c.message_id.in_(batch)).values(handled_at=at))


def delete_handled(connection: Connection, before: datetime) -> int:
    """Deletes messages that were handled before an instant, and returns their number."""
    return connection.execute(delete(INBOX).where(INBOX.c.handled_at < before)).rowcount
