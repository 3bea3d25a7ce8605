"""Every command in a real terminal, narrow and wide, and with Ctrl-C halfway.

A new command needs a line in `CASES`, and in `STOPPED` if it can be stopped halfway.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from meeting_assets.cli.commands import COMMANDS
from meeting_assets.cli.exit_codes import ExitCode
from meeting_assets.core.interrupts import SENTENCE
from meeting_assets.sandbox import Fault, Sandbox, uniform
from meeting_assets_tests.support.environments import free_port, sync_days, use_sandbox
from meeting_assets_tests.support.terminals import needs_tmux, shows, terminal

pytestmark = [pytest.mark.deployment, needs_tmux]

DAY = date(2026, 3, 2)
DAYS = ("--from", str(DAY), "--to", str(DAY))
WIDTHS = (60, 160)
# Requests are delayed for far longer than a stopped command may take.
DELAY_S = 300.0
END_S = 15.0
RECORDING = "RECORDING"
PORT = "PORT"


@dataclass(frozen=True)
class Case:
    """A call of a command: a part of its screen, and its exit code."""

    arguments: tuple[str, ...]
    shown: str
    code: ExitCode = ExitCode.DONE


CASES = {
    "sync": Case(("sync", *DAYS), "Every available artifact is stored."),
    "rebuild": Case(("rebuild",), "1 days rebuilt"),
    "status": Case(("status",), "2 recordings, 2 of them with metrics."),
    "doctor": Case(("doctor",), "No problem has to be fixed."),
    "migrate": Case(("migrate",), "there is nothing to do"),
    "speakers": Case(("speakers", RECORDING), "Participants: "),
    "people": Case(("people",), "These persons cover"),
    "show": Case(("show", RECORDING), "How to go on"),
    "queries": Case(("queries",), "late_starts"),
    "search": Case(("search", "zzzz"), "No utterance was found."),
    "pages": Case(("pages",), "files were written"),
    "export": Case(("export", RECORDING, "--to", "exported"), "1 file was written to exported."),
    "purge": Case(("purge", "--yes", RECORDING), "purged"),
}
"""Commands that end by themselves."""


@dataclass(frozen=True)
class Stopped:
    """A call that is stopped by Ctrl-C as soon as the screen shows a text."""

    arguments: tuple[str, ...]
    begun: str
    code: ExitCode
    slow: str | None = None
    """Requests to the sandbox that do not end while the command runs."""
    more_recordings: int = 0
    """Recordings that are stored before, so that the command runs long enough to be stopped."""


STOPPED = {
    "demo": Stopped(("demo",), "left", ExitCode.INTERRUPTED),
    "sync": Stopped(("sync", *DAYS), "Fetching artifacts", ExitCode.INTERRUPTED, slow="transcript:"),
    "rebuild": Stopped(("rebuild",), "left", ExitCode.INTERRUPTED, more_recordings=100),
    "doctor": Stopped(("doctor",), "RECALL_BASE_URL", ExitCode.INTERRUPTED, slow="/api/v1/recording/"),
    "purge": Stopped(("purge", RECORDING), "permanently?", ExitCode.INTERRUPTED),
    "sandbox": Stopped(("sandbox", "--port", "0"), "Stop it with Ctrl-C", ExitCode.DONE),
    "dev": Stopped(("dev", "--port", PORT), "Dagster's UI", ExitCode.DONE),
    "webhooks": Stopped(("webhooks", "--port", "0"), "Webhooks are received at", ExitCode.DONE),
    "webserver-proxy": Stopped(("webserver-proxy", "--port", "0"), "Dagster's UI is at", ExitCode.DONE),
}
"""Commands that take long, ask, or serve until they are stopped."""

WITHOUT_A_CASE: frozenset[str] = frozenset()
"""Commands that are added elsewhere and have no case yet."""


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch, home: Path) -> Iterator[Sandbox]:
    with Sandbox(uniform(DAY, recordings=2, words=200), limits=False) as running:
        use_sandbox(running, monkeypatch)
        monkeypatch.setenv("RECALL_WEBHOOK_SECRETS", "whsec_YWJj")
        sync_days([DAY])
        monkeypatch.chdir(home)
        yield running


def filled(arguments: tuple[str, ...], sandbox: Sandbox) -> tuple[str, ...]:
    values = {RECORDING: sandbox.world.recordings[0].id, PORT: str(free_port())}
    return tuple(values.get(each, each) for each in arguments)


def environment() -> dict[str, str]:
    """The settings; a tmux server has an environment of its own."""
    names = ("MEETING_ASSETS_", "RECALL_", "DAGSTER_", "TMPDIR")
    return {name: value for name, value in os.environ.items() if name.startswith(names)}


def test_every_command_has_a_case() -> None:
    assert {*CASES} | {*STOPPED} | WITHOUT_A_CASE == {*COMMANDS}


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", CASES)
def test_command_shows_whole_lines(sandbox: Sandbox, name: str, width: int) -> None:
    case = CASES[name]

    with terminal(filled(case.arguments, sandbox), width, environment()) as found:
        code = found.code()
        screen = found.screen()

    assert code == case.code, screen
    assert shows(screen, case.shown), screen
    assert "Traceback" not in screen
    assert not re.search(r"\d…", screen), screen


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", STOPPED)
def test_ctrl_c_ends_a_command_with_one_line(sandbox: Sandbox, name: str, width: int) -> None:
    case = STOPPED[name]
    if case.slow:
        sandbox.inject(Fault(case.slow, times=None, delay_s=DELAY_S))
    if case.more_recordings:
        sandbox.add_world(uniform(DAY, recordings=case.more_recordings, words=200, seed=1))
        sync_days([DAY])
    arguments = (*filled(case.arguments, sandbox), *(("--refetch",) if name == "sync" else ()))

    with terminal(arguments, width, environment()) as found:
        found.wait_for(case.begun)
        before = found.screen()
        found.press("C-c")
        code = found.code(within_s=END_S)
        screen = found.screen()

    assert shows(before, case.begun), before
    assert code == case.code, screen
    assert "Traceback" not in screen
    assert shows(screen, SENTENCE) == (code == ExitCode.INTERRUPTED), screen
