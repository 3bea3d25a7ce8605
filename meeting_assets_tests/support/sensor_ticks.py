"""Evaluates sensors, and creates runs that they find."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import dagster as dg

from meeting_assets.orchestration.code_location import job_origin
from meeting_assets.orchestration.runs import JOB, dagster_instance
from meeting_assets.sandbox import Recording

Requested = list[tuple[str | None, list[str]]]


def tick(defs: dg.Definitions, sensor: str, cursor: str | None = None) -> dg.SensorResult | dg.SkipReason:
    """The result of one evaluation of a sensor."""
    with (
        dagster_instance() as instance,
        dg.build_sensor_context(instance, cursor=cursor, repository_def=defs.get_repository_def()) as context,
    ):
        answer: Any = defs.resolve_sensor_def(sensor)(context)
    assert isinstance(answer, dg.SensorResult | dg.SkipReason)
    return answer


def requested_by(answer: dg.SensorResult | dg.SkipReason) -> Requested:
    """The days that a tick requests, with the recordings."""
    requests = (answer.run_requests if isinstance(answer, dg.SensorResult) else None) or []
    return [(request.partition_key, ids_of(request.run_config)) for request in requests]


def ids_of(run_config: Any) -> list[str]:
    """The recordings that a run's config names."""
    return list(run_config.get("ops", {}).get("raw_artifacts", {}).get("config", {}).get("recording_ids", []))


def reason(answer: dg.SensorResult | dg.SkipReason) -> str:
    """The message of a tick in the UI."""
    return str(answer.skip_message if isinstance(answer, dg.SkipReason) else answer.skip_reason)


def queue(recording: Recording, recording_ids: Sequence[str]) -> str:
    """Adds a run of the recording's day that has not started; returns its id."""
    run = dg.DagsterRun(
        JOB,
        run_id=str(uuid4()),
        run_config={"ops": {"raw_artifacts": {"config": {"recording_ids": [*recording_ids]}}}},
        tags={"dagster/partition": recording.day.isoformat()},
        status=dg.DagsterRunStatus.NOT_STARTED,
        remote_job_origin=job_origin(JOB),
    )
    with dagster_instance() as instance:
        return instance.add_run(run).run_id


def start(run_id: str) -> None:
    """Starts a run that does not end."""
    with dagster_instance() as instance:
        run = instance.get_run_by_id(run_id)
        assert run is not None
        instance.report_dagster_event(dg.DagsterEvent(dg.DagsterEventType.RUN_START.value, run.job_name), run_id=run_id)
