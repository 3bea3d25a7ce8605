"""Attempts are recorded before they begin: artifacts that kill the process are isolated, then quarantined."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.artifacts.artifact import Rows, Source
from meeting_assets.core.errors import StoreError
from meeting_assets.core.instants import now
from meeting_assets.core.processes import ProcessIdentity
from meeting_assets.health.status import status_of
from meeting_assets.pipeline.download import ATTEMPTS_PER_TRANSACTION
from meeting_assets.pipeline.fetch import fetch_days
from meeting_assets.pipeline.load import load_days
from meeting_assets.pipeline.rebuild import rebuild
from meeting_assets.pipeline.replace import LoadReport
from meeting_assets.pipeline.storage import Storage, access_of
from meeting_assets.sandbox import Fault, Sandbox, uniform
from meeting_assets.settings import read_settings
from meeting_assets.store import attempts, ledger_tables, worklist
from meeting_assets.store.attempts import ENDED_THE_PROCESS
from meeting_assets.store.ledger import LEDGER
from meeting_assets.store.ledger_states import INTERRUPTED, MAX_INTERRUPTIONS
from meeting_assets.store.tasks import LoadTask
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
from meeting_assets_tests.support.sample_day import DAY, WORLD, victim
from meeting_assets_tests.support.ui import until

TRANSCRIPT = ARTIFACTS["transcript"]
TIMEOUT_S = 60


def fetch_all() -> None:
    with open_test_storage() as storage:
        asyncio.run(fetch_days(storage, access_of(read_settings()), [DAY]))


def load_all(deadly: Collection[str] = (), *, version: str = TRANSCRIPT.parser_version) -> LoadReport:
    """Loads the day's transcripts; one of the `deadly` ends the process, as an oversized payload would."""

    def rows(document: Any, source: Source) -> Rows:
        if source.artifact_id in deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        return TRANSCRIPT.rows(document, source)

    with open_test_storage() as storage:
        return load_days(replace(TRANSCRIPT, rows=rows, parser_version=version), [DAY], storage)


def load_and_die(environment: Mapping[str, str], deadly: Collection[str], version: str) -> None:
    os.environ.clear()
    os.environ.update(environment)
    load_all(deadly, version=version)


def fetch_and_die(environment: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    fetch_all()


def kill_during_load(*deadly: str, version: str = TRANSCRIPT.parser_version) -> None:
    """Kills a loading process while it parses one of the `deadly` artifacts."""
    process = FORKS.Process(target=load_and_die, args=(dict(os.environ), deadly, version))
    process.start()
    process.join(TIMEOUT_S)
    assert process.exitcode == -signal.SIGKILL


def transcripts() -> dict[str, tuple[str, int | None]]:
    """Status and interrupted attempts of every transcript."""
    with open_test_storage() as storage, storage.database.reading() as connection:
        query = LEDGER.select().where(LEDGER.c.kind == "transcript")
        rows = connection.execute(query).mappings().all()
    return {row["artifact_id"]: (row["status"], row["load_attempts"]) for row in rows}


def test_payload_that_kills_the_process_is_loaded_alone_and_then_quarantined(sandbox: Sandbox) -> None:
    deadly = victim("transcript").id
    fetch_all()

    kill_during_load(deadly)
    assert set(transcripts().values()) == {("fetched", 1)}
    kill_during_load(deadly)
    assert transcripts()[deadly] == ("fetched", 2)
    kill_during_load(deadly)
    found = transcripts()
    assert found.pop(deadly) == ("fetched", 3)
    assert set(found.values()) == {("parsed", None)}
    report = load_all([deadly])

    assert report.quarantined == 1
    row = ledger_row(deadly, "transcript")
    assert (row["status"], row["error"]) == ("quarantined", ENDED_THE_PROCESS)
    assert load_all([deadly]).quarantined == 0


@pytest.fixture
def quarantined(sandbox: Sandbox) -> str:
    """A transcript whose loading has killed the process too often."""
    deadly = victim("transcript").id
    fetch_all()
    for _ in range(MAX_INTERRUPTIONS):
        kill_during_load(deadly)
    load_all([deadly])
    return deadly


@sqlite_first
def test_quarantine_after_kills_ends_with_new_bytes(sandbox: Sandbox, quarantined: str) -> None:
    sandbox.reissue(quarantined)

    sync_days([DAY])

    assert transcripts()[quarantined] == ("parsed", None)


@sqlite_first
def test_quarantine_after_kills_ends_with_a_new_parser_version_which_gets_as_many_attempts(quarantined: str) -> None:
    kill_during_load(quarantined, version="next")
    after_kill = transcripts()[quarantined]

    load_all(version="next")

    assert after_kill == ("fetched", 1)
    assert transcripts()[quarantined] == ("parsed", None)


@sqlite_first
def test_rebuild_keeps_the_quarantine_after_kills(quarantined: str) -> None:
    with open_test_storage() as storage:
        rebuild(storage)

    assert transcripts()[quarantined] == ("quarantined", MAX_INTERRUPTIONS)


@pytest.mark.parametrize("error", [StoreError, KeyboardInterrupt])
def test_load_stopped_by_another_failure_counts_no_attempt(sandbox: Sandbox, error: type[BaseException]) -> None:
    marked: set[tuple[str, int | None]] = set()

    def stop(document: Any, source: Source) -> Rows:
        marked.update(transcripts().values())
        raise error

    fetch_all()
    with open_test_storage() as storage, pytest.raises(error):
        load_days(replace(TRANSCRIPT, rows=stop), [DAY], storage)

    assert marked == {("fetched", 1)}
    assert set(transcripts().values()) == {("fetched", None)}


@sqlite_first
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
    fetch_all()
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

        fetch_all()

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


@sqlite_first
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


def entries_of(storage: Storage) -> list[LoadTask]:
    with storage.database.reading() as connection:
        return worklist.to_load(connection, [DAY], TRANSCRIPT.kind, TRANSCRIPT.parser_version)


def mark_loading(storage: Storage, entries: Collection[LoadTask]) -> None:
    with storage.database.writing() as connection:
        attempts.begin_loads(connection, entries)


def test_load_in_progress_in_another_process_counts_as_no_interrupted_attempt(sandbox: Sandbox) -> None:
    fetch_all()
    with open_test_storage() as storage:
        for _ in range(MAX_INTERRUPTIONS):
            mark_loading(storage, entries_of(storage))

            assert {each.load_attempts for each in entries_of(storage)} == {None}
        load_all()
        assert {attempts for _, attempts in transcripts().values()} == {None}


def test_load_of_an_ended_process_counts_as_an_interrupted_attempt(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch_all()
    ended = replace(ProcessIdentity.current(), start_ticks=1)
    with open_test_storage() as storage:
        with monkeypatch.context() as elsewhere:
            elsewhere.setattr(ProcessIdentity, "current", lambda: ended)
            mark_loading(storage, entries_of(storage))

        assert {each.load_attempts for each in entries_of(storage)} == {1}


def test_load_finished_by_another_process_is_not_marked_again(sandbox: Sandbox) -> None:
    sync_days([DAY])
    with open_test_storage() as storage, storage.database.writing() as connection:
        ledger_tables.mark_days_outdated(connection, [DAY])
    with open_test_storage() as storage:
        seen_before = entries_of(storage)
        load_all()

        mark_loading(storage, seen_before)

    assert {attempts for _, attempts in transcripts().values()} == {None}
