"""Marks attempts before they begin. After `MAX_INTERRUPTIONS` marks an artifact is set aside.

A download or a payload may exhaust the memory of the process, and then no code runs that could record a failure. So an
attempt is marked in the ledger before it begins, with its process. The end of the attempt removes the mark, whether it
succeeded or not. A mark of a process that no longer runs counts as an interrupted attempt.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection, bindparam, case

from meeting_assets.core.processes import ProcessIdentity
from meeting_assets.store.fetch_results import wait_after
from meeting_assets.store.ledger import LEDGER, OF_ARTIFACT, parameters_of
from meeting_assets.store.states import FETCHED, INTERRUPTED, MOST_DEATHS, PENDING
from meeting_assets.store.tasks import FetchTask, LoadTask

Task = TypeVar("Task", FetchTask, LoadTask)

ENDED_THE_PROCESS = f"loading it ended the process {MOST_DEATHS} times"

_BEGIN_FETCH = (
    LEDGER.update()
    .where(
        OF_ARTIFACT,
        LEDGER.c.status == PENDING,
        LEDGER.c.api_updated_at.is_not_distinct_from(bindparam("of_updated_at", type_=LEDGER.c.api_updated_at.type)),
    )
    .values(
        attempts=bindparam("count"), next_attempt_at=bindparam("due_at"), error=INTERRUPTED, worker=bindparam("process")
    )
)
_CANCEL_FETCH = (
    LEDGER.update()
    .where(OF_ARTIFACT, LEDGER.c.error == INTERRUPTED, LEDGER.c.attempts == bindparam("marked"))
    .values(
        attempts=bindparam("count"), next_attempt_at=bindparam("due_at"), error=bindparam("former_error"), worker=None
    )
)
_BEGIN_LOAD = (
    LEDGER.update()
    .where(
        OF_ARTIFACT,
        LEDGER.c.sha256 == bindparam("of_sha256"),
        LEDGER.c.status == bindparam("of_status"),
        # A run that has loaded the artifact since leaves another version; its row must not be marked again.
        LEDGER.c.parser_version.is_not_distinct_from(bindparam("of_version", type_=LEDGER.c.parser_version.type)),
    )
    .values(load_attempts=bindparam("count"), worker=bindparam("process"))
)
_CANCEL_LOAD = (
    LEDGER.update()
    .where(OF_ARTIFACT, LEDGER.c.load_attempts == bindparam("marked"), LEDGER.c.worker == bindparam("process"))
    .values(load_attempts=bindparam("count"), worker=None)
)
_RESET_LOAD = (
    LEDGER.update()
    .where(OF_ARTIFACT)
    .values(
        status=case((LEDGER.c.status == PENDING, PENDING), else_=FETCHED),
        # With a parser version, a pending row would look quarantined by it, and would be reset again and again.
        parser_version=None,
        load_attempts=None,
        worker=None,
    )
)


def note_begun(connection: Connection, tasks: Iterable[FetchTask], *, at: datetime) -> None:
    """Marks that downloads begin. Stored artifacts that are only fetched again are not marked."""
    process = ProcessIdentity.current().name
    marks = [
        parameters_of(each.key)
        | {
            "of_updated_at": each.updated_at,
            "count": each.attempts + 1,
            "due_at": at + wait_after(each.attempts),
            "process": process,
        }
        for each in _in_order(tasks)
    ]
    if marks:
        connection.execute(_BEGIN_FETCH, marks)


def note_called_off(connection: Connection, tasks: Iterable[FetchTask]) -> None:
    """Removes the marks of downloads that were stopped for another reason than their artifacts."""
    former = [
        parameters_of(each.key)
        | {
            "marked": each.attempts + 1,
            "count": each.attempts,
            "due_at": each.next_attempt_at,
            "former_error": each.error,
        }
        for each in _in_order(tasks)
    ]
    if former:
        connection.execute(_CANCEL_FETCH, former)


def note_loading(connection: Connection, tasks: Iterable[LoadTask]) -> None:
    """Marks that loading begins."""
    process = ProcessIdentity.current().name
    marks = [
        parameters_of(each.key)
        | {
            "of_sha256": each.sha256,
            "of_status": each.status,
            "of_version": each.parser_version,
            "count": (each.load_attempts or 0) + 1,
            "process": process,
        }
        for each in _in_order(tasks)
    ]
    if marks:
        connection.execute(_BEGIN_LOAD, marks)


def note_not_loaded(connection: Connection, tasks: Iterable[LoadTask]) -> None:
    """Removes the marks of loads that were stopped for another reason than their artifacts."""
    process = ProcessIdentity.current().name
    former = [
        parameters_of(each.key)
        | {"marked": (each.load_attempts or 0) + 1, "count": each.load_attempts, "process": process}
        for each in _in_order(tasks)
    ]
    if former:
        connection.execute(_CANCEL_LOAD, former)


def release(connection: Connection, tasks: Iterable[LoadTask]) -> None:
    """Lets this parser version try bytes that ended the process under another version."""
    keys = [parameters_of(each.key) for each in _in_order(tasks)]
    if keys:
        connection.execute(_RESET_LOAD, keys)


def _in_order(tasks: Iterable[Task]) -> list[Task]:
    """The tasks by key. All transactions lock ledger rows in this order."""
    return sorted(tasks, key=lambda task: task.key)
