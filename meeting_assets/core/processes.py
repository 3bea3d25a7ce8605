"""Identities of processes that are comparable across processes and hosts.

A process id is unique only within one boot of one kernel and one process namespace. Hostnames are not compared, because
two containers may have the same one.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Self

PROC = Path("/proc")
STATE, START_TICKS = 0, 19
"""Positions in /proc/PID/stat after the command's name, which may contain blanks and brackets."""
ENDED = frozenset({"Z", "X"})
"""States of a process that has ended but still has an entry in /proc."""


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """One process of one boot. Without /proc, boot, namespace and start are None."""

    boot_id: str | None
    pid_namespace: str | None
    pid: int
    start_ticks: int | None
    """Clock ticks from the boot to the start of the process; independent of the host's clock."""
    hostname: str
    """For display only."""

    @classmethod
    def current(cls) -> Self:
        """Returns the identity of this process."""
        stat = _stat(os.getpid())
        return cls(
            boot_id=_read(PROC / "sys/kernel/random/boot_id"),
            pid_namespace=_pid_namespace(),
            pid=os.getpid(),
            start_ticks=int(stat[START_TICKS]) if stat else None,
            hostname=socket.gethostname(),
        )

    @classmethod
    def parse(cls, name: str) -> Self | None:
        """Parses the property `name` of an identity; None if the text is not one."""
        boot_id, pid_namespace, pid, start_ticks = [*name.split(), *[""] * 4][:4]
        if not (pid.isdecimal() and start_ticks.isdecimal()):
            return None
        return cls(boot_id, pid_namespace, int(pid), int(start_ticks), "")

    @property
    def name(self) -> str:
        """The identity as text, without the hostname.

        >>> ProcessIdentity.parse(ProcessIdentity("boot", "pid:[1]", 7, 100, "here").name).pid
        7
        """
        return f"{self.boot_id} {self.pid_namespace} {self.pid} {self.start_ticks}"

    def is_visible_to(self, other: ProcessIdentity) -> bool:
        """Whether both processes share boot and process namespace, so that process ids are comparable.

        >>> here = ProcessIdentity("boot", "pid:[1]", 7, 100, "worker")
        >>> here.is_visible_to(ProcessIdentity("boot", "pid:[2]", 8, 100, "worker"))
        False
        """
        known = None not in (self.boot_id, self.pid_namespace, self.start_ticks)
        return known and (self.boot_id, self.pid_namespace) == (other.boot_id, other.pid_namespace)

    def is_running(self) -> bool:
        """False only if the process has certainly ended. The process must be visible to the current one."""
        stat = _stat(self.pid)
        if stat:
            return stat[STATE] not in ENDED and int(stat[START_TICKS]) == self.start_ticks
        return _is_hidden(self.pid)


def _pid_namespace() -> str | None:
    try:
        return os.readlink(PROC / "self/ns/pid")
    except OSError:
        return None


def _stat(pid: int) -> list[str]:
    """Returns the fields of /proc/PID/stat after the command's name; empty if the file is unreadable."""
    text = _read(PROC / str(pid) / "stat")
    return text.rpartition(")")[2].split() if text else []


def _read(path: Path) -> str | None:
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return None


def _is_hidden(pid: int) -> bool:
    """Whether the process exists although /proc hides it, as with the mount option `hidepid`."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it belongs to another user
        pass
    return True
