"""A real deployment on loopback: code server, webserver and daemon, each a process, as in production."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from meeting_assets.orchestration.home import prepare_home
from meeting_assets.orchestration.runs import dagster_instance
from meeting_assets.sandbox import Sandbox
from meeting_assets.settings import read_settings
from meeting_assets_tests.support.environments import free_port
from meeting_assets_tests.support.processes import HOST, Processes, listens, workspace_file
from meeting_assets_tests.support.ui import Ui

CODE_SERVER = "dagster"


class Deployment(Processes):
    """The three processes over a home of their own, while the `with` block runs."""

    def __init__(self, home: Path, sandbox: Sandbox, **settings: str) -> None:
        own = {
            "RECALL_BASE_URL": sandbox.url,
            "RECALL_API_KEY": sandbox.api_key,
            "RECALL_LIST_CALLS_PER_MINUTE": "6000",
            "MEETING_ASSETS_HOME": str(home),
            "MEETING_ASSETS_FIRST_DAY": sandbox.world.first_day.isoformat(),
            "DAGSTER_HOME": str(home / "dagster"),
        }
        super().__init__(home, own | settings)
        self.home = home
        self._code_port = free_port()
        port = free_port()
        self._address = "-h", HOST, "-p", str(port)
        self.ui = Ui(f"http://{HOST}:{port}")

    def settle(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Gives this process the deployment's settings, to read its tables."""
        for name, value in self.settings.items():
            monkeypatch.setenv(name, value)

    def crash_code_server(self) -> None:
        """Kills the process that starts runs and all runs with it, as a machine does that goes down, and starts it."""
        self._kill(CODE_SERVER)
        self._start_code_server()

    def _start(self) -> None:
        with pytest.MonkeyPatch.context() as monkeypatch:
            self.settle(monkeypatch)
            prepare_home(read_settings())
            # Made before the processes come: of two that make Dagster's storage at once, one fails.
            with dagster_instance() as instance:
                touch(instance)
        workspace = workspace_file(self.home, self._code_port)
        self._start_code_server()
        self._launch("dagster-webserver", *self._address, "-w", str(workspace))
        self._launch("dagster-daemon", "run", "-w", str(workspace))
        self._wait(self.ui.is_ready)

    def _start_code_server(self) -> None:
        address = "-h", HOST, "-p", str(self._code_port)
        self._launch(CODE_SERVER, "api", "grpc", *address, "-m", "meeting_assets.definitions")
        self._wait(lambda: listens(self._code_port))

    def _stop(self) -> None:
        self.ui.close()
        super()._stop()


def touch(instance: dg.DagsterInstance) -> None:
    """Makes every part of the storage, which would be made when first used."""
    instance.get_runs(limit=1)
    instance.all_instigator_state()
    instance.get_asset_keys(limit=1)
