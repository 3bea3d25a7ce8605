"""Runs in progress, as Dagster and the heartbeats record them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import dagster as dg
from sqlalchemy import update

from meeting_assets.core.processes import ProcessIdentity
from meeting_assets.orchestration.code_location import job_origin
from meeting_assets.orchestration.runs import JOB
from meeting_assets.pipeline.storage import open_storage
from meeting_assets.settings import read_settings
from meeting_assets.store import heartbeats
from meeting_assets.store.heartbeats import HEARTBEATS
from meeting_assets.store.observation import database_now

HERE = ProcessIdentity.current()
ENDED = replace(HERE, start_ticks=1)
"""A process of this host that has ended; its process id is in use again."""


def add_started_run(instance: dg.DagsterInstance) -> str:
    """Adds a run in progress without a process; returns its id."""
    run = dg.DagsterRun(JOB, run_id=str(uuid4()), status=dg.DagsterRunStatus.STARTED, remote_job_origin=job_origin(JOB))
    return instance.add_run(run).run_id


def run_in_progress(
    instance: dg.DagsterInstance,
    process: ProcessIdentity | None,
    *,
    silent_for: timedelta = timedelta(0),
    suspected_for: timedelta | None = None,
) -> str:
    """A run that a process has begun, and whose last heartbeat is so old by the database's clock."""
    run_id = add_started_run(instance)
    with open_storage(read_settings()) as storage, storage.database.writing() as connection:
        if process is not None:
            heartbeats.beat(connection, run_id, process)
            at = database_now(connection)
            suspected_at = None if suspected_for is None else at - suspected_for
            values = {"beat_at": at - silent_for, "suspected_at": suspected_at}
            connection.execute(update(HEARTBEATS).where(HEARTBEATS.c.run_id == run_id).values(values))
    return run_id
