"""Marks attempts before they begin. After `MOST_DEATHS` marks an artifact is set aside.

A download or a payload may need more memory than there is, and then nothing is left that could record a failure. So
each is marked before it begins. The mark goes when the attempt ends, whatever its outcome, and stays when the process
is killed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol, Self

from sqlalchemy import Connection, bindparam, case

from meeting_assets.core.processes import ProcessIdentity
from meeting_assets.store.ledger import LEDGER, OF_ARTIFACT, Key, parameters_of, wait_after
from meeting_assets.store.states import FETCHED, INTERRUPTED, MOST_DEATHS, PENDING, is_due

ENDED_THE_PROCESS = f"loading it ended the process {MOST_DEATHS} times"

_BEGUN = (
    LEDGER.update()
    .where(
        OF_ARTIFACT,
        LEDGER.c.status == PENDING,
        LEDGER.c.api_updated_at.is_not_distinct_from(bindparam("of_updated_at", type_=LEDGER.c.api_updated_at.type)),
    )
    .values(
        attempts=bindparam("count"), next_attempt_at=bindparam("due_at"), error=INTERRUPTED, worker=bindparam("at_work")
    )
)
_CALLED_OFF = (
    LEDGER.update()
    .where(OF_ARTIFACT, LEDGER.c.error == INTERRUPTED, LEDGER.c.attempts == bindparam("marked"))
    .values(
        attempts=bindparam("count"), next_attempt_at=bindparam("due_at"), error=bindparam("former_error"), worker=None
    )
)
_LOADING = (
    LEDGER.update()
    .where(
        OF_ARTIFACT,
        LEDGER.c.sha256 == bindparam("of_sha256"),
        LEDGER.c.status == bindparam("of_status"),
        # A run that has loaded it meanwhile leaves another version; its row must not be marked again.
        LEDGER.c.parser_version.is_not_distinct_from(bindparam("of_version", type_=LEDGER.c.parser_version.type)),
    )
    .values(load_attempts=bindparam("count"), worker=bindparam("at_work"))
)
_NOT_LOADED = (
    LEDGER.update()
    .where(OF_ARTIFACT, LEDGER.c.load_attempts == bindparam("marked"), LEDGER.c.worker == bindparam("at_work"))
    .values(load_attempts=bindparam("count"), worker=None)
)
_RELEASED = (
    LEDGER.update()
    .where(OF_ARTIFACT)
    .values(
        status=case((LEDGER.c.status == PENDING, PENDING), else_=FETCHED),
        # Else a pending row would look as if this version had quarantined it, and be released again and again.
        parser_version=None,
        load_attempts=None,
        worker=None,
    )
)


class Loading(Protocol):
    """An artifact whose bytes are about to be loaded, as the worklist named it."""

    @property
    def key(self) -> Key: ...
    @property
    def sha256(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def parser_version(self) -> str | None: ...
    @property
    def load_attempts(self) -> int | None: ...


class Wanted(NamedTuple):
    """An artifact to fetch, and how former attempts ended."""

    key: Key
    updated_at: datetime | None
    attempts: int
    error: str | None
    next_attempt_at: datetime | None
    is_waiting: bool | None

    @classmethod
    def of(cls, key: Key, *columns: Any, worker: str | None) -> Self:
        """What the ledger says; an attempt that another process is making now has not ended yet."""
        wanted = cls(key, *columns)
        if wanted.error != INTERRUPTED or not is_at_work(worker):
            return wanted
        return wanted._replace(attempts=max(0, wanted.attempts - 1), error=None)

    @property
    def is_suspect(self) -> bool:
        """Whether the process ended during the last attempt."""
        return self.error == INTERRUPTED and self.attempts > 0

    def may_begin(self, at: datetime) -> bool:
        """Whether a sync of the day may try now: after most failures yes, where bytes are missing only when due."""
        waits = self.is_waiting or (self.is_suspect and self.attempts >= MOST_DEATHS)
        return not waits or is_due(self.next_attempt_at, at)


def is_at_work(worker: str | None) -> bool:
    """True if the process that made a mark is known to be running. Those of other hosts cannot be seen from here."""
    identity = ProcessIdentity.named(worker) if worker else None
    return identity is not None and identity.is_visible_to(ProcessIdentity.current()) and identity.is_running()


def note_begun(connection: Connection, wanted: Sequence[Wanted], *, at: datetime) -> None:
    """Attempts to fetch these artifacts begin; those at home that are only fetched again are not marked."""
    marks = [
        parameters_of(each.key)
        | {
            "of_updated_at": each.updated_at,
            "count": each.attempts + 1,
            "due_at": at + wait_after(each.attempts),
            "at_work": ProcessIdentity.current().name,
        }
        for each in sorted(wanted, key=lambda each: each.key)
    ]
    if marks:
        connection.execute(_BEGUN, marks)


def note_called_off(connection: Connection, wanted: Collection[Wanted]) -> None:
    """Attempts that had begun were stopped by something else than these artifacts: they do not count."""
    former = [
        parameters_of(each.key)
        | {
            "marked": each.attempts + 1,
            "count": each.attempts,
            "due_at": each.next_attempt_at,
            "former_error": each.error,
        }
        for each in sorted(wanted, key=lambda each: each.key)
    ]
    if former:
        connection.execute(_CALLED_OFF, former)


def note_loading(connection: Connection, entries: Iterable[Loading]) -> None:
    """Loading these artifacts begins."""
    marks = [
        parameters_of(each.key)
        | {
            "of_sha256": each.sha256,
            "of_status": each.status,
            "of_version": each.parser_version,
            "count": (each.load_attempts or 0) + 1,
            "at_work": ProcessIdentity.current().name,
        }
        for each in sorted(entries, key=lambda each: each.key)
    ]
    if marks:
        connection.execute(_LOADING, marks)


def note_not_loaded(connection: Connection, entries: Iterable[Loading]) -> None:
    """Loading was stopped by something else than these artifacts: the attempt does not count."""
    former = [
        parameters_of(each.key)
        | {
            "marked": (each.load_attempts or 0) + 1,
            "count": each.load_attempts,
            "at_work": ProcessIdentity.current().name,
        }
        for each in sorted(entries, key=lambda each: each.key)
    ]
    if former:
        connection.execute(_NOT_LOADED, former)


def release(connection: Connection, entries: Iterable[Loading]) -> None:
    """Another parser version tries what ended the process under a former one, as often as that did."""
    keys = sorted(each.key for each in entries)
    if keys:
        connection.execute(_RELEASED, [parameters_of(key) for key in keys])
