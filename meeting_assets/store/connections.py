"""Connections to the database: engines and transactions of SQLite and PostgreSQL."""

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

from meeting_assets.core.errors import NothingStored, StoreError, StoreRefused, TransactionLost
from meeting_assets.core.files import file_error_message
from meeting_assets.store.driver_errors import translated
from meeting_assets.store.locks import forget_locks

logger = logging.getLogger(__name__)

SQLITE = "sqlite:///"
TRIES = 20
RETRY_WITHIN_S = 60.0
BUSY_TIMEOUT_S = 30
"""How long SQLite waits for another writer before it reports the database as locked."""

SESSION = {"client_encoding": "UTF8", "DateStyle": "ISO, MDY", "TimeZone": "UTC", "standard_conforming_strings": "on"}
"""Session settings that psycopg and our statements rely on."""
PSYCOPG = {"client_encoding": "utf8", "prepare_threshold": None}
"""No prepared statements: PgBouncer in transaction mode spreads the statements of one client over connections."""

_RETRIES = stamina.RetryingCaller(
    attempts=TRIES, timeout=RETRY_WITHIN_S, wait_initial=0.05, wait_max=5.0, wait_jitter=0.25
)

P = ParamSpec("P")
T = TypeVar("T")


def retry_on_conflict(function: Callable[P, T]) -> Callable[P, T]:
    """Calls a function again if its transaction was lost to a deadlock, a timeout or a restart of the server.

    The function must be idempotent: if the connection breaks before the commit is confirmed, the transaction may have
    been committed. An error that an inner function has already retried is not retried again.
    """

    @wraps(function)
    def retried(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return _RETRIES(_is_worth_another_try, function, *args, **kwargs)
        except TransactionLost as error:
            error.is_retried = True
            raise

    return retried


def _is_worth_another_try(error: Exception) -> bool:
    is_worth_it = isinstance(error, TransactionLost) and not error.is_retried
    if is_worth_it:
        logger.warning("a transaction was lost and is retried up to %d times: %s", TRIES - 1, error)
    return is_worth_it


class Connections:
    """One database. `reading()` and `writing()` are its transactions."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.before_commit: Callable[[Connection], None] | None = None
        """Called at the end of every writing transaction. An exception rolls the transaction back."""

    @classmethod
    def at(cls, url: str, *, is_read_only: bool = False) -> Self:
        """Opens the database at a URL. Creates the folder of a SQLite file, unless `is_read_only`.

        Raises:
            StoreError: the database does not answer.
            NothingStored: `is_read_only` and the SQLite file does not exist.
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
            # Not retried here, so that a wrong address is reported immediately. Runs retry this call.
            with database._transaction(database._begin(is_writing=False)):
                return database
        except StoreError:
            database.close()
            raise

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @property
    def url(self) -> str:
        """The URL for `at` to open the same database; it may hold a password."""
        if not self.is_sqlite:
            return self.engine.url.render_as_string(hide_password=False)
        return f"{SQLITE}{quote(str(self.engine.url.database))}"

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that only reads.

        Raises:
            StoreError: the database does not answer.
        """
        with self._transaction(self._begin_with_retries(is_writing=False)) as connection:
            yield connection

    @retry_on_conflict
    def read(self, query: Callable[[Connection], T]) -> T:
        """Calls a function in a transaction that only reads, again if the connection breaks; returns its result.

        Raises:
            StoreError: the database does not answer.
        """
        with self.reading() as connection:
            return query(connection)

    @retry_on_conflict
    def read_snapshot(self, query: Callable[[Connection], T]) -> T:
        """Calls a function as `read` does. All its statements see the database as the first one does.

        Raises:
            StoreError: the database does not answer.
        """
        with self.reading() as connection:
            if not self.is_sqlite:
                connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            return query(connection)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that writes. Functions that use it carry `retry_on_conflict`.

        On SQLite it takes the write lock at its start. Taking the lock after a read fails immediately if another
        transaction has written since.

        Raises:
            StoreError: the database does not answer, or cannot store more.
        """
        with self._transaction(self._begin_with_retries(is_writing=True)) as connection:
            yield connection
            if self.before_commit is not None:
                self.before_commit(connection)

    @retry_on_conflict
    def write(self, work: Callable[[Connection], T]) -> T:
        """Calls an idempotent function in a transaction that writes, again after a conflict; returns its result.

        Raises:
            StoreError: the database does not answer, or cannot store more.
        """
        with self.writing() as connection:
            return work(connection)

    def _begin_with_retries(self, *, is_writing: bool) -> Connection:
        """Begins a transaction, and waits for a server that restarts: no work is lost by a retry at this point."""
        return retry_on_conflict(self._begin)(is_writing=is_writing)

    def _begin(self, *, is_writing: bool) -> Connection:
        """Begins a transaction on a new connection."""
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
        """Commits the transaction at the end, or rolls it back after an error."""
        with translated(self.engine.url), connection:
            yield connection
            connection.commit()

    def close(self) -> None:
        self.engine.dispose()


def address_of(url: str) -> URL:
    """The URL for SQLAlchemy. Not every version of it decodes the path of a SQLite file.

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
        reason = file_error_message(error, folder, "MEETING_ASSETS_DATABASE_URL or MEETING_ASSETS_HOME")
        raise StoreError(f"The database's folder cannot be made. {reason}") from None


def _engine(address: URL, *, is_read_only: bool = False) -> Engine:
    is_sqlite = address.get_backend_name() == "sqlite"
    # Parameters of statements hold text of meetings, which must not appear in errors.
    engine = create_engine(
        address, hide_parameters=True, pool_pre_ping=not is_sqlite, connect_args={} if is_sqlite else PSYCOPG
    )
    set_pragmas = _set_reading_pragmas if is_read_only else _set_pragmas
    event.listen(engine, "connect", set_pragmas if is_sqlite else _set_session)
    event.listen(engine, "begin", forget_locks)
    if is_sqlite:
        event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_pragmas(connection: Any, _record: Any) -> None:
    busy_timeout = f"busy_timeout={BUSY_TIMEOUT_S * 1000:.0f}"
    # With `secure_delete`, purged rows leave no copy in free pages.
    _execute_pragmas(connection, "journal_mode=WAL", "synchronous=NORMAL", busy_timeout, "secure_delete=ON")


def _set_reading_pragmas(connection: Any, _record: Any) -> None:
    """Changes no byte of the file. Setting `journal_mode` would write into it, even if another program owns it."""
    _execute_pragmas(connection, "query_only=ON", "busy_timeout=30000")


def _execute_pragmas(connection: Any, *pragmas: str) -> None:
    connection.isolation_level = None  # `_begin_sqlite` begins transactions, not the driver
    for pragma in pragmas:
        connection.execute(f"PRAGMA {pragma}").close()


def _set_session(connection: Any, _record: Any) -> None:
    """Overrides settings of the server, the database and the role.

    PostgreSQL reports these parameters, so PgBouncer in transaction mode keeps them for each client.

    Raises:
        StoreError: the encoding of the database is not UTF-8.
    """
    reported = connection.info.parameter_status
    encoding = reported("server_encoding")
    if encoding != "UTF8":
        name = connection.info.dbname
        connection.close()
        raise StoreRefused(
            f"Database {name} has the encoding {encoding}: create one with ENCODING 'UTF8' for meetings."
        )
    different = [name for name, value in SESSION.items() if reported(name) != value]
    for name in different:
        connection.execute(f"SET {name} TO {SESSION[name]}")
    if different:
        connection.commit()  # a rollback would revert the settings


def _begin_sqlite(connection: Connection) -> None:
    is_writing = connection.get_execution_options().get("is_writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writing else "BEGIN")
