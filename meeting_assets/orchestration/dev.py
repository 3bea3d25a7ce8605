"""`meeting-assets dev`: Dagster's webserver, daemon and code server as child processes of this one."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from threading import Event
from time import monotonic, sleep, time
from types import FrameType, TracebackType
from typing import Any, Self

import dagster as dg
import httpx
import psutil

from meeting_assets.core.errors import MeetingAssetsError, SettingsError
from meeting_assets.orchestration.home import prepare_home, shipped
from meeting_assets.orchestration.home_lock import HomeLock
from meeting_assets.orchestration.operations.orphaned_runs import fail_orphaned_runs
from meeting_assets.orchestration.runs import dagster_instance
from meeting_assets.pipeline.storage import bind_origin, open_storage
from meeting_assets.settings import Settings
from meeting_assets.store.database_id import replacement_notice

HOST = "127.0.0.1"
START_S = 120.0
STOP_S = 20.0
POLL_S = 0.3
# The threads of a daemon report every 30 s.
SILENT_S = 45.0
# A closed terminal sends SIGHUP.
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# The warning only recommends another command.
IGNORED_WARNING = "ignore:Function `dev_command`"


class DagsterDev:
    """`dagster dev` in its own process group, while the `with` block runs.

    Raises:
        SettingsError, StoreError: the port, the database, the raw store or Dagster's home cannot be used, or another
            daemon runs.
        MeetingAssetsError: Dagster does not start, or exits.
    """

    def __init__(self, settings: Settings, port: int, lock: HomeLock) -> None:
        self._settings = settings
        self._port = port
        self._lock = lock
        self._stop_requested = Event()
        self._former: dict[int, Any] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self.notice: str | None = None
        """A sentence for the user about the start, if there is one."""

    @property
    def url(self) -> str:
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
        self._former = {number: signal.signal(number, self._request_stop) for number in STOP_SIGNALS}
        self._process = subprocess.Popen(  # noqa: S603 - this interpreter, our arguments
            [
                *(sys.executable, "-m", "dagster", "dev", "-w", str(shipped("workspace.yaml"))),
                *("-h", HOST, "-p", str(self._port), "--log-level", "warning"),
            ],
            env=os.environ | {"PYTHONWARNINGS": IGNORED_WARNING},
            # In a folder with another dagster.yaml, Dagster would print a warning.
            cwd=self._settings.dagster_home,
            # Ctrl-C would reach the whole group at once; Dagster ends its processes in order.
            start_new_session=True,
        )
        self._lock.announce(group=self._process.pid)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()
        for number, handler in self._former.items():
            signal.signal(number, handler)

    def wait_until_ready(self) -> bool:
        """Waits until the UI responds. False if the user stops it before."""
        deadline = monotonic() + START_S
        while not self._stop_requested.wait(POLL_S):
            if self._responds():
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
            return httpx.get(f"{self.url}/server_info", timeout=2.0, trust_env=False).is_success
        except httpx.HTTPError:
            return False

    def _check_alive(self) -> None:
        if self._process is not None and self._process.poll() is not None:
            raise MeetingAssetsError("Dagster exited. Its output above may name the cause.")

    def _stop(self) -> None:
        """Ends Dagster's processes in order; kills those that are left after a while."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            if self._process.poll() is None:
                self._process.send_signal(signal.SIGINT)
            else:
                os.killpg(self._process.pid, signal.SIGTERM)
        deadline = monotonic() + STOP_S
        # The code server ends after Dagster and after its runs.
        while _is_alive(self._process) and monotonic() < deadline:
            sleep(POLL_S)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def _is_alive(process: subprocess.Popen[bytes]) -> bool:
    """Whether any process of a group is alive; zombies are not."""
    if process.poll() is None:
        return True
    return any(_is_in(process.pid, member) for member in psutil.process_iter())


def _is_in(group: int, process: psutil.Process) -> bool:
    try:
        return os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE
    except (ProcessLookupError, psutil.NoSuchProcess):
        return False


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
            raise SettingsError(
                f"A Dagster daemon already runs on {settings.dagster_home}, and two would request every run twice: "
                "stop it, or set MEETING_ASSETS_HOME (and DAGSTER_HOME, if that is set) to another folder."
            )


def _last_heartbeat_s(instance: dg.DagsterInstance) -> float:
    """UNIX time of the last heartbeat of any thread of Dagster's daemon."""
    return max((each.timestamp for each in instance.get_daemon_heartbeats().values()), default=0.0)


def _check_port(port: int) -> None:
    """Fails early with a sentence; Dagster would fail seconds later with a traceback."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise SettingsError(f"--port {port} cannot be used: {error.strerror}.") from None
