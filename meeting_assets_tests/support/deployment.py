"""A real deployment on loopback: code server, webserver and daemon, each a process, as in production."""

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

import dagster as dg
import pytest

from meeting_assets.orchestration.home import prepare_home
from meeting_assets.orchestration.runs import dagster_instance
from meeting_assets.sandbox import Sandbox
from meeting_assets.settings import Settings, read_settings
from meeting_assets_tests.support.environments import free_port
from meeting_assets_tests.support.ui import LOCATION, Ui, until

HOST = "127.0.0.1"
CODE_SERVER = "dagster"
START_S = 90.0
STOP_S = 10.0
LOG_TAIL = 2_000


class Deployment:
    """The three processes over a home of their own, while the `with` block runs."""

    def __init__(self, home: Path, sandbox: Sandbox, **settings: str) -> None:
        self.settings = {
            "RECALL_BASE_URL": sandbox.url,
            "RECALL_API_KEY": sandbox.api_key,
            "RECALL_LIST_CALLS_PER_MINUTE": "6000",
            "MEETING_ASSETS_HOME": str(home),
            "MEETING_ASSETS_FIRST_DAY": sandbox.world.first_day.isoformat(),
            "DAGSTER_HOME": str(home / "dagster"),
            **settings,
        }
        self.home = home
        self._code_port = free_port()
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        port = free_port()
        self._address = "-h", HOST, "-p", str(port)
        self.ui = Ui(f"http://{HOST}:{port}")

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

    def settle(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Gives this process the deployment's settings, to read its tables."""
        for name, value in self.settings.items():
            monkeypatch.setenv(name, value)

    def crash_code_server(self) -> None:
        """Kills the process that starts runs and all runs with it, as a machine does that goes down, and starts it."""
        self._kill(CODE_SERVER)
        self._start_code_server()

    def log(self, name: str) -> str:
        """What a process has said so far."""
        path = self.home / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def _start(self) -> None:
        with pytest.MonkeyPatch.context() as monkeypatch:
            self.settle(monkeypatch)
            prepare_home(read_settings())
            # Made before the processes come: of two that make Dagster's storage at once, one fails.
            with dagster_instance() as instance:
                touch(instance)
        workspace = self._write_workspace()
        self._start_code_server()
        self._launch("dagster-webserver", *self._address, "-w", str(workspace))
        self._launch("dagster-daemon", "run", "-w", str(workspace))
        self._wait(self.ui.is_ready)

    def _start_code_server(self) -> None:
        address = "-h", HOST, "-p", str(self._code_port)
        self._launch(CODE_SERVER, "api", "grpc", *address, "-m", "meeting_assets.definitions")
        self._wait(lambda: _listens(self._code_port))

    def _write_workspace(self) -> Path:
        path = self.home / "workspace.yaml"
        server = {"host": HOST, "port": self._code_port, "location_name": LOCATION}
        path.write_text(json.dumps({"load_from": [{"grpc_server": server}]}))
        return path

    def _launch(self, command: str, *arguments: str) -> None:
        with (self.home / f"{command}.log").open("ab") as log:
            self._processes[command] = subprocess.Popen(
                [Path(sys.executable).with_name(command), *arguments],
                cwd=self.home,
                env=_environment(self.settings),
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
        self.ui.close()
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


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    """This process's environment with these settings and no others of the product."""
    ours = {field.alias for field in Settings.model_fields.values()} | {"PYTHONDONTWRITEBYTECODE"}
    return {name: value for name, value in os.environ.items() if name not in ours} | dict(settings)


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """To the whole group: a run's process is a child of the code server."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def _listens(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True


def touch(instance: dg.DagsterInstance) -> None:
    """Makes every part of the storage, which would be made when first used."""
    instance.get_runs(limit=1)
    instance.all_instigator_state()
    instance.get_asset_keys(limit=1)
