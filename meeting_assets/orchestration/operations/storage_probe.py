"""A probe of Dagster's storage: stores a run with events, reads them, and deletes them.

A storage that can be read but not written looks healthy until the next run. So `doctor` executes a job without work,
reads its last event, and deletes the run and its events.
"""

import logging
from contextlib import suppress
from uuid import uuid4

import dagster as dg

from meeting_assets.core.errors import StoreError
from meeting_assets.orchestration.operations.run_retention import delete_run
from meeting_assets.orchestration.runs import QUIET

JOB = "doctor_probe"
EVENTS_READ = 50
"""Other runs may succeed at the same time."""


@dg.op
def _do_nothing() -> None: ...


@dg.job(name=JOB)
def _probe() -> None:
    _do_nothing()


def probe_storage(instance: dg.DagsterInstance) -> None:
    """Stores a run with its events, reads them, and deletes them.

    Raises:
        StoreError: Dagster's storage rejects or loses events.
    """
    run_id = str(uuid4())
    try:
        is_stored = _is_stored(instance, run_id)
        delete_run(instance, run_id)
    except Exception as error:  # noqa: BLE001 - Dagster's storages raise errors of their drivers
        fault = f"rejects them ({type(error).__name__})"
        with suppress(Exception):
            delete_run(instance, run_id)
    else:
        if is_stored:
            return
        fault = "does not return them"
    # Raised outside the handler, so that the error has no context: a driver's text may contain the storage's URL.
    raise StoreError(
        f"Dagster's storage can be read, but no run can store events: it {fault}. Check the permissions and the free "
        "space of DAGSTER_HOME, or of the database that `storage` in dagster.yaml names."
    )


def _is_stored(instance: dg.DagsterInstance, run_id: str) -> bool:
    logging.getLogger("dagster").setLevel(logging.CRITICAL)
    _probe.execute_in_process(instance=instance, run_id=run_id, run_config=QUIET, raise_on_error=False)
    succeeded = instance.fetch_run_status_changes(dg.DagsterEventType.RUN_SUCCESS, limit=EVENTS_READ).records
    return any(record.event_log_entry.run_id == run_id for record in succeeded)
