"""Orphaned runs: runs in progress whose process has ended without reporting it to Dagster.

Not all of Dagster's launchers watch the processes they start: the run of a killed process stays STARTED and blocks its
day until `dagster/max_runtime` is over. Any host finds such runs by their heartbeats in the meetings database. Within
the same boot and process namespace, the process itself is checked at once. Otherwise a run is orphaned if

- it has not reported for two minutes by the database's clock, and
- an earlier evaluation, at least 25 s before, found it silent too: after an outage of the database all runs are silent,
  and each reports again within seconds.

Runs without a heartbeat are left to `dagster/max_runtime`. The database is opened for writing only if a run
is suspected or failed.
"""

from collections.abc import Collection
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

import dagster as dg

from meeting_assets.core.errors import NothingStored, SettingsError, StoreError
from meeting_assets.core.processes import ProcessIdentity
from meeting_assets.orchestration.resources import apply_settings
from meeting_assets.orchestration.workspace import DEFAULT, Workspace
from meeting_assets.settings import Settings
from meeting_assets.store import heartbeats
from meeting_assets.store.database import Database
from meeting_assets.store.heartbeats import Heartbeat

SUSPICIOUS_FOR = timedelta(seconds=60)
SILENT_FOR = timedelta(seconds=120)
SUSPECTED_FOR = timedelta(seconds=25)
"""Longer than a run needs to report again, shorter than the sensor's interval, so that two ticks suffice."""
ORPHANED = (
    "The process of this run ended without reporting it to Dagster: it was killed, or its machine went down or lost "
    "the database. Everything that the run stored is kept; the next run continues from there."
)


@dataclass(slots=True)
class OrphanedRuns:
    """The state of the runs in progress that do not report."""

    failed: list[str] = field(default_factory=list)
    """Ids of orphaned runs, which are now failed."""
    silent: list[str] = field(default_factory=list)
    """Ids of runs that have not reported for a while, but not yet long enough."""
    unknown: list[str] = field(default_factory=list)
    """Ids of runs without a heartbeat."""


def fail_orphaned_runs(
    instance: dg.DagsterInstance,
    settings: Settings,
    here: ProcessIdentity | None = None,
    workspace: Workspace = DEFAULT,
) -> OrphanedRuns:
    """Fails a workspace's orphaned runs, so that they do not block their days. `here` is the evaluating process.

    Raises:
        StoreError: the heartbeats cannot be read.
    """
    started = instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))
    runs = {run.run_id for run in started if workspace.owns_process or run.job_name in workspace.jobs}
    found = OrphanedRuns()
    if not runs:
        return found
    here = here or ProcessIdentity.current()
    beats = _heartbeats(settings, runs)
    orphaned = [each for each in beats if is_orphaned(each, here)]
    silent = [each for each in beats if each not in orphaned and _is_suspicious(each, here)]
    found.silent = [each.run_id for each in silent]
    without_heartbeat = runs - {each.run_id for each in beats}
    found.unknown = sorted(each for each in without_heartbeat if _started_run(instance, each))
    if orphaned or silent:
        with closing(Database.at(settings.database_url, settings.database_schema)) as database:
            for each in orphaned:
                if database.write(partial(heartbeats.declare_failed, heartbeat=each)) and _report_failed(
                    instance, each.run_id
                ):
                    found.failed.append(each.run_id)
            for each in silent:
                database.write(partial(heartbeats.suspect, heartbeat=each))
    return found


def _heartbeats(settings: Settings, run_ids: Collection[str]) -> list[Heartbeat]:
    """The heartbeats of some runs. Reading them creates no database and changes none."""
    try:
        with (
            closing(Database.at(settings.database_url, settings.database_schema, is_read_only=True)) as database,
            database.reading() as connection,
        ):
            return heartbeats.heartbeats(connection, run_ids)
    except NothingStored:
        return []


def is_orphaned(heartbeat: Heartbeat, here: ProcessIdentity) -> bool:
    """True if the process of a run has ended, as far as `here` can tell."""
    if heartbeat.is_failed:
        return True  # the process that declared it may have ended before it reported the failure
    if heartbeat.process.is_visible_to(here):
        return not heartbeat.process.is_running()
    is_suspected = heartbeat.suspected_for is not None and heartbeat.suspected_for >= SUSPECTED_FOR
    return is_suspected and heartbeat.silent_for > SILENT_FOR


def _is_suspicious(heartbeat: Heartbeat, here: ProcessIdentity) -> bool:
    return heartbeat.silent_for > SUSPICIOUS_FOR and not heartbeat.process.is_visible_to(here)


def _report_failed(instance: dg.DagsterInstance, run_id: str) -> bool:
    """Reports a run as failed to Dagster. False if the run itself has reported its end meanwhile."""
    run = _started_run(instance, run_id)
    if run is None:
        return False
    instance.report_run_failed(run, ORPHANED)
    return True


def _started_run(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRun | None:
    """The current record of a run; None if it has ended."""
    run = instance.get_run_by_id(run_id)
    return run if run is not None and run.status is dg.DagsterRunStatus.STARTED else None


def orphaned_runs_sensor(workspace: Workspace = DEFAULT) -> dg.SensorDefinition:
    """Defines the sensor that fails orphaned runs; it requests none."""

    @dg.sensor(
        name=workspace.named("orphaned_runs"),
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Fails runs whose process has ended on any host, so that they do not block their days.",
    )
    def _sensor(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        try:
            found = fail_orphaned_runs(context.instance, apply_settings(workspace), workspace=workspace)
        except (SettingsError, StoreError) as error:
            return dg.SkipReason(f"No run was evaluated: {error}")
        return dg.SkipReason(_sentence(found))

    return _sensor


def _sentence(found: OrphanedRuns) -> str:
    parts = [
        f"Failed as orphaned: {', '.join(found.failed)}." if found.failed else "",
        f"Have not reported for a minute: {', '.join(found.silent)}." if found.silent else "",
        unknown_sentence(found.unknown) if found.unknown else "",
    ]
    return " ".join(filter(None, parts)) or "Every run in progress reports."


def unknown_sentence(run_ids: Collection[str]) -> str:
    """A sentence about runs without a heartbeat."""
    return f"These runs have no heartbeat and are left to dagster/max_runtime: {', '.join(run_ids)}."
