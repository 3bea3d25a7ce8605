"""Tombstones name the calendar events of purged recordings."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest

from meeting_assets.core.instants import now
from meeting_assets.pipeline.storage import whole_schema
from meeting_assets.store import tombstones
from meeting_assets.store.database import Database
from meeting_assets.store.ledger import RECORDINGS
from meeting_assets.store.migrations.setup import set_up_database
from meeting_assets.store.tombstones import Tombstone, TombstoneName

IDS = [str(UUID(int=number)) for number in range(1, 1300)]
EVENTS = [str(UUID(int=number)) for number in range(10_000, 12_000)]


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database.at(database_url)
    set_up_database(database, whole_schema())
    yield database
    database.close()


def add_tombstones(database: Database, events_of: dict[str, tuple[str, ...]]) -> None:
    found = [
        Tombstone(TombstoneName(each), None, now(), tombstones.ASKED_FOR, None, events)
        for each, events in events_of.items()
    ]
    database.write(lambda connection: tombstones.add(connection, found))


def found(database: Database, event_ids: list[str]) -> set[str]:
    return database.read(lambda connection: tombstones.tombstoned_events(connection, event_ids))


def test_events_of_all_tombstones_are_found_among_more_than_a_query_takes(database: Database) -> None:
    several = {each: (event,) for each, event in zip(IDS, EVENTS, strict=False)}
    add_tombstones(database, several | {IDS[0]: (), IDS[1]: (EVENTS[1], EVENTS[1500], EVENTS[1501])})

    assert found(database, []) == set()
    assert found(database, [EVENTS[0], EVENTS[1999]]) == set()
    assert found(database, [EVENTS[1500], EVENTS[1999]]) == {EVENTS[1500]}
    assert found(database, EVENTS) == {*EVENTS[1 : len(IDS)], EVENTS[1500], EVENTS[1501]}


def test_event_of_another_stored_recording_is_not_tombstoned(database: Database) -> None:
    add_tombstones(database, {IDS[0]: (EVENTS[0], EVENTS[1])})
    row = {"recording_id": IDS[1], "status": "done", "created_at": now(), "day": now().date()}
    database.write(lambda connection: connection.execute(RECORDINGS.insert(), row | {"calendar_event_id": EVENTS[0]}))

    assert found(database, EVENTS[:3]) == {EVENTS[1]}
