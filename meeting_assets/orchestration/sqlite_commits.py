"""Fewer waits for the disk while Dagster writes events to its SQLite files.

Dagster opens a connection for every event. Each commit waits for the disk, and closing the last connection of a file
waits again, because it copies the write-ahead log into the file. While `commits_without_fsync` is active,

- commits do not wait for the disk. A power loss can lose the last events of a run but damages no file; the ledger
  still records the work;
- a second connection stays open, so that closing Dagster's connection copies nothing;
- a file that was written gets a new modification time, because the UI watches it to follow a run.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Pool, event

# Besides these two, there is a file for each run.
SHARED = frozenset({"runs.db", "index.db"})
_PATH = "meeting_assets_path"


@contextmanager
def commits_without_fsync(dagster_home: Path) -> Iterator[None]:
    """Makes commits to the run history below `dagster_home` cheaper until the block ends."""
    # perf: the commits of an idle run take 0.5 s instead of 5 s on a busy disk (benchmarks idle)
    history = dagster_home.resolve() / "history"
    kept: dict[str, tuple[Path, sqlite3.Connection]] = {}

    def on_connect(connection: Any, record: Any) -> None:
        path = _path(connection)
        if path is None or not path.is_relative_to(history) or not _is_wal(connection):
            return
        record.info[_PATH] = path
        connection.execute("PRAGMA synchronous=NORMAL")
        # One run at a time is written, so one file of a run is kept open.
        slot = path.name if path.name in SHARED else "run"
        if slot not in kept or kept[slot][0] != path:
            former = kept.pop(slot, None)
            kept[slot] = path, _connection_after_read(path)
            if former is not None:
                former[1].close()

    def on_close(connection: Any, record: Any) -> None:
        path = record.info.pop(_PATH, None)
        if path is not None and connection.total_changes and path.exists():
            os.utime(path)

    event.listen(Pool, "connect", on_connect)
    event.listen(Pool, "close", on_close)
    try:
        yield
    finally:
        event.remove(Pool, "connect", on_connect)
        event.remove(Pool, "close", on_close)
        for _, connection in kept.values():
            connection.close()


def _path(connection: Any) -> Path | None:
    """The file of a connection of Python's SQLite driver; None for other databases and databases in memory."""
    if not isinstance(connection, sqlite3.Connection):
        return None
    _, _, name = connection.execute("PRAGMA database_list").fetchall()[0]
    return Path(name).resolve() if name else None


def _is_wal(connection: sqlite3.Connection) -> bool:
    """True if a file has a write-ahead log; without one, a commit that does not wait could damage the file."""
    return bool(connection.execute("PRAGMA journal_mode").fetchall() == [("wal",)])


def _connection_after_read(path: Path) -> sqlite3.Connection:
    """Opens a connection and reads once, because SQLite counts it as open only then."""
    connection = sqlite3.connect(path, check_same_thread=False)
    connection.execute("PRAGMA schema_version").fetchall()
    return connection
