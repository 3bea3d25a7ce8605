"""Errors of database drivers, translated into one sentence each: what happened, then what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import URL
from sqlalchemy.exc import DatabaseError, InterfaceError, OperationalError

from meeting_assets.core.errors import StoreError


@contextmanager
def translated(url: URL) -> Iterator[None]:
    """Says in one sentence that the database cannot be worked with; errors in what we ask of it pass."""
    try:
        yield
    except (DatabaseError, InterfaceError) as error:
        # SQLite says DatabaseError itself of a file that is no database.
        if type(error) not in {DatabaseError, OperationalError, InterfaceError}:
            raise
        cause = type(error.orig).__name__
        is_full = getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL or cause == "DiskFull"
    else:
        return
    shown = url.set(query={}).render_as_string(hide_password=True)
    if is_full:
        raise StoreError(f"The database at {shown} takes no more, its disk is full: make room, then run again.")
    raise StoreError(f"The database at {shown} does not answer ({cause}): check MEETING_ASSETS_DATABASE_URL.")
