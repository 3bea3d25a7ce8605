"""Advisory locks of PostgreSQL: their numbers, what each protects, and the order in which locks are taken.

Every transaction takes its locks in this order, and leaves out those it does not need:

    1. `Lock.SCHEMA`
    2. `Lock.ROLLUP`
    3. `Lock.TOMBSTONES`
    4. rows of `recordings`, in the order of `recording_id`
    5. rows of `artifacts` (the ledger), in the order of `recording_id, kind, artifact_id`
    6. rows of all other tables
    7. rows of `meta`, in the order of `name`

Two transactions that follow one order never wait for each other in a circle. The roll-up lock precedes the tombstones
lock: a purge that waits for a roll-up holds nothing yet, so it blocks no fetch meanwhile.

Steps 1 to 5 are checked: `take`, `try_take` and `about_to_lock` raise an error when a transaction takes one of these
locks after a later one. Steps 6 and 7 are not checked. Rows of `people_made_from` in `meta` are an exception to step 7:
they are written under `Lock.ROLLUP` only, so no two transactions wait for each other there.
SQLite has one writer at a time and needs no locks; the order is checked there too.
"""

from __future__ import annotations

from enum import IntEnum

from sqlalchemy import Connection

_HIGHEST = "meeting_assets.highest_lock"


class Lock(IntEnum):
    """Numbers of advisory locks, unique in a database. `Lock` members are in the order in which they are taken."""

    SCHEMA = 7309453
    """Creation and change of tables and views, which processes that start at the same time do one after the other."""
    ROLLUP = 7309454
    """Rows of `meeting_trends`, `person_trends`, `people` and `person_keys`, which are derived from many recordings."""
    TOMBSTONES = 7309455
    """The set of tombstones: shared while recordings are written, exclusive while tombstones are added."""


class RowLocks(IntEnum):
    """Rows that are locked after all advisory locks, in this order."""

    RECORDINGS = 8_000_001
    """Rows of `recordings`."""
    LEDGER = 8_000_002
    """Rows of `artifacts`."""


class LockOrderError(AssertionError):
    """A transaction takes a lock after one that comes later in the order; this is a bug of this package."""


def take(connection: Connection, lock: Lock, *, is_shared: bool = False) -> None:
    """Takes a lock until the transaction ends. Several transactions may share a lock that none holds exclusively."""
    about_to_lock(connection, lock)
    if connection.dialect.name != "sqlite":
        function = "pg_advisory_xact_lock_shared" if is_shared else "pg_advisory_xact_lock"
        connection.exec_driver_sql(f"SELECT {function}({lock.value})")


def try_take(connection: Connection, lock: Lock) -> bool:
    """Takes a lock exclusively until the transaction ends, unless another transaction holds it. Never waits.

    Always True on SQLite, where a writing transaction excludes all others.
    """
    about_to_lock(connection, lock)
    if connection.dialect.name == "sqlite":
        return True
    return bool(connection.exec_driver_sql(f"SELECT pg_try_advisory_xact_lock({lock.value})").scalar())


def about_to_lock(connection: Connection, what: Lock | RowLocks) -> None:
    """Records that this transaction takes a lock.

    Raises:
        LockOrderError: the transaction already holds a lock that comes later in the order.
    """
    highest = connection.info.get(_HIGHEST)
    if highest is not None and what < highest:
        raise LockOrderError(f"{what.name} is locked after {highest.name}; the order is in meeting_assets.store.locks.")
    connection.info[_HIGHEST] = what


def forget_locks(connection: Connection) -> None:
    """Clears the record at the start of a transaction, which holds no lock yet."""
    connection.info.pop(_HIGHEST, None)
