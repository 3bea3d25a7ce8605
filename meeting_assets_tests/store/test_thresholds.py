"""Each published limit of the store, observed at its value and just beside it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Column, MetaData, Table, create_engine, select

from meeting_assets.schema.columns import Instant
from meeting_assets.store import absence, connections, ledger_states, object_stores, worklist
from meeting_assets.store.absence import CONFIRMED_AFTER
from meeting_assets.store.ledger_raw import NEAR_EXPIRY, WAIT_NEAR_EXPIRY, wait_after
from meeting_assets.store.ledger_states import is_due
from meeting_assets.store.tasks import LoadTask

AT = datetime(2026, 3, 2, 10, tzinfo=UTC)
TICK = timedelta(microseconds=1)
HOUR = timedelta(hours=1)


def test_wait_after_failures_doubles_from_a_minute_to_six_hours() -> None:
    minutes = [wait_after(failures) / timedelta(minutes=1) for failures in range(12)]

    assert minutes == [1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360, 360]


def test_wait_is_a_quarter_of_an_hour_within_the_last_day() -> None:
    assert (timedelta(minutes=15), timedelta(hours=24)) == (WAIT_NEAR_EXPIRY, NEAR_EXPIRY)


@pytest.mark.parametrize(
    ("wait", "due"),
    [(-TICK, True), (0 * TICK, True), (TICK, False), (6 * HOUR, False), (6 * HOUR + TICK, True)],
)
def test_attempt_is_due_from_its_time_on_and_beyond_the_longest_wait(wait: timedelta, due: bool) -> None:
    assert is_due(AT + wait, AT) is due


@pytest.mark.parametrize(("attempts", "is_exhausted"), [(2, False), (3, True)])
def test_loading_is_given_up_after_three_interruptions(attempts: int, is_exhausted: bool) -> None:
    values: dict[str, Any] = dict.fromkeys(LoadTask._fields)
    task = LoadTask(**values | {"load_attempts": attempts, "is_quarantined": False})

    assert task.is_exhausted is is_exhausted


@pytest.mark.parametrize(("age", "is_confirmed"), [(HOUR - TICK, False), (HOUR, True)])
def test_deletion_is_confirmed_by_an_observation_an_hour_later(age: timedelta, is_confirmed: bool) -> None:
    table = Table("observed", MetaData(), Column("missing_since", Instant))
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        table.create(connection)
        connection.execute(table.insert().values(missing_since=AT - age))
        found = connection.execute(select(table).where(absence._is_confirmed(table, AT))).all()
    engine.dispose()

    assert bool(found) is is_confirmed


def test_durations_of_retries_are_the_published_ones() -> None:
    assert (connections.RETRY_WITHIN_S, connections.BUSY_TIMEOUT_S) == (60.0, 30)
    assert (4, timedelta(seconds=20)) == (object_stores.MAX_RETRIES, object_stores.RETRY_WITHIN)
    assert (3, HOUR, timedelta(minutes=5)) == (ledger_states.MAX_INTERRUPTIONS, CONFIRMED_AFTER, worklist.LEFT_AFTER)
