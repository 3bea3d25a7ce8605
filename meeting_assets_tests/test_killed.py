"""A sync that is killed, at any moment, and then run again leaves the tables of an undisturbed one."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path

import pytest

from meeting_assets.sandbox import Sandbox, uniform
from meeting_assets_tests.households import VOLATILE, Contents, contents

DAY, QUIET_DAY = date(2026, 3, 2), date(2026, 3, 3)
MOMENTS = 20
AT_ONCE = 2
PARTLY = 10
TIMEOUT_S = 120


def environment(sandbox: Sandbox, home: Path) -> dict[str, str]:
    settings = {
        "RECALL_BASE_URL": sandbox.url,
        "RECALL_API_KEY": sandbox.api_key,
        "MEETING_ASSETS_HOME": str(home),
        "MEETING_ASSETS_FIRST_DAY": DAY.isoformat(),
    }
    return {name: value for name, value in os.environ.items() if name != "DAGSTER_HOME"} | settings


def sync(sandbox: Sandbox, home: Path, day: date = DAY) -> subprocess.Popen[bytes]:
    """A sync of the day, started as a process of its own."""
    command = [sys.executable, "-m", "meeting_assets.cli", "sync", "--from", str(day), "--to", str(day)]
    return subprocess.Popen(
        command,
        env=environment(sandbox, home),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


@contextmanager
def settings_of(sandbox: Sandbox, home: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        for name, value in environment(sandbox, home).items():
            monkeypatch.setenv(name, value)
        yield


def row_count(home: Path) -> int:
    """How many rows all tables of a SQLite database hold."""
    with closing(sqlite3.connect(home / "meetings.db")) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'meta'").fetchall()
        return sum(connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for (name,) in tables)


def wait_for_start(home: Path) -> None:
    """Returns when Dagster has begun the run; the interpreter's own start is no part of it."""
    deadline = time.monotonic() + TIMEOUT_S
    while not any((home / "dagster" / "history" / "runs").glob("????????-*.db")):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def new_homes(sandbox: Sandbox, folder: Path, count: int) -> list[Path]:
    """Homes without a meeting whose Dagster has made its storage, which takes longer than a run and happens once."""
    made = folder / "made"
    assert sync(sandbox, made, QUIET_DAY).wait(TIMEOUT_S) == 0
    homes = [folder / f"home-{number}" for number in range(count)]
    for home in homes:
        shutil.copytree(made, home)
        for run in (home / "dagster" / "history" / "runs").glob("????????-*.db*"):
            run.unlink()
    return homes


def length_of_a_run(sandbox: Sandbox, home: Path) -> float:
    """Seconds from the begin of the run to its last row."""
    process = sync(sandbox, home)
    wait_for_start(home)
    started = ended = time.monotonic()
    rows = 0
    while process.poll() is None:
        time.sleep(0.02)
        if (found := row_count(home)) != rows:
            rows, ended = found, time.monotonic()
    assert process.returncode == 0
    return ended - started


def rows_left_by_a_kill(sandbox: Sandbox, home: Path, after_s: float) -> int:
    """Kills a sync some seconds after its start, counts what it left, and finishes the work with another."""
    process = sync(sandbox, home)
    wait_for_start(home)
    time.sleep(after_s)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    left = row_count(home)
    assert sync(sandbox, home).wait(TIMEOUT_S) == 0
    return left


def test_a_sync_killed_at_any_moment_is_finished_by_the_next(tmp_path: Path) -> None:
    with (
        Sandbox(uniform(DAY, recordings=40, words=300), limits=False) as sandbox,
        ThreadPoolExecutor(AT_ONCE) as pool,
    ):
        # As many at once as later, so that a run takes as long here as there.
        undisturbed, homes = new_homes(sandbox, tmp_path / "1", AT_ONCE), new_homes(sandbox, tmp_path / "2", MOMENTS)
        length_s = min(pool.map(lambda home: length_of_a_run(sandbox, home), undisturbed))
        expected = tables_in(sandbox, undisturbed[0])
        moments = [length_s * (number + 0.5) / MOMENTS for number in range(MOMENTS)]

        left = list(pool.map(lambda home, after_s: rows_left_by_a_kill(sandbox, home, after_s), homes, moments))

        for home in homes:
            assert tables_in(sandbox, home) == expected, home.name
        whole = row_count(undisturbed[0])
    assert sum(0 < rows < whole for rows in left) >= PARTLY, left


def tables_in(sandbox: Sandbox, home: Path) -> Contents:
    with settings_of(sandbox, home):
        return contents(without=VOLATILE)
