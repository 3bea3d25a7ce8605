"""Ctrl-C and SIGTERM during a run in this process: Dagster shows the run as canceled, not as failed.

Dagster interrupts the current step, and reports the run as failed unless it was marked as canceling before.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import dagster as dg

from meeting_assets.core.interrupts import before_interrupt, hidden_from_children, is_interrupted

MESSAGE = "The command was interrupted."
REASON_TAG = "dagster/failure_reason"
BY_INTERRUPT = "UNEXPECTED_TERMINATION"
"""Dagster's reason for a run that an interrupt ended before it was marked as canceling."""


@contextmanager
def canceled_by_interrupts(instance: dg.DagsterInstance, run_id: str) -> Iterator[None]:
    """Marks a run as canceled if an interrupt ends the block.

    Raises:
        KeyboardInterrupt: the block was interrupted. Dagster itself ends the run without raising the interrupt again.
    """

    def mark() -> None:
        # Dagster's storage may not answer. The command ends all the same, and the next one reports the run.
        with suppress(Exception):
            run = instance.get_run_by_id(run_id)
            if run is not None and not run.is_finished:
                instance.report_run_canceling(run, MESSAGE)

    # In each step Dagster starts processes, which would print a traceback each.
    with before_interrupt(mark), hidden_from_children():
        try:
            yield
        except dg.DagsterExecutionInterruptedError:  # between the steps
            raise KeyboardInterrupt from None
        finally:
            # Dagster ignores signals that arrive during its last events.
            was_interrupted = is_interrupted()
            if was_interrupted:
                _report_canceled(instance, run_id)
    if was_interrupted:
        raise KeyboardInterrupt


@contextmanager
def marked_before_reported() -> Iterator[None]:
    """Lets an interrupt of a step pass only after its run is marked: Dagster reports the run next."""
    try:
        yield
    except (KeyboardInterrupt, dg.DagsterExecutionInterruptedError):
        is_interrupted()
        raise


def _report_canceled(instance: dg.DagsterInstance, run_id: str) -> None:
    """Marks a run that was interrupted between two steps, which Dagster reports as failed or not at all.

    A run that failed before the interrupt stays failed.
    """
    with suppress(Exception):
        run = instance.get_run_by_id(run_id)
        if run is None:
            return
        failed_by_interrupt = run.tags.get(REASON_TAG) == BY_INTERRUPT
        if not run.is_finished or (run.status is dg.DagsterRunStatus.FAILURE and failed_by_interrupt):
            instance.report_run_canceled(run, MESSAGE)
