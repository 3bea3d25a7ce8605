"""Starting runs from a command: the same job that schedules and the UI start, in this process, recorded by Dagster."""

import fcntl
import logging
import os
import shutil
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg

import meeting_assets
from meeting_assets.core.errors import SettingsError
from meeting_assets.core.files import unusable
from meeting_assets.orchestration.assets.partitions import range_tags
from meeting_assets.orchestration.assets.raw import STEP
from meeting_assets.orchestration.resources import HOPELESS
from meeting_assets.settings import Settings

JOB = "bring_home"
# A month of meetings from a busy workspace takes as long as the API's limits make it.
MAX_RUNTIME, LONGEST_RUN_S = "dagster/max_runtime", "21600"
# A run that died is done again as a whole: its steps do what the ledger says is left, which costs next to nothing.
RETRY_WHOLE = {"dagster/retry_strategy": "ALL_STEPS"}
# Dagster puts the path of its SQLite files into a URL without escaping it: files would be created elsewhere.
UNREADABLE_BY_DAGSTER = frozenset("?%")
# Nobody but the caller tries again: Dagster's daemon cannot repeat a run that it did not start.
NO_RETRIES = {"dagster/max_retries": "0"}


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """How a run ended; `faults` say why it failed, a sentence each."""

    run_id: str
    succeeded: bool
    faults: tuple[str, ...]
    is_hopeless: bool = False
    """Whether any other run would fail just so: a wrong key, a wrong setting, no database."""


def prepare_home(settings: Settings) -> None:
    """Makes DAGSTER_HOME with the shipped dagster.yaml where it is missing, and names it to Dagster.

    Raises:
        SettingsError: it cannot be written, or Dagster could not find its files there.
    """
    home = settings.dagster_home
    if UNREADABLE_BY_DAGSTER.intersection(str(home)):
        raise SettingsError(
            f"Dagster's storage cannot use the folder {home}, because its path holds `?` or `%`: "
            "set DAGSTER_HOME to a folder without these characters."
        )
    with _naming_dagster_home(home):
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not (home / "dagster.yaml").exists():
            shutil.copyfile(shipped("dagster.yaml"), home / "dagster.yaml")
    os.environ["DAGSTER_HOME"] = str(home)
    os.environ["MEETING_ASSETS_HOME"] = str(settings.home)


def run_days(
    defs: dg.Definitions,
    days: Sequence[date],
    *,
    recording_ids: Sequence[str] = (),
    refetch: bool = False,
    tags: Mapping[str, str] = {},
) -> RunOutcome:
    """Brings consecutive days home in one run of this process, and waits for its end."""
    return run(defs, JOB, days, run_config=_config(recording_ids, refetch=refetch), tags=tags)


def run(
    defs: dg.Definitions,
    job: str,
    partitions: Sequence[date],
    *,
    run_config: dict[str, Any],
    tags: Mapping[str, str] = {},
) -> RunOutcome:
    """Runs a job of consecutive days, or of weeks by their Mondays, in this process, and waits for its end.

    Raises:
        ValueError: `partitions` is empty; a run without partitions would be a run of all of them.
    """
    if not partitions:
        raise ValueError(f"a run of {job} needs at least one partition")
    warnings.filterwarnings("ignore", category=dg.BetaWarning)
    warnings.filterwarnings("ignore", category=dg.PreviewWarning)
    logging.getLogger("dagster").setLevel(logging.CRITICAL)
    with dagster_instance() as instance:
        result = defs.resolve_job_def(job).execute_in_process(
            instance=instance,
            run_config={**run_config, **QUIET},
            raise_on_error=False,
            **_partitions(partitions, tags, is_one_key=job == JOB and len(partitions) == 1),
        )
    failures = [event.step_failure_data for event in result.all_events if event.is_step_failure]
    is_hopeless = any(
        failure.user_failure_data is not None and HOPELESS in failure.user_failure_data.metadata for failure in failures
    )
    return RunOutcome(result.run_id, result.success, tuple(_faults(result)), is_hopeless)


_OPEN: ContextVar[dg.DagsterInstance | None] = ContextVar("the instance that is open", default=None)


@contextmanager
def dagster_instance() -> Iterator[dg.DagsterInstance]:
    """The Dagster instance; of two processes that make its storage at once, one would fail.

    Inside of such a block it is the same one: to make it takes a third of a second, since Dagster reads its migrations.
    """
    if (open_already := _OPEN.get()) is not None:
        yield open_already
        return
    home = Path(os.environ["DAGSTER_HOME"])
    with _naming_dagster_home(home):
        opened = (home / "lock").open("w")
    with opened as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        instance = dg.DagsterInstance.get()
    with instance:
        token = _OPEN.set(instance)
        try:
            yield instance
        finally:
            _OPEN.reset(token)


@contextmanager
def _naming_dagster_home(home: Path) -> Iterator[None]:
    """Turns errors of the file system into a sentence."""
    try:
        yield
    except OSError as error:
        raise SettingsError(unusable(error, home, "DAGSTER_HOME")) from None


QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def _partitions(days: Sequence[date], more_tags: Mapping[str, str], *, is_one_key: bool) -> dict[str, Any]:
    """A week never goes by one key: it would be taken for the day of that name."""
    tags = {MAX_RUNTIME: LONGEST_RUN_S, **NO_RETRIES, **more_tags}
    if is_one_key:
        return {"partition_key": days[0].isoformat(), "tags": tags}
    return {"tags": {**tags, **range_tags(days[0], days[-1])}}


def _config(recording_ids: Sequence[str], *, refetch: bool) -> dict[str, Any]:
    return {
        "ops": {STEP: {"config": {"recording_ids": [*recording_ids], "refetch": refetch}}},
    }


def _faults(result: dg.ExecuteInProcessResult) -> list[str]:
    """One sentence per failed step: ours where we said one, else what Dagster knows."""
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


def shipped(name: str) -> Path:
    """A file that comes with the package: inside it when installed, beside it in a checkout."""
    package = Path(meeting_assets.__file__).parent
    return next(path for path in (package / name, package.parent / name) if path.exists())
