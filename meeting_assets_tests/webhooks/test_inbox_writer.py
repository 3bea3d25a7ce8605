"""The writer of the inbox deletes old messages without delaying received ones, and survives every failure of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import Connection, func, select

from meeting_assets.core.errors import StoreError
from meeting_assets.core.instants import now
from meeting_assets.store.database import Database, schema_of
from meeting_assets.store.migrations.setup import set_up_database
from meeting_assets.webhooks import inbox, inbox_writer, object_inbox
from meeting_assets.webhooks.inbox import INBOX, Message
from meeting_assets.webhooks.inbox_writer import InboxWriter
from meeting_assets.webhooks.object_inbox import OBJECT_INBOX, ObjectMessage

pytestmark = pytest.mark.with_tables

ID = "0206f11b-68ab-42b1-8a30-b85f60076e83"
OLD_COUNT, MAX_DELETED = 20, 2
SOON_S = 20


@pytest.fixture
def database(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """An inbox with old handled messages of both kinds."""
    monkeypatch.setattr(inbox_writer, "MAX_DELETED", MAX_DELETED)
    monkeypatch.setattr(inbox_writer, "BATCH_DELAY_S", 0.0)
    long_ago = now() - timedelta(days=31)
    names = [f"old_{number}" for number in range(OLD_COUNT)]
    database = Database.at(database_url)
    set_up_database(database, schema_of({}))
    with database.writing() as connection:
        inbox.insert_messages(
            connection, [Message(each, "recording.done", ID, None, long_ago, long_ago) for each in names]
        )
        object_inbox.insert_messages(
            connection, [ObjectMessage(each, "bot.done", ID, long_ago, long_ago) for each in names]
        )
    yield database
    database.close()


def old_messages(connection: Connection) -> int:
    """The number of old messages in both tables."""
    tables = INBOX, OBJECT_INBOX
    return sum(
        connection.scalar(select(func.count()).select_from(each).where(each.c.message_id.startswith("old"))) or 0
        for each in tables
    )


def received(message_id: str) -> Message:
    return Message(message_id, "recording.done", ID, None, now())


async def store_during_deletion(
    database: Database, monkeypatch: pytest.MonkeyPatch, errors: list[Exception]
) -> tuple[list[int], int]:
    """Deletes the old messages, and stores a received one at the same time; the first commits fail with the errors.

    Returns the numbers of old messages at each commit, and the number when the received message was stored.
    """
    monkeypatch.setattr(inbox_writer, "DELETION_INTERVAL_S", 0.0)
    left: list[int] = []
    has_failed, all_deleted, loop = asyncio.Event(), asyncio.Event(), asyncio.get_running_loop()

    def before_commit(connection: Connection) -> None:
        if errors:
            loop.call_soon_threadsafe(has_failed.set)
            raise errors.pop()
        left.append(old_messages(connection))
        if left[-1] < 2 * OLD_COUNT:
            monkeypatch.setattr(inbox_writer, "DELETION_INTERVAL_S", 3600.0)
        if left[-2:] == [0, 0]:  # the last batch deletes nothing
            loop.call_soon_threadsafe(all_deleted.set)

    database.before_commit = before_commit
    writer = InboxWriter(database)
    tasks = [asyncio.create_task(each) for each in (writer.run_deletion(), writer.run())]
    async with asyncio.timeout(SOON_S):
        if errors:
            await has_failed.wait()
        assert await writer.put(received("new"))
        left_at_put = left[-1]
        await all_deleted.wait()
        await writer.put(received("last"))  # ends after the last batch
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    writer.close()
    return left, left_at_put


def test_received_message_is_stored_between_batches_of_a_deletion(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    left, left_at_put = asyncio.run(store_during_deletion(database, monkeypatch, []))

    assert left_at_put > 0
    assert max(before - after for before, after in pairwise([2 * OLD_COUNT, *left])) == MAX_DELETED


@pytest.mark.parametrize("error", [StoreError("no answer"), RuntimeError("hush"), MemoryError()], ids=repr)
def test_failed_deletion_is_logged_and_repeated(
    database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    with caplog.at_level(logging.WARNING, "meeting_assets"):
        left, _ = asyncio.run(store_during_deletion(database, monkeypatch, [error]))

    (warning,) = [each.getMessage() for each in caplog.records if "could not be deleted" in each.getMessage()]
    assert ("no answer" if isinstance(error, StoreError) else type(error).__name__) in warning
    assert "hush" not in warning
    assert left[-1] == 0
