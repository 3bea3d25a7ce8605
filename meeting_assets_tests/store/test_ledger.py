"""When an artifact that could not be fetched is tried again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from meeting_assets.store import ledger
from meeting_assets.store.database import Database, schema_of
from meeting_assets.store.ledger import LEDGER, Key
from meeting_assets.store.preparation import prepare
from meeting_assets.store.states import PENDING, blank_row

KEY = Key("00000000-0000-4000-8000-000000000001", "transcript", "00000000-0000-4000-8000-000000000002")
AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360, 360)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database.at(database_url)
    prepare(opened, schema_of({}))
    with opened.writing() as connection:
        row = blank_row(*KEY) | {"status": PENDING, "api_status": "done"}
        connection.execute(LEDGER.insert().values(row))
    yield opened
    opened.close()


def waits(database: Database, count: int, expires_at: datetime | None) -> list[timedelta]:
    """How long is waited after each of so many failures in a row."""
    found = []
    for _ in range(count):
        with database.writing() as connection:
            ledger.note_failed_attempt(connection, KEY, "503", updated_at=None, at=AT, expires_at=expires_at)
        with database.reading() as connection:
            (row,) = connection.execute(LEDGER.select()).all()
        found.append(row.next_attempt_at - AT)
    assert row.attempts == count
    return found


@pytest.mark.parametrize("expires_at", [None, AT + timedelta(days=2)], ids=["never", "later"])
def test_waits_double_from_a_minute_up_to_six_hours(database: Database, expires_at: datetime | None) -> None:
    assert waits(database, len(MINUTES), expires_at) == [timedelta(minutes=each) for each in MINUTES]


def test_near_its_expiry_nothing_waits_longer_than_a_quarter_of_an_hour(database: Database) -> None:
    found = waits(database, len(MINUTES), AT + timedelta(hours=23))

    assert found == [timedelta(minutes=min(each, 15)) for each in MINUTES]
