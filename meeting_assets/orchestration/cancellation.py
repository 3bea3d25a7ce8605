"""Ctrl-C and SIGTERM during a run in this process: Dagster shows the run as canceled, not as failed."""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from meeting_assets.core.interrupts import before_interrupt

MESSAGE = "The command was interrupted."


@contextmanager
def canceled_by_interrupts(instance: dg.DagsterInstance, run_id: str) -> Iterator[None]:
    """Marks a run as canceled if an interrupt ends the block.

    Dagster reports an interrupted run as failed, unless it was marked as canceling before the interrupt.

    Raises:
        KeyboardInterrupt: the block was interrupted. Dagster itself ends the run without raising the interrupt again.
    """
    interrupted = False

    def mark() -> None:
        nonlocal interrupted
        interrupted = True
        run = instance.get_run_by_id(run_id)
        if run is not None and not run.is_finished:
            instance.report_run_canceling(run, MESSAGE)

    try:
        with before_interrupt(mark):
            yield
    finally:
        if interrupted:
            _report_canceled(instance, run_id)
    if interrupted:
        raise KeyboardInterrupt


def _report_canceled(instance: dg.DagsterInstance, run_id: str) -> None:
    """Marks a run that was interrupted where Dagster does not record it, such as between two steps."""
    run = instance.get_run_by_id(run_id)
    if run is not None and not run.is_finished:
        instance.report_run_canceled(run, MESSAGE)
