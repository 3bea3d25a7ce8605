"""The inbox: the table `webhook_events`, one row per received message."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from meeting_assets.schema.persistent import WebhookEvents
from meeting_assets.store.database import table_of
from meeting_assets.webhooks.message_table import MessageTable

INBOX = table_of(WebhookEvents)


class Message(NamedTuple):
    """One row of the inbox."""

    message_id: str
    event: str
    recording_id: str
    artifact_id: str | None
    received_at: datetime
    handled_at: datetime | None = None


MESSAGES = MessageTable(INBOX, Message)

insert_messages = MESSAGES.insert
unhandled = MESSAGES.unhandled
has_unhandled = MESSAGES.has_unhandled
mark_handled = MESSAGES.mark_handled
delete_handled = MESSAGES.delete_handled
