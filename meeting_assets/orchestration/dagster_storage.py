"""Dagster's own storage on SQLite, with what it opens kept.

Dagster looks at one of its SQLite files through a new engine of SQLAlchemy's each time, which has nothing prepared or
compiled, and a new connection, whose end is a checkpoint. That is most of what an event costs, and an event is most of
what a run costs that has little to do. Here are the same classes, files, locks and transactions, and what a file was
opened with stays.

Classes like these can only be made of Dagster's private ones, by the methods that its storage for PostgreSQL overrides,
too. If a version of Dagster does not know them any more, no process of it starts: take the block `storage` out of
dagster.yaml, and Dagster goes on with the same files.
"""

import os
import sqlite3
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import Any

import dagster as dg
from dagster._core.storage.base_storage import DagsterStorage
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME
from dagster._core.storage.runs import SqliteRunStorage
from dagster._core.storage.schedules import SqliteScheduleStorage
from dagster._serdes import ConfigurableClass, ConfigurableClassData
from sqlalchemy import Connection, Engine, QueuePool, create_engine, event

# A run has a file of its own; a webserver looks at many.
KEPT_RUNS = 4
BUSY_TIMEOUT_S = 30


def _engine(url: str) -> Engine:
    """Threads take turns with the one connection that stays, and have others of their own where they do not wait."""
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=1,
        max_overflow=-1,
        connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False},
    )
    event.listen(engine, "connect", _set_pragmas)
    return engine


def _set_pragmas(connection: sqlite3.Connection, _record: Any) -> None:
    """As for the meetings: a loss of power may take the last events, whose work is in the ledger, but harms no file."""
    (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
    if mode == "wal":
        connection.execute("PRAGMA synchronous=NORMAL")


class EventLog(SqliteEventLogStorage):
    """Events: a file for each run, and one, the index, for what is asked across runs."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._turn = Lock()
        self._index: Engine | None = None
        self._of_runs: OrderedDict[str, Engine] = OrderedDict()
        self._tables: set[str] = set()
        super().__init__(base_dir, inst_data)

    @contextmanager
    def run_connection(self, run_id: str | None = None) -> Iterator[Connection]:
        """A transaction in a run's file."""
        if run_id is None or run_id not in self._of_runs:
            with super().run_connection(run_id):
                pass  # Dagster makes the tables where they are missing
        with self._turn:
            with self._of_run(str(run_id)).begin() as connection:
                changes = _changes(connection)
                yield connection
                is_written = _changes(connection) != changes
            if is_written:
                # Who watches a run, as its page in the UI does, watches this file, and the change is beside it still.
                with suppress(FileNotFoundError):
                    os.utime(self.path_for_shard(str(run_id)))

    @contextmanager
    def index_connection(self) -> Iterator[Connection]:
        """A transaction in the file of all runs."""
        if self._index is None:
            with super().index_connection():
                pass
        # As in Dagster: the threads of a process take turns.
        with self._turn:
            if self._index is None:
                self._index = _engine(self.conn_string_for_shard(INDEX_SHARD_NAME))
            with self._index.begin() as connection:
                yield connection

    def has_table(self, table_name: str) -> bool:
        """Whether the file of all runs has a table; Dagster asks for each event, and no table ever goes."""
        if table_name not in self._tables and super().has_table(table_name):
            self._tables.add(table_name)
        return table_name in self._tables

    def dispose(self) -> None:
        """Ends what watches files, and closes them."""
        super().dispose()
        with self._turn:
            while self._of_runs:
                self._of_runs.popitem()[1].dispose()
            if self._index is not None:
                self._index.dispose()
                self._index = None

    def _of_run(self, run_id: str) -> Engine:
        """The engine of one of the runs looked at last."""
        if run_id not in self._of_runs:
            self._of_runs[run_id] = _engine(self.conn_string_for_shard(run_id))
        self._of_runs.move_to_end(run_id)
        if len(self._of_runs) > KEPT_RUNS:
            self._of_runs.popitem(last=False)[1].dispose()
        return self._of_runs[run_id]


def _changes(connection: Connection) -> int:
    """How many rows its connection has ever written."""
    driver: Any = connection.connection.driver_connection
    return int(driver.total_changes)


class Runs(SqliteRunStorage):
    """Runs and the daemon's heartbeats, in one file."""

    def __init__(self, conn_string: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engine = _engine(conn_string)
        super().__init__(conn_string, inst_data)

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """A transaction."""
        with self._engine.begin() as connection:
            yield connection

    def dispose(self) -> None:
        """Closes the file."""
        super().dispose()
        self._engine.dispose()


class Storage(DagsterStorage[dg.DagsterInstance], ConfigurableClass):
    """All three, where Dagster's own would be below DAGSTER_HOME; schedules and sensors as they are there."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._inst_data = inst_data
        self._runs = Runs.from_local(str(Path(base_dir, "history")))
        self._events = EventLog(str(Path(base_dir, "history", "runs")))
        self._schedules = SqliteScheduleStorage.from_local(str(Path(base_dir, "schedules")))
        super().__init__()  # type: ignore[no-untyped-call]

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        """Where in dagster.yaml it comes from."""
        return self._inst_data

    @classmethod
    def config_type(cls) -> Mapping[str, Any]:
        """What dagster.yaml tells it."""
        return {"base_dir": dg.StringSource}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> "Storage":
        """Made from dagster.yaml."""
        return cls(config_value["base_dir"], inst_data)

    @property
    def event_log_storage(self) -> EventLog:
        """Events."""
        return self._events

    @property
    def run_storage(self) -> SqliteRunStorage:
        """Runs."""
        return self._runs

    @property
    def schedule_storage(self) -> SqliteScheduleStorage:
        """Schedules and sensors."""
        return self._schedules

    def register_instance(self, instance: dg.DagsterInstance) -> None:
        """Tells each of them whose it is."""
        super().register_instance(instance)
        for storage in (self._runs, self._events, self._schedules):
            if not storage.has_instance:
                storage.register_instance(instance)
