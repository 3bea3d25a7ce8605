"""Retention deletes bots, calendar events and webhooks of older days, and the passes do not store them again."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from meeting_assets.core.instants import day_of, now, start_of
from meeting_assets.pipeline.bots_pass import NOT_STORED
from meeting_assets.pipeline.deletion import expired_context
from meeting_assets.pipeline.deletion.confirmed_date import Today
from meeting_assets.pipeline.deletion.removal import is_scrub_due
from meeting_assets.pipeline.deletion.retention import CUTOFF, REMAINING, expired, retain
from meeting_assets.store.database import meta_value
from meeting_assets.webhooks.object_inbox import OBJECT_INBOX
from meeting_assets_tests.support.contexts import (
    NO_ROWS,
    bot_id,
    context_rows,
    event_id,
    observe_bot,
    row_counts,
    store,
    store_bot,
    store_event,
    store_recording,
)
from meeting_assets_tests.support.environments import open_test_storage

pytestmark = pytest.mark.with_tables

KEPT_DAYS = 30
TODAY = day_of(now())
KEPT_FROM = TODAY - timedelta(days=KEPT_DAYS)
OLD = start_of(KEPT_FROM) - timedelta(hours=1)
# The passes over bots read the real clock: a day more, in case the tests run past midnight.
RECENT = start_of(KEPT_FROM) + timedelta(days=1, hours=1)
TWO_CLOCKS = {"this computer": TODAY, "the API": TODAY}


@pytest.fixture(autouse=True)
def _retention(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test runs on both databases, with a retention."""
    monkeypatch.setenv("MEETING_ASSETS_RETENTION_DAYS", str(KEPT_DAYS))


def run_retention(*, budget_s: float = 60, clocks: dict[str, date] | None = None, is_released: bool = False) -> str:
    """Runs the retention; returns the sentence about a confirmation, or an empty text."""
    given = clocks or TWO_CLOCKS
    with open_test_storage() as storage:
        today = Today(min(given.values()), given)
        _, waiting = retain(storage, today, limit=100, budget_s=budget_s, is_released=is_released)
    return waiting or ""


def test_bots_events_and_messages_of_older_days_are_deleted() -> None:
    store_bot("recent", at=RECENT)
    store_event("recent", "recent", "not stored", at=RECENT)
    before = context_rows()
    store_bot("old", at=OLD)
    store_event("old", "old", "not stored", at=OLD)
    store_event("old without bot", at=OLD)

    assert run_retention() == ""

    assert context_rows() == before
    assert set(row_counts().values()) == {1}
    with open_test_storage() as storage, storage.database.reading() as connection:
        assert not is_scrub_due(connection)


@pytest.mark.parametrize(("after_start", "kept"), [(timedelta(0), 1), (-timedelta(seconds=1), 0)])
def test_first_kept_day_begins_at_midnight(after_start: timedelta, kept: int) -> None:
    store_bot("bot", at=start_of(KEPT_FROM) + after_start)
    store_event("event", at=start_of(KEPT_FROM) + after_start)

    run_retention()

    assert (row_counts()["bots"], row_counts()["calendar_events"]) == (kept, kept)


@pytest.mark.parametrize("position", [0, 1])
def test_bots_and_events_of_stored_recordings_are_kept(position: int) -> None:
    """A meeting around midnight: its event began the day before."""
    bots = ["recorded", "another"]
    store_bot("recorded", at=OLD)
    store_event("recorded", *(bots if position == 0 else reversed(bots)), at=OLD)
    store_recording("recorded", bot="recorded", at=RECENT)

    assert run_retention() == ""

    rows = context_rows()
    assert [each["bot_id"] for each in rows["bots"]] == [bot_id("recorded")]
    assert [each["calendar_event_id"] for each in rows["calendar_events"]] == [event_id("recorded")]


def test_bot_without_a_day_is_kept() -> None:
    store_bot("undated", day=None)

    run_retention()

    assert row_counts()["bots"] == 1


def test_retention_repeated_deletes_nothing_more() -> None:
    store_bot("old", at=OLD)
    run_retention()
    store_bot("recent", at=RECENT)

    assert run_retention() == ""

    assert row_counts()["bots"] == 1


def test_without_a_retention_nothing_is_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MEETING_ASSETS_RETENTION_DAYS")
    store_bot("old", at=OLD)

    run_retention()

    assert row_counts()["bots"] == 1


def test_bots_pass_does_not_store_bots_of_older_days_again() -> None:
    store_bot("old", at=OLD)
    run_retention()

    observe_bot("old", OLD)
    observe_bot("recent", RECENT)

    assert [each["bot_id"] for each in context_rows()["bots"]] == [bot_id("recent")]


def test_recorded_bot_of_an_older_day_is_stored() -> None:
    store_recording("recorded", bot="recorded", at=RECENT)

    observe_bot("recorded", OLD)

    assert row_counts()["bots"] == 1


def test_next_pass_over_bots_does_not_look_for_expired_ones() -> None:
    store_bot("old", at=OLD)
    with open_test_storage() as storage:
        storage.database.set_meta("bots_listed", "9")
        storage.database.set_meta(NOT_STORED, "0")

    run_retention()

    with open_test_storage() as storage, storage.database.reading() as connection:
        assert meta_value(connection, NOT_STORED) == "1"


@pytest.mark.parametrize("what", ["bot", "event"])
def test_rows_of_more_than_a_week_wait_for_a_confirmation(what: str) -> None:
    at = OLD - timedelta(days=8)
    if what == "bot":
        store_bot("old", at=at)
    else:
        store_event("old", at=at)
    before = context_rows()

    waiting = run_retention()

    assert "1 bots and calendar events without a stored recording" in waiting
    assert context_rows() == before
    assert run_retention(is_released=True) == ""
    assert row_counts() == NO_ROWS


def test_one_clock_alone_deletes_nothing() -> None:
    store_bot("old", at=OLD)

    waiting = run_retention(clocks={"this computer": TODAY})

    assert "no second clock confirms the date" in waiting
    assert row_counts()["bots"] == 1


def test_retention_without_time_left_continues_the_next_night() -> None:
    """The rows left belong to a purge that was released, so the next night needs no confirmation."""
    for age in (8, 9):
        store_bot(f"old {age}", at=OLD - timedelta(days=age))

    run_retention(is_released=True, budget_s=-1)
    with open_test_storage() as storage, storage.database.reading() as connection:
        left, cutoff = meta_value(connection, REMAINING), meta_value(connection, CUTOFF)
    run_retention(is_released=True)

    assert (left, cutoff) == ("2", KEPT_FROM.isoformat())
    assert row_counts() == NO_ROWS


def test_many_rows_are_deleted_in_several_transactions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expired_context, "BATCH", 2)
    for number in range(5):
        store_bot(f"old {number}", at=OLD)
        store_event(f"old {number}", at=OLD)
    store(OBJECT_INBOX, message_id="unhandled", event="calendar.update", object_id=None, received_at=OLD)

    run_retention()

    assert row_counts() == NO_ROWS


def test_expired_rows_are_counted_by_day() -> None:
    store_bot("old", at=OLD)
    store_event("old", at=OLD - timedelta(days=2))
    store_bot("recent", at=RECENT)

    with open_test_storage() as storage:
        found = expired(storage, TODAY)

    first, last = day_of(OLD) - timedelta(days=2), day_of(OLD)
    assert found.context.as_sentence() == (
        f"2 bots and calendar events without a stored recording ({first} to {last}) are older, too."
    )
