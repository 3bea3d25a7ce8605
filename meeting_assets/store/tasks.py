"""Tasks of the worklist: one artifact to fetch or to load, and how former attempts ended."""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple, Self

from meeting_assets.core.processes import ProcessIdentity
from meeting_assets.store.ledger import ArtifactKey
from meeting_assets.store.ledger_states import FETCHED, INTERRUPTED, MAX_INTERRUPTIONS, PENDING, is_due


class FetchTask(NamedTuple):
    """An artifact to fetch."""

    key: ArtifactKey
    updated_at: datetime | None
    attempts: int
    error: str | None
    next_attempt_at: datetime | None
    is_waiting: bool | None
    worker: str | None

    def without_running_attempt(self) -> Self:
        """The task without an attempt that another process is making now and that has not ended."""
        if self.error != INTERRUPTED or not is_process_running(self.worker):
            return self
        return self._replace(attempts=max(0, self.attempts - 1), error=None)

    @property
    def is_suspect(self) -> bool:
        """True if the process ended during the last attempt."""
        return self.error == INTERRUPTED and self.attempts > 0

    def may_begin(self, at: datetime) -> bool:
        """True if a sync of the day may fetch the artifact now, due or not.

        Missing bytes and artifacts that ended the process too often wait until they are due.
        """
        waits = self.is_waiting or (self.is_suspect and self.attempts >= MAX_INTERRUPTIONS)
        return not waits or is_due(self.next_attempt_at, at)


class LoadTask(NamedTuple):
    """An artifact whose stored bytes are to be loaded into the tables, with the inputs of its parser."""

    key: ArtifactKey
    day: date
    status: str
    raw_key: str
    sha256: str
    size_bytes: int | None
    parser_version: str | None
    row_count: int | None
    created_at: datetime | None
    provider: str | None
    bot_name: str | None
    load_attempts: int | None = None
    """Attempts to load these bytes that ended the process."""
    is_quarantined: bool = False
    """True if another parser version has quarantined these bytes."""
    worker: str | None = None

    def without_running_attempt(self) -> Self:
        """The task without an attempt that another process is making now and that has not ended."""
        if not self.load_attempts or not is_process_running(self.worker):
            return self
        return self._replace(load_attempts=self.load_attempts - 1 or None)

    def reset(self) -> Self:
        """The task without its attempts and its quarantine, as `attempts.reset_loads` writes it to the ledger."""
        status = PENDING if self.status == PENDING else FETCHED
        return self._replace(status=status, parser_version=None, load_attempts=None, is_quarantined=False)

    @property
    def is_exhausted(self) -> bool:
        """True if loading has ended the process so often that this parser version does not try again."""
        return (self.load_attempts or 0) >= MAX_INTERRUPTIONS and not self.is_quarantined


def is_process_running(worker: str | None) -> bool:
    """True if the process that made a mark is known to be running; processes of other hosts are not visible here."""
    identity = ProcessIdentity.parse(worker) if worker else None
    return identity is not None and identity.is_visible_to(ProcessIdentity.current()) and identity.is_running()
