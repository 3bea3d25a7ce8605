"""Run retention: deletes old runs, because Dagster itself never deletes one.

Deleting a run deletes its events, and the UI shows a day as missing when its last materialization is deleted. So an
old run is deleted only if

- every asset and day that it materialized, or failed to materialize, has a newer event of another run;
- it contains no check's last evaluation;
- a newer run of the same job has succeeded.

A day that was synced once, three years ago, keeps that run.
"""

import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final, Protocol, runtime_checkable
from uuid import UUID

import dagster as dg
from sqlalchemy import Connection, bindparam, text

from meeting_assets.core.batches import batched
from meeting_assets.core.instants import now
from meeting_assets.orchestration.resources import apply_settings, storage_key, storage_of
from meeting_assets.orchestration.workspace import DEFAULT, RUN_RETENTION, Workspace
from meeting_assets.store import heartbeats

# Deleting a run takes 50 ms on SQLite.
RUNS_PER_NIGHT = 10_000
BUDGET_S = 20 * 60.0
RUNS_PER_BATCH = 100
EVENTS_PER_BATCH = 500
KEEP_HEARTBEATS = timedelta(days=2)
"""Longer than any run lasts: an orphaned run must find its record when its host comes back."""

ENDED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]

# Dagster keeps the evaluations of a deleted run, and has no method to delete them.
LATEST_EVALUATIONS = text(
    "SELECT DISTINCT run_id FROM asset_check_executions WHERE id IN (SELECT MAX(id) FROM asset_check_executions "
    "WHERE execution_status <> 'PLANNED' GROUP BY asset_key, check_name)"
)
DELETE_EVALUATIONS = text("DELETE FROM asset_check_executions WHERE run_id IN :run_ids").bindparams(
    bindparam("run_ids", expanding=True)
)


@dataclass(slots=True)
class RetentionReport:
    """The result of one night of run retention."""

    deleted: int = 0
    kept: int = 0
    """Old runs that are still needed."""
    left: int = 0
    """Old runs that are left for the next night."""
    freed_bytes: int = 0
    """Size of deleted files. A database reuses the space of deleted rows itself."""


@runtime_checkable
class SqlStorage(Protocol):
    """Event storage in SQL: SQLite or PostgreSQL."""

    def index_connection(self) -> AbstractContextManager[Connection]:
        """A transaction on the events of all runs."""


@runtime_checkable
class ShardedStorage(Protocol):
    """Event storage with a file per run: SQLite."""

    def get_all_run_ids(self) -> Sequence[str]:
        """The runs that have a file."""

    def path_for_shard(self, run_id: str) -> str:
        """The file of a run."""


def run_retention(workspace: Workspace = DEFAULT) -> dg.JobDefinition:
    """Defines the job of one step."""

    @dg.op(
        name=workspace.named("delete_old_runs"),
        description="Deletes old runs of Dagster that newer runs have replaced. Meetings are not changed.",
        required_resource_keys={storage_key(workspace)},
    )
    def _delete(context: dg.OpExecutionContext) -> None:
        delete_old_runs(context, workspace)

    @dg.job(
        name=workspace.named(RUN_RETENTION),
        description="Deletes old runs from Dagster's storage.",
        executor_def=dg.in_process_executor,
    )
    def _job() -> None:
        _delete()

    return _job


def nightly_run_retention(workspace: Workspace = DEFAULT) -> dg.ScheduleDefinition:
    """Defines the schedule."""
    return dg.ScheduleDefinition(
        name=workspace.named("nightly_run_retention"),
        job_name=workspace.named(RUN_RETENTION),
        cron_schedule="0 4 * * *",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Deletes runs older than MEETING_ASSETS_KEEP_RUNS_DAYS that newer runs have replaced.",
    )


def delete_old_runs(context: dg.OpExecutionContext, workspace: Workspace) -> None:
    """The work of the step. In another project it deletes only runs of the workspace's own jobs."""
    keep_days = apply_settings(workspace).keep_runs_days
    jobs = None if workspace.owns_process else workspace.jobs
    report = delete_replaced_runs(context.instance, before=now() - timedelta(days=keep_days), jobs=jobs)
    context.log.info(
        f"Of the runs older than {keep_days} days, {report.deleted} were deleted, {report.kept} are still needed and "
        f"{report.left} are left for the next night. Deleted files had {report.freed_bytes:,} bytes."
    )
    context.add_output_metadata(
        {
            "runs_deleted": report.deleted,
            "old_runs_kept": report.kept,
            "old_runs_left": report.left,
            "freed_bytes": report.freed_bytes,
        }
    )
    try:
        with storage_of(context, workspace).open_storage() as (_, opened_storage):
            opened_storage.database.write(partial(heartbeats.remove_silent, longer_than=KEEP_HEARTBEATS))
    except dg.Failure as error:
        context.log.warning(f"Old heartbeats of runs were not deleted: {error.description}")


def delete_replaced_runs(
    instance: dg.DagsterInstance,
    *,
    before: datetime,
    jobs: Sequence[str] | None = None,
    runs_per_night: int = RUNS_PER_NIGHT,
    budget_s: float = BUDGET_S,
) -> RetentionReport:
    """Deletes replaced runs that were created before an instant, oldest first, within a budget.

    With `jobs`, it deletes runs of these jobs alone.
    """
    deadline_s = time.monotonic() + budget_s
    needed = needed_runs(instance)
    old = [
        run_id
        for job in ([None] if jobs is None else jobs)
        for run_id in reversed(instance.get_run_ids(dg.RunsFilter(job_name=job, statuses=ENDED, created_before=before)))
    ]
    candidates = [run_id for run_id in old if run_id not in needed]
    report = RetentionReport(kept=len(old) - len(candidates))
    checked = 0
    for batch in batched(candidates, RUNS_PER_BATCH):
        remaining = runs_per_night - report.deleted
        if remaining <= 0 or time.monotonic() > deadline_s:
            break
        replaced = _replaced(instance, batch)
        report.kept += len(batch) - len(replaced)
        report.left += len(replaced[remaining:])
        checked += len(batch)
        _delete(instance, replaced[:remaining])
        report.deleted += len(replaced[:remaining])
    report.left += len(candidates) - checked
    report.freed_bytes = _delete_orphaned_files(instance) if jobs is None else 0
    return report


def needed_runs(instance: dg.DagsterInstance) -> set[str]:
    """Runs with the latest event of some asset, day or check."""
    keys = instance.all_asset_keys()
    latest = instance.get_latest_materialization_events(keys).values()
    needed = {entry.run_id for entry in latest if entry is not None}
    for key in keys:
        needed.update(_last_materializers(instance, key))
        needed.update(_last_attempts(instance, key))
    return needed | _last_evaluators(instance)


def _last_materializers(instance: dg.DagsterInstance, key: dg.AssetKey) -> Iterator[str]:
    """Runs with the latest materialization of some day."""
    materialization: Final = dg.DagsterEventType.ASSET_MATERIALIZATION
    last = sorted(instance.event_log_storage.get_latest_storage_id_by_partition(key, materialization).values())
    for storage_ids in batched(last, EVENTS_PER_BATCH):
        records = instance.get_asset_event_summary_records(materialization, asset_key=key, storage_ids=storage_ids)
        yield from (record.run_id for record in records if record.run_id)


def _last_attempts(instance: dg.DagsterInstance, key: dg.AssetKey) -> Iterator[str]:
    """Runs that were the last to plan some day and did not materialize it, so that the UI shows the day as failed."""
    storage = instance.event_log_storage
    attempts = storage.get_latest_asset_partition_materialization_attempts_without_materializations(key)
    yield from (run_id for run_id, _ in attempts.values())


def _last_evaluators(instance: dg.DagsterInstance) -> set[str]:
    storage = instance.event_log_storage
    if not isinstance(storage, SqlStorage):
        return set()
    with storage.index_connection() as connection:
        return set(connection.scalars(LATEST_EVALUATIONS))


def _replaced(instance: dg.DagsterInstance, run_ids: Sequence[str]) -> list[str]:
    """The runs after which the same job has succeeded, oldest first."""
    records = instance.get_run_records(dg.RunsFilter(run_ids=[*run_ids]), ascending=True)
    last = {name: _last_success(instance, name) for name in {record.dagster_run.job_name for record in records}}
    return [record.dagster_run.run_id for record in records if record.storage_id < last[record.dagster_run.job_name]]


def _last_success(instance: dg.DagsterInstance, job_name: str) -> int:
    succeeded = dg.RunsFilter(job_name=job_name, statuses=[dg.DagsterRunStatus.SUCCESS])
    return next((record.storage_id for record in instance.get_run_records(succeeded, limit=1)), -1)


def _delete(instance: dg.DagsterInstance, run_ids: Collection[str]) -> None:
    """Deletes runs. Data that Dagster leaves behind is deleted first, so that an interrupted deletion is repeated."""
    storage = instance.event_log_storage
    if run_ids and isinstance(storage, SqlStorage):
        with storage.index_connection() as connection:
            connection.execute(DELETE_EVALUATIONS, {"run_ids": [*run_ids]})
    for run_id in run_ids:
        instance.compute_log_manager.delete_logs(prefix=[run_id])
        instance.delete_run(run_id)


def delete_run(instance: dg.DagsterInstance, run_id: str) -> None:
    """Deletes one run with its events, logs and files."""
    _delete(instance, [run_id])
    if isinstance(instance.event_log_storage, ShardedStorage):
        _unlinked_bytes(Path(instance.event_log_storage.path_for_shard(run_id)))


def _delete_orphaned_files(instance: dg.DagsterInstance) -> int:
    """Deletes the event files of deleted runs, which Dagster only empties; returns their bytes."""
    storage = instance.event_log_storage
    if not isinstance(storage, ShardedStorage):
        return 0
    # In this order, because a run that starts in between has a file that was not listed yet.
    with_file = {name for name in storage.get_all_run_ids() if _is_run_id(name)}
    orphaned = with_file - set(instance.get_run_ids())
    return sum(_unlinked_bytes(Path(storage.path_for_shard(run_id))) for run_id in sorted(orphaned))


def _unlinked_bytes(path: Path) -> int:
    """Deletes an SQLite file and its write-ahead log; returns their bytes."""
    freed_bytes = 0
    for each in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        if each.exists():
            freed_bytes += each.stat().st_size
            each.unlink(missing_ok=True)
    return freed_bytes


def _is_run_id(name: str) -> bool:
    try:
        return str(UUID(name)) == name
    except ValueError:
        return False
