"""What runs say about themselves in tags: which process does them, and which database they are for."""

import os
import socket
from collections.abc import Iterable

import dagster as dg
import psutil

from meeting_assets.store.database import Database
from meeting_assets.store.database_id import held_id

PROCESS = "meeting_assets/process"
DATABASE_ID = "meeting_assets/database_id"


def process_tag(run_id: str) -> dict[str, str]:
    """Host, process id and start of the process that does a run: for people, no decision rests on it.

    It names the run, because a retry of a run inherits its tags.
    """
    started_s = psutil.Process().create_time()
    return {PROCESS: f"{run_id} {socket.gethostname()} {os.getpid()} {started_s:.2f}"}


def for_this_database(requests: Iterable[dg.RunRequest], database: Database) -> list[dg.RunRequest]:
    """The requests with the tag of this database. The database is asked only if there are requests.

    Raises:
        StoreError: the database does not answer.
    """
    untagged = [*requests]
    tag = database_tag(database) if untagged else {}
    return [each.with_replaced_attrs(tags={**each.tags, **tag}) for each in untagged]


def database_tag(database: Database) -> dict[str, str]:
    """The tag of requested runs with which the process of the run verifies that it uses the same database."""
    database_id = held_id(database)
    return {DATABASE_ID: database_id} if database_id else {}
