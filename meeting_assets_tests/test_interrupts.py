"""Ctrl-C and SIGTERM: one line, code 130, a canceled run, and everything stored so far is kept."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from uuid import uuid4

import dagster as dg
import pytest
from sqlalchemy.exc import SQLAlchemyError

from meeting_assets.cli.exit_codes import ExitCode
from meeting_assets.core.interrupts import SENTENCE, hidden_from_children, interrupts_raised
from meeting_assets.orchestration.cancellation import canceled_by_interrupts
from meeting_assets.orchestration.runs import dagster_instance
from meeting_assets.sandbox import Fault, Sandbox, uniform
from meeting_assets_tests.support.commands import command, kill, started
from meeting_assets_tests.support.environments import use_sandbox
from meeting_assets_tests.support.ui import until

pytestmark = pytest.mark.deployment

DAY = date(2026, 3, 2)
SYNC = ("sync", "--from", str(DAY), "--to", str(DAY))
START_S = 120.0
# Requests are delayed for far longer than an interrupted command may take.
DELAY_S = 300.0
END_S = 15.0


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(uniform(DAY, recordings=3, words=20), limits=False) as running:
        use_sandbox(running, monkeypatch)
        yield running


class Command:
    """A running command whose output is read while it runs."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.out, self.err = folder / "out", folder / "err"
        self.process = started(arguments, os.environ, self.out, self.err)

    def send(self, number: signal.Signals) -> None:
        assert self.process.pid
        os.kill(self.process.pid, number)

    def code(self) -> int | None:
        self.process.join(END_S)
        code = self.process.exitcode
        kill(self.process)
        return code


def run_statuses(home: Path, monkeypatch: pytest.MonkeyPatch) -> list[dg.DagsterRunStatus]:
    monkeypatch.setenv("DAGSTER_HOME", str(home / "dagster"))
    with dagster_instance() as instance:
        return [run.status for run in instance.get_runs()]


def run_failures(home: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """The number of events that cause an alert."""
    monkeypatch.setenv("DAGSTER_HOME", str(home / "dagster"))
    with dagster_instance() as instance:
        return len(instance.fetch_run_status_changes(dg.DagsterEventType.RUN_FAILURE, limit=10).records)


PHASES = [
    pytest.param("/api/v1/recording/", signal.SIGINT, id="while recordings are listed"),
    pytest.param("transcript:", signal.SIGTERM, id="while artifacts are fetched"),
]


@pytest.mark.parametrize(("slow", "number"), PHASES)
def test_interrupted_sync_cancels_its_run_and_a_repeated_sync_completes(
    sandbox: Sandbox, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slow: str, number: signal.Signals
) -> None:
    sandbox.inject(Fault(slow, times=None, delay_s=DELAY_S))
    running = Command(tmp_path, *SYNC)
    begun = "/api/v1/recording/" if slow.startswith("/") else "transcript"
    until(lambda: any(begun in path for _, path in sandbox.stats.requests[2:]), "a request", within_s=START_S)

    running.send(number)
    code = running.code()

    assert code == ExitCode.INTERRUPTED
    assert running.err.read_text().splitlines()[-1] == f"Error: {SENTENCE}"
    assert "Traceback" not in running.err.read_text()
    assert run_failures(home, monkeypatch) == 0
    statuses = run_statuses(home, monkeypatch)
    assert statuses.count(dg.DagsterRunStatus.CANCELED) == 1
    assert {*statuses} <= {dg.DagsterRunStatus.CANCELED, dg.DagsterRunStatus.SUCCESS}
    sandbox.clear_faults()
    assert command(*SYNC).returncode == ExitCode.DONE


IGNORES_THE_FIRST = """
import threading
from meeting_assets.core.interrupts import interrupts_raised

with interrupts_raised():
    while True:
        try:
            print("waiting", flush=True)
            threading.Event().wait()
        except KeyboardInterrupt:
            pass
"""


@pytest.mark.parametrize("numbers", [(signal.SIGINT, signal.SIGINT), (signal.SIGINT, signal.SIGTERM)])
def test_second_signal_ends_the_process_at_once(numbers: tuple[signal.Signals, ...]) -> None:
    with subprocess.Popen([sys.executable, "-c", IGNORES_THE_FIRST], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        for number in numbers:
            assert process.stdout.readline() == "waiting\n"
            process.send_signal(number)
        code = process.wait(END_S)

    assert code == ExitCode.INTERRUPTED


def test_callbacks_run_before_the_second_signal_ends_the_process() -> None:
    program = IGNORES_THE_FIRST.replace(
        "import interrupts_raised\n",
        "import before_end, before_interrupt, interrupts_raised\n"
        "import contextlib, os\n"
        # One system call: the lines of two threads that print would mix.
        "say = lambda word: os.write(1, word.encode() + bytes([10]))\n"
        "callbacks = contextlib.ExitStack()\n"
        "callbacks.enter_context(before_interrupt(lambda: say('first')))\n"
        "callbacks.enter_context(before_end(lambda: say('second')))\n",
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        lines = [process.stdout.readline()]
        process.send_signal(signal.SIGINT)
        lines += [process.stdout.readline(), process.stdout.readline()]
        process.send_signal(signal.SIGINT)
        lines += process.stdout.readlines()

    spoken = [line.strip() for line in lines if line != "waiting\n"]
    assert spoken == ["first", "second"]


IN_A_RUN_WITH_SIGINT_IGNORED = """
import os, signal
signal.signal(signal.SIGINT, signal.SIG_IGN)
from meeting_assets.core.interrupts import interrupts_raised
with interrupts_raised():
    import dagster as dg

    @dg.asset
    def interrupted_asset():
        os.kill(os.getpid(), signal.SIGINT)

    print(dg.materialize([interrupted_asset], instance=dg.DagsterInstance.ephemeral()).success)
    os.kill(os.getpid(), signal.SIGINT)
    print("ignored")
    try:
        os.kill(os.getpid(), signal.SIGTERM)
    except KeyboardInterrupt:
        print("interrupted")
print(signal.getsignal(signal.SIGINT) is signal.SIG_IGN)
"""


def test_ignored_signal_stays_ignored_in_a_run_and_sigterm_interrupts_after_it() -> None:
    done = subprocess.run(
        [sys.executable, "-c", IN_A_RUN_WITH_SIGINT_IGNORED], capture_output=True, text=True, check=False
    )

    assert done.stdout.split() == ["True", "ignored", "interrupted", "True"], done.stderr


COROUTINE = """
import asyncio, signal
from meeting_assets.core.coroutines import run_coroutine

class StepInterrupted(BaseException):
    pass

def interrupt(*_):
    raise StepInterrupted

async def fetch():
    print("fetching", flush=True)
    loop = asyncio.get_running_loop()
    deadline = loop.time() + 300
    while loop.time() < deadline:
        await asyncio.sleep({pause_s})

signal.signal(signal.SIGINT, interrupt)
signal.signal(signal.SIGTERM, interrupt)
try:
    run_coroutine(fetch())
except KeyboardInterrupt:
    print("interrupted")
print(signal.getsignal(signal.SIGTERM) is interrupt)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("pause_s", [0, 300])
def test_signal_cancels_a_coroutine_despite_other_handlers(number: signal.Signals, pause_s: int) -> None:
    program = COROUTINE.replace("{pause_s}", str(pause_s))
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        first = process.stdout.readline()
        process.send_signal(number)
        out, _ = process.communicate(timeout=END_S)

    assert (first, out.split()) == ("fetching\n", ["interrupted", "True"])


@dg.op
def _succeeding() -> None:
    """An operation without an effect."""


@dg.op
def _failing() -> None:
    raise dg.Failure("It failed by itself.")


def _execute(instance: dg.DagsterInstance, operation: dg.OpDefinition, run_id: str) -> None:
    graph = dg.GraphDefinition(name="interrupted_job", node_defs=[operation])
    graph.execute_in_process(instance=instance, run_id=run_id, raise_on_error=False)


def _interrupt_after(instance: dg.DagsterInstance, operation: dg.OpDefinition, run_id: str) -> None:
    """Sends a signal after the last step, where Dagster's handler ignores it."""
    with interrupts_raised(), canceled_by_interrupts(instance, run_id):
        _execute(instance, operation, run_id)
        former = signal.signal(signal.SIGTERM, lambda *_: None)
        signal.raise_signal(signal.SIGTERM)
        signal.signal(signal.SIGTERM, former)


def test_run_that_failed_before_the_interrupt_stays_failed() -> None:
    run_id = str(uuid4())
    with dg.DagsterInstance.ephemeral() as instance:
        with pytest.raises(KeyboardInterrupt):
            _interrupt_after(instance, _failing, run_id)
        run = instance.get_run_by_id(run_id)

    assert run is not None
    assert run.status is dg.DagsterRunStatus.FAILURE


def test_signal_that_the_last_events_of_a_run_ignore_interrupts_after_it() -> None:
    run_id = str(uuid4())
    with dg.DagsterInstance.ephemeral() as instance:
        with pytest.raises(KeyboardInterrupt):
            _interrupt_after(instance, _succeeding, run_id)
        run = instance.get_run_by_id(run_id)

    assert run is not None
    assert run.status is dg.DagsterRunStatus.SUCCESS


def test_interrupt_ends_a_run_whose_storage_is_damaged(tmp_path: Path) -> None:
    run_id = str(uuid4())
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        _execute(instance, _succeeding, run_id)
        for database in tmp_path.rglob("runs.db*"):
            database.write_bytes(b"no database" * 1000)
        with pytest.raises(SQLAlchemyError):
            instance.get_run_by_id(run_id)

        with pytest.raises(KeyboardInterrupt), interrupts_raised(), canceled_by_interrupts(instance, run_id):
            signal.raise_signal(signal.SIGTERM)


def test_ctrl_c_works_in_a_block_that_hides_it_while_no_thread_watches() -> None:
    with pytest.raises(KeyboardInterrupt), hidden_from_children():
        signal.raise_signal(signal.SIGINT)


def test_interrupted_command_logs_its_line_where_logs_are_json(
    sandbox: Sandbox, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEETING_ASSETS_LOG_FORMAT", "json")
    sandbox.inject(Fault("/api/v1/recording/", times=None, delay_s=DELAY_S))
    running = Command(tmp_path, *SYNC)
    until(lambda: sandbox.stats.requests, "a request", within_s=START_S)

    running.send(signal.SIGINT)
    code = running.code()

    assert code == ExitCode.INTERRUPTED
    logged = [json.loads(line) for line in running.err.read_text().splitlines()]
    assert SENTENCE in str(logged[-1])
