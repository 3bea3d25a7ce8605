"""Concurrent runs, roll-ups, rebuilds and purges of the same recordings never deadlock."""

from __future__ import annotations

import ast
import asyncio
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import meeting_assets
from meeting_assets.core.instants import now
from meeting_assets.pipeline.deletion.artifacts import purge_deleted_artifacts
from meeting_assets.pipeline.deletion.recordings import purge
from meeting_assets.pipeline.fetch import fetch_days
from meeting_assets.pipeline.rebuild import rebuild
from meeting_assets.pipeline.rollup import TRENDS, roll_up, roll_up_people
from meeting_assets.pipeline.storage import Storage, access_of
from meeting_assets.sandbox import Sandbox, uniform
from meeting_assets.settings import read_settings
from meeting_assets.store import absence, ledger, ledger_api, locks
from meeting_assets.store.absence import CONFIRMED_AFTER
from meeting_assets.store.locks import Lock
from meeting_assets.store.tombstones import ASKED_FOR
from meeting_assets_tests.support.environments import open_test_storage, sync_days, use_sandbox
from meeting_assets_tests.support.sample_day import DAY
from meeting_assets_tests.support.snapshots import DOWNLOAD_PORT, sync_once

pytestmark = pytest.mark.with_tables

TIMEOUT_S = 120
ROUNDS = (1, pytest.param(2, marks=pytest.mark.deployment))
SOURCES = Path(meeting_assets.__file__).parent
on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.fixture
def sandbox(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(uniform(DAY, recordings=12, words=5), limits=False, download_port=DOWNLOAD_PORT) as running:
        use_sandbox(running, monkeypatch)
        yield running


def fetch() -> None:
    with open_test_storage() as storage:
        asyncio.run(fetch_days(storage, access_of(read_settings()), [DAY], refetch=True))


def repeat_roll_up() -> None:
    with open_test_storage() as storage:
        with storage.database.writing() as connection:
            locks.take(connection, Lock.ROLLUP)
            connection.execute(TRENDS.update().values(inputs_hash=""))
        roll_up(storage)
        roll_up_people(storage)


def rebuild_day() -> None:
    with open_test_storage() as storage:
        rebuild(storage, [DAY])


@on_postgresql
@pytest.mark.parametrize("rounds", ROUNDS)
def test_concurrent_work_on_the_same_recordings_never_deadlocks(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture, rounds: int
) -> None:
    ids = [each.id for each in sandbox.world.recordings]
    sync_once(__name__, [DAY])
    repeat_roll_up()

    def purge_some() -> None:
        with open_test_storage() as storage:
            for recording_id in ids[:6]:
                purge(storage, [recording_id], ASKED_FOR)

    def purge_deleted_artifacts_of_some() -> None:
        with open_test_storage() as storage:
            for recording in sandbox.world.recordings[6:]:
                with storage.database.writing() as connection:
                    ledger.lock_recordings(connection, [recording.id])
                    ledger_api.mark_recording_deleted(connection, recording.id)
                    absence.update_missing_since(connection, [recording.id], at=now() - CONFIRMED_AFTER)
                purge_deleted_artifacts(storage, {(recording.id, each.id) for each in recording.artifacts})

    # Each fetch restores artifacts that were marked deleted.
    work: list[Callable[[], object]] = [fetch, purge_deleted_artifacts_of_some, repeat_roll_up, fetch, rebuild_day]
    with caplog.at_level(logging.WARNING), ThreadPoolExecutor() as pool:
        runs = [pool.submit(each) for each in (*work, purge_some, *work * (rounds - 1))]
        for run in runs:
            run.result(TIMEOUT_S)

    lost = [record.message for record in caplog.records if "transaction was lost" in record.message]
    assert lost == []


@on_postgresql
def test_roll_up_does_not_block_a_fetch_through_a_waiting_purge(sandbox: Sandbox) -> None:
    sync_once(__name__, [DAY])
    victim = sandbox.world.recordings[0].id

    def purge_one() -> None:
        with open_test_storage() as storage:
            purge(storage, [victim], ASKED_FOR)

    with open_test_storage() as storage, ThreadPoolExecutor() as pool:
        with storage.database.writing() as connection:
            locks.take(connection, Lock.ROLLUP)
            purging = pool.submit(purge_one)
            wait_for_lock_wait(storage)

            pool.submit(sync_days, [DAY]).result(TIMEOUT_S)

            assert not purging.done()
        purging.result(TIMEOUT_S)


def wait_for_lock_wait(storage: Storage) -> None:
    """Waits until a transaction waits for an advisory lock."""
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    for _ in range(100_000):
        with storage.database.reading() as connection:
            if connection.exec_driver_sql(waiting).scalar_one():
                return
    raise AssertionError("no transaction waits")


def writers(path: Path) -> Iterator[tuple[str, bool]]:
    """The functions of a file that hold a writing transaction, and whether they are retried."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and ".writing()" in ast.unparse(node):
            yield f"{path.stem}.{node.name}", "retry_on_conflict" in map(ast.unparse, node.decorator_list)


def test_every_function_that_writes_is_retried() -> None:
    # The probe of `doctor` reports the error.
    exempt = {"database._probe"}
    found = dict(each for path in SOURCES.rglob("*.py") if path.stem != "connections" for each in writers(path))

    assert len(found) > 15  # `database.write` is retried by itself
    assert {name for name, is_retried in found.items() if not is_retried} == exempt
