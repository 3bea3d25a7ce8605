"""The inbox of messages about other objects than recordings: the table `webhook_object_events`, one row per message.

Messages about bots and calendars need a run. All others are counted: they are handled when they are received.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection

from meeting_assets.schema.persistent import WebhookObjectEvents
from meeting_assets.store.database import table_of
from meeting_assets.webhooks.message_table import MessageTable

MAX_MESSAGES = 2_000
"""Messages that one run handles."""
OBJECT_INBOX = table_of(WebhookObjectEvents)


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


OBJECT_MESSAGES = MessageTable(OBJECT_INBOX, ObjectMessage)

insert_messages = OBJECT_MESSAGES.insert
has_unhandled = OBJECT_MESSAGES.has_unhandled
mark_handled = OBJECT_MESSAGES.mark_handled
delete_handled = OBJECT_MESSAGES.delete_handled


def ids_of(messages: Iterable[ObjectMessage]) -> list[str]:
    """The ids of some messages."""
    return [message.message_id for message in messages]


def unhandled(connection: Connection, *, at_most: int = MAX_MESSAGES, family: str | None = None) -> list[ObjectMessage]:
    """Unhandled messages, the newest first: all, or those of one family."""
    return OBJECT_MESSAGES.unhandled(connection, at_most=at_most, event_prefix=f"{family}." if family else "")
