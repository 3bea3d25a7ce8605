"""The `meeting-assets` command: one module per group of commands, imported when one of them is called."""

from __future__ import annotations


def main() -> None:
    """Runs the command and ends the process with one of the codes in `exit_codes`."""
    # The imports below take 0.1 s. Ctrl-C in this time must not print a traceback.
    from meeting_assets.core.interrupts import interrupts_raised

    with interrupts_raised():
        try:
            from meeting_assets.cli.application import run

            run()
        except KeyboardInterrupt:
            from meeting_assets.cli.application import end_interrupted

            end_interrupted()
