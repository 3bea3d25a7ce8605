"""Processes of a deployment, started on loopback ports and killed with all their children."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from meeting_assets.settings import Settings
from meeting_assets_tests.support.ui import LOCATION, until

HOST = "127.0.0.1"
START_S = 90.0
STOP_S = 10.0
LOG_TAIL = 2_000


class Processes:
    """Commands that run in a folder with given settings, while the `with` block runs. Subclasses start them."""

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self.folder = folder
        self.settings = dict(settings)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def log(self, name: str) -> str:
        """The output of a process so far."""
        path = self.folder / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def _start(self) -> None:
        """Starts the processes."""
        raise NotImplementedError

    def _launch(self, command: str, *arguments: str) -> None:
        with (self.folder / f"{command}.log").open("ab") as log:
            self._processes[command] = subprocess.Popen(
                [Path(sys.executable).with_name(command), *arguments],
                cwd=self.folder,
                env=environment(self.settings),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _wait(self, is_there: Callable[[], bool]) -> None:
        def look() -> bool:
            for command, process in self._processes.items():
                assert process.poll() is None, f"{command} has ended: {self.log(command)[-LOG_TAIL:]}"
            return is_there()

        until(look, "the deployment's start", within_s=START_S)

    def _stop(self) -> None:
        for process in self._processes.values():
            _signal(process, signal.SIGTERM)
        for command, process in [*self._processes.items()]:
            with suppress(subprocess.TimeoutExpired):
                process.wait(STOP_S)
            self._kill(command)

    def _kill(self, command: str) -> None:
        process = self._processes.pop(command)
        _signal(process, signal.SIGKILL)
        process.wait(STOP_S)


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """This process's environment with these settings and no others of the product."""
    ours = {field.alias for field in Settings.model_fields.values()} | {"PYTHONDONTWRITEBYTECODE"}
    return {name: value for name, value in os.environ.items() if name not in ours} | dict(settings)


def workspace_file(folder: Path, code_port: int) -> Path:
    """Writes the `workspace.yaml` that names a code server."""
    path = folder / "workspace.yaml"
    server = {"host": HOST, "port": code_port, "location_name": LOCATION}
    path.write_text(json.dumps({"load_from": [{"grpc_server": server}]}))
    return path


def listens(port: int) -> bool:
    """Whether a server listens on a loopback port."""
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """To the whole group: a run's process is a child of the code server."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)
