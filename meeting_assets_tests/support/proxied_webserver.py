"""A real `dagster-webserver` below a secret path, with the real proxy before it, over a small project of its own."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import dagster as dg
import httpx

from meeting_assets_tests.support.environments import free_port
from meeting_assets_tests.support.ui import until

HOST = "127.0.0.1"
START_S = 150.0
# The first line of the webserver's log would contain its address, secret included.
LOG_LEVELS = ("--log-level", "warning", "--dagster-log-level", "warning")
LOCATION, JOB, ASSET, CHECK = "small", "waiting", "small_asset", "is_small"
# Runs start without a daemon.
INSTANCE = """
telemetry: {enabled: false}
nux: {enabled: false}
run_coordinator: {module: dagster.core.run_coordinator, class: DefaultRunCoordinator}
"""
DEFINITIONS = """
import time
from pathlib import Path
import dagster as dg

@dg.op
def wait(context: dg.OpExecutionContext) -> None:
    print("words on stdout", flush=True)
    context.log.info("before the gate")
    while not Path(__file__).with_name("gate").exists():
        time.sleep(0.1)
    context.log.info("behind the gate")

@dg.job(executor_def=dg.in_process_executor)
def waiting() -> None:
    wait()

@dg.asset
def small_asset() -> None: ...

@dg.asset_check(asset=small_asset)
def is_small() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=True)

defs = dg.Definitions(assets=[small_asset], asset_checks=[is_small], jobs=[waiting])
"""
CHECKED = dg.EventRecordsFilter(dg.DagsterEventType.ASSET_CHECK_EVALUATION)
MOST = 1_000


class ProxiedWebserver:
    """Webserver and proxy, while the `with` block runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self.inner_port = free_port(), free_port()
        self.prefix = f"//:/{secrets.token_urlsafe(32)}"
        self.url = f"http://{HOST}:{self.port}"
        self.inner_url = f"http://{HOST}:{self.inner_port}"
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        (self.folder / "dagster.yaml").write_text(INSTANCE)
        (self.folder / "small.py").write_text(DEFINITIONS)
        workspace = self.folder / "workspace.yaml"
        workspace.write_text("load_from: [{python_file: {relative_path: small.py, location_name: small}}]")
        with self.instance() as instance:
            instance.get_runs(limit=1)
            instance.get_asset_keys(limit=1)
        try:
            inner = ("-h", HOST, "-p", str(self.inner_port), "-w", str(workspace), *LOG_LEVELS)
            self._start(Path(sys.executable).with_name("dagster-webserver"), *inner)
            proxied = ("--webserver", self.inner_url, "--port", str(self.port))
            self._start(sys.executable, "-m", "meeting_assets.cli", "webserver-proxy", *proxied)
            until(self._is_ready, "webserver and proxy", within_s=START_S)
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def instance(self) -> dg.DagsterInstance:
        """The instance of the webserver; close it."""
        return dg.DagsterInstance.from_config(str(self.folder))

    def effects(self) -> int:
        """The number of runs and asset events in the instance."""
        with self.instance() as instance:
            asset = dg.AssetKey(ASSET)
            materializations = instance.fetch_materializations(asset, limit=MOST).records
            observations = instance.fetch_observations(asset, limit=MOST).records
            checks = instance.get_event_records(CHECKED)
            return sum(map(len, (instance.get_runs(), materializations, observations, checks)))

    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    def open_gate(self) -> None:
        """Lets runs of the job `waiting` finish."""
        (self.folder / "gate").touch()

    def _start(self, *command: str | Path) -> None:
        environment = {
            "DAGSTER_HOME": str(self.folder),
            "DAGSTER_DISABLE_TELEMETRY": "1",
            "DAGSTER_WEBSERVER_PATH_PREFIX": self.prefix,
        }
        with (self.folder / "log").open("ab") as log:
            self._processes.append(
                subprocess.Popen(
                    command,
                    env=os.environ | environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            )

    def _is_ready(self) -> bool:
        assert [process.poll() for process in self._processes] == [None, None], self.log()
        with suppress(httpx.TransportError):
            return httpx.get(f"{self.url}/server_info", trust_env=False, timeout=START_S).is_success
        return False

    def _stop(self) -> None:
        self.open_gate()
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.wait(START_S)
            # Code servers and runs are in the webserver's group.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
