"""The heartbeat of a run, written by a thread of the run's process.

A run that another host has declared orphaned must not store anything. Each writing transaction therefore calls
`before_commit`. Shortly after a heartbeat this does nothing; later it writes a heartbeat in the same transaction, so
that both commit or neither does. A database outage alone ends no run.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing, suppress
from threading import Event, Thread

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from meeting_assets.core.clocks import elapsed_s
from meeting_assets.core.errors import StoreError
from meeting_assets.core.processes import ProcessIdentity
from meeting_assets.store import heartbeats
from meeting_assets.store.connections import retry_on_conflict
from meeting_assets.store.database import Database

INTERVAL_S = 15.0
CERTAIN_S = 45.0
"""No host declares a run orphaned this soon after a heartbeat: well below `orphaned_runs.SILENT_FOR`."""
STOP_S = 5.0
ORPHANED = (
    "This run did not report for two minutes and was declared orphaned, so it stores nothing any more. What it had "
    "stored is kept; the next run continues from there. If this recurs, check the connection between this host and "
    "the database."
)


class RunHeartbeat:
    """Writes heartbeats of a run from `start` to `stop`."""

    def __init__(
        self,
        run_id: str,
        open_database: Callable[[], Database],
        process: ProcessIdentity | None = None,
        *,
        interval_s: float | None = None,
        certain_s: float | None = None,
    ) -> None:
        self._run_id = run_id
        self._open_database = open_database
        self._process = process or ProcessIdentity.current()
        self._interval_s = INTERVAL_S if interval_s is None else interval_s
        self._certain_s = CERTAIN_S if certain_s is None else certain_s
        self._reported_s: float | None = None
        self._is_orphaned = False
        self._stopped = Event()
        self._thread: Thread | None = None

    def start(self, database: Database) -> None:
        """Writes the first heartbeat, and starts the thread that writes the others over its own connections.

        Raises:
            StoreError: the heartbeat cannot be written.
        """
        self._report(database)
        self._thread = Thread(target=self._keep, name=f"heartbeat of run {self._run_id}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stops the thread. The heartbeat row stays until Dagster has recorded the end of the run."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(STOP_S)

    def before_commit(self, connection: Connection) -> None:
        """Aborts the transaction if the run was declared orphaned.

        Raises:
            StoreError: the run was declared orphaned.
            SQLAlchemyError: the heartbeat cannot be written; the transaction it is part of translates this.
        """
        if self._is_recent() and not self._is_orphaned:
            return
        if not heartbeats.beat(connection, self._run_id, self._process):
            self._is_orphaned = True
            raise StoreError(ORPHANED)

    def _is_recent(self) -> bool:
        return self._reported_s is not None and elapsed_s() < self._reported_s + self._certain_s

    def _keep(self) -> None:
        while not self._is_orphaned and not self._stopped.wait(self._interval_s):
            # An outage may pass. Until then each commit checks that the run was not declared orphaned.
            with suppress(StoreError, SQLAlchemyError), closing(self._open_database()) as database:
                self._report(database)

    @retry_on_conflict
    def _report(self, database: Database) -> None:
        at_s = elapsed_s()  # taken before the request, because the row may be older than the response
        with database.writing() as connection:
            self._is_orphaned = not heartbeats.beat(connection, self._run_id, self._process)
        self._reported_s = at_s
