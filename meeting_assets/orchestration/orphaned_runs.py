"""Orphaned runs: their process has ended, and Dagster was not told.

Dagster's launchers do not all watch the processes they start: the run of a killed process stays STARTED and holds its
day until `dagster/max_runtime` is over. Any host finds such runs by their heartbeats in the meetings database. Within
the same boot and process namespace the process itself is looked at, at once; otherwise a run is orphaned when

- it has not reported for two minutes by the database's clock, and
- it was found silent half a minute before and has not reported since: after an outage of the database all runs are
  silent, and each reports again within seconds.

A run without a heartbeat is left alone; `dagster/max_runtime` ends it.
"""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta

import dagster as dg

from meeting_assets.core.errors import SettingsError, StoreError
from meeting_assets.core.processes import ProcessIdentity
from meeting_assets.orchestration.resources import settings_of_process
from meeting_assets.settings import Settings
from meeting_assets.store import heartbeats
from meeting_assets.store.connections import retry_on_conflict
from meeting_assets.store.database import Database
from meeting_assets.store.heartbeats import Heartbeat

SUSPICIOUS_FOR = timedelta(seconds=60)
SILENT_FOR = timedelta(seconds=120)
SUSPECTED_FOR = timedelta(seconds=25)
"""Longer than a run takes to report again; shorter than the sensor's interval, so that two ticks are enough."""
ORPHANED = (
    "The process of this run has ended without telling Dagster: it was killed, or its machine went down or lost the "
    "database. What the run had stored is kept; the next run continues from there."
)


@dataclass(slots=True)
class OrphanedRuns:
    """What a look at the runs in progress found."""

    failed: list[str] = field(default_factory=list)
    """Ids of the runs that were orphaned and are failed now."""
    silent: list[str] = field(default_factory=list)
    """Ids of runs that have not reported for a while, but not yet long enough."""


def fail_orphaned_runs(
    instance: dg.DagsterInstance, settings: Settings, here: ProcessIdentity | None = None
) -> OrphanedRuns:
    """Fails the orphaned runs, so that they hold no day any longer. `here` is the process that judges.

    Raises:
        StoreError: the heartbeats cannot be read.
    """
    runs = {run.run_id: run for run in instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))}
    found = OrphanedRuns()
    if not runs:
        return found
    with closing(Database.at(settings.database_url, settings.database_schema)) as database:
        with database.reading() as connection:
            beats = heartbeats.heartbeats(connection, runs)
        for beat in beats:
            if is_orphaned(beat, here or ProcessIdentity.current()):
                _fail(instance, runs[beat.run_id], database, beat, found)
            elif beat.silent_for > SUSPICIOUS_FOR and not beat.process.is_visible_to(here or ProcessIdentity.current()):
                found.silent.append(beat.run_id)
                _suspect(database, beat)
    return found


def is_orphaned(heartbeat: Heartbeat, here: ProcessIdentity) -> bool:
    """True if the process of a run has ended, as far as can be known from here."""
    if heartbeat.is_failed:
        return True  # the process that declared it may have ended before it told Dagster
    if heartbeat.process.is_visible_to(here):
        return not heartbeat.process.is_running()
    is_suspected = heartbeat.suspected_for is not None and heartbeat.suspected_for >= SUSPECTED_FOR
    return is_suspected and heartbeat.silent_for > SILENT_FOR


def _fail(
    instance: dg.DagsterInstance, run: dg.DagsterRun, database: Database, heartbeat: Heartbeat, found: OrphanedRuns
) -> None:
    if _declare_failed(database, heartbeat):
        instance.report_run_failed(run, ORPHANED)
        found.failed.append(run.run_id)


@retry_on_conflict
def _suspect(database: Database, heartbeat: Heartbeat) -> None:
    with database.writing() as connection:
        heartbeats.suspect(connection, heartbeat)


@retry_on_conflict
def _declare_failed(database: Database, heartbeat: Heartbeat) -> bool:
    with database.writing() as connection:
        return heartbeats.declare_failed(connection, heartbeat)


@dg.sensor(
    name="orphaned_runs",
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Fails runs whose process has ended on any host, so that they do not hold their day.",
)
def orphaned_runs_sensor(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """The sensor that fails orphaned runs; it requests none."""
    try:
        found = fail_orphaned_runs(context.instance, settings_of_process())
    except (SettingsError, StoreError) as error:
        return dg.SkipReason(f"No run is judged: {error}")
    return dg.SkipReason(_sentence(found.failed, found.silent))


def _sentence(failed: Sequence[str], silent: Sequence[str]) -> str:
    parts = [
        f"Failed as orphaned: {', '.join(failed)}." if failed else "",
        f"Have not reported for a minute: {', '.join(silent)}." if silent else "",
    ]
    return " ".join(filter(None, parts)) or "Every run in progress reports."
