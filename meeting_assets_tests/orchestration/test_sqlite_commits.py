"""Lighter commits to Dagster's SQLite files: no event is lost, few files stay open, and the UI can follow a run."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import dagster as dg
from sqlalchemy import create_engine

from meeting_assets.orchestration.home import prepare_home
from meeting_assets.orchestration.runs import dagster_instance
from meeting_assets.orchestration.sqlite_commits import commits_without_fsync
from meeting_assets.settings import read_settings
from meeting_assets_tests.support.ui import until

ASSET = dg.AssetKey("anything")


def open_files(folder: Path) -> list[str]:
    """The files below a folder that this process holds open."""
    links = (Path("/proc/self/fd") / each for each in os.listdir("/proc/self/fd"))
    return sorted(os.readlink(link) for link in links if link.exists() and os.readlink(link).startswith(str(folder)))


def store_event(instance: dg.DagsterInstance, run_id: str) -> None:
    instance.event_log_storage.store_event(dg.EventLogEntry(None, 20, "", run_id, 0.0))  # type: ignore[no-untyped-call]


def test_closed_instance_leaves_no_file_open(dagster_home: Path) -> None:
    prepare_home(read_settings())
    with dagster_instance() as instance:
        instance.report_runless_asset_event(dg.AssetMaterialization(ASSET))
        assert open_files(dagster_home / "history")

    assert open_files(dagster_home / "history") == []


def test_only_one_file_of_a_run_stays_open(dagster_home: Path) -> None:
    prepare_home(read_settings())
    run_ids = [str(uuid4()) for _ in range(5)]
    with dagster_instance() as instance:
        for run_id in run_ids:
            store_event(instance, run_id)
            store_event(instance, run_id)

        names = {Path(path).name for path in open_files(dagster_home / "history") if path.endswith(".db")}

    assert names - {"index.db", "runs.db"} == {f"{run_ids[-1]}.db"}


def test_commits_inside_the_block_do_not_wait_for_the_disk(dagster_home: Path) -> None:
    path = dagster_home / "history" / "other.db"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
    connection.close()
    engine = create_engine(f"sqlite:///{path}")

    with commits_without_fsync(dagster_home), engine.connect() as inside:
        synchronous = inside.exec_driver_sql("PRAGMA synchronous").scalar()
    engine.dispose()
    with engine.connect() as outside:
        default = outside.exec_driver_sql("PRAGMA synchronous").scalar()
    engine.dispose()

    assert synchronous == 1
    assert default == 2


def test_files_outside_the_history_keep_their_commits(dagster_home: Path, tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'meetings.db'}")

    with commits_without_fsync(dagster_home), engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        synchronous = connection.exec_driver_sql("PRAGMA synchronous").scalar()
    engine.dispose()

    assert synchronous == 2


WRITER = """
import sys, time
import dagster as dg
from meeting_assets.orchestration.runs import dagster_instance
with dagster_instance() as instance:
    for number in range(5):
        event = dg.EventLogEntry(None, 20, str(number), sys.argv[1], time.time())
        instance.event_log_storage.store_event(event)
    print("stored", flush=True)
    sys.stdin.readline()
"""


def test_watcher_of_a_run_sees_its_events_while_it_goes_on(dagster_home: Path) -> None:
    """The UI's page of a run watches the run's file in this way; another process executes the run."""
    prepare_home(read_settings())
    run_id, seen = str(uuid4()), []
    with dagster_instance() as instance:
        assert instance.all_logs(run_id) == []
        instance.watch_event_logs(run_id, None, lambda entry, _cursor: seen.append(entry.user_message))
        command = [sys.executable, "-W", "ignore", "-c", WRITER, run_id]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "stored\n"
            until(lambda: len(seen) == 5, "five events", within_s=20.0)
            writer.communicate("\n")

    assert seen == ["0", "1", "2", "3", "4"]


def test_reader_of_a_run_does_not_wake_its_watchers(dagster_home: Path) -> None:
    prepare_home(read_settings())
    run_id = str(uuid4())
    with dagster_instance() as instance:
        store_event(instance, run_id)
        path = dagster_home / f"history/runs/{run_id}.db"
        os.utime(path, (0, 0))

        assert len(instance.all_logs(run_id)) == 1
        assert path.stat().st_mtime == 0


def test_threads_lose_no_event(dagster_home: Path) -> None:
    prepare_home(read_settings())

    def report(number: int) -> None:
        instance.report_runless_asset_event(dg.AssetMaterialization(ASSET, partition=str(number)))

    with dagster_instance() as instance, ThreadPoolExecutor(4) as threads:
        assert len([*threads.map(report, range(50))]) == 50
        assert instance.get_materialized_partitions(ASSET) == {str(number) for number in range(50)}
