"""Runs commands in forked processes.

Starting the interpreter and importing Dagster take longer than most commands, so this happens once, before the fork.
`test_cli` starts the installed script without this shortcut.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from subprocess import CompletedProcess, TimeoutExpired
from tempfile import TemporaryDirectory

from meeting_assets.cli import main

TIMEOUT_S = 240

FORKS = get_context("forkserver")
FORKS.set_forkserver_preload(["meeting_assets_tests.support.preloaded"])


def command(*arguments: str) -> CompletedProcess[str]:
    """Runs `meeting-assets` in the environment of the test; returns its output and exit status."""
    with TemporaryDirectory() as folder:
        out, err = Path(folder) / "out", Path(folder) / "err"
        process = started(arguments, os.environ, out, err)
        process.join(TIMEOUT_S)
        if process.exitcode is None:
            kill(process)
            raise TimeoutExpired(["meeting-assets", *arguments], TIMEOUT_S, out.read_bytes(), err.read_bytes())
        return CompletedProcess(arguments, process.exitcode, out.read_text(), err.read_text())


def started(
    arguments: tuple[str, ...], environment: Mapping[str, str], out: Path | None = None, err: Path | None = None
) -> BaseProcess:
    """Starts a command in its own process group; its output is written to files or discarded."""
    outputs = [path or Path(os.devnull) for path in (out, err)]
    process = FORKS.Process(target=_run, args=(arguments, dict(environment), outputs))
    process.start()
    return process


def kill(process: BaseProcess) -> None:
    """Kills a command and its child processes at once."""
    assert process.pid
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.join()


def _run(arguments: tuple[str, ...], environment: Mapping[str, str], outputs: list[Path]) -> None:
    # Its own process group, so that child processes can be killed with it.
    os.setsid()
    os.environ.clear()
    os.environ.update(environment)
    for number, path in enumerate(outputs, start=1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
    sys.argv = ["meeting-assets", *arguments]
    main()
