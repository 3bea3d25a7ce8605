"""The inbox of messages about other objects than recordings: the table `webhook_object_events`, one row per message.

Messages about bots and calendars need a run. All others are counted: they are handled when they are received.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, delete, select, update

from meeting_assets.core.batches import batched
from meeting_assets.schema.persistent import WebhookObjectEvents
from meeting_assets.store.database import insert_into, table_of

MAX_MESSAGES = 2_000
"""Messages that one run handles."""
OBJECT_INBOX = table_of(WebhookObjectEvents)
MAX_IDS_PER_STATEMENT = 500


class ObjectMessage(NamedTuple):
    """One row of the inbox."""

    message_id: str
    event: str
    object_id: str
    received_at: datetime
    handled_at: datetime | None = None

    @property
    def family(self) -> str:
        """The kind of the object: `bot`, `calendar`, `sdk_upload`, `video_mixed`, ..."""
        return self.event.partition(".")[0]


def ids_of(messages: Iterable[ObjectMessage]) -> list[str]:
    """The ids of some messages."""
    return [message.message_id for message in messages]


def insert_messages(connection: Connection, messages: Sequence[ObjectMessage]) -> set[str]:
    """Inserts messages that are not stored yet, and returns their ids."""
    if not messages:
        return set()
    statement = insert_into(connection, OBJECT_INBOX).on_conflict_do_nothing().returning(OBJECT_INBOX.c.message_id)
    return {*connection.scalars(statement, [message._asdict() for message in messages])}


def unhandled(connection: Connection, *, at_most: int = MAX_MESSAGES, family: str | None = None) -> list[ObjectMessage]:
    """Unhandled messages, the newest first: all, or those of one family."""
    c = OBJECT_INBOX.c
    query = select(*(c[name] for name in ObjectMessage._fields)).where(c.handled_at.is_(None))
    if family is not None:
        query = query.where(c.event.startswith(f"{family}.", autoescape=True))
    rows = connection.execute(query.order_by(c.received_at.desc(), c.message_id).limit(at_most))
    return [ObjectMessage(*row) for row in rows]


def has_unhandled(connection: Connection) -> bool:
    """True if an unhandled message exists."""
    c = OBJECT_INBOX.c
    return connection.scalar(select(c.message_id).where(c.handled_at.is_(None)).limit(1)) is not None


def mark_handled(connection: Connection, message_ids: Collection[str], at: datetime) -> None:
    """Marks messages as handled."""
    for batch in batched(sorted(message_ids), MAX_IDS_PER_STATEMENT):
        is_message = OBJECT_INBOX.c.message_id.in_(batch)
        connection.execute(update(OBJECT_INBOX).where(is_message).values(handled_at=at))


def delete_handled(connection: Connection, before: datetime) -> int:
    """Deletes messages that were handled before an instant, and returns their number."""
    return connection.execute(delete(OBJECT_INBOX).where(OBJECT_INBOX.c.handled_at < before)).rowcount
