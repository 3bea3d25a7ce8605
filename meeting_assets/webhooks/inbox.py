"""The inbox: what webhooks have announced, and what of it nobody has looked at yet. One row per message."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from meeting_assets.schema.persistent import WebhookEvents
from meeting_assets.store.database import table_of

INBOX = table_of(WebhookEvents)
IDS_AT_ONCE = 500


class Message(NamedTuple):
    """A row of the inbox."""

    message_id: str
    event: str
    recording_id: str
    artifact_id: str | None
    received_at: datetime
    handled_at: datetime | None = None


def put(connection: Connection, messages: Sequence[Message]) -> set[str]:
    """Takes messages in; one that is there already changes nothing. The ids of those that were new."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    statement = dialect.insert(INBOX).on_conflict_do_nothing().returning(INBOX.c.message_id)
    return {*connection.scalars(statement, [message._asdict() for message in messages])}


def waiting(connection: Connection, *, at_most: int) -> list[Message]:
    """Messages that nobody has handled, the newest first."""
    columns = (INBOX.c[name] for name in Message._fields)
    query = select(*columns).where(INBOX.c.handled_at.is_(None)).order_by(INBOX.c.received_at.desc()).limit(at_most)
    return [Message(*row) for row in connection.execute(query)]


def is_anything_waiting(connection: Connection) -> bool:
    """Whether there is a message that nobody has handled."""
    return connection.scalar(select(INBOX.c.message_id).where(INBOX.c.handled_at.is_(None)).limit(1)) is not None


def mark_handled(connection: Connection, message_ids: Collection[str], at: datetime) -> None:
    """Nothing is to be done about these messages any more."""
    ordered = sorted(message_ids)
    for start in range(0, len(ordered), IDS_AT_ONCE):
        these = INBOX.c.message_id.in_(ordered[start : start + IDS_AT_ONCE])
        connection.execute(update(INBOX).where(these).values(handled_at=at))


def forget_handled(connection: Connection, before: datetime) -> int:
    """Deletes messages that were handled before an instant. How many."""
    return connection.execute(delete(INBOX).where(INBOX.c.handled_at < before)).rowcount
