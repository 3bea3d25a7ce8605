"""Runs whose process is gone are found and failed; those that live, or live elsewhere, are left alone."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date

import dagster as dg
import psutil
import pytest

from meeting_assets.definitions import definitions
from meeting_assets.orchestration.deaths import PROCESS, dead_runs, fail_dead_runs, process_tag
from meeting_assets.orchestration.runs import JOB, dagster_instance, prepare_home
from meeting_assets.sandbox import Fault, Sandbox, uniform
from meeting_assets.settings import read_settings
from meeting_assets_tests.commands import kill, started
from meeting_assets_tests.households import use

DAY = date(2026, 3, 2)
PATIENCE_S = 60

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning")


@pytest.fixture
def instance(monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    prepare_home(read_settings())
    with dagster_instance() as instance:
        yield instance


def run_in_progress(instance: dg.DagsterInstance, process: str | None) -> str:
    """A run that says it is done by a process."""
    run = instance.create_run_for_job(
        definitions(read_settings()).resolve_job_def(JOB), status=dg.DagsterRunStatus.STARTED
    )
    tag = process_tag(run.run_id) if process is None else {PROCESS: process.replace("RUN", run.run_id)}
    instance.add_run_tags(run.run_id, tag)
    return run.run_id


def test_a_sync_that_was_killed_is_a_dead_run(instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> None:
    with Sandbox(uniform(DAY, recordings=2)) as sandbox:
        use(sandbox, monkeypatch)
        sandbox.inject(Fault(match="transcript:", times=None, delay_s=PATIENCE_S))
        process = started(("sync", "--from", str(DAY), "--to", str(DAY)), os.environ)
        try:
            run = wait_for_tagged_run(instance)
            alive = dead_runs(instance)
        finally:
            kill(process)

    failed = fail_dead_runs(instance)

    assert (alive, failed) == ([], [run])
    after = instance.get_run_by_id(run)
    assert after is not None
    assert after.status == dg.DagsterRunStatus.FAILURE
    assert fail_dead_runs(instance) == []


def wait_for_tagged_run(instance: dg.DagsterInstance) -> str:
    deadline = time.monotonic() + PATIENCE_S
    while not (tagged := [run for run in instance.get_runs() if PROCESS in run.tags]):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return tagged[0].run_id


def test_a_run_of_a_living_process_is_left_alone(instance: dg.DagsterInstance) -> None:
    run_in_progress(instance, None)

    assert dead_runs(instance) == []


def test_a_corpse_that_waits_for_its_parent_is_dead(instance: dg.DagsterInstance) -> None:
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    started_s = psutil.Process(child.pid).create_time()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)

    run_in_progress(instance, f"RUN {os.uname().nodename} {child.pid} {started_s}")

    assert len(dead_runs(instance)) == 1
    child.wait()


@pytest.mark.parametrize(
    "process",
    ["RUN another-host 1 0.0", "some-other-run HOST 999999999 0.0", ""],
    ids=["another host's", "its parent's tag", "none"],
)
def test_a_run_of_which_nothing_is_known_here_is_left_alone(instance: dg.DagsterInstance, process: str) -> None:
    run_in_progress(instance, process.replace("HOST", os.uname().nodename) or " ")

    assert dead_runs(instance) == []


def test_a_process_number_that_is_anothers_now_is_dead(instance: dg.DagsterInstance) -> None:
    run_in_progress(instance, f"RUN {os.uname().nodename} {os.getpid()} 1000.0")

    assert len(dead_runs(instance)) == 1
