"""Fills and reads the inbox of webhooks without a receiver."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

from meeting_assets.core.instants import now
from meeting_assets.pipeline.storage import open_storage
from meeting_assets.sandbox import Recording
from meeting_assets.settings import read_settings
from meeting_assets.webhooks import inbox
from meeting_assets.webhooks.inbox import Message


def announce(*recordings: Recording, event: str = "recording.done", age: timedelta = timedelta()) -> None:
    """Puts a message of each recording into the inbox, as the receiver does."""
    messages = [Message(uuid4().hex, event, each.id, None, now() - age) for each in recordings]
    with open_storage(read_settings()) as storage, storage.database.writing() as connection:
        inbox.insert_messages(connection, messages)


def waiting() -> list[str]:
    """The recordings of unhandled messages."""
    with open_storage(read_settings()) as storage, storage.database.reading() as connection:
        return sorted(message.recording_id for message in inbox.unhandled(connection, at_most=100))
