"""Commands in processes of their own that start fast; the start itself is `test_cli`'s to try.

To start the interpreter and to import Dagster takes longer than most commands: it is done once, and forked.
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
FORKS.set_forkserver_preload(["meeting_assets.cli", "meeting_assets.orchestration.sync"])


def command(*arguments: str) -> CompletedProcess[str]:
    """What `meeting-assets` says and how it exits, in the environment of the test."""
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
    """A command that runs, in a process group of its own; what it says goes to files, or nowhere."""
    says = [path or Path(os.devnull) for path in (out, err)]
    process = FORKS.Process(target=_run, args=(arguments, dict(environment), says))
    process.start()
    return process


def kill(process: BaseProcess) -> None:
    """Ends a command, and all that it started, in the midst of whatever it does."""
    assert process.pid
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.join()


def _run(arguments: tuple[str, ...], environment: Mapping[str, str], says: list[Path]) -> None:
    # A group of its own: what the command starts can be ended with it.
    os.setsid()
    os.environ.clear()
    os.environ.update(environment)
    for number, path in enumerate(says, start=1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
    sys.argv = ["meeting-assets", *arguments]
    main()
