"""Child processes in one process group: started one by one, stopped together."""

import os
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep

import psutil

POLL_S = 0.1


class ProcessGroup:
    """The processes that a command starts. Their own children, such as runs, belong to the group, too.

    Args:
        folder: working directory of the processes.
        environment: environment of the processes.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._environment = environment
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def id(self) -> int | None:
        """The id of the process group: the process id of the first process. None before the first start."""
        return next((process.pid for process in self._processes.values()), None)

    def start(
        self, name: str, *command: str, environment: Mapping[str, str] | None = None, is_quiet: bool = False
    ) -> None:
        """Starts a process. Ctrl-C in a terminal does not reach it, because its group differs from the terminal's.

        Args:
            name: name of the process in messages.
            command: program and arguments.
            environment: variables of this process only.
            is_quiet: discards its standard output.
        """
        self._processes[name] = subprocess.Popen(  # noqa: S603 - our own commands
            command,
            cwd=self._folder,
            env={**self._environment, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if is_quiet else None,
            process_group=self.id or 0,
        )

    def ended(self) -> str | None:
        """The name of a process that has ended; None while all run."""
        return next((name for name, process in self._processes.items() if process.poll() is not None), None)

    def stop(self, within_s: float) -> None:
        """Asks all processes to end at once (SIGTERM). Kills the group after this time.

        Children of the processes get no signal: runs may finish in this time.
        """
        for process in self._processes.values():
            with suppress(ProcessLookupError):
                process.terminate()
        deadline = monotonic() + within_s
        while self._is_alive():
            # The id of an empty group may belong to other processes, so only a live group is killed.
            if monotonic() >= deadline:
                self.kill()
                break
            sleep(POLL_S)
        for process in self._processes.values():
            process.wait()

    def kill(self) -> None:
        """Kills the group at once."""
        if self.id is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.id, signal.SIGKILL)

    def _is_alive(self) -> bool:
        """Whether any process of the group is alive; zombies are not."""
        # Every ended process is reaped, so that none of them counts as alive below.
        is_running = [process.poll() is None for process in self._processes.values()]
        return any(is_running) or any(map(self._contains, psutil.process_iter()))

    def _contains(self, process: psutil.Process) -> bool:
        try:
            return os.getpgid(process.pid) == self.id and process.status() != psutil.STATUS_ZOMBIE
        except (ProcessLookupError, psutil.NoSuchProcess):
            return False
