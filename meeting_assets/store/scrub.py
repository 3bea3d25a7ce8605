"""Scrubbing: removes deleted rows from the files of the database.

SQLite overwrites deleted rows (`secure_delete`), but older pages stay in the write-ahead log until a checkpoint.
PostgreSQL keeps dead rows until a VACUUM; its log, replicas and backups are the operator's task. A VACUUM skips tables
that the role may not vacuum, with a warning instead of an error, and keeps rows that an older transaction may see.
FTS5 keeps deleted words until its segments are merged, and GIN never removes a word, so PostgreSQL writes the table of
the search index and its indexes again. No search can begin while that statement waits for a lock, so it gives up soon.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Collection
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from meeting_assets.store.database import Database
from meeting_assets.store.search_index import PASSAGES, merge_index

CHECKPOINT_TRIES = 5
HORIZON_TRIES = 5
BUSY_TIMEOUT_S = 2.0
PAUSE_S = 0.5
LOCK_TIMEOUT_S = 10.0
"""How long searches may wait behind the vacuum of the search index, which waits for older ones."""
_LOCK_NOT_AVAILABLE = "55P03"
IN_THE_WAY = (
    "Another process reads the database, so its files may still contain deleted text: "
    "run the same purge again when that process has ended."
)
HELD_BACK = (
    "A transaction that began before the purge keeps deleted rows in the tables: "
    "end it (pg_stat_activity, pg_prepared_xacts), then run the same purge again."
)

IN_USE = (
    f"Another transaction uses the table {PASSAGES.name}, so the search index may still contain deleted words: end it "
    "(pg_stat_activity), then run the same purge again."
)

# Sessions, prepared transactions and replication slots that began before this statement. Sessions of other roles show
# no age (see `_may_be_held_back`).
_OLDER = text("""
    SELECT count(*) FROM (
        SELECT backend_xmin AS horizon FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type <> 'autovacuum worker'
        UNION ALL SELECT transaction FROM pg_prepared_xacts WHERE database = current_database()
        UNION ALL SELECT xmin FROM pg_replication_slots
    ) AS holders
    WHERE horizon IS NOT NULL AND age(horizon) >= age(CAST(CAST(:deleted_at AS text) AS xid))
""")
_HIDDEN = text("""
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND usename <> current_user AND query = '<insufficient privilege>'
""")
_PRESENT_XID = text("SELECT txid_current() % 4294967296")
_DEAD_ROWS = text("SELECT pg_stat_get_dead_tuples(to_regclass(:name))")


def scrub(database: Database, tables: Collection[str]) -> list[str]:
    """Removes deleted rows of some tables from the files; returns a sentence for each failure."""
    if database.is_sqlite:
        if PASSAGES.name in tables:
            merge_index(database)
        return [] if _emptied_log(database) else [IN_THE_WAY]
    return _vacuumed(database, sorted(tables))


def rewrite(database: Database) -> bool:
    """Rewrites the whole file of a SQLite database, and with it pages that kept deleted rows. Needs as much free space.

    Returns False if another process prevents it.
    """
    return _execute_alone(database, "VACUUM") is not None and _emptied_log(database)


def database_files(database: Database) -> list[Path]:
    """The files of a SQLite database. Those of PostgreSQL are not accessible."""
    if not database.is_sqlite or database.engine.url.database is None:
        return []
    file = database.engine.url.database
    return [path for suffix in ("", "-wal", "-shm", "-journal") if (path := Path(file + suffix)).exists()]


def _emptied_log(database: Database) -> bool:
    def is_emptied() -> bool:
        result = _execute_alone(database, "PRAGMA wal_checkpoint(TRUNCATE)")
        return result is not None and not result[0][0]  # the first column is 1 if another process prevented it

    return _becomes_true(is_emptied, tries=CHECKPOINT_TRIES)


def _execute_alone(database: Database, statement: str) -> list[Any] | None:
    """Executes a statement that SQLite rejects inside a transaction; None if another process prevents it.

    Uses a connection with a short timeout: writers wait behind a checkpoint that waits for a reader.
    """
    try:
        with closing(sqlite3.connect(str(database.engine.url.database), timeout=BUSY_TIMEOUT_S)) as connection:
            connection.isolation_level = None
            return connection.execute(statement).fetchall()
    except sqlite3.OperationalError:
        return None


def _vacuumed(database: Database, tables: Collection[str]) -> list[str]:
    engine = database.engine.execution_options(isolation_level="AUTOCOMMIT")
    plain = [each for each in tables if each != PASSAGES.name]
    try:
        with engine.connect() as connection:
            is_free = _waited_for_older(connection)
            skipped = [each for each in plain if not _vacuum(connection, database.qualified(each))]
            is_free = is_free and not _may_be_held_back(
                connection, [database.qualified(name) for name in set(plain) - {*skipped}]
            )
            # The last one: it may have to wait, and other tables are vacuumed in any case.
            obstacle = _rewrite_index(connection, database) if PASSAGES.name in tables else None
    except DBAPIError as error:
        cause = type(error.orig).__name__
        return [f"Tables could not be vacuumed ({cause}): run VACUUM on {', '.join(tables)} as their owner."]
    advice = f"The role may not vacuum {', '.join(skipped)}: run VACUUM on these tables as their owner."
    return [*([advice] if skipped else []), *([] if is_free else [HELD_BACK]), *([obstacle] if obstacle else [])]


def _rewrite_index(connection: Connection, database: Database) -> str | None:
    """Writes the table of the search index and its indexes again, without deleted words; a sentence if it cannot."""
    connection.exec_driver_sql(f"SET lock_timeout = '{round(LOCK_TIMEOUT_S * 1000)}ms'")
    try:
        is_vacuumed = _vacuum(connection, database.qualified(PASSAGES.name), "FULL")
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != _LOCK_NOT_AVAILABLE:
            raise
        return IN_USE
    finally:
        # A broken connection has no setting to reset.
        if not connection.invalidated:
            connection.exec_driver_sql("RESET lock_timeout")
    return None if is_vacuumed else f"The role may not vacuum {PASSAGES.name}: run VACUUM FULL on it as its owner."


def _vacuum(connection: Connection, table: str, option: str = "") -> bool:
    """Vacuums a table; False if PostgreSQL skipped it, which it says in a warning."""
    warnings: list[str] = []

    def note(diagnostic: Any) -> None:
        if diagnostic.severity_nonlocalized == "WARNING":
            warnings.append(table)

    driver: Any = connection.connection.driver_connection
    driver.add_notice_handler(note)
    try:
        connection.exec_driver_sql(f"VACUUM {option} {table}")
    finally:
        driver.remove_notice_handler(note)
    return not warnings


def _waited_for_older(connection: Connection) -> bool:
    """Waits a moment for transactions that may still see deleted rows; False if one continues."""
    deleted_at = str(connection.scalar(_PRESENT_XID))
    return _becomes_true(lambda: not connection.scalar(_OLDER, {"deleted_at": deleted_at}), tries=HORIZON_TRIES)


def _may_be_held_back(connection: Connection, tables: Collection[str]) -> bool:
    """True if dead rows are left and a transaction of another role, which this role cannot see, may hold them."""
    if not connection.scalar(_HIDDEN):
        return False
    return any(connection.scalar(_DEAD_ROWS, {"name": name}) for name in tables)


def _becomes_true(condition: Callable[[], bool], *, tries: int) -> bool:
    """Checks a condition up to `tries` times, with pauses."""
    for remaining in reversed(range(tries)):
        if condition():
            return True
        if remaining:
            time.sleep(PAUSE_S)
    return False
