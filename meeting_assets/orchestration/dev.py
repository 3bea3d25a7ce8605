"""Dagster as one has it on a desk: webserver, daemon and code server, started and ended with this process."""

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
from meeting_assets.orchestration.operations.database_replacement import replacement_notice
from meeting_assets.orchestration.operations.home_lock import HomeLock
from meeting_assets.orchestration.operations.orphaned_runs import fail_orphaned_runs
from meeting_assets.orchestration.runs import dagster_instance
from meeting_assets.pipeline.storage import bind_origin, open_storage
from meeting_assets.settings import Settings

HOST = "127.0.0.1"
START_S = 120.0
STOP_S = 20.0
LOOK_S = 0.3
# The parts of a daemon report every 30 s.
SILENT_S = 45.0
# A terminal that is closed sends a hang-up.
STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# It only says that there is another command.
NO_ADVERTISEMENT = "ignore:Function `dev_command`"


class DagsterDev:
    """`dagster dev` in a process group of its own, while the `with` block runs.

    Raises:
        SettingsError, StoreError: the port, the database or the raw store cannot be used, or another daemon runs.
        MeetingAssetsError: Dagster does not start, or ends by itself.
    """

    def __init__(self, settings: Settings, port: int, lock: HomeLock) -> None:
        self._settings = settings
        self._port = port
        self._lock = lock
        self._told = Event()
        self._former: dict[int, Any] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self.notice: str | None = None
        """What a user has to know of the start."""

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self._port}"

    def __enter__(self) -> Self:
        _check_port(self._port)
        prepare_home(self._settings)
        with open_storage(self._settings) as storage:
            self.notice = replacement_notice(storage)
            bind_origin(storage, self._settings, adopts=True)
        with dagster_instance() as instance:
            _check_no_daemon(instance, self._settings, self._lock.ended_at_s or 0.0)
            fail_orphaned_runs(instance, self._settings)
        self._former = {number: signal.signal(number, self._be_told) for number in STOPS}
        self._process = subprocess.Popen(  # noqa: S603 - this interpreter, our arguments
            [
                *(sys.executable, "-m", "dagster", "dev", "-w", str(shipped("workspace.yaml"))),
                *("-h", HOST, "-p", str(self._port), "--log-level", "warning"),
            ],
            env=os.environ | {"PYTHONWARNINGS": NO_ADVERTISEMENT},
            # Beside another dagster.yaml it would tell that it does not read that.
            cwd=self._settings.dagster_home,
            # Ctrl-C reaches a whole group; its parts are to end in their order.
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
        """Whether the UI answers; False where the user does not want it any more."""
        deadline = monotonic() + START_S
        while not self._told.wait(LOOK_S):
            if self._answers():
                return True
            self._check_alive()
            if monotonic() > deadline:
                raise MeetingAssetsError(f"Dagster did not start within {START_S:.0f} s; what it said stands above.")
        return False

    def wait_until_told(self) -> None:
        """Returns when the user wants no more of it."""
        while not self._told.wait(LOOK_S):
            self._check_alive()

    def _be_told(self, _number: int, _frame: FrameType | None) -> None:
        self._told.set()

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/server_info", timeout=2.0, trust_env=False).is_success
        except httpx.HTTPError:
            return False

    def _check_alive(self) -> None:
        if self._process is not None and self._process.poll() is not None:
            raise MeetingAssetsError("Dagster ended by itself; what it said stands above.")

    def _stop(self) -> None:
        """Lets it end in its own order; what is left of it after a while is killed."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            if self._process.poll() is None:
                self._process.send_signal(signal.SIGINT)
            else:
                os.killpg(self._process.pid, signal.SIGTERM)
        deadline = monotonic() + STOP_S
        # Dagster ends before its code server does, and that after its runs.
        while _is_alive(self._process) and monotonic() < deadline:
            sleep(LOOK_S)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def _is_alive(leader: subprocess.Popen[bytes]) -> bool:
    """Whether any process of a group lives; one that nobody has reaped yet does not."""
    if leader.poll() is None:
        return True
    return any(_is_in(leader.pid, process) for process in psutil.process_iter())


def _is_in(group: int, process: psutil.Process) -> bool:
    try:
        return os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE
    except (ProcessLookupError, psutil.NoSuchProcess):
        return False


def _check_no_daemon(instance: dg.DagsterInstance, settings: Settings, ended_at_s: float) -> None:
    """Refuses a second daemon. One that was killed has left its last heartbeat: a daemon that runs adds another."""
    last_s = _last_heartbeat_s(instance)
    if last_s <= ended_at_s:
        return
    # A heartbeat of the future comes from a clock that was wrong. It is not waited for longer than any other.
    until_s = monotonic() + min(SILENT_S, last_s + SILENT_S - time())
    while monotonic() < until_s:
        sleep(LOOK_S)
        if _last_heartbeat_s(instance) > last_s:
            raise SettingsError(
                f"A Dagster daemon already runs on {settings.dagster_home}, and two would request every run twice: "
                "stop it, or set MEETING_ASSETS_HOME (and DAGSTER_HOME, if that is set) to another folder."
            )


def _last_heartbeat_s(instance: dg.DagsterInstance) -> float:
    """When any part of Dagster's daemon last reported, in seconds since 1970."""
    return max((each.timestamp for each in instance.get_daemon_heartbeats().values()), default=0.0)


def _check_port(port: int) -> None:
    """Dagster would only tell seconds later, and not in a sentence."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise SettingsError(f"--port {port} cannot be used: {error.strerror}.") from None
