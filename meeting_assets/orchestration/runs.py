"""Runs that a command executes in its own process: the same jobs as those of schedules and the UI."""

import fcntl
import logging
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import dagster as dg

from meeting_assets.orchestration.assets.partitions import range_tags
from meeting_assets.orchestration.assets.raw import fetch_config
from meeting_assets.orchestration.cancellation import canceled_by_interrupts
from meeting_assets.orchestration.home import naming_dagster_home
from meeting_assets.orchestration.resources import ERROR, PERMANENT
from meeting_assets.orchestration.sqlite_commits import commits_without_fsync
from meeting_assets.orchestration.workspace import SYNC

JOB = SYNC
# The API's rate limits determine how long a month of a busy workspace takes.
MAX_RUNTIME, LONGEST_RUN_S = "dagster/max_runtime", "21600"
# A retry repeats all steps: completed ones find no work in the ledger and cost little.
RETRY_WHOLE = {"dagster/retry_strategy": "ALL_STEPS"}
# Dagster's daemon cannot retry a run that it did not start.
NO_RETRIES = {"dagster/max_retries": "0"}
# Dagster's lists of runs show it under "Launched by", where runs of the UI are "Manually launched".
LAUNCHED_BY = "user"
SYNC_COMMAND = "meeting-assets sync"


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """The result of a run; `faults` contain a sentence for each failed step."""

    run_id: str
    succeeded: bool
    faults: tuple[str, ...]
    is_permanent_failure: bool = False
    """Whether every other run would fail too: a wrong key, a wrong setting, no database."""
    error_names: tuple[str, ...] = ()
    """The classes in `core.errors` of the errors that failed steps; `Exception` for all other errors."""


def run_days(
    defs: dg.Definitions,
    days: Sequence[date],
    *,
    recording_ids: Sequence[str] = (),
    refetch: bool = False,
    tags: Mapping[str, str] = {},
) -> RunOutcome:
    """Syncs consecutive days in one run in this process.

    Raises:
        ValueError: `days` is empty.
    """
    return run(defs, JOB, days, run_config=fetch_config(recording_ids, refetch=refetch), tags=tags)


def run(
    defs: dg.Definitions,
    job: str,
    partitions: Sequence[date] | None,
    *,
    run_config: dict[str, Any],
    tags: Mapping[str, str] = {},
) -> RunOutcome:
    """Runs a job for consecutive days, or for weeks named by their Mondays, in this process.

    `partitions` is None for a job without partitions.

    Raises:
        KeyboardInterrupt: Ctrl-C or SIGTERM canceled the run.
        ValueError: `partitions` is empty. Dagster would run the job for all partitions.
    """
    if partitions is not None and not partitions:
        raise ValueError(f"a run of {job} needs at least one partition")
    warnings.filterwarnings("ignore", category=dg.BetaWarning)
    warnings.filterwarnings("ignore", category=dg.PreviewWarning)
    logging.getLogger("dagster").setLevel(logging.CRITICAL)
    run_id = str(uuid4())
    with dagster_instance() as instance, canceled_by_interrupts(instance, run_id):
        result = defs.resolve_job_def(job).execute_in_process(
            instance=instance,
            run_id=run_id,
            run_config={**run_config, **QUIET},
            raise_on_error=False,
            **_partitions(partitions, tags, is_one_key=job == JOB),
        )
    failures = [event.step_failure_data.user_failure_data for event in result.all_events if event.is_step_failure]
    metadata = [failure.metadata if failure is not None else {} for failure in failures]
    error_names = tuple(str(each[ERROR].value) if ERROR in each else Exception.__name__ for each in metadata)
    is_permanent_failure = any(PERMANENT in each for each in metadata)
    return RunOutcome(run_id, result.success, tuple(_faults(result)), is_permanent_failure, error_names)


_OPEN: ContextVar[dg.DagsterInstance | None] = ContextVar("open_instance", default=None)


@contextmanager
def dagster_instance() -> Iterator[dg.DagsterInstance]:
    """Opens the Dagster instance. A file lock lets one process at a time create its storage.

    Nested blocks share the instance.
    """
    # perf: opening an instance takes 0.3 s, because Dagster reads its migrations (benchmarks idle)
    if (open_already := _OPEN.get()) is not None:
        yield open_already
        return
    home = Path(os.environ["DAGSTER_HOME"])
    with naming_dagster_home(home):
        lock_file = (home / "lock").open("w")
    with lock_file as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        instance = dg.DagsterInstance.get()
    with instance, commits_without_fsync(home):
        token = _OPEN.set(instance)
        try:
            yield instance
        finally:
            _OPEN.reset(token)


QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def _partitions(days: Sequence[date] | None, more_tags: Mapping[str, str], *, is_one_key: bool) -> dict[str, Any]:
    """Partition arguments of a run. Weeks are always a range, because a single key would be read as a day."""
    tags = {MAX_RUNTIME: LONGEST_RUN_S, **NO_RETRIES, LAUNCHED_BY: SYNC_COMMAND, **more_tags}
    if days is None:
        return {"tags": tags}
    if is_one_key and len(days) == 1:
        return {"partition_key": days[0].isoformat(), "tags": tags}
    return {"tags": {**tags, **range_tags(days[0], days[-1])}}


def _faults(result: dg.ExecuteInProcessResult) -> list[str]:
    """One sentence per failed step: our own description, or else Dagster's message."""
    faults: list[str] = []
    for event in result.all_events:
        if not event.is_step_failure:
            continue
        failure = event.step_failure_data
        if failure.user_failure_data is not None and failure.user_failure_data.description:
            faults.append(failure.user_failure_data.description)
        elif failure.error is not None:
            cause = failure.error.cause or failure.error
            faults.append(f"{event.step_key}: {cause.message.strip().splitlines()[0]}")
    return faults
