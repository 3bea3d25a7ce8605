"""A table of received messages: one row per message, unhandled until the action that it requires is done.

Two tables have this form: `webhook_events` (module `inbox`) and `webhook_object_events` (module `object_inbox`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, NamedTuple, TypeVar

from sqlalchemy import Connection, Table, delete, select, update

from meeting_assets.core.batches import batched
from meeting_assets.store.database import insert_into

MAX_IDS_PER_STATEMENT = 500

MessageT = TypeVar("MessageT", bound=NamedTuple)


@dataclass(frozen=True)
class MessageTable(Generic[MessageT]):
    """A table of messages, and the class of its rows."""

    table: Table
    message: type[MessageT]

    def insert(self, connection: Connection, messages: Sequence[MessageT]) -> set[str]:
        """Inserts messages that are not stored yet, and returns their ids."""
        if not messages:
            return set()
        statement = insert_into(connection, self.table).on_conflict_do_nothing().returning(self.table.c.message_id)
        return {*connection.scalars(statement, [message._asdict() for message in messages])}

    def unhandled(self, connection: Connection, *, at_most: int, event_prefix: str = "") -> list[MessageT]:
        """Unhandled messages of events with a prefix, the newest first."""
        c = self.table.c
        query = select(*(c[name] for name in self.message._fields)).where(c.handled_at.is_(None))
        if event_prefix:
            query = query.where(c.event.startswith(event_prefix, autoescape=True))
        rows = connection.execute(query.order_by(c.received_at.desc(), c.message_id).limit(at_most))
        return [self.message(*row) for row in rows]

    def has_unhandled(self, connection: Connection) -> bool:
        """True if an unhandled message exists."""
        c = self.table.c
        return connection.scalar(select(c.message_id).where(c.handled_at.is_(None)).limit(1)) is not None

    def mark_handled(self, connection: Connection, message_ids: Collection[str], at: datetime) -> None:
        """Marks messages as handled."""
        for batch in batched(sorted(message_ids), MAX_IDS_PER_STATEMENT):
            is_message = self.table.c.message_id.in_(batch)
            connection.execute(update(self.table).where(is_message).values(handled_at=at))

    def delete_handled(self, connection: Connection, before: datetime, *, at_most: int) -> int:
        """Deletes messages that were handled before an instant, `at_most` of them, and returns their number."""
        c = self.table.c
        doomed = select(c.message_id).where(c.handled_at < before).limit(at_most)
        return connection.execute(delete(self.table).where(c.message_id.in_(doomed))).rowcount
