"""Translates errors of database drivers into one sentence each: the cause, then the remedy.

PostgreSQL reports causes as SQLSTATE, SQLite as result codes. A failed connection attempt has neither, so the driver's
text is matched, and quoted without secrets of the URL. Errors that only a bug of this package can cause are not
translated; the affected recording is set aside and the others continue.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple
from urllib.parse import quote, quote_plus

from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError

from meeting_assets.core.errors import StoreError, TransactionLost
from meeting_assets.core.urls import printable_url

CHECK_URL = "check MEETING_ASSETS_DATABASE_URL"
QUOTED_CHARS = 300
_PUBLIC = frozenset({"host", "hostaddr", "port", "sslmode", "connect_timeout", "application_name"})


class Cause(NamedTuple):
    """The meaning of a driver's error."""

    what: str
    """The predicate of "The database at …"."""
    advice: str
    is_transient: bool = False
    """True if the same transaction may succeed when repeated."""


_OUTAGE = Cause("does not answer", f"check that it runs, and {CHECK_URL}", is_transient=True)
_CONFLICT_ADVICE = "run again; other processes work on the same rows"
_DISK_FULL = Cause("cannot store more, its disk is full", "make room, then run again")
_WRONG_USER = Cause("rejects the user or the password", f"{CHECK_URL}; special characters in a password are %-escaped")
_NO_DATABASE = Cause("does not exist on its server", f"create it, or {CHECK_URL}")
_NO_TLS = Cause("cannot be reached over TLS", f"check sslmode, sslrootcert and certificates, and {CHECK_URL}")
_TOO_MANY = Cause(
    "has too many connections", "raise max_connections, or run fewer processes, or use a pooler", is_transient=True
)
_READ_ONLY = Cause("is read-only for this role", "use a primary server and a role that may write")
_NO_SCHEMA = Cause("lacks a schema", f"create the schema, or grant USAGE and CREATE on it, or {CHECK_URL}")
_OTHER_VERSION = Cause("has tables of another version", "run `meeting-assets doctor`, which names them")
_NO_TABLE = Cause("lacks a table", "run `meeting-assets doctor`, which names missing tables")
_NOT_ALLOWED = Cause("denies this role a permission", "grant it, or use the role that owns the tables")

SQLSTATES: Mapping[str, Cause] = {
    "08": _OUTAGE,
    "25006": _READ_ONLY,
    "25P03": Cause(
        "has ended an idle transaction", "run again, or raise idle_in_transaction_session_timeout", is_transient=True
    ),
    "25P04": Cause("has ended a long transaction", "run again, or raise transaction_timeout", is_transient=True),
    "23503": Cause(
        "keeps rows that a table of another program refers to",
        "delete the rows or the foreign key of the table that the driver names, then run again",
    ),
    "28": _WRONG_USER,
    "3D000": _NO_DATABASE,
    "3F000": _NO_SCHEMA,
    "40": Cause("has rolled a transaction back", _CONFLICT_ADVICE, is_transient=True),
    "40001": Cause("could not serialize a transaction", _CONFLICT_ADVICE, is_transient=True),
    "40P01": Cause("found a deadlock", _CONFLICT_ADVICE, is_transient=True),
    "42501": _NOT_ALLOWED,
    "42703": _OTHER_VERSION,
    "42P01": _NO_TABLE,
    "53": Cause("lacks resources", "look at the server's memory, disk and limits, then run again"),
    "53100": _DISK_FULL,
    "53200": Cause("is out of memory", "give the server more memory, or run fewer processes"),
    "53300": _TOO_MANY,
    "55P03": Cause("did not give a lock in time", "run again, or raise lock_timeout", is_transient=True),
    "57": _OUTAGE,
    "57014": Cause("has cancelled a statement", "run again, or raise statement_timeout", is_transient=True),
    "58": Cause("reports a fault of its machine", "look at the server's log and its disk"),
    "XX001": Cause("reports damaged data", "restore it from a backup"),
    "XX002": Cause("reports a damaged index", "run REINDEX on it"),
}
"""Causes by SQLSTATE; two characters match the rest of their class."""

SQLITE_CODES: Mapping[int, Cause] = {
    sqlite3.SQLITE_BUSY: Cause(
        "is locked by another process", "wait until that process ends, or end it, then run again", is_transient=True
    ),
    sqlite3.SQLITE_LOCKED: Cause("is locked by another connection", "run again", is_transient=True),
    sqlite3.SQLITE_READONLY: Cause("is read-only", "make the file and its folder writable, or set MEETING_ASSETS_HOME"),
    sqlite3.SQLITE_PERM: Cause("denies a permission", "make the file and its folder writable"),
    sqlite3.SQLITE_CANTOPEN: Cause(
        "cannot be opened", f"{CHECK_URL} and MEETING_ASSETS_HOME, and that the folder is writable"
    ),
    sqlite3.SQLITE_FULL: _DISK_FULL,
    sqlite3.SQLITE_IOERR: Cause("cannot be read or written, its disk fails or is full", "look at that disk"),
    sqlite3.SQLITE_NOMEM: Cause("cannot be used, this machine is out of memory", "run fewer processes"),
    sqlite3.SQLITE_CORRUPT: Cause(
        "is damaged", "restore it from a backup, or move it away and run `meeting-assets rebuild`"
    ),
    sqlite3.SQLITE_NOTADB: Cause("is no database of SQLite", f"{CHECK_URL} and MEETING_ASSETS_HOME"),
    sqlite3.SQLITE_PROTOCOL: Cause(
        "could not be locked", "put it on a local disk, not on a network drive", is_transient=True
    ),
}
"""Causes by primary result code."""

_SQLITE_TEXTS: tuple[tuple[str, Cause], ...] = (
    (r"no such table", _NO_TABLE),
    (r"no such column|has no column named", _OTHER_VERSION),
)
_TEXTS: tuple[tuple[str, Cause], ...] = (
    # Failed connection attempts, reported by libpq and psycopg without an SQLSTATE.
    (r"SSL SYSCALL|SSL connection has been closed", _OUTAGE),
    (r"certificate|SSL error|SSL is not|support SSL|sslmode|pg_hba\.conf.*(SSL off|no encryption)", _NO_TLS),
    (r"password authentication failed|no password supplied|authentication failed|pg_hba\.conf", _WRONG_USER),
    (r"role .* (does not exist|is not permitted to log in)|permission denied for database", _WRONG_USER),
    (r"database .* does not exist|no such database", _NO_DATABASE),
    (r"is not currently accepting connections", _NO_DATABASE._replace(what="does not accept connections")),
    (r"too many (clients|connections)|remaining connection slots|no more connections allowed", _TOO_MANY),
    (
        r"translate host name|resolve host|Name or service not known|nodename nor servname|No address associated",
        Cause("is on an unknown host", f"{CHECK_URL}, and this machine's name service"),
    ),
    (r"timeout expired|timed out|[Tt]imeout", _OUTAGE._replace(what="does not answer in time")),
    (r"Connection refused|No such file or directory|No route to host|unreachable", _OUTAGE),
    (r"the database system is|server closed the connection|terminating connection|connection is closed", _OUTAGE),
)
_CONNECTION_CLASSES = frozenset({"OperationalError", "InterfaceError"})
_UNKNOWN = Cause("cannot be used", CHECK_URL)


@contextmanager
def translated(url: URL) -> Iterator[None]:
    """Translates errors of the driver; errors that are bugs of this package pass unchanged.

    Raises:
        TransactionLost: the transaction may succeed when repeated.
        StoreError: the database cannot be used.
    """
    try:
        yield
    except Exception as error:
        # Statements that bypass SQLAlchemy (`store.bulk`) raise the driver's own errors.
        fault = (error.orig or error) if isinstance(error, DBAPIError) else error
        cause = _cause(fault, is_broken=isinstance(error, DBAPIError) and error.connection_invalidated)
        if cause is None:
            raise
        quoted = _quoted(fault, url)
    else:
        return
    # Raised here, so that the error has no context: the driver's text may quote the URL or values.
    kind = TransactionLost if cause.is_transient else StoreError
    raise kind(f"The database at {address_text(url)} {cause.what}{quoted}: {cause.advice}.") from None


def address_text(url: URL) -> str:
    """The address of the database for messages, without password and options."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    return printable_url(url.set(query={}).render_as_string(hide_password=True))


def _cause(error: BaseException, *, is_broken: bool) -> Cause | None:
    code = getattr(error, "sqlite_errorcode", None)
    sqlstate = getattr(error, "sqlstate", None)
    if isinstance(code, int):
        return SQLITE_CODES.get(code & 0xFF) or _matched(error, _SQLITE_TEXTS)
    if sqlstate:
        return SQLSTATES.get(sqlstate) or SQLSTATES.get(sqlstate[:2])
    if is_broken:
        return _OUTAGE
    # psycopg's errors of failed or broken connections derive from these classes.
    is_of_driver = type(error).__module__.startswith("psycopg") and _CONNECTION_CLASSES & {
        each.__name__ for each in type(error).__mro__
    }
    return (_matched(error, _TEXTS) or _UNKNOWN) if is_of_driver else None


def _matched(error: BaseException, patterns: tuple[tuple[str, Cause], ...]) -> Cause | None:
    text = str(error)
    return next((cause for pattern, cause in patterns if re.search(pattern, text)), None)


def _quoted(error: BaseException, url: URL) -> str:
    """The first line of the driver's message in brackets, without values and without secrets of the URL."""
    diag = getattr(error, "diag", None)
    lines = (getattr(diag, "message_primary", None) or str(error)).strip().splitlines()
    text = re.sub(r"^(connection (failed|is bad): )+", "", lines[0]) if lines else ""
    for secret in sorted(_secrets(url), key=len, reverse=True):
        text = text.replace(secret, "***")
    return f" ({text[:QUOTED_CHARS].rstrip('.:')})" if text else ""


def _secrets(url: URL) -> set[str]:
    given = {url.password or ""}
    for name, value in url.query.items():
        if name not in _PUBLIC:
            given |= {value} if isinstance(value, str) else {*value}
    return {form for each in given if each for form in (each, quote(each, safe=""), quote_plus(each))}
