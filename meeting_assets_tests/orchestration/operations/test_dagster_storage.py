"""Dagster's storage with its connections kept: what is written is the same, and what is open stays bounded."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from uuid import uuid4

import dagster as dg
import pytest
import yaml  # type: ignore[import-untyped]
from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError

from meeting_assets.orchestration.assets.raw import raw_key
from meeting_assets.orchestration.dagster_storage import KEPT_RUNS, EventLog, Storage
from meeting_assets.orchestration.runs import dagster_instance, prepare_home, run_days
from meeting_assets.sandbox import Sandbox, uniform
from meeting_assets.settings import read_settings
from meeting_assets_tests.support.environments import use
from meeting_assets_tests.support.ui import until

DAY = date(2026, 3, 2)
ASSET = dg.AssetKey("anything")

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning")


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(uniform(DAY, recordings=1, words=20)) as running:
        use(running, monkeypatch)
        yield running


@pytest.fixture(autouse=True)
def _prepared(dagster_home: Path) -> None:
    prepare_home(read_settings())


def open_files(folder: Path) -> list[str]:
    """The files below a folder that this process holds open."""
    links = (Path("/proc/self/fd") / each for each in os.listdir("/proc/self/fd"))
    return sorted(os.readlink(link) for link in links if link.exists() and os.readlink(link).startswith(str(folder)))


def own_storage(home: Path) -> None:
    """Lets Dagster keep its own as it does without a word in dagster.yaml."""
    path = home / "dagster.yaml"
    path.write_text(
        yaml.safe_dump({key: each for key, each in yaml.safe_load(path.read_text()).items() if key != "storage"})
    )


def shown(run_id: str) -> tuple[list[tuple[str | None, str]], set[str], list[str]]:
    """What an instance shows of a run: its events, the days of an asset, its steps."""
    with dagster_instance() as instance:
        events = [(entry.step_key, entry.message) for entry in instance.all_logs(run_id)]
        days = instance.get_materialized_partitions(raw_key("transcript"))
        return events, set(days), sorted(each.step_key for each in instance.get_run_step_stats(run_id))


def test_the_shipped_home_keeps_connections(dagster_home: Path) -> None:
    with dagster_instance() as instance:
        assert isinstance(instance.event_log_storage, EventLog)


def test_dagsters_own_storage_shows_the_same(defs: dg.Definitions, dagster_home: Path) -> None:
    run_id = run_days(defs, [DAY]).run_id
    kept = shown(run_id)

    own_storage(dagster_home)

    assert shown(run_id) == kept
    assert kept[0]
    assert kept[1] == {DAY.isoformat()}


def test_what_dagsters_own_storage_wrote_is_shown(defs: dg.Definitions, dagster_home: Path) -> None:
    shipped = (dagster_home / "dagster.yaml").read_text()
    own_storage(dagster_home)
    run_id = run_days(defs, [DAY]).run_id
    own = shown(run_id)

    (dagster_home / "dagster.yaml").write_text(shipped)

    assert shown(run_id) == own


def test_an_instance_that_is_done_leaves_no_file_open(dagster_home: Path) -> None:
    with dagster_instance() as instance:
        instance.report_runless_asset_event(dg.AssetMaterialization(ASSET))
        assert open_files(dagster_home / "history")

    assert open_files(dagster_home / "history") == []


def test_looking_at_many_runs_leaves_few_files_open(dagster_home: Path) -> None:
    storage = Storage(str(dagster_home))
    for _ in range(2 * KEPT_RUNS):
        with storage.event_log_storage.run_connection(str(uuid4())):
            pass

    open_now = {Path(path).name for path in open_files(dagster_home / "history") if path.endswith(".db")}
    storage.event_log_storage.dispose()
    storage.run_storage.dispose()

    assert len(open_now - {"index.db", "runs.db"}) == KEPT_RUNS


WRITER = """
import sys, time
import dagster as dg
with dg.DagsterInstance.get() as instance:
    for number in range(5):
        event = dg.EventLogEntry(None, 20, str(number), sys.argv[1], time.time())
        instance.event_log_storage.store_event(event)
    print("stored", flush=True)
    sys.stdin.readline()
"""


def test_who_watches_a_run_sees_its_events_while_it_goes_on(dagster_home: Path) -> None:
    """As the UI's page of a run does; another process does the run."""
    run_id, seen = str(uuid4()), []
    with dagster_instance() as instance:
        assert instance.all_logs(run_id) == []
        instance.watch_event_logs(run_id, None, lambda entry, _cursor: seen.append(entry.user_message))
        command = [sys.executable, "-W", "ignore", "-c", WRITER, run_id]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "stored\n"
            until(lambda: len(seen) == 5, "five events", within_s=10.0)
            writer.communicate("\n")

    assert seen == ["0", "1", "2", "3", "4"]


def test_who_only_looks_at_a_run_wakes_nobody_who_watches_it(dagster_home: Path) -> None:
    run_id = str(uuid4())
    with dagster_instance() as instance:
        entry = dg.EventLogEntry(None, 20, "", run_id, 0.0)  # type: ignore[no-untyped-call]
        instance.event_log_storage.store_event(entry)
        path = dagster_home / f"history/runs/{run_id}.db"
        os.utime(path, (0, 0))

        assert len(instance.all_logs(run_id)) == 1
        assert path.stat().st_mtime == 0


def test_threads_lose_no_event(dagster_home: Path) -> None:
    def report(number: int) -> None:
        instance.report_runless_asset_event(dg.AssetMaterialization(ASSET, partition=str(number)))

    with dagster_instance() as instance, ThreadPoolExecutor(4) as threads:
        assert len([*threads.map(report, range(100))]) == 100
        assert instance.get_materialized_partitions(ASSET) == {str(number) for number in range(100)}


def test_what_fails_is_taken_back(dagster_home: Path) -> None:
    with dagster_instance() as instance:
        log = instance.event_log_storage
        assert isinstance(log, EventLog)
        with pytest.raises(DatabaseError), log.index_connection() as connection:
            fail_after_an_insert(connection)
        with log.index_connection() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM asset_keys").scalar() == 0


def fail_after_an_insert(connection: Connection) -> None:
    connection.exec_driver_sql("INSERT INTO asset_keys (asset_key) VALUES ('half')")
    connection.exec_driver_sql("INSERT nonsense")
