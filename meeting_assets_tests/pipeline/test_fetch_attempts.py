"""A fetch records its attempts before it begins, and repeats neither fatal nor missing downloads at once."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from datetime import timedelta

import pytest

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.core.errors import StoreError
from meeting_assets.core.instants import now
from meeting_assets.health.status import status_of
from meeting_assets.pipeline.download import ATTEMPTS_PER_TRANSACTION
from meeting_assets.pipeline.fetch import fetch_days
from meeting_assets.pipeline.storage import access_of
from meeting_assets.sandbox import Fault, Sandbox, uniform
from meeting_assets.settings import read_settings
from meeting_assets.store import worklist
from meeting_assets.store.ledger import LEDGER
from meeting_assets.store.ledger_states import INTERRUPTED, MAX_INTERRUPTIONS
from meeting_assets_tests.conftest import sqlite_first
from meeting_assets_tests.support.commands import FORKS
from meeting_assets_tests.support.environments import (
    VOLATILE_COLUMNS,
    TableRows,
    ledger_row,
    open_test_storage,
    sync_days,
    table_rows,
    use_sandbox,
)
from meeting_assets_tests.support.sample_day import DAY, WORLD, fetch_sample_day, victim
from meeting_assets_tests.support.ui import until

pytestmark = [sqlite_first, pytest.mark.with_tables]

TIMEOUT_S = 60


def fetch_and_die(environment: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    fetch_sample_day()


def test_download_interrupted_by_a_kill_counts_as_an_attempt(sandbox: Sandbox, clean: TableRows) -> None:
    deadly = victim("transcript")
    sandbox.inject(Fault(f"transcript:{deadly.id}", times=None, delay_s=TIMEOUT_S))
    for attempt in (1, 2):
        kill_a_fetch_in(sandbox)

        row = ledger_row(deadly.id, "transcript")
        assert (row["status"], row["attempts"], row["error"]) == ("pending", attempt, INTERRUPTED)
        assert row["next_attempt_at"] > now()
    others = [row for row in table_rows()["artifacts"] if row[2] != deadly.id or row[1] != "transcript"]
    assert {row[3] for row in others} == {"fetched"}

    sandbox.clear_faults()
    sync_days([DAY])

    assert table_rows(without=VOLATILE_COLUMNS) == clean
    assert ledger_row(deadly.id, "transcript")["attempts"] == 0


def kill_a_fetch_in(sandbox: Sandbox) -> None:
    """Kills a fetching process when only the hanging download is left."""
    faulted = sandbox.stats.faulted
    process = FORKS.Process(target=fetch_and_die, args=(dict(os.environ),))
    process.start()
    until(lambda: sandbox.stats.faulted > faulted and pending_count() == 1, "the hanging download", within_s=TIMEOUT_S)
    process.kill()
    process.join()


def pending_count() -> int:
    with open_test_storage() as storage, storage.database.reading() as connection:
        return len(worklist.to_fetch(connection, [DAY]))


def test_download_that_killed_the_process_too_often_waits(sandbox: Sandbox, clean: TableRows) -> None:
    deadly = victim("transcript")
    fetch_sample_day()
    with open_test_storage() as storage, storage.database.writing() as connection:
        values = {"status": "pending", "sha256": None, "attempts": MAX_INTERRUPTIONS, "error": INTERRUPTED}
        of_victim = LEDGER.c.artifact_id == deadly.id, LEDGER.c.kind == "transcript"
        due_at = now() + timedelta(hours=1)
        connection.execute(LEDGER.update().where(*of_victim).values(values | {"next_attempt_at": due_at}))
    sandbox.stats.reset()

    sync_days([DAY])
    downloads = sandbox.stats.downloads
    sync_days([DAY], recording_ids=[deadly.recording_id])

    assert downloads == 0
    assert table_rows(without=VOLATILE_COLUMNS) == clean


def test_fetch_stopped_by_the_raw_store_counts_no_attempt(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_test_storage() as storage:
        access = access_of(read_settings())
        monkeypatch.setattr(storage.raw, "write", full)

        with pytest.raises(StoreError):
            asyncio.run(fetch_days(storage, access, [DAY]))

        with storage.database.reading() as connection:
            rows = connection.execute(LEDGER.select()).mappings().all()
    assert {(row["attempts"], row["error"], row["next_attempt_at"]) for row in rows} == {(0, None, None)}


def full(*_: object) -> None:
    raise StoreError("no space")


def test_all_artifacts_are_fetched_although_attempts_are_recorded_in_groups(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Sandbox(uniform(DAY, recordings=ATTEMPTS_PER_TRANSACTION // 5, words=5), limits=False) as sandbox:
        use_sandbox(sandbox, monkeypatch)

        fetch_sample_day()

        with open_test_storage() as storage:
            assert (
                status_of(storage).missing == sandbox.stats.downloads == len(sandbox.world.recordings) * len(ARTIFACTS)
            )


@pytest.mark.parametrize("status", [404, 410])
def test_missing_bytes_are_not_requested_by_every_sync(sandbox: Sandbox, clean: TableRows, status: int) -> None:
    artifact = victim("transcript")
    sandbox.inject(Fault(f"transcript:{artifact.id}", times=None, status=status))
    sync_days([DAY])
    sandbox.stats.reset()

    sync_days([DAY])

    row = ledger_row(artifact.id, "transcript")
    assert sandbox.stats.downloads == sandbox.stats.faulted == 0
    assert (row["status"], row["attempts"], row["is_waiting"]) == ("pending", 1, True)
    with open_test_storage() as storage:
        seen = status_of(storage)
    assert (seen.missing, seen.next_attempt_at) == (1, row["next_attempt_at"])


@pytest.mark.parametrize("how", ["refetch", "named", "changed", "due"])
def test_bytes_that_were_missing_are_fetched_on_the_next_request(
    database_url: str, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    with Sandbox(WORLD) as sandbox:
        use_sandbox(sandbox, monkeypatch)
        artifact = victim("transcript")
        sandbox.inject(Fault(f"transcript:{artifact.id}", times=None, status=404))
        sync_days([DAY])
        sandbox.clear_faults()

        if how == "changed":
            sandbox.touch(artifact.id)
        if how == "due":
            make_due(artifact.id)
        named = [artifact.recording_id] if how == "named" else []
        sync_days([DAY], recording_ids=named, refetch=how == "refetch")

    row = ledger_row(artifact.id, "transcript")
    assert (row["status"], row["attempts"], row["next_attempt_at"], row["is_waiting"]) == ("parsed", 0, None, None)


def make_due(artifact_id: str) -> None:
    with open_test_storage() as storage, storage.database.writing() as connection:
        of_artifact = LEDGER.c.artifact_id == artifact_id
        connection.execute(LEDGER.update().where(of_artifact).values(next_attempt_at=now() - timedelta(seconds=1)))


def test_artifact_whose_fresh_url_is_refused_twice_waits(sandbox: Sandbox) -> None:
    artifact = victim("transcript")
    sandbox.inject(Fault(f"transcript:{artifact.id}", times=None, status=403))
    sync_days([DAY])
    sync_days([DAY])
    sandbox.stats.reset()

    sync_days([DAY])

    assert sandbox.stats.faulted == 0
    assert ledger_row(artifact.id, "transcript")["attempts"] == 2
