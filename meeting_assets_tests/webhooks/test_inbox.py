"""The inbox stores each message once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from meeting_assets.store.database import Database, schema_of
from meeting_assets.store.migrations.setup import set_up_database
from meeting_assets.webhooks import inbox
from meeting_assets.webhooks.inbox import INBOX, Message

pytestmark = pytest.mark.with_tables

RECORDING = "0206f11b-68ab-42b1-8a30-b85f60076e83"
TRANSCRIPT = "7d7387b1-874f-4950-a5b9-1ba6660e2f95"
AT = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database.at(database_url)
    set_up_database(database, schema_of({}))
    yield database
    database.close()


def numbered(number: int, **changes: Any) -> Message:
    message = Message(f"msg_{number}", "transcript.done", RECORDING, TRANSCRIPT, AT + timedelta(seconds=number))
    return message._replace(**changes)


def put(database: Database, *messages: Message) -> set[str]:
    with database.writing() as connection:
        return inbox.insert_messages(connection, messages)


def waiting(database: Database, at_most: int = 100) -> list[Message]:
    with database.reading() as connection:
        return inbox.unhandled(connection, at_most=at_most)


def ids(database: Database) -> list[str]:
    with database.reading() as connection:
        return sorted(connection.scalars(INBOX.select().with_only_columns(INBOX.c.message_id)))


def test_message_is_read_as_it_was_written(database: Database) -> None:
    message, other = numbered(1), numbered(2, event="recording.done", artifact_id=None)

    new = put(database, message, other)

    assert new == {"msg_1", "msg_2"}
    assert waiting(database) == [other, message]


def test_repeated_message_changes_nothing(database: Database) -> None:
    put(database, numbered(1))

    new = put(database, numbered(1, event="recording.done"), numbered(2), numbered(2))

    assert new == {"msg_2"}
    assert [each.event for each in waiting(database)] == ["transcript.done"] * 2


def test_thousands_of_messages_are_inserted_at_once(database: Database) -> None:
    put(database, *map(numbered, range(0, 3000, 2)))

    new = put(database, *map(numbered, range(3000)))

    assert len(new) == 1500
    assert len(ids(database)) == 3000


def test_newest_messages_come_first(database: Database) -> None:
    put(database, *map(numbered, range(5)))

    assert [each.message_id for each in waiting(database, at_most=2)] == ["msg_4", "msg_3"]


def test_handled_messages_no_longer_wait(database: Database) -> None:
    put(database, *map(numbered, range(1200)), numbered(1200, handled_at=AT))

    with database.writing() as connection:
        was_waiting = inbox.has_unhandled(connection)
        inbox.mark_handled(connection, [f"msg_{number}" for number in range(1200)], AT)
        is_waiting = inbox.has_unhandled(connection)

    assert (was_waiting, is_waiting) == (True, False)
    assert waiting(database) == []
    assert len(ids(database)) == 1201


def test_only_messages_handled_before_the_instant_are_deleted(database: Database) -> None:
    put(database, numbered(1, handled_at=AT), numbered(2, handled_at=AT + timedelta(days=1)), numbered(3))

    with database.writing() as connection:
        count = inbox.delete_handled(connection, AT + timedelta(hours=1), at_most=10)

    assert count == 1
    assert ids(database) == ["msg_2", "msg_3"]


def test_one_call_deletes_at_most_the_given_number_of_messages(database: Database) -> None:
    put(database, *(numbered(number, handled_at=AT) for number in range(5)))
    before = AT + timedelta(hours=1)

    with database.writing() as connection:
        counts = [inbox.delete_handled(connection, before, at_most=2) for _ in range(4)]

    assert counts == [2, 2, 1, 0]


def test_query_for_unhandled_messages_uses_an_index(database: Database) -> None:
    put(database, *(numbered(number, handled_at=AT) for number in range(100)))
    explain = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"

    with database.writing() as connection:
        if not database.is_sqlite:
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        plan = connection.exec_driver_sql(
            f"{explain} SELECT message_id FROM webhook_events WHERE handled_at IS NULL LIMIT 1"
        )
        shown = str(plan.all())

    assert "webhook_events_waiting" in shown
