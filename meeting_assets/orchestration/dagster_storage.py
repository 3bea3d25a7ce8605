"""Dagster's own storage on SQLite, with its connections kept.

Dagster opens a file anew for each look at it: an engine of SQLAlchemy's that has nothing prepared or compiled, a
connection whose end is a checkpoint. That is most of what an event costs, and an event is most of what a run costs
that has little to do. Here are the same classes, files, locks and transactions, and what a file was opened with stays.

Named by `storage` in dagster.yaml. Whoever keeps Dagster's storage in PostgreSQL names that there instead.
"""

import sqlite3
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
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
KEPT_FILES = 16
BUSY_TIMEOUT_S = 30


class Engines:
    """An engine for each of the files that were used last, each with one connection that stays open."""

    def __init__(self) -> None:
        self._by_url: OrderedDict[str, Engine] = OrderedDict()
        self._lock = Lock()

    def __contains__(self, url: str) -> bool:
        return url in self._by_url

    @contextmanager
    def begin(self, url: str) -> Iterator[Connection]:
        """A transaction."""
        with self._of(url).begin() as connection:
            yield connection

    def close(self) -> None:
        """Closes what is open; what is used after that is opened again."""
        with self._lock:
            while self._by_url:
                self._by_url.popitem()[1].dispose()

    def _of(self, url: str) -> Engine:
        with self._lock:
            if url not in self._by_url:
                self._by_url[url] = _engine(url)
            self._by_url.move_to_end(url)
            if len(self._by_url) > KEPT_FILES:
                self._by_url.popitem(last=False)[1].dispose()
            return self._by_url[url]


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
    connection.execute("PRAGMA synchronous=NORMAL")


class EventLog(SqliteEventLogStorage):
    """Events: a file for each run, and one for what is asked across runs."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines = Engines()
        self._turn = Lock()
        self._tables: set[str] = set()
        super().__init__(base_dir, inst_data)

    @contextmanager
    def run_connection(self, run_id: str | None = None) -> Iterator[Connection]:
        """A transaction in a run's file."""
        with self._begin(self.conn_string_for_shard(run_id or ""), super().run_connection(run_id)) as connection:
            yield connection

    @contextmanager
    def index_connection(self) -> Iterator[Connection]:
        """A transaction in the file of all runs."""
        with self._begin(self.conn_string_for_shard(INDEX_SHARD_NAME), super().index_connection()) as connection:
            yield connection

    def has_table(self, table_name: str) -> bool:
        """Whether the file of all runs has a table; Dagster asks for each event, and no table ever goes."""
        if table_name not in self._tables and super().has_table(table_name):
            self._tables.add(table_name)
        return table_name in self._tables

    def dispose(self) -> None:
        """Ends what watches files, and closes them."""
        super().dispose()
        self._engines.close()

    @contextmanager
    def _begin(self, url: str, first: AbstractContextManager[Connection]) -> Iterator[Connection]:
        """A transaction; the first one is Dagster's, which makes the tables where they are missing."""
        if url not in self._engines:
            with first:
                pass
        # As in Dagster: threads of a process take turns, since SQLite would have them wait for each other in naps.
        with self._turn, self._engines.begin(url) as connection:
            yield connection


class Runs(SqliteRunStorage):
    """Runs and the daemon's heartbeats, in one file."""

    def __init__(self, conn_string: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines = Engines()
        self._url = conn_string
        super().__init__(conn_string, inst_data)

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """A transaction."""
        with self._engines.begin(self._url) as connection:
            yield connection

    def dispose(self) -> None:
        """Closes the file."""
        super().dispose()
        self._engines.close()


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
