"""Scrubbing: what was deleted from tables is taken out of the files of the database, too.

SQLite overwrites what it deletes (`secure_delete`), but older pages wait in the write-ahead log until it is emptied.
PostgreSQL keeps dead rows until a VACUUM; its own log, replicas and backups are the operator's.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Collection
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy.exc import DBAPIError

from meeting_assets.store.database import Database

CHECKPOINT_TRIES = 5
BUSY_TIMEOUT_S = 2.0
PAUSE_S = 0.5


def scrub(database: Database, tables: Collection[str]) -> bool:
    """Takes deleted rows of these tables out of the files; False where another process stands in the way."""
    return _emptied_log(database) if database.is_sqlite else _vacuumed(database, tables)


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


def _vacuumed(database: Database, tables: Collection[str]) -> bool:
    engine = database.engine.execution_options(isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            for name in sorted(tables):
                connection.exec_driver_sql(f"VACUUM {database.qualified(name)}")
    except DBAPIError:
        return False
    return True
