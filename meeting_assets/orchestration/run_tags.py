"""Run tags: the process that executes a run, and the database that it was requested for."""

import os
import socket
from collections.abc import Iterable

import dagster as dg
import psutil

from meeting_assets.orchestration.workspace import DEFAULT, Workspace
from meeting_assets.store.database import Database
from meeting_assets.store.database_id import held_id

# Dagster's UI hides tags with this prefix. It would show all others at the start of every row of its lists of runs.
PROCESS = ".dagster/meeting_assets_process"
DATABASE_ID = ".dagster/meeting_assets_database_id"


def process_tag(run_id: str) -> dict[str, str]:
    """Host, process id and start of the process that executes a run. For support only; no decision depends on it.

    The value includes the run id, because a retry inherits the tags of its run.
    """
    started_s = psutil.Process().create_time()
    return {PROCESS: f"{run_id} {socket.gethostname()} {os.getpid()} {started_s:.2f}"}


def for_this_database(
    requests: Iterable[dg.RunRequest], database: Database, workspace: Workspace = DEFAULT
) -> list[dg.RunRequest]:
    """Adds the tag of this database to requests. The database is read only if there are requests.

    Raises:
        StoreError: the database cannot be read.
    """
    untagged = [*requests]
    tag = database_tag(database, workspace) if untagged else {}
    return [each.with_replaced_attrs(tags={**each.tags, **tag}) for each in untagged]


def database_tag_key(workspace: Workspace) -> str:
    """The name of the tag with the database id: a run of a project may use several workspaces."""
    return f"{DATABASE_ID}_{workspace.name}" if workspace.name else DATABASE_ID


def database_tag(database: Database, workspace: Workspace = DEFAULT) -> dict[str, str]:
    """The tag by which the process of a requested run verifies that it uses the same database."""
    database_id = held_id(database)
    return {database_tag_key(workspace): database_id} if database_id else {}
