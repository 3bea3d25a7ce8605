"""Ctrl-C and SIGTERM during a run in this process: Dagster shows the run as canceled, not as failed.

Dagster interrupts the current step, and reports the run as failed unless it was marked as canceling before.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from meeting_assets.core.interrupts import before_interrupt, hidden_from_children, wait_for_callbacks

MESSAGE = "The command was interrupted."


@contextmanager
def canceled_by_interrupts(instance: dg.DagsterInstance, run_id: str) -> Iterator[None]:
    """Marks a run as canceled if an interrupt ends the block.

    Raises:
        KeyboardInterrupt: the block was interrupted. Dagster itself ends the run without raising the interrupt again.
    """
    is_interrupted = False

    def mark() -> None:
        nonlocal is_interrupted
        is_interrupted = True
        run = instance.get_run_by_id(run_id)
        if run is not None and not run.is_finished:
            instance.report_run_canceling(run, MESSAGE)

    try:
        # In each step Dagster starts processes, which would print a traceback each.
        with before_interrupt(mark), hidden_from_children():
            yield
    finally:
        if is_interrupted:
            wait_for_callbacks()
            _report_canceled(instance, run_id)
    if is_interrupted:
        raise KeyboardInterrupt


@contextmanager
def marked_before_reported() -> Iterator[None]:
    """Lets an interrupt of a step pass only after its run is marked: Dagster reports the run next."""
    try:
        yield
    except (KeyboardInterrupt, dg.DagsterExecutionInterruptedError):
        wait_for_callbacks()
        raise


def _report_canceled(instance: dg.DagsterInstance, run_id: str) -> None:
    """Marks a run that was interrupted between two steps, which Dagster reports as failed or not at all."""
    run = instance.get_run_by_id(run_id)
    if run is not None and run.status not in (dg.DagsterRunStatus.CANCELED, dg.DagsterRunStatus.SUCCESS):
        instance.report_run_canceled(run, MESSAGE)
