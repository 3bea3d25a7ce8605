"""Connections to the database: engines, and what a transaction is on SQLite and PostgreSQL."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, Self, TypeVar
from urllib.parse import parse_qsl, quote, unquote

import stamina
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url

from meeting_assets.core.errors import NothingStored, StoreError, TransactionLost
from meeting_assets.core.files import unusable
from meeting_assets.store.driver_errors import translated
from meeting_assets.store.locks import forget_locks

logger = logging.getLogger(__name__)

SQLITE = "sqlite:///"
TRIES = 20
RETRY_WITHIN_S = 60.0
FIRST_WAIT_S = 0.05
LONGEST_WAIT_S = 5.0
JITTER_S = 0.25
BUSY_TIMEOUT_S = 30
"""How long SQLite itself waits for another writer, before its transaction counts as lost."""

SESSION = {"client_encoding": "UTF8", "DateStyle": "ISO, MDY", "TimeZone": "UTC", "standard_conforming_strings": "on"}
"""What psycopg and our statements rely on."""
PSYCOPG = {"client_encoding": "utf8", "prepare_threshold": None}
"""PgBouncer in transaction mode sends the statements of one client to many connections: none may be prepared."""

P = ParamSpec("P")
T = TypeVar("T")


class Connections:
    """One database of meetings. `reading()` and `writing()` are its transactions."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.before_commit: Callable[[Connection], None] | None = None
        """Called at the end of every writing transaction; what it raises rolls the transaction back."""

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
                _make_folder(file.parent)
            elif not file.exists():
                raise NothingStored(f"There is no database at {file} yet; `meeting-assets sync` creates it.")
        database = cls(_engine(address, is_read_only=is_read_only))
        try:
            # Not retried: a wrong address is to be said at once. Runs wait around this call.
            with database._transaction(database._begun(is_writing=False)):
                return database
        except StoreError:
            database.close()
            raise

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @property
    def url(self) -> str:
        """The URL that `at` opens the same database by; it may hold a password."""
        if not self.is_sqlite:
            return self.engine.url.render_as_string(hide_password=False)
        return f"{SQLITE}{quote(str(self.engine.url.database))}"

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that only reads.

        Raises:
            StoreError: the database does not answer.
        """
        with self._transaction(self._begun_with_retries(is_writing=False)) as connection:
            yield connection

    def read(self, query: Callable[[Connection], T]) -> T:
        """What a function finds in a transaction that only reads; it is called again when the connection breaks.

        Raises:
            StoreError: the database does not answer.
        """

        def found() -> T:
            with self.reading() as connection:
                return query(connection)

        return retry_on_conflict(found)()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that writes; on SQLite it takes the one writer's place at its start.

        Taking it later, after a read, fails at once when another writer came between. Functions around it carry
        `retry_on_conflict`.

        Raises:
            StoreError: the database does not answer, or takes no more.
        """
        with self._transaction(self._begun_with_retries(is_writing=True)) as connection:
            yield connection
            if self.before_commit is not None:
                self.before_commit(connection)

    def _begun_with_retries(self, *, is_writing: bool) -> Connection:
        """As `_begun`; a server that restarts is waited for, since nothing of the transaction has been done yet."""
        return retry_on_conflict(self._begun)(is_writing=is_writing)

    def _begun(self, *, is_writing: bool) -> Connection:
        """A connection with a transaction."""
        with translated(self.engine.url):
            connection = self.engine.connect().execution_options(is_writing=is_writing)
            try:
                connection.begin()
            except BaseException:
                connection.close()
                raise
            return connection

    @contextmanager
    def _transaction(self, connection: Connection) -> Iterator[Connection]:
        """Commits at the end, or rolls back after an error."""
        with translated(self.engine.url), connection:
            yield connection
            connection.commit()

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
    """The URL for SQLAlchemy, of which not every version decodes the path of a file.

    >>> address_of("sqlite:////srv/team%3Fnotes/meetings.db").database
    '/srv/team?notes/meetings.db'
    """
    if not url.startswith(SQLITE):
        return make_url(url)
    path, _, query = url.removeprefix(SQLITE).partition("?")
    return URL.create("sqlite", database=unquote(path), query=dict(parse_qsl(query)))


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        reason = unusable(error, folder, "MEETING_ASSETS_DATABASE_URL or MEETING_ASSETS_HOME")
        raise StoreError(f"The database's folder cannot be made. {reason}") from None


def _attempts() -> Iterator[stamina.Attempt]:
    return iter(
        stamina.retry_context(
            on=_is_worth_another_try,
            attempts=TRIES,
            timeout=RETRY_WITHIN_S,
            wait_initial=FIRST_WAIT_S,
            wait_max=LONGEST_WAIT_S,
            wait_jitter=JITTER_S,
        )
    )


def _is_worth_another_try(error: Exception) -> bool:
    is_worth_it = isinstance(error, TransactionLost) and not error.is_retried
    if is_worth_it:
        logger.warning("a transaction was lost, which is retried up to %d times: %s", TRIES - 1, error)
    return is_worth_it


def _engine(address: URL, *, is_read_only: bool = False) -> Engine:
    is_sqlite = address.get_backend_name() == "sqlite"
    # Parameters of statements hold what was said in meetings; they must not get into the text of errors.
    engine = create_engine(
        address, hide_parameters=True, pool_pre_ping=not is_sqlite, connect_args={} if is_sqlite else PSYCOPG
    )
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
        f"busy_timeout={BUSY_TIMEOUT_S * 1000:.0f}",
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
    """Makes the session independent of what server, database and role set.

    These are parameters that PostgreSQL reports, so PgBouncer in transaction mode keeps them for each of its clients.

    Raises:
        StoreError: the database is not in UTF-8.
    """
    reported = connection.info.parameter_status
    encoding = reported("server_encoding")
    if encoding != "UTF8":
        name = connection.info.dbname
        connection.close()
        raise StoreError(f"Database {name} is in encoding {encoding}: create one with ENCODING 'UTF8' for meetings.")
    different = [name for name, value in SESSION.items() if reported(name) != value]
    for name in different:
        connection.execute(f"SET {name} TO {SESSION[name]}")
    if different:
        connection.commit()  # a rollback would take the values back


def _begin_sqlite(connection: Connection) -> None:
    forget_locks(connection)
    is_writing = connection.get_execution_options().get("is_writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writing else "BEGIN")


def _begin_postgresql(connection: Connection) -> None:
    """What every transaction starts with; settings that a connection pooler loses (`SET LOCAL …`) belong here."""
    forget_locks(connection)
