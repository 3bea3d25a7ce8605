"""`meeting-assets dev`: Dagster's code server, webserver and daemon, and a proxy, as child processes of this one.

Only the proxy's address is known to the user. The webserver behind it listens on a random port below a secret path, so
that no page in a browser can reach it (docs/decisions, "A proxy protects the webserver").
"""

import json
import os
import secrets
import signal
import socket
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from time import monotonic, sleep, time
from types import FrameType, TracebackType
from typing import Self

import dagster as dg
import httpx

from meeting_assets.core.errors import CommandRefused, MeetingAssetsError
from meeting_assets.core.interrupts import before_end
from meeting_assets.core.servers import listen
from meeting_assets.orchestration.code_location import CODE_LOCATION
from meeting_assets.orchestration.home import prepare_home
from meeting_assets.orchestration.home_lock import HomeLock
from meeting_assets.orchestration.operations.orphaned_runs import fail_orphaned_runs
from meeting_assets.orchestration.process_group import ProcessGroup
from meeting_assets.orchestration.runs import dagster_instance
from meeting_assets.pipeline.storage import bind_origin, open_storage
from meeting_assets.settings import Settings
from meeting_assets.store.database_id import replacement_notice
from meeting_assets.webserver_proxy.upstream import PREFIX_START

HOST = "127.0.0.1"
PYTHON = (sys.executable, "-m")
DAEMON = "meeting_assets.orchestration.dagster_daemon"
START_S = 120.0
# Runs have this time to finish; the command itself needs another second.
STOP_S = 3.5
POLL_S = 0.3
# The threads of a daemon report every 30 s.
SILENT_S = 45.0
# A closed terminal sends SIGHUP.
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
MODULE = "meeting_assets.definitions"
CODE_SERVER = "code_server"
"""File name of the code server's socket."""


class DagsterDev:
    """Dagster's processes and the proxy in their own process group, while the `with` block runs.

    Args:
        settings: settings of this package.
        port: port of the UI on the loopback address.
        lock: the lock of this command on its home.
        public_url: the address that browsers use, if it is not a loopback address with this port.

    Raises:
        UsageError: the port cannot be used.
        SettingsError, StoreError: the database, the raw store or Dagster's home cannot be used.
        CommandRefused: another daemon runs.
        MeetingAssetsError: Dagster does not start, or exits.
    """

    def __init__(self, settings: Settings, port: int, lock: HomeLock, *, public_url: str | None = None) -> None:
        self._settings = settings
        self._port = port
        self._lock = lock
        self._public_url = public_url
        self._folder = Path()
        # In a folder with another dagster.yaml, Dagster would print a warning.
        self._processes = ProcessGroup(settings.dagster_home, os.environ)
        self._stop_requested = Event()
        self._running = ExitStack()
        self.notice: str | None = None
        """A sentence for the user about the start, if there is one."""

    @property
    def url(self) -> str:
        """The address to open."""
        return self._public_url or self._local_url

    @property
    def _local_url(self) -> str:
        return f"http://{HOST}:{self._port}"

    def __enter__(self) -> Self:
        _check_port(self._port)
        prepare_home(self._settings)
        with open_storage(self._settings) as storage:
            self.notice = replacement_notice(storage.database, storage.raw)
            bind_origin(storage, self._settings, adopts=True)
        with dagster_instance() as instance:
            _check_no_daemon(instance, self._settings, self._lock.ended_at_s or 0.0)
            fail_orphaned_runs(instance, self._settings)
        with ExitStack() as running:
            for number in STOP_SIGNALS:
                running.callback(signal.signal, number, signal.signal(number, self._request_stop))
            self._folder = Path(running.enter_context(TemporaryDirectory()))
            # Entered first, so that a second signal during the stop kills the processes.
            running.enter_context(before_end(self._processes.kill))
            running.callback(self._processes.stop, STOP_S)
            self._start_code_server()
            self._running = running.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.close()

    def wait_until_ready(self) -> bool:
        """Waits until the UI responds. False if the user stops it before."""
        deadline = monotonic() + START_S
        is_started = False
        while not self._stop_requested.wait(POLL_S):
            if not is_started and self._code_server_listens():
                self._start_webserver_daemon_and_proxy()
                is_started = True
            if is_started and self._responds():
                return True
            self._check_alive()
            if monotonic() > deadline:
                raise MeetingAssetsError(
                    f"Dagster did not start within {START_S:.0f} s. Its output above may name the cause."
                )
        return False

    def wait_until_stopped(self) -> None:
        """Waits until the user stops it."""
        while not self._stop_requested.wait(POLL_S):
            self._check_alive()

    def _request_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stop_requested.set()

    def _responds(self) -> bool:
        try:
            return httpx.get(f"{self._local_url}/server_info", timeout=2.0, trust_env=False).is_success
        except httpx.HTTPError:
            return False

    def _start_code_server(self) -> None:
        location = ("--location-name", CODE_LOCATION, "-m", MODULE)
        self._processes.start(
            "code server",
            *(*PYTHON, "dagster", "code-server", "start"),
            *("--socket", str(self._folder / CODE_SERVER), *location, "--log-level", "warning"),
        )
        self._lock.announce(group=self._processes.id)

    def _start_webserver_daemon_and_proxy(self) -> None:
        code_server = {"socket": str(self._folder / CODE_SERVER), "location_name": CODE_LOCATION}
        workspace = self._folder / "workspace.yaml"
        workspace.write_text(json.dumps({"load_from": [{"grpc_server": code_server}]}))
        secret = {"DAGSTER_WEBSERVER_PATH_PREFIX": f"{PREFIX_START}{secrets.token_urlsafe(32)}"}
        start, port = self._processes.start, str(_free_port())
        logged = ("-w", str(workspace), "--log-level", "warning")
        webserver = ("-h", HOST, "-p", port, *logged, "--dagster-log-level", "warning")
        public = ("--public-url", self._public_url) if self._public_url else ()
        proxy = ("--webserver", f"http://{HOST}:{port}", "--host", HOST, "--port", str(self._port), *public)
        start("webserver", *PYTHON, "dagster_webserver", *webserver, environment=secret)
        start("daemon", *PYTHON, DAEMON, "run", *logged)
        start("proxy", *PYTHON, "meeting_assets.cli", "webserver-proxy", *proxy, environment=secret, is_quiet=True)

    def _code_server_listens(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(self._folder / CODE_SERVER)) == 0

    def _check_alive(self) -> None:
        if name := self._processes.ended():
            raise MeetingAssetsError(f"Dagster exited: its {name} has ended. The output above may name the cause.")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _check_no_daemon(instance: dg.DagsterInstance, settings: Settings, ended_at_s: float) -> None:
    """Refuses a second daemon. A killed daemon leaves an old heartbeat; a running one adds another within seconds."""
    last_s = _last_heartbeat_s(instance)
    if last_s <= ended_at_s:
        return
    # A heartbeat in the future comes from a wrong clock; the wait is not longer for it.
    until_s = monotonic() + min(SILENT_S, last_s + SILENT_S - time())
    while monotonic() < until_s:
        sleep(POLL_S)
        if _last_heartbeat_s(instance) > last_s:
            raise CommandRefused(
                f"A Dagster daemon already runs on {settings.dagster_home}, and two would request every run twice: "
                "stop it, or set MEETING_ASSETS_HOME (and DAGSTER_HOME, if that is set) to another folder."
            )


def _last_heartbeat_s(instance: dg.DagsterInstance) -> float:
    """UNIX time of the last heartbeat of any thread of Dagster's daemon."""
    return max((each.timestamp for each in instance.get_daemon_heartbeats().values()), default=0.0)


def _check_port(port: int) -> None:
    """Fails early with a sentence; Dagster would fail seconds later with a traceback."""
    listen(HOST, port).close()
