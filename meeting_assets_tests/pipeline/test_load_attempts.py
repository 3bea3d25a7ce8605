"""A load records its attempt before it begins: artifacts that kill the process are isolated, then quarantined."""

from __future__ import annotations

import os
import signal
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import pytest

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.artifacts.artifact import Rows, Source
from meeting_assets.core.errors import StoreError
from meeting_assets.core.processes import ProcessIdentity
from meeting_assets.pipeline.load import load_days
from meeting_assets.pipeline.rebuild import rebuild
from meeting_assets.pipeline.replace import LoadReport
from meeting_assets.pipeline.storage import Storage
from meeting_assets.sandbox import Sandbox
from meeting_assets.store import attempts, ledger_tables, worklist
from meeting_assets.store.attempts import ENDED_THE_PROCESS
from meeting_assets.store.ledger import LEDGER
from meeting_assets.store.ledger_states import MAX_INTERRUPTIONS
from meeting_assets.store.tasks import LoadTask
from meeting_assets_tests.conftest import sqlite_first
from meeting_assets_tests.support.commands import FORKS
from meeting_assets_tests.support.environments import (
    ledger_row,
    open_test_storage,
    sync_days,
)
from meeting_assets_tests.support.sample_day import DAY, fetch_sample_day, sync_sample_day, victim
from meeting_assets_tests.support.snapshots import fill_once

pytestmark = pytest.mark.with_tables

TRANSCRIPT = ARTIFACTS["transcript"]
TIMEOUT_S = 60


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


@sqlite_first
def test_payload_that_kills_the_process_is_loaded_alone_and_then_quarantined(sandbox: Sandbox) -> None:
    deadly = victim("transcript").id
    fetch_sample_day()

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

    def kill_every_load() -> None:
        fetch_sample_day()
        for _ in range(MAX_INTERRUPTIONS):
            kill_during_load(deadly)
        load_all([deadly])

    fill_once("transcript that kills its load", kill_every_load)
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


@sqlite_first
@pytest.mark.parametrize("error", [StoreError, KeyboardInterrupt])
def test_load_stopped_by_another_failure_counts_no_attempt(sandbox: Sandbox, error: type[BaseException]) -> None:
    marked: set[tuple[str, int | None]] = set()

    def stop(document: Any, source: Source) -> Rows:
        marked.update(transcripts().values())
        raise error

    fetch_sample_day()
    with open_test_storage() as storage, pytest.raises(error):
        load_days(replace(TRANSCRIPT, rows=stop), [DAY], storage)

    assert marked == {("fetched", 1)}
    assert set(transcripts().values()) == {("fetched", None)}


def entries_of(storage: Storage) -> list[LoadTask]:
    with storage.database.reading() as connection:
        return worklist.to_load(connection, [DAY], TRANSCRIPT.kind, TRANSCRIPT.parser_version)


def mark_loading(storage: Storage, entries: Collection[LoadTask]) -> None:
    with storage.database.writing() as connection:
        attempts.begin_loads(connection, entries)


def test_load_in_progress_in_another_process_counts_as_no_interrupted_attempt(sandbox: Sandbox) -> None:
    fetch_sample_day()
    with open_test_storage() as storage:
        for _ in range(MAX_INTERRUPTIONS):
            mark_loading(storage, entries_of(storage))

            assert {each.load_attempts for each in entries_of(storage)} == {None}
        load_all()
        assert {attempts for _, attempts in transcripts().values()} == {None}


def test_load_of_an_ended_process_counts_as_an_interrupted_attempt(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch_sample_day()
    ended = replace(ProcessIdentity.current(), start_ticks=1)
    with open_test_storage() as storage:
        with monkeypatch.context() as elsewhere:
            elsewhere.setattr(ProcessIdentity, "current", lambda: ended)
            mark_loading(storage, entries_of(storage))

        assert {each.load_attempts for each in entries_of(storage)} == {1}


def test_load_finished_by_another_process_is_not_marked_again(sandbox: Sandbox) -> None:
    sync_sample_day()
    with open_test_storage() as storage, storage.database.writing() as connection:
        ledger_tables.mark_days_outdated(connection, [DAY])
    with open_test_storage() as storage:
        seen_before = entries_of(storage)
        load_all()

        mark_loading(storage, seen_before)

    assert {attempts for _, attempts in transcripts().values()} == {None}
