"""The lock that allows one `dev` or `demo` per home.

Each of them starts a sandbox with meetings of its own, so a second one on the same home would mark the meetings of the
first as deleted. The lock is a file lock in each of the two homes; the operating system releases it when the process
ends. The file contains the address of the owner and the process group that it started.
"""

import fcntl
import os
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import msgspec
import psutil

from meeting_assets.core.errors import CommandRefused, SettingsError
from meeting_assets.core.files import file_error_message
from meeting_assets.settings import Settings

LOCK = "in_use.json"
STOP_S = 20.0


class Owner(msgspec.Struct):
    """Content of the file: the command that holds the lock, or held it last."""

    command: str = "dev"
    url: str | None = None
    pid: int = 0
    group: int | None = None
    """The process group that the command started."""
    ended_at_s: float | None = None
    """Seconds since 1970 by the host's clock; None while the command runs, and after it was killed."""


class HomeLock:
    """The lock on the homes of these settings, held while the `with` block runs.

    Raises:
        CommandRefused: another command holds it.
        SettingsError: a home cannot be created.
    """

    def __init__(self, settings: Settings, command: str, url: str | None = None) -> None:
        self._home = settings.home.resolve()
        self._folders = sorted({self._home, settings.dagster_home.resolve()})
        self._dagster_home = settings.dagster_home
        self._owner = Owner(command, url, os.getpid())
        self._held = ExitStack()
        self._files: list[IO[bytes]] = []
        self.ended_at_s: float | None = None
        """UNIX time at which the former owner and its processes were known to have ended."""

    def __enter__(self) -> Self:
        with ExitStack() as held:
            self._files = [held.enter_context(self._locked(folder)) for folder in self._folders]
            self._held = held.pop_all()
        self._end_leftovers()
        self._write()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._owner.ended_at_s = time.time()
        with suppress(OSError):
            self._write()
        self._held.close()

    def announce(self, *, url: str | None = None, group: int | None = None) -> None:
        """Adds the address or the process group of this command to the file."""
        self._owner.url = url or self._owner.url
        self._owner.group = group or self._owner.group
        self._write()

    def _locked(self, folder: Path) -> IO[bytes]:
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            # Not inheritable, so child processes do not keep the lock.
            file = (folder / LOCK).open("a+b")
        except OSError as error:
            setting = "MEETING_ASSETS_HOME" if folder == self._home else "DAGSTER_HOME"
            raise SettingsError(file_error_message(error, folder, setting)) from None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            with file:
                raise CommandRefused(_in_use(_read(file), folder)) from None
        return file

    def _write(self) -> None:
        for file in self._files:
            file.truncate(0)
            file.write(msgspec.json.encode(self._owner))
            file.flush()

    def _end_leftovers(self) -> None:
        """Ends the processes of a killed owner; otherwise its daemon would continue to request runs."""
        for former in map(_read, self._files):
            left = _processes(former.group, self._dagster_home) if former.group else []
            for process in left:
                with suppress(psutil.NoSuchProcess):
                    process.terminate()
            for process in psutil.wait_procs(left, timeout=STOP_S)[1]:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
            ended_at_s = time.time() if left else former.ended_at_s
            self.ended_at_s = max(filter(None, (self.ended_at_s, ended_at_s)), default=None)


def _in_use(owner: Owner, folder: Path) -> str:
    at = f" at {owner.url}" if owner.url else ""
    process = f" (process {owner.pid})" if owner.pid else ""
    return (
        f"`meeting-assets {owner.command}` already runs{at}{process} and uses {folder}: stop it, or set "
        "MEETING_ASSETS_HOME (and DAGSTER_HOME, if that is set) to another folder."
    )


def _read(file: IO[bytes]) -> Owner:
    """Decodes the file; returns an owner without address if it is empty or invalid."""
    file.seek(0)
    try:
        return msgspec.json.decode(file.read(), type=Owner)
    except (msgspec.MsgspecError, OSError):
        return Owner()


def _processes(group: int, dagster_home: Path) -> list[psutil.Process]:
    """The processes of a group that use this Dagster home; the operating system reuses group ids."""
    return [process for process in psutil.process_iter() if _is_of(process, group, dagster_home)]


def _is_of(process: psutil.Process, group: int, dagster_home: Path) -> bool:
    try:
        return os.getpgid(process.pid) == group and process.environ().get("DAGSTER_HOME") == str(dagster_home)
    except (OSError, psutil.Error):
        return False
