"""Connections to the database: engines, and what a transaction is on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, Self, TypeVar

import stamina
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url

from meeting_assets.core.errors import NothingStored, StoreError, TransactionLost
from meeting_assets.store.driver_errors import translated
from meeting_assets.store.locks import forget_locks

SQLITE = "sqlite:///"
TRIES = 20
RETRY_WITHIN_S = 60.0
FIRST_WAIT_S = 0.05
LONGEST_WAIT_S = 5.0

P = ParamSpec("P")
T = TypeVar("T")


class Connections:
    """One database of meetings. `reading()` and `writing()` are its transactions."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @classmethod
    def at(cls, url: str, *, is_read_only: bool = False) -> Self:
        """The database at a URL; the folder of a SQLite file is made if it is missing, but not to read from it.

        Raises:
            StoreError: it does not answer.
            NothingStored: there is no file to read from.
        """
        address = address_of(url)
        if address.get_backend_name() == "sqlite":
            file = Path(str(address.database))
            if not is_read_only:
                file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            elif not file.exists():
                raise NothingStored(f"There is no database at {file} yet; `meeting-assets sync` creates it.")
        database = cls(_engine(address, is_read_only=is_read_only))
        try:
            with database.reading():
                return database
        except StoreError:
            database.close()
            raise

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that only reads.

        Raises:
            StoreError: the database does not answer.
        """
        with translated(self.engine.url), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that writes; on SQLite it takes the one writer's place at its start.

        Taking it later, after a read, fails at once when another writer came between. Functions around it carry
        `retry_on_conflict`.

        Raises:
            StoreError: the database does not answer, or takes no more.
        """
        with (
            translated(self.engine.url),
            self.engine.connect().execution_options(is_writing=True) as connection,
            connection.begin(),
        ):
            yield connection

    def close(self) -> None:
        self.engine.dispose()


def retry_on_conflict(function: Callable[P, T]) -> Callable[P, T]:
    """Calls the function again when a transaction in it was lost to a deadlock, a time-out or a restart of the server.

    The function must be idempotent: a transaction that was lost may have been committed all the same, when the
    connection broke before its end was confirmed. An error that an inner function has retried is not retried again.
    """

    @wraps(function)
    def retried(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            for attempt in _attempts():
                with attempt:
                    return function(*args, **kwargs)
        except TransactionLost as error:
            error.is_retried = True
            raise
        raise AssertionError("stamina yields at least one attempt")

    return retried


def address_of(url: str) -> URL:
    """The URL for SQLAlchemy. What follows `sqlite:///` is a path as it stands: `?`, `#` and `%20` are parts of it.

    >>> address_of("sqlite:////srv/team?notes/meetings.db").database
    '/srv/team?notes/meetings.db'
    """
    if url.startswith(SQLITE):
        return URL.create("sqlite", database=url.removeprefix(SQLITE))
    return make_url(url)


def _attempts() -> Iterator[stamina.Attempt]:
    return iter(
        stamina.retry_context(
            on=_is_worth_another_try,
            attempts=TRIES,
            timeout=RETRY_WITHIN_S,
            wait_initial=FIRST_WAIT_S,
            wait_max=LONGEST_WAIT_S,
            wait_jitter=LONGEST_WAIT_S / 5,
        )
    )


def _is_worth_another_try(error: Exception) -> bool:
    return isinstance(error, TransactionLost) and not error.is_retried


def _engine(address: URL, *, is_read_only: bool = False) -> Engine:
    is_sqlite = address.get_backend_name() == "sqlite"
    # Parameters of statements hold what was said in meetings; they must not get into the text of errors.
    engine = create_engine(address, hide_parameters=True, pool_pre_ping=not is_sqlite)
    set_pragmas = _set_reading_pragmas if is_read_only else _set_pragmas
    event.listen(engine, "connect", set_pragmas if is_sqlite else _set_session)
    event.listen(engine, "begin", _begin_sqlite if is_sqlite else _begin_postgresql)
    return engine


def _set_pragmas(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions begin where `_begin_sqlite` says, not where the driver guesses
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "busy_timeout=30000",
        "secure_delete=ON",  # what is purged is not to be found in free pages
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _set_reading_pragmas(connection: Any, _record: Any) -> None:
    """Changes no byte of the file; `journal_mode` is written into it, and would mark another program's database."""
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("query_only=ON", "busy_timeout=30000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _set_session(connection: Any, _record: Any) -> None:
    """Settings of the session that do not depend on the server, the database and the role."""


def _begin_sqlite(connection: Connection) -> None:
    forget_locks(connection)
    is_writing = connection.get_execution_options().get("is_writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writing else "BEGIN")


def _begin_postgresql(connection: Connection) -> None:
    """What every transaction starts with; settings that a connection pooler loses (`SET LOCAL …`) belong here."""
    forget_locks(connection)
