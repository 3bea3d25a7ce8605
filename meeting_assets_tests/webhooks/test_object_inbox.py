"""The inbox of other objects than recordings stores each message once, and finds unhandled ones by their family."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from meeting_assets.store.database import Database, schema_of
from meeting_assets.store.migrations.setup import set_up_database
from meeting_assets.webhooks import object_inbox
from meeting_assets.webhooks.object_inbox import OBJECT_INBOX, ObjectMessage

pytestmark = pytest.mark.with_tables

BOT = "0206f11b-68ab-42b1-8a30-b85f60076e83"
AT = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database.at(database_url)
    set_up_database(database, schema_of({}))
    yield database
    database.close()


def numbered(number: int, event: str = "bot.done", **changes: Any) -> ObjectMessage:
    return ObjectMessage(f"msg_{number}", event, BOT, AT + timedelta(seconds=number))._replace(**changes)


def put(database: Database, *messages: ObjectMessage) -> set[str]:
    with database.writing() as connection:
        return object_inbox.insert_messages(connection, messages)


def waiting(database: Database, **options: Any) -> list[ObjectMessage]:
    with database.reading() as connection:
        return object_inbox.unhandled(connection, **options)


def ids(database: Database) -> list[str]:
    with database.reading() as connection:
        return sorted(connection.scalars(OBJECT_INBOX.select().with_only_columns(OBJECT_INBOX.c.message_id)))


def test_message_is_read_as_it_was_written(database: Database) -> None:
    message, other = numbered(1), numbered(2, "calendar.update", object_id=None)

    new = put(database, message, other)

    assert new == {"msg_1", "msg_2"}
    assert waiting(database) == [other, message]


def test_no_messages_are_inserted_by_no_statement(database: Database) -> None:
    assert put(database) == set()
    assert ids(database) == []


def test_repeated_message_changes_nothing(database: Database) -> None:
    put(database, numbered(1))

    new = put(database, numbered(1, "bot.fatal"), numbered(2), numbered(2))

    assert new == {"msg_2"}
    assert [each.event for each in waiting(database)] == ["bot.done"] * 2


def test_newest_messages_come_first_and_equal_times_in_the_order_of_ids(database: Database) -> None:
    put(database, *map(numbered, range(4)), numbered(4, received_at=AT + timedelta(seconds=3)))

    assert [each.message_id for each in waiting(database, at_most=3)] == ["msg_3", "msg_4", "msg_2"]


@pytest.mark.parametrize(
    ("family", "expected"),
    [("bot", ["bot.fatal", "bot.done"]), ("calendar", ["calendar.update"]), ("bo_", []), ("%", []), ("call", [])],
)
def test_messages_of_a_family_are_found_by_its_whole_name(database: Database, family: str, expected: list[str]) -> None:
    events = ["bot.done", "bot.fatal", "bots.done", "bottle.bot.done", "calendar.update"]
    put(database, *(numbered(number, event) for number, event in enumerate(events)))

    assert [each.event for each in waiting(database, family=family)] == expected


def test_handled_messages_no_longer_wait(database: Database) -> None:
    put(database, *map(numbered, range(1200)), numbered(1200, handled_at=AT))

    with database.writing() as connection:
        was_waiting = object_inbox.has_unhandled(connection)
        object_inbox.mark_handled(connection, [f"msg_{number}" for number in range(1200)], AT)
        is_waiting = object_inbox.has_unhandled(connection)

    assert (was_waiting, is_waiting) == (True, False)
    assert waiting(database) == []
    assert len(ids(database)) == 1201


def test_only_messages_handled_before_the_instant_are_deleted(database: Database) -> None:
    put(database, numbered(1, handled_at=AT), numbered(2, handled_at=AT + timedelta(days=1)), numbered(3))

    with database.writing() as connection:
        count = object_inbox.delete_handled(connection, AT + timedelta(hours=1), at_most=10)

    assert count == 1
    assert ids(database) == ["msg_2", "msg_3"]


def test_query_for_unhandled_messages_uses_an_index(database: Database) -> None:
    put(database, *(numbered(number, handled_at=AT) for number in range(100)))
    explain = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"

    with database.writing() as connection:
        if not database.is_sqlite:
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        plan = connection.exec_driver_sql(
            f"{explain} SELECT message_id FROM webhook_object_events WHERE handled_at IS NULL LIMIT 1"
        )
        shown = str(plan.all())

    assert "webhook_object_events_waiting" in shown
