"""The clock that orders observations, on both databases."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from meeting_assets.core.instants import now
from meeting_assets.store.database import Database, schema_of
from meeting_assets.store.migrations.setup import set_up_database
from meeting_assets.store.observation import ObservationClock, database_now, record_observation_time

pytestmark = pytest.mark.with_tables

NEAR = timedelta(minutes=5)
TEN_YEARS = timedelta(days=3650)
A_NIGHT = timedelta(hours=8)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database.at(database_url)
    set_up_database(database, schema_of({}))
    yield database
    database.close()


def test_clock_follows_a_correct_database_clock(database: Database) -> None:
    clock = ObservationClock.of(database)

    assert abs(clock.now() - now()) < NEAR
    assert abs(clock.wall_clock() - now()) < NEAR
    with database.reading() as connection:
        assert database_now(connection).tzinfo is UTC


def test_database_clock_advances_within_a_transaction(database: Database) -> None:
    with database.reading() as connection:
        before = database_now(connection)
        while database_now(connection) == before:
            pass

        assert database_now(connection) > before


def test_clock_advances_while_the_machine_is_suspended(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = ObservationClock.of(database)
    before = clock.now()
    read_clock = time.clock_gettime

    def after_a_suspension(clock_id: int) -> float:
        return read_clock(clock_id) + (A_NIGHT.total_seconds() if clock_id == time.CLOCK_BOOTTIME else 0.0)

    monkeypatch.setattr(time, "clock_gettime", after_a_suspension)

    assert A_NIGHT <= clock.now() - before < A_NIGHT + NEAR


def test_observation_times_of_one_clock_are_ascending(database: Database) -> None:
    clock = ObservationClock.of(database)

    times = [clock.now() for _ in range(100)]

    assert times == sorted(times)
    assert clock.started_at <= times[0]


def test_clock_starts_after_all_recorded_times_even_from_a_wrong_clock(database: Database) -> None:
    wrong = now() + TEN_YEARS
    record_observation_time(database, wrong)

    clock = ObservationClock.of(database)

    assert wrong < clock.started_at < wrong + NEAR
    assert abs(clock.wall_clock() - now()) < NEAR


def test_two_clocks_agree_after_a_correction(database: Database) -> None:
    record_observation_time(database, now() + TEN_YEARS)
    one = ObservationClock.of(database)
    record_observation_time(database, one.now())

    other = ObservationClock.of(database)

    assert abs(other.now() - one.now()) < NEAR
    assert abs(other.wall_clock() - one.wall_clock()) < NEAR
    assert other.wall_clock() < other.now() - TEN_YEARS + NEAR


def test_older_recorded_time_does_not_set_the_clock_back(database: Database) -> None:
    latest = datetime(2400, 1, 1, tzinfo=UTC)
    record_observation_time(database, latest)
    record_observation_time(database, latest - TEN_YEARS)

    assert ObservationClock.of(database).started_at > latest
