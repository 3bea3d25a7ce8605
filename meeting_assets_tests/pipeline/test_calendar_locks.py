"""Passes over the calendars beside each other, a purge or a pass over the bots never deadlock, and lose nothing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from threading import Barrier

import pytest

from meeting_assets.core.instants import now
from meeting_assets.pipeline.bots_pass import sync_bots
from meeting_assets.pipeline.calendar import LISTED_BY
from meeting_assets.pipeline.calendar_links import choose_bots
from meeting_assets.pipeline.deletion.recordings import purge
from meeting_assets.pipeline.storage import Storage, access_of
from meeting_assets.sandbox import CalendarEvent, Sandbox, uniform
from meeting_assets.schema.bots import Bots, BotStatusChanges
from meeting_assets.schema.calendar import CalendarEventBots, CalendarEvents, CalendarInvitees
from meeting_assets.schema.persistent import Recordings
from meeting_assets.settings import read_settings
from meeting_assets.store import calendar_events
from meeting_assets.store.database import table_of
from meeting_assets.store.tombstones import ASKED_FOR
from meeting_assets_tests.support.calendars import calendar_event, read_calendar
from meeting_assets_tests.support.environments import TableRows, content_of, open_test_storage, use_sandbox
from meeting_assets_tests.support.sample_day import DAY
from meeting_assets_tests.support.snapshots import DOWNLOAD_PORT, sync_once

MEETINGS = 12
ROUNDS = 4
TIMEOUT_S = 120
CALENDARS = 3
TABLES = (Recordings, Bots, BotStatusChanges, CalendarEvents, CalendarEventBots, CalendarInvitees)
on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.fixture
def sandbox(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """Meetings of a day, each in three calendars; every event has the bot of the next meeting, too."""
    world = uniform(DAY, recordings=MEETINGS, words=5)
    with Sandbox(world, limits=False, download_port=DOWNLOAD_PORT) as running:
        use_sandbox(running, monkeypatch)
        running.habits.calendar_page_size = 7
        bots = [each.bot_id or "" for each in running.world.recordings]
        running.add_events(
            calendar_event((n, calendar), each.created_at, bot_ids=(bots[(n + 1) % MEETINGS], bots[n]))
            for n, each in enumerate(running.world.recordings)
            for calendar in range(CALENDARS)
        )
        sync_once(__name__, [DAY])
        yield running


def list_all_events() -> None:
    """A pass that lists all events, as the first one does."""
    with open_test_storage() as storage:
        storage.database.set_meta(LISTED_BY, "another version")
    read_calendar()


def choose_bots_of_events() -> None:
    with open_test_storage() as storage:
        storage.database.write(choose_bots)


def list_bots() -> None:
    with open_test_storage() as storage:
        asyncio.run(sync_bots(storage, access_of(read_settings())))


def purge_first_half(sandbox: Sandbox) -> None:
    with open_test_storage() as storage:
        for each in sandbox.world.recordings[: MEETINGS // 2]:
            purge(storage, [each.id], ASKED_FOR)


def contents() -> TableRows:
    """The rows of all tables of the context, without the time of their observation."""
    without = frozenset({"observed_at", "modified_at"})
    with open_test_storage() as storage, storage.database.reading() as connection:
        return {table_of(model).name: content_of(connection, model, without=without) for model in TABLES}


def rename(sandbox: Sandbox, number: int) -> None:
    """Changes all events, and the order of their bots."""
    for event in [*sandbox.world.calendar_events.values()]:
        changed: CalendarEvent = sandbox.change_event(event.id, title=f"Round {number}", bot_ids=event.bot_ids[::-1])
        assert changed.updated_at <= now() or changed.updated_at > event.updated_at


def at_once(*work: Callable[[], object]) -> None:
    """Starts all work at the same time, and waits for its end."""
    barrier = Barrier(len(work))

    def start(each: Callable[[], object]) -> None:
        barrier.wait(TIMEOUT_S)
        each()

    with ThreadPoolExecutor(len(work)) as pool:
        for run in [pool.submit(start, each) for each in work]:
            run.result(TIMEOUT_S)


def wait_for_row_lock(storage: Storage) -> None:
    """Waits until a transaction waits for a row that another one has locked."""
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype IN ('transactionid', 'tuple') AND NOT granted"
    for _ in range(100_000):
        with storage.database.reading() as connection:
            if connection.exec_driver_sql(waiting).scalar_one():
                return
    raise AssertionError("no transaction waits")


def assert_no_transaction_was_lost(caplog: pytest.LogCaptureFixture) -> None:
    assert [each.message for each in caplog.records if "transaction was lost" in each.message] == []


@on_postgresql
def test_two_passes_over_the_calendars_store_what_one_stores(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        for number in range(ROUNDS):
            rename(sandbox, number)
            at_once(list_all_events, list_all_events, choose_bots_of_events)
    concurrent = contents()

    list_all_events()

    assert contents() == concurrent
    assert len(concurrent["calendar_events"]) == MEETINGS * CALENDARS
    assert {row[3] for row in concurrent["calendar_events"]} == {f"Round {ROUNDS - 1}"}
    assert_no_transaction_was_lost(caplog)


@on_postgresql
def test_pass_over_the_calendars_beside_a_purge_stores_nothing_of_purged_meetings(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    list_all_events()
    passes = (list_all_events, choose_bots_of_events)

    with caplog.at_level(logging.WARNING):
        at_once(lambda: purge_first_half(sandbox), *passes, *passes)
    concurrent = contents()

    list_all_events()
    purged = {value for each in sandbox.world.recordings[: MEETINGS // 2] for value in (each.id, each.bot_id)}
    assert contents() == concurrent
    assert purged.isdisjoint(map(str, chain.from_iterable(chain.from_iterable(concurrent.values()))))
    assert len(concurrent["recordings"]) == MEETINGS - MEETINGS // 2
    assert_no_transaction_was_lost(caplog)


@on_postgresql
def test_purge_waits_for_a_transaction_that_chooses_the_bots_of_its_events(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    list_all_events()
    # Both recordings of some events: the purge deletes these.
    victims = [each.id for each in sandbox.world.recordings[:2]]

    def purge_two() -> None:
        with open_test_storage() as storage:
            purge(storage, victims, ASKED_FOR)

    with caplog.at_level(logging.WARNING), open_test_storage() as storage, ThreadPoolExecutor() as pool:
        with storage.database.writing() as connection:
            events = calendar_events.lock_events(connection, sandbox.world.calendar_events)
            purging = pool.submit(purge_two)
            wait_for_row_lock(storage)
            for event_id, event in events.items():
                calendar_events.set_bots(connection, event_id, calendar_events.linked_bots(event)[::-1])
        purging.result(TIMEOUT_S)

    assert_no_transaction_was_lost(caplog)


@on_postgresql
def test_pass_over_the_calendars_beside_one_over_the_bots_stores_what_both_store(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        for number in range(ROUNDS):
            rename(sandbox, number)
            at_once(list_all_events, list_bots, list_bots)
    list_all_events()
    concurrent = contents()

    list_bots()
    list_all_events()

    assert contents() == concurrent
    assert {row[3] for row in concurrent["calendar_events"]} == {f"Round {ROUNDS - 1}"}
    assert_no_transaction_was_lost(caplog)
