"""The `meeting-assets` command: one module per group of commands, imported when one of them is called."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import NoReturn


def main() -> None:
    """Runs the command and ends the process with one of the codes in `exit_codes`."""
    # Imports are inside, so that Ctrl-C during an import prints no traceback.
    try:
        from meeting_assets.core.interrupts import interrupts_raised

        with interrupts_raised():
            try:
                from meeting_assets.cli.application import run

                run()
            except KeyboardInterrupt:
                _end_interrupted()  # inside, so that a second signal still ends the process
    except KeyboardInterrupt:
        _end_interrupted()


def _end_interrupted() -> NoReturn:
    """Prints one line and ends the process. The interpreter's own end would wait for threads, which may take long."""
    from meeting_assets.core.interrupts import INTERRUPTED_STATUS, SENTENCE

    # Each of these may fail: a closed reader, a full disk.
    with suppress(OSError, ValueError):
        if terminal := sys.modules.get("meeting_assets.cli.terminal"):
            terminal.print_error(SENTENCE)
        else:
            print(f"Error: {SENTENCE}", file=sys.stderr)  # noqa: T201 - the module is not imported yet
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(INTERRUPTED_STATUS)
