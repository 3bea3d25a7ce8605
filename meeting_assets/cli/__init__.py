"""The `meeting-assets` command: one module per group of commands, imported when one of them is called."""

from __future__ import annotations

import sys


def main() -> None:
    """Runs the command and ends the process with one of the codes in `exit_codes`."""
    # Imports are inside, so that Ctrl-C during an import prints no traceback.
    try:
        from meeting_assets.core.interrupts import interrupts_raised

        with interrupts_raised():
            from meeting_assets.cli.application import run

            run()
    except KeyboardInterrupt:
        from meeting_assets.core.interrupts import INTERRUPTED_STATUS, SENTENCE

        print(f"Error: {SENTENCE}", file=sys.stderr)  # noqa: T201 - the command line may not be imported yet
        sys.exit(INTERRUPTED_STATUS)
