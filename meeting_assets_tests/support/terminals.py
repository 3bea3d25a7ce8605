"""A terminal of a given size, in tmux, in which a command runs: its screen, and its exit code."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import uuid4

import pytest

from meeting_assets_tests.support.ui import until

LINES = 60
START_S = 120.0
ENDED = "ended with "
needs_tmux = pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux")


def shows(screen: str, text: str) -> bool:
    """Whether a text is on a screen. The terminal breaks long lines at its width, also within a word."""
    return "".join(text.split()) in "".join(screen.split())


@dataclass(frozen=True)
class Terminal:
    """A running tmux server with one session."""

    name: str

    def screen(self) -> str:
        """The lines of the screen, without blanks at their ends."""
        return self._tmux("capture-pane", "-p", "-t", "0").rstrip()

    def press(self, *keys: str) -> None:
        self._tmux("send-keys", "-t", "0", *keys)

    def wait_for(self, text: str, *, within_s: float = START_S) -> None:
        """Waits for a text on the screen, or for the end of the command."""
        until(
            lambda: shows(self.screen(), text) or ENDED in self.screen(), f"{text!r} on the screen", within_s=within_s
        )

    def code(self, *, within_s: float = START_S) -> int:
        """The exit code of the command, which is awaited."""
        until(lambda: ENDED in self.screen(), "the end of the command", within_s=within_s)
        return int(self.screen().rpartition(ENDED)[2].split()[0])

    def close(self) -> None:
        subprocess.run(["tmux", "-L", self.name, "kill-server"], check=False, capture_output=True)

    def _tmux(self, *arguments: str) -> str:
        done = subprocess.run(["tmux", "-L", self.name, *arguments], capture_output=True, text=True, check=True)
        return done.stdout


@contextmanager
def terminal(arguments: tuple[str, ...], width: int, environment: Mapping[str, str]) -> Iterator[Terminal]:
    """Runs `meeting-assets` in a terminal. The shell stays open after it, so that the screen can be read."""
    found = Terminal(f"meeting-assets-{uuid4().hex[:12]}")
    command = shlex.join([sys.executable, "-m", "meeting_assets.cli", *arguments])
    variables = shlex.join(f"{name}={value}" for name, value in environment.items())
    script = f"trap : INT; env {variables} {command}; echo {ENDED}$?; exec sleep 1000"
    size = ["-x", str(width), "-y", str(LINES)]
    subprocess.run(
        ["tmux", "-L", found.name, "-f", "/dev/null", "new-session", "-d", *size, "bash", "-c", script], check=True
    )
    try:
        yield found
    finally:
        found.close()
