"""Runs whose process has ended are failed from any host; runs that live, or about which nothing is known, are not."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import pytest
from sqlalchemy import update

from meeting_assets.core.processes import START_TICKS, ProcessIdentity
from meeting_assets.definitions import definitions
from meeting_assets.orchestration.home import prepare_home
from meeting_assets.orchestration.operations.orphaned_runs import OrphanedRuns, fail_orphaned_runs, orphaned_runs_sensor
from meeting_assets.orchestration.run_tags import PROCESS
from meeting_assets.orchestration.runs import JOB, dagster_instance
from meeting_assets.pipeline.storage import open_storage
from meeting_assets.sandbox import Fault, Sandbox, uniform
from meeting_assets.settings import read_settings
from meeting_assets.store import heartbeats
from meeting_assets.store.database import Database
from meeting_assets.store.heartbeats import HEARTBEATS
from meeting_assets.store.observation import database_now
from meeting_assets_tests.conftest import sqlite_first
from meeting_assets_tests.support.commands import kill, started
from meeting_assets_tests.support.environments import use_sandbox
from meeting_assets_tests.support.orphaned_runs import ENDED, HERE, add_started_run, run_in_progress
from meeting_assets_tests.support.runs import run_successfully

DAY = date(2026, 3, 2)
PATIENCE_S = 60
ANOTHER_HOST = replace(HERE, boot_id="another boot")
ANOTHER_CONTAINER = replace(HERE, pid_namespace="pid:[1]")
NO_PROC = replace(HERE, boot_id=None, pid_namespace=None, start_ticks=None)

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning")


@pytest.fixture
def instance(dagster_home: object) -> Iterator[dg.DagsterInstance]:
    prepare_home(read_settings())
    with dagster_instance() as instance:
        yield instance


def judged(instance: dg.DagsterInstance, here: ProcessIdentity = HERE) -> OrphanedRuns:
    return fail_orphaned_runs(instance, read_settings(), here)


def status(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRunStatus:
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return run.status


def beat(run_id: str, process: ProcessIdentity) -> bool:
    """Whether a run can still report."""
    with (
        closing(Database.at(read_settings().database_url)) as database,
        database.writing() as connection,
    ):
        return heartbeats.beat(connection, run_id, process)


@pytest.mark.parametrize("process", [ANOTHER_HOST, ANOTHER_CONTAINER, NO_PROC], ids=["host", "container", "no /proc"])
def test_run_killed_on_another_host_is_failed_by_the_second_evaluation(
    database_url: str, instance: dg.DagsterInstance, process: ProcessIdentity
) -> None:
    run_id = run_in_progress(instance, process, silent_for=timedelta(seconds=121), suspected_for=timedelta(seconds=30))

    assert judged(instance).failed == [run_id]
    assert status(instance, run_id) is dg.DagsterRunStatus.FAILURE
    assert judged(instance) == OrphanedRuns()


@pytest.mark.parametrize("process", [ANOTHER_HOST, ANOTHER_CONTAINER], ids=["host", "container"])
def test_a_run_that_reports_from_elsewhere_under_the_same_hostname_is_left_alone(
    database_url: str, instance: dg.DagsterInstance, process: ProcessIdentity
) -> None:
    run_id = run_in_progress(instance, replace(process, pid=2**22 + 1), silent_for=timedelta(seconds=50))

    assert judged(instance) == OrphanedRuns()
    assert status(instance, run_id) is dg.DagsterRunStatus.STARTED


def test_after_an_outage_of_the_database_no_run_is_failed(database_url: str, instance: dg.DagsterInstance) -> None:
    """All runs are silent when the database is back; each reports before it is looked at again."""
    run_id = run_in_progress(instance, ANOTHER_HOST, silent_for=timedelta(hours=1))

    first = judged(instance)
    assert beat(run_id, ANOTHER_HOST)
    second = judged(instance)

    assert first == OrphanedRuns(silent=[run_id])
    assert second == OrphanedRuns()


def test_two_evaluations_in_quick_succession_fail_no_run(database_url: str, instance: dg.DagsterInstance) -> None:
    run_id = run_in_progress(instance, ANOTHER_HOST, silent_for=timedelta(hours=1))

    assert [judged(instance), judged(instance)] == [OrphanedRuns(silent=[run_id])] * 2


def test_a_run_whose_process_has_ended_here_is_failed_at_once(database_url: str, instance: dg.DagsterInstance) -> None:
    run_id = run_in_progress(instance, ENDED)

    assert judged(instance).failed == [run_id]


def test_a_run_whose_process_runs_here_is_left_alone_however_silent(
    database_url: str, instance: dg.DagsterInstance
) -> None:
    run_in_progress(instance, HERE, silent_for=timedelta(hours=1), suspected_for=timedelta(hours=1))

    assert judged(instance) == OrphanedRuns()


def test_zombie_process_counts_as_ended(instance: dg.DagsterInstance) -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    start_ticks = int(Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[START_TICKS])
    identity = replace(HERE, pid=child.pid, start_ticks=start_ticks)
    assert child.stdin is not None
    child.stdin.close()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)

    run_id = run_in_progress(instance, identity)

    assert judged(instance).failed == [run_id]
    child.wait()


def test_a_run_without_a_heartbeat_is_left_alone(database_url: str, instance: dg.DagsterInstance) -> None:
    run_id = run_in_progress(instance, None)

    assert judged(instance) == OrphanedRuns(unknown=[run_id])
    assert status(instance, run_id) is dg.DagsterRunStatus.STARTED


@pytest.mark.parametrize("process", [ENDED, None], ids=["heartbeat", "no heartbeat"])
def test_run_that_succeeds_during_its_evaluation_stays_a_success(
    database_url: str, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch, process: ProcessIdentity | None
) -> None:
    run_id = run_in_progress(instance, process)
    runs = instance.get_runs()

    def ended_after_the_answer(*_: object, **__: object) -> list[dg.DagsterRun]:
        success = dg.DagsterEvent(dg.DagsterEventType.RUN_SUCCESS.value, JOB)
        instance.report_dagster_event(success, run_id)
        return [*runs]

    monkeypatch.setattr(instance, "get_runs", ended_after_the_answer)

    assert judged(instance) == OrphanedRuns()
    assert status(instance, run_id) is dg.DagsterRunStatus.SUCCESS


def test_evaluating_runs_creates_no_database(
    instance: dg.DagsterInstance, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEETING_ASSETS_DATABASE_URL", "sqlite:///other/meetings.db")
    run_id = add_started_run(instance)

    assert judged(instance) == OrphanedRuns(unknown=[run_id])
    assert not (home / "other").exists()


def test_evaluating_runs_changes_no_byte_of_another_programs_file(
    instance: dg.DagsterInstance, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = home / "other.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE notes (text)")
    before = file.read_bytes()
    monkeypatch.setenv("MEETING_ASSETS_DATABASE_URL", f"sqlite:///{file}")
    add_started_run(instance)

    judged(instance)

    assert file.read_bytes() == before


def test_the_sensor_names_runs_without_a_heartbeat(instance: dg.DagsterInstance) -> None:
    run_id = run_in_progress(instance, None)

    with dg.build_sensor_context(instance=instance) as context:
        said = orphaned_runs_sensor()(context)

    assert isinstance(said, dg.SkipReason)
    assert said.skip_message == f"These runs have no heartbeat and are left to dagster/max_runtime: {run_id}."


def test_a_run_that_was_declared_orphaned_cannot_report_any_more(
    database_url: str, instance: dg.DagsterInstance
) -> None:
    run_id = run_in_progress(
        instance, ANOTHER_HOST, silent_for=timedelta(minutes=5), suspected_for=timedelta(minutes=3)
    )
    judged(instance)

    assert not beat(run_id, ANOTHER_HOST)


def test_orphaned_run_is_failed_even_if_an_earlier_report_was_lost(
    database_url: str, instance: dg.DagsterInstance
) -> None:
    """The process that declared a run orphaned may be killed before it tells Dagster."""
    run_id = run_in_progress(instance, ANOTHER_HOST)
    with open_storage(read_settings()) as storage:
        with storage.database.reading() as connection:
            (found,) = heartbeats.heartbeats(connection, [run_id])
        with storage.database.writing() as connection:
            assert heartbeats.declare_failed(connection, found)

    assert judged(instance).failed == [run_id]


def test_run_that_reports_during_its_evaluation_is_not_declared_orphaned(database_url: str) -> None:
    with open_storage(read_settings()) as storage:
        with storage.database.writing() as connection:
            heartbeats.beat(connection, "run", ANOTHER_HOST)
            (seen,) = heartbeats.heartbeats(connection, ["run"])
        earlier = replace(seen, beat_at=seen.beat_at - timedelta(seconds=1))

        with storage.database.writing() as connection:
            assert not heartbeats.declare_failed(connection, earlier)
            assert heartbeats.beat(connection, "run", ANOTHER_HOST)


def test_sensor_says_why_no_run_was_evaluated(instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> None:
    run_in_progress(instance, ENDED)
    monkeypatch.setenv("MEETING_ASSETS_DATABASE_URL", "postgresql://me:hush@127.0.0.1:1/meetings")

    with dg.build_sensor_context(instance=instance) as context:
        said = orphaned_runs_sensor()(context)

    assert isinstance(said, dg.SkipReason)
    assert "No run was evaluated" in str(said.skip_message)
    assert "hush" not in str(said.skip_message)


def test_a_database_without_the_table_judges_no_run(database_url: str, instance: dg.DagsterInstance) -> None:
    run_id = add_started_run(instance)

    assert judged(instance) == OrphanedRuns(unknown=[run_id])


def test_a_sync_that_was_killed_is_failed(instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> None:
    with Sandbox(uniform(DAY, recordings=2)) as sandbox:
        use_sandbox(sandbox, monkeypatch)
        sandbox.inject(Fault(match="transcript:", times=None, delay_s=PATIENCE_S))
        process = started(("sync", "--from", str(DAY), "--to", str(DAY)), os.environ)
        try:
            run_id = wait_for_tagged_run(instance)
            alive = judged(instance)
        finally:
            kill(process)

    assert alive == OrphanedRuns()
    assert judged(instance).failed == [run_id]
    assert status(instance, run_id) is dg.DagsterRunStatus.FAILURE
    assert judged(instance) == OrphanedRuns()


@pytest.mark.deployment
def test_a_sync_in_a_container_with_the_same_hostname_is_left_alone_and_failed_when_it_was_killed(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    container = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"]
    if shutil.which("unshare") is None or subprocess.run([*container, "true"], check=False).returncode:
        pytest.skip("this user cannot make process namespaces")
    sync = [sys.executable, "-m", "meeting_assets.cli", "sync", "--from", str(DAY), "--to", str(DAY)]
    with Sandbox(uniform(DAY, recordings=2)) as sandbox:
        use_sandbox(sandbox, monkeypatch)
        sandbox.inject(Fault(match="transcript:", times=None, delay_s=PATIENCE_S))
        process = subprocess.Popen([*container, *sync], env={**os.environ})
        try:
            run_id = wait_for_tagged_run(instance)
            alive = judged(instance)
        finally:
            process.kill()
            process.wait()
    just_killed = judged(instance)
    with open_storage(read_settings()) as storage, storage.database.writing() as connection:
        at = database_now(connection)
        age = {"beat_at": at - timedelta(seconds=121), "suspected_at": at - timedelta(seconds=30)}
        connection.execute(update(HEARTBEATS).where(HEARTBEATS.c.run_id == run_id).values(age))

    assert [alive, just_killed] == [OrphanedRuns()] * 2
    assert judged(instance).failed == [run_id]


def wait_for_tagged_run(instance: dg.DagsterInstance) -> str:
    deadline = time.monotonic() + PATIENCE_S
    while not (tagged := [run for run in instance.get_runs() if PROCESS in run.tags]):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return tagged[0].run_id


@sqlite_first
def test_every_run_has_a_heartbeat_of_its_process(
    database_url: str, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Sandbox(uniform(DAY, recordings=1, words=5)) as sandbox:
        use_sandbox(sandbox, monkeypatch)
        run_id = run_successfully(definitions(read_settings()), [DAY]).run_id

    with closing(Database.at(database_url)) as database, database.reading() as connection:
        (found,) = heartbeats.heartbeats(connection, [run_id])
    assert found.process == HERE
    assert not found.is_failed
