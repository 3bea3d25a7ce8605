"""The code location of runs that no daemon starts, such as those of `meeting-assets sync` and `dg launch`.

Dagster's UI lists a run under its job, and on the timeline, by the origin in the run's record. Dagster records one only
for runs that its daemon or webserver starts. Every other run adds it at its start.
"""

import json
import logging
from functools import cache
from typing import Any

import dagster as dg

CODE_LOCATION = "meeting_assets"
"""The name of the code location in `workspace.yaml` and `pyproject.toml`."""
REPOSITORY = "__repository__"
"""Dagster's name of the only repository of a code location with `dg.Definitions`."""
logger = logging.getLogger(__name__)

LOCATION_TAGS = {".dagster/repository": f"{REPOSITORY}@{CODE_LOCATION}", "dagster/code_location": CODE_LOCATION}


def add_code_location(instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
    """Adds the code location to a run that has none."""
    if run.remote_job_origin is not None:
        return
    instance.add_run_tags(run.run_id, LOCATION_TAGS)
    origin, replace = job_origin(run.job_name), getattr(instance.run_storage, "replace_job_origin", None)
    if origin is None or replace is None:
        log_omission()
    elif (stored := instance.get_run_by_id(run.run_id)) is not None:
        replace(stored, origin)


@cache
def log_omission() -> None:
    """Logs once per process: the job page and the overview find such runs by their tags."""
    logger.warning("Dagster rejected the origin of this run. The timeline omits it.")


def job_origin(job: str) -> Any:
    """The origin of a job in this code location, in the form that run records contain. None if Dagster rejects it."""
    location = {"__class__": "RegisteredRepositoryLocationOrigin", "location_name": CODE_LOCATION}
    repository = {
        "__class__": "ExternalRepositoryOrigin",
        "repository_location_origin": location,
        "repository_name": REPOSITORY,
    }
    origin = {"__class__": "ExternalPipelineOrigin", "external_repository_origin": repository, "pipeline_name": job}
    try:
        # An origin has no public constructor.
        return dg.deserialize_value(json.dumps(origin))
    except Exception:  # noqa: BLE001 - Dagster's class for it is not public; the argument is a constant but for the name
        return None
