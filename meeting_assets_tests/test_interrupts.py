"""Ctrl-C and SIGTERM: one line, code 130, a canceled run, and everything stored so far is kept."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import dagster as dg
import pytest

from meeting_assets.cli.exit_codes import ExitCode
from meeting_assets.core.interrupts import SENTENCE
from meeting_assets.orchestration.runs import dagster_instance
from meeting_assets.sandbox import Fault, Sandbox, uniform
from meeting_assets_tests.support.commands import command, kill, started
from meeting_assets_tests.support.environments import use_sandbox
from meeting_assets_tests.support.ui import until

DAY = date(2026, 3, 2)
SYNC = ("sync", "--from", str(DAY), "--to", str(DAY))
START_S = 120.0
END_S = 60.0


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


PHASES = [
    pytest.param("/api/v1/recording/", signal.SIGINT, id="while recordings are listed"),
    pytest.param("transcript:", signal.SIGTERM, id="while artifacts are fetched"),
]


@pytest.mark.parametrize(("slow", "number"), PHASES)
def test_interrupted_sync_cancels_its_run_and_a_repeated_sync_completes(
    sandbox: Sandbox, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slow: str, number: signal.Signals
) -> None:
    sandbox.inject(Fault(slow, times=None, delay_s=END_S))
    running = Command(tmp_path, *SYNC)
    begun = "/api/v1/recording/" if slow.startswith("/") else "transcript"
    until(lambda: any(begun in path for _, path in sandbox.stats.requests[2:]), "a request", within_s=START_S)

    running.send(number)
    code = running.code()

    assert code == ExitCode.INTERRUPTED
    assert running.err.read_text().splitlines()[-1] == f"Error: {SENTENCE}"
    assert "Traceback" not in running.err.read_text()
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
        "import contextlib, functools\n"
        "say = functools.partial(print, flush=True)\n"
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


def test_ignored_signal_stays_ignored() -> None:
    program = (
        "import signal\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "from meeting_assets.core.interrupts import interrupts_raised\n"
        "with interrupts_raised():\n    print(signal.getsignal(signal.SIGINT) is signal.SIG_IGN)\n"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert done.stdout == "True\n"
