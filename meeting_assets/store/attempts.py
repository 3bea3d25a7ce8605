"""Marks attempts before they begin. After `MAX_INTERRUPTIONS` marks an artifact is set aside.

A download or a payload may exhaust the memory of the process, and then no code runs that could record a failure. So an
attempt is marked in the ledger before it begins, with its process. The end of the attempt removes the mark, whether it
succeeded or not. A mark of a process that no longer runs counts as an interrupted attempt.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection, and_, case

from meeting_assets.core.processes import ProcessIdentity
from meeting_assets.store.ledger import LEDGER, is_artifact
from meeting_assets.store.ledger_raw import wait_after
from meeting_assets.store.ledger_states import FETCHED, INTERRUPTED, MAX_INTERRUPTIONS, PENDING
from meeting_assets.store.modification import update_of
from meeting_assets.store.tasks import FetchTask, LoadTask

ENDED_THE_PROCESS = f"loading it ended the process {MAX_INTERRUPTIONS} times"

Task = TypeVar("Task", FetchTask, LoadTask)


def begin_fetches(connection: Connection, tasks: Iterable[FetchTask], *, at: datetime) -> None:
    """Marks that downloads begin. Stored artifacts that are only fetched again are not marked."""
    process = ProcessIdentity.current().name
    for task in _in_order(tasks):
        is_unchanged = LEDGER.c.api_updated_at.is_not_distinct_from(task.updated_at)
        is_offered = and_(is_artifact(task.key), LEDGER.c.status == PENDING, is_unchanged)
        values = {
            "attempts": task.attempts + 1,
            "next_attempt_at": at + wait_after(task.attempts),
            "error": INTERRUPTED,
            "worker": process,
        }
        connection.execute(update_of(LEDGER, is_offered, values))


def cancel_fetches(connection: Connection, tasks: Iterable[FetchTask]) -> None:
    """Removes the marks of downloads stopped by an error unrelated to the artifact."""
    for task in _in_order(tasks):
        is_counted = LEDGER.c.attempts == task.attempts + 1
        is_marked = and_(is_artifact(task.key), LEDGER.c.error == INTERRUPTED, is_counted)
        former = {"attempts": task.attempts, "next_attempt_at": task.next_attempt_at, "error": task.error}
        connection.execute(update_of(LEDGER, is_marked, {**former, "worker": None}))


def begin_loads(connection: Connection, tasks: Iterable[LoadTask]) -> None:
    """Marks that loading begins, unless another run has loaded the artifact or fetched other bytes since."""
    process = ProcessIdentity.current().name
    for task in _in_order(tasks):
        is_unchanged = and_(
            is_artifact(task.key),
            LEDGER.c.sha256 == task.sha256,
            LEDGER.c.status == task.status,
            LEDGER.c.parser_version.is_not_distinct_from(task.parser_version),
        )
        values = {"load_attempts": (task.load_attempts or 0) + 1, "worker": process}
        connection.execute(update_of(LEDGER, is_unchanged, values))


def cancel_loads(connection: Connection, tasks: Iterable[LoadTask]) -> None:
    """Removes the marks of loads stopped by an error unrelated to the artifact."""
    process = ProcessIdentity.current().name
    for task in _in_order(tasks):
        is_counted = LEDGER.c.load_attempts == (task.load_attempts or 0) + 1
        is_marked = and_(is_artifact(task.key), is_counted, LEDGER.c.worker == process)
        connection.execute(update_of(LEDGER, is_marked, {"load_attempts": task.load_attempts, "worker": None}))


def reset_loads(connection: Connection, tasks: Iterable[LoadTask]) -> None:
    """Lets this parser version try bytes that ended the process under another version."""
    for task in _in_order(tasks):
        values = {
            "status": case((LEDGER.c.status == PENDING, PENDING), else_=FETCHED),
            # With a parser version, a pending row would look quarantined by it and be reset again and again.
            **dict.fromkeys(("parser_version", "load_attempts", "worker")),
        }
        connection.execute(update_of(LEDGER, is_artifact(task.key), values))


def _in_order(tasks: Iterable[Task]) -> list[Task]:
    """The tasks by key. All transactions lock ledger rows in this order."""
    return sorted(tasks, key=lambda task: task.key)
