"""The heartbeat of a run: written while the run lasts, and a condition of each of its commits."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime

import pytest
from sqlalchemy import delete, func, select, text

from meeting_assets.core.errors import StoreError
from meeting_assets.core.processes import ProcessIdentity
from meeting_assets.orchestration.run_heartbeat import RunHeartbeat
from meeting_assets.pipeline.storage import open_storage
from meeting_assets.schema.persistent import Meta
from meeting_assets.settings import read_settings
from meeting_assets.store import heartbeats
from meeting_assets.store.database import META, Database, table_of, upsert
from meeting_assets.store.heartbeats import HEARTBEATS
from meeting_assets.store.observation import database_now

pytestmark = pytest.mark.with_tables

RUN = "0f7a2d1e-0000-4000-8000-000000000001"
ELSEWHERE = replace(ProcessIdentity.current(), boot_id="another boot")
AT_EVERY_COMMIT_S = 0.0
NEVER_S = 3600.0
WITHIN_S = 30.0


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    with open_storage(read_settings()) as storage:
        yield storage.database


@pytest.fixture
def begin(database: Database, database_url: str) -> Iterator[Callable[..., RunHeartbeat]]:
    """Starts a run whose commits depend on its heartbeat."""
    begun = []

    def begin(*, certain_s: float = AT_EVERY_COMMIT_S, interval_s: float = NEVER_S) -> RunHeartbeat:
        heartbeat = RunHeartbeat(
            RUN, lambda: Database.at(database_url), ELSEWHERE, certain_s=certain_s, interval_s=interval_s
        )
        heartbeat.start(database)
        database.before_commit = heartbeat.before_commit
        begun.append(heartbeat)
        return heartbeat

    yield begin
    for each in begun:
        each.stop()


def store(database: Database) -> None:
    """Commits a row, as a run does."""
    with database.writing() as connection:
        upsert(connection, Meta, [{"name": "stored by the run", "value": "1"}])


def is_stored(database: Database) -> bool:
    with database.reading() as connection:
        query = select(func.count()).select_from(table_of(Meta)).where(META.name == "stored by the run")
        return connection.scalar(query) == 1


def declare_orphaned(database_url: str) -> None:
    """Declares the run orphaned, as another host does."""
    with closing(Database.at(database_url)) as database, database.writing() as connection:
        # The run may write a heartbeat between the two statements.
        while not heartbeats.declare_failed(connection, heartbeats.heartbeats(connection, [RUN])[0]):
            pass


def last_beat(database: Database) -> datetime:
    with database.reading() as connection:
        (found,) = heartbeats.heartbeats(connection, [RUN])
    return found.beat_at


def test_run_declared_orphaned_stores_nothing_more(
    database: Database, database_url: str, begin: Callable[..., RunHeartbeat]
) -> None:
    begin()
    declare_orphaned(database_url)

    with pytest.raises(StoreError, match="declared orphaned"):
        store(database)

    assert not is_stored(database)


def test_heartbeat_thread_notices_that_the_run_was_declared_orphaned(
    database: Database, database_url: str, begin: Callable[..., RunHeartbeat]
) -> None:
    begin(certain_s=NEVER_S, interval_s=0.01)
    declare_orphaned(database_url)

    deadline = time.monotonic() + WITHIN_S
    while any(thread.name.startswith("heartbeat of run") for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.01)

    with pytest.raises(StoreError, match="declared orphaned"):
        store(database)
    assert not is_stored(database)


def test_run_that_cannot_write_its_heartbeat_stores_nothing(
    database: Database, begin: Callable[..., RunHeartbeat]
) -> None:
    begin()
    with database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE run_heartbeats RENAME TO elsewhere"))

    with pytest.raises(StoreError, match="heartbeat"):
        store(database)

    assert not is_stored(database)


def test_commit_writes_a_late_heartbeat(database: Database, begin: Callable[..., RunHeartbeat]) -> None:
    """A database outage alone ends no run: the heartbeat is written with the next commit."""
    begin()
    before = last_beat(database)
    wait_for_the_databases_clock(database, before)

    store(database)

    assert is_stored(database)
    assert last_beat(database) > before


def wait_for_the_databases_clock(database: Database, before: datetime) -> None:
    with database.reading() as connection:
        while database_now(connection) <= before:
            pass


def test_commit_restores_a_missing_heartbeat_row(database: Database, begin: Callable[..., RunHeartbeat]) -> None:
    begin()
    with database.engine.begin() as connection:
        connection.execute(delete(HEARTBEATS))

    store(database)

    assert is_stored(database)


def test_commit_shortly_after_a_heartbeat_writes_none(database: Database, begin: Callable[..., RunHeartbeat]) -> None:
    begin(certain_s=NEVER_S)
    before = last_beat(database)

    store(database)

    assert last_beat(database) == before


def test_heartbeat_thread_ends_with_the_run(database: Database, begin: Callable[..., RunHeartbeat]) -> None:
    heartbeat = begin(interval_s=0.01)
    before = last_beat(database)
    deadline = time.monotonic() + WITHIN_S
    while last_beat(database) == before:
        assert time.monotonic() < deadline
        time.sleep(0.01)

    heartbeat.stop()

    assert not [thread for thread in threading.enumerate() if thread.name.startswith("heartbeat of run")]
