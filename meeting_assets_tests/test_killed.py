"""A sync that is killed at any moment and then repeated leaves the tables of an undisturbed one."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import date, timedelta
from functools import partial
from multiprocessing.process import BaseProcess
from pathlib import Path
from random import Random
from typing import Any

import pytest

from meeting_assets.core.instants import days_between, start_of
from meeting_assets.health.audit import audit
from meeting_assets.sandbox import Sandbox, combined, uniform
from meeting_assets_tests.support.commands import kill, started
from meeting_assets_tests.support.environments import VOLATILE_COLUMNS, TableRows, open_test_storage, table_rows

DAY = date(2026, 3, 2)
FETCHED_PERCENT = range(0, 98, 14)
PARSED_PERCENT = range(4, 100, 8)
"""A sync is killed at 7 shares of all artifacts, at 12 shares of all rows, and once before anything is stored."""
AT_ONCE = 2
KILLS = 100 if os.environ.get("LONG") else 25
"""Number of kills; `LONG=1` makes four times as many."""
BACKFILL_DAYS = 10
DATABASE_URL = "MEETING_ASSETS_DATABASE_URL"
TIMEOUT_S = 120


def environment(sandbox: Sandbox, home: Path, database_url: str | None = None) -> dict[str, str]:
    settings = {
        "RECALL_BASE_URL": sandbox.url,
        "RECALL_API_KEY": sandbox.api_key,
        "MEETING_ASSETS_HOME": str(home),
        "MEETING_ASSETS_FIRST_DAY": DAY.isoformat(),
    }
    others = {name: value for name, value in os.environ.items() if name not in {"DAGSTER_HOME", DATABASE_URL}}
    return others | settings | ({DATABASE_URL: database_url} if database_url else {})


def sync(
    sandbox: Sandbox, home: Path, first: date = DAY, last: date | None = None, database_url: str | None = None
) -> BaseProcess:
    """Starts a sync of one or several days in its own process."""
    days = ("--from", str(first), "--to", str(last or first))
    return started(("sync", *days), environment(sandbox, home, database_url))


def is_done(process: BaseProcess) -> bool:
    """True if a sync succeeds."""
    process.join(TIMEOUT_S)
    return process.exitcode == 0


@contextmanager
def settings_of(sandbox: Sandbox, home: Path, database_url: str | None = None) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.delenv(DATABASE_URL, raising=False)
        for name, value in environment(sandbox, home, database_url).items():
            monkeypatch.setenv(name, value)
        yield


def row_count(home: Path) -> int:
    """Number of rows in all tables of a SQLite database."""
    tables = counted(home, "SELECT group_concat(name) FROM sqlite_master WHERE type = 'table' AND name <> 'meta'")
    return sum(counted(home, f'SELECT count(*) FROM "{name}"') for name in tables.split(","))


def fetched_count(home: Path) -> int:
    """Number of artifacts whose bytes are stored."""
    return int(counted(home, "SELECT count(*) FROM artifacts WHERE sha256 IS NOT NULL"))


def counted(home: Path, query: str) -> Any:
    with closing(sqlite3.connect(home / "meetings.db")) as connection:
        return connection.execute(query).fetchone()[0]


def run_count(home: Path) -> int:
    """Number of runs that Dagster has started."""
    return len([*(home / "dagster" / "history" / "runs").glob("????????-*.db")])


def wait_for_start(home: Path, runs_before: int = 0) -> None:
    """Waits until Dagster has started the run."""
    deadline = time.monotonic() + TIMEOUT_S
    while run_count(home) == runs_before:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def new_homes(sandbox: Sandbox, folder: Path, dagster_home: Path, count: int) -> list[Path]:
    """Homes without meetings, with all tables, and with Dagster's storage, whose creation takes longer than a run."""
    homes = [folder / f"home-{number}" for number in range(count)]
    for home in homes:
        shutil.copytree(dagster_home, home / "dagster")
        with settings_of(sandbox, home), open_test_storage():
            pass
    return homes


def rows_left_by_a_kill(sandbox: Sandbox, home: Path, is_moment: Callable[[Path], bool]) -> int:
    """Kills a sync at a moment and returns the number of rows it has stored."""
    process = sync(sandbox, home)
    wait_for_start(home)
    while process.is_alive() and not is_moment(home):
        time.sleep(0.01)
    kill(process)
    return row_count(home)


def moments(recordings: int, whole: int) -> list[Callable[[Path], bool]]:
    """Moments to kill at, defined by the progress of the run, not by time, so that any machine meets the same ones."""
    return [
        lambda _: True,
        *(
            partial(lambda least, home: fetched_count(home) > least, 7 * recordings * part // 100)
            for part in FETCHED_PERCENT
        ),
        *(partial(lambda least, home: row_count(home) > least, whole * part // 100) for part in PARSED_PERCENT),
    ]


@pytest.mark.parametrize(
    ("chosen", "recordings"),
    [(slice(3, None, 12), 10), pytest.param(slice(None), 40, marks=pytest.mark.deployment)],
    ids=["during the fetch and the load", "all"],
)
def test_sync_killed_at_any_moment_is_finished_by_the_next(
    tmp_path: Path, dagster_home: Path, chosen: slice, recordings: int
) -> None:
    with (
        Sandbox(uniform(DAY, recordings=recordings, words=300), limits=False) as sandbox,
        ThreadPoolExecutor(AT_ONCE) as pool,
    ):
        undisturbed, *homes = new_homes(
            sandbox, tmp_path / "homes", dagster_home, 1 + len(moments(recordings, 0)[chosen])
        )
        assert is_done(sync(sandbox, undisturbed))
        expected, whole = tables_in(sandbox, undisturbed), row_count(undisturbed)

        left = list(pool.map(partial(rows_left_by_a_kill, sandbox), homes, moments(recordings, whole)[chosen]))

        for home in homes:
            assert is_done(sync(sandbox, home))
            assert tables_in(sandbox, home) == expected, home.name
    assert sum(0 < rows < whole for rows in left) >= len(homes) / 2, left


@pytest.mark.deployment
def test_backfill_killed_many_times_is_finished_by_one_sync(
    database_url: str, tmp_path: Path, dagster_home: Path
) -> None:
    """New meetings are added meanwhile, so that every kill hits a run with work to do."""
    days = days_between(DAY, DAY + timedelta(days=BACKFILL_DAYS - 1))
    chance = Random(7)
    with Sandbox(combined(uniform(day, recordings=4, words=300) for day in days), limits=False) as sandbox:
        undisturbed, home = new_homes(sandbox, tmp_path / "homes", dagster_home, 2)
        run_s(sandbox, undisturbed, days)
        add_meetings(sandbox, days, chance)
        longest_s = run_s(sandbox, undisturbed, days)
        found: Counter[str] = Counter()
        for _ in range(KILLS):
            add_meetings(sandbox, days, chance)
            process = start_run(sandbox, home, days, database_url)
            process.join(chance.uniform(0.0, longest_s))
            found["during the run"] += process.is_alive()
            kill(process)
            with settings_of(sandbox, home, database_url):
                found.update({row[3] for row in table_rows()["artifacts"]})
        assert is_done(sync(sandbox, undisturbed, days[0], days[-1]))

        assert is_done(sync(sandbox, home, days[0], days[-1], database_url))

        assert tables_in(sandbox, home, database_url) == tables_in(sandbox, undisturbed)
        with settings_of(sandbox, home, database_url), open_test_storage() as storage:
            report = audit(storage.database, storage.raw, budget_s=TIMEOUT_S, min_age=timedelta(0))
        assert (report.days, report.lost, report.unknown, report.purged, report.foreign) == (
            BACKFILL_DAYS,
            [],
            [],
            [],
            [],
        )
        found["half-written files"] = len(report.half_written)
    print(f"{KILLS} kills: {dict(found)}")
    assert found["during the run"] > KILLS / 2
    # Downloads of small meetings are too short for random kills; the other test kills during downloads.
    assert {"fetched", "parsed"} <= found.keys()


def add_meetings(sandbox: Sandbox, days: Sequence[date], chance: Random) -> None:
    """Adds three finished meetings on random days."""
    for _ in range(3):
        sandbox.add_recording(start_of(chance.choice(days)) + timedelta(hours=chance.randrange(24)), words=300)


def start_run(sandbox: Sandbox, home: Path, days: Sequence[date], database_url: str | None = None) -> BaseProcess:
    """Starts a sync and waits until its run has started."""
    runs_before = run_count(home)
    process = sync(sandbox, home, days[0], days[-1], database_url)
    wait_for_start(home, runs_before)
    return process


def run_s(sandbox: Sandbox, home: Path, days: Sequence[date]) -> float:
    """Duration of the run of a sync."""
    process = start_run(sandbox, home, days)
    started = time.monotonic()
    assert is_done(process)
    return time.monotonic() - started


def tables_in(sandbox: Sandbox, home: Path, database_url: str | None = None) -> TableRows:
    with settings_of(sandbox, home, database_url):
        return table_rows(without=VOLATILE_COLUMNS)
