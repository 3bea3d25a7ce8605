"""Checks of large tables read the recordings that were written since their last evaluation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta

import pytest

from meeting_assets.health.changed_recordings import LONGEST_TRANSACTION, changed_recordings, database_now
from meeting_assets.metrics.tables import MeetingMetrics
from meeting_assets.sandbox import Recording, Sandbox, uniform
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger import LEDGER
from meeting_assets.store.ledger_tables import mark_days_outdated
from meeting_assets_tests.support.data_checks import change_rows
from meeting_assets_tests.support.environments import open_test_storage, sync_days, use_sandbox
from meeting_assets_tests.support.snapshots import DOWNLOAD_PORT, sync_once

pytestmark = pytest.mark.with_tables

DAY = date(2026, 3, 2)
METRICS = table_of(MeetingMetrics)
Write = Callable[[Sandbox, pytest.MonkeyPatch], None]


@pytest.fixture
def sandbox(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(uniform(DAY, recordings=2), download_port=DOWNLOAD_PORT) as running:
        use_sandbox(running, monkeypatch)
        yield running


def age_rows(by: timedelta) -> None:
    with open_test_storage() as storage, storage.database.reading() as connection:
        then = database_now(connection) - by
    change_rows(LEDGER.update().values(modified_at=then), METRICS.update().values(derived_at=then))


def written() -> set[str]:
    """The recordings that count as written since now, apart from the time that a transaction may take."""
    with open_test_storage() as storage, storage.database.reading() as connection:
        return {*changed_recordings(connection, database_now(connection))}


def first_of(sandbox: Sandbox) -> Recording:
    recording: Recording = sandbox.world.recordings[0]
    return recording


def another_transcript(sandbox: Sandbox, _monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox.reissue(first_of(sandbox).of("transcript")[0].id)


def unreadable_transcript(sandbox: Sandbox, _monkeypatch: pytest.MonkeyPatch) -> None:
    transcript = first_of(sandbox).of("transcript")[0].id
    sandbox.set_payload(transcript, "transcript", b'[{"participant": 7}]')
    sandbox.reissue(transcript)


def other_metric_parameters(_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEETING_ASSETS_METRICS", "dead_air_s=3")


def rebuild(_sandbox: Sandbox, _monkeypatch: pytest.MonkeyPatch) -> None:
    with open_test_storage() as storage, storage.database.writing() as connection:
        mark_days_outdated(connection, [DAY])


def nothing(_sandbox: Sandbox, _monkeypatch: pytest.MonkeyPatch) -> None: ...


@pytest.mark.parametrize(
    ("change", "count"),
    [(nothing, 0), (another_transcript, 1), (unreadable_transcript, 1), (other_metric_parameters, 2), (rebuild, 2)],
)
def test_recordings_whose_rows_a_sync_writes_count_as_written(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, change: Write, count: int
) -> None:
    sync_once("two recordings", [DAY])
    age_rows(timedelta(days=1))

    change(sandbox, monkeypatch)
    sync_days([DAY])

    assert written() == {each.id for each in sandbox.world.recordings[:count]}


def test_rows_of_a_transaction_that_began_before_count_as_written(sandbox: Sandbox) -> None:
    sync_once("two recordings", [DAY])

    age_rows(LONGEST_TRANSACTION - timedelta(seconds=30))
    recent = written()
    age_rows(LONGEST_TRANSACTION + timedelta(seconds=30))

    assert recent == {each.id for each in sandbox.world.recordings}
    assert written() == set()
