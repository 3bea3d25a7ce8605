"""Scrubbing: what was deleted from tables is taken out of the files of the database, too.

SQLite overwrites what it deletes (`secure_delete`), but older pages wait in the write-ahead log until it is emptied.
PostgreSQL keeps dead rows until a VACUUM; its own log, replicas and backups are the operator's. A VACUUM skips tables
that the role may not vacuum, with a warning instead of an error, and keeps rows that an older transaction may see.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Collection
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from meeting_assets.store.database import Database

CHECKPOINT_TRIES = 5
HORIZON_TRIES = 5
BUSY_TIMEOUT_S = 2.0
PAUSE_S = 0.5
IN_THE_WAY = (
    "Another process reads the database, so that deleted text may still stand in its files: "
    "run the same purge again when that process has ended."
)
HELD_BACK = (
    "A transaction that began before the purge keeps deleted rows in the tables: "
    "end it (pg_stat_activity, pg_prepared_xacts), then run the same purge again."
)

# Sessions, prepared transactions and replication slots that began before this statement. A session of another role
# shows no age (see `_may_be_held_back`).
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
    """Takes deleted rows of these tables out of the files; what could not be done, in sentences."""
    if database.is_sqlite:
        return [] if _emptied_log(database) else [IN_THE_WAY]
    return _vacuumed(database, sorted(tables))


def rewrite(database: Database) -> bool:
    """Writes the whole file of a SQLite database anew, where pages kept what was deleted; takes its size once more.

    False where another process stands in the way.
    """
    return _by_itself(database, "VACUUM") is not None and _emptied_log(database)


def files_of(database: Database) -> list[Path]:
    """The files of a SQLite database; none of PostgreSQL's can be reached."""
    if not database.is_sqlite or database.engine.url.database is None:
        return []
    file = database.engine.url.database
    return [path for suffix in ("", "-wal", "-shm", "-journal") if (path := Path(file + suffix)).exists()]


def _emptied_log(database: Database) -> bool:
    for attempt in range(CHECKPOINT_TRIES):
        if attempt:
            time.sleep(PAUSE_S)
        answer = _by_itself(database, "PRAGMA wal_checkpoint(TRUNCATE)")
        if answer and not answer[0][0]:  # the first column says whether somebody was in the way
            return True
    return False


def _by_itself(database: Database, statement: str) -> list[Any] | None:
    """What SQLite answers to a statement that it refuses inside a transaction; None where it is kept from doing it.

    On a connection of its own, with little patience: writers wait behind a checkpoint that waits for a reader.
    """
    try:
        with closing(sqlite3.connect(str(database.engine.url.database), timeout=BUSY_TIMEOUT_S)) as connection:
            connection.isolation_level = None
            return connection.execute(statement).fetchall()
    except sqlite3.OperationalError:
        return None


def _vacuumed(database: Database, tables: Collection[str]) -> list[str]:
    engine = database.engine.execution_options(isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            is_free = _waited_for_older(connection)
            skipped = [name for name in tables if not _vacuum(connection, database.qualified(name))]
            is_free = is_free and not _may_be_held_back(
                connection, [database.qualified(name) for name in set(tables) - {*skipped}]
            )
    except DBAPIError as error:
        cause = type(error.orig).__name__
        return [f"Tables could not be vacuumed ({cause}): run VACUUM on {', '.join(tables)} as their owner."]
    advice = f"The role may not vacuum {', '.join(skipped)}: run VACUUM on these tables as their owner."
    return [*([advice] if skipped else []), *([] if is_free else [HELD_BACK])]


def _vacuum(connection: Connection, table: str) -> bool:
    """Vacuums a table; False if PostgreSQL skipped it, which it says in a warning."""
    warnings: list[str] = []

    def note(diagnostic: Any) -> None:
        if diagnostic.severity_nonlocalized == "WARNING":
            warnings.append(table)

    driver: Any = connection.connection.driver_connection
    driver.add_notice_handler(note)
    try:
        connection.exec_driver_sql(f"VACUUM {table}")
    finally:
        driver.remove_notice_handler(note)
    return not warnings


def _waited_for_older(connection: Connection) -> bool:
    """Waits a moment for transactions that may still see deleted rows; False if one goes on."""
    deleted_at = str(connection.scalar(_PRESENT_XID))
    for attempt in range(HORIZON_TRIES):
        if attempt:
            time.sleep(PAUSE_S)
        if not connection.scalar(_OLDER, {"deleted_at": deleted_at}):
            return True
    return False


def _may_be_held_back(connection: Connection, tables: Collection[str]) -> bool:
    """True if dead rows are left and the role cannot see the transactions of others, one of which may hold them."""
    if not connection.scalar(_HIDDEN):
        return False
    return any(connection.scalar(_DEAD_ROWS, {"name": name}) for name in tables)
