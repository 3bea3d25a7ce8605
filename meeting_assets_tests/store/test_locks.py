"""Locks have unique numbers, are taken in one order, and are taken in one module."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import meeting_assets
from meeting_assets.store import ledger, locks, tombstones
from meeting_assets.store.database import Database, schema_of
from meeting_assets.store.locks import Lock, LockOrderError, RowLocks
from meeting_assets.store.migrations.setup import set_up_database

pytestmark = pytest.mark.with_tables

SOURCES = Path(meeting_assets.__file__).parent
RECORDING_ID = "5a7062f3-bd54-4838-b296-df84f85c7b92"


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database.at(database_url)
    set_up_database(database, schema_of({}))
    yield database
    database.close()


def test_lock_numbers_are_unique() -> None:
    # `__members__` holds aliases too: an enum silently turns a second name of a number into an alias.
    numbers = [each.value for names in (Lock.__members__, RowLocks.__members__) for each in names.values()]

    assert len(numbers) == len(set(numbers)) == len(Lock) + len(RowLocks)


def test_no_other_module_takes_advisory_locks() -> None:
    taking = {path.name for path in SOURCES.rglob("*.py") if re.search("pg_(try_)?advisory", path.read_text())}

    assert taking == {"locks.py"}


def test_every_lock_documents_the_rows_it_protects() -> None:
    text = (SOURCES / "store" / "locks.py").read_text()

    for name in (*Lock.__members__, *RowLocks.__members__):
        after = text.partition(f"    {name} = ")[2].splitlines()[1]
        assert after.strip().startswith('"""'), name


@pytest.mark.parametrize("first", [*Lock, *RowLocks], ids=lambda each: each.name)
@pytest.mark.parametrize("second", [*Lock, *RowLocks], ids=lambda each: each.name)
def test_locks_taken_out_of_order_raise_an_error(
    first: Lock | RowLocks, second: Lock | RowLocks, tmp_path: Path
) -> None:
    database = Database.at(f"sqlite:///{tmp_path}/order.db")
    with database.writing() as connection:
        locks.about_to_lock(connection, first)

        if second < first:
            with pytest.raises(LockOrderError, match=f"{second.name} is locked after {first.name}"):
                locks.about_to_lock(connection, second)
        else:
            locks.about_to_lock(connection, second)
    database.close()


def test_row_locks_and_tombstone_locks_follow_the_order(database: Database) -> None:
    with database.writing() as connection:
        ledger.read_rows(connection, [RECORDING_ID], is_locking=True)
        with pytest.raises(LockOrderError):
            ledger.lock_recordings(connection, [RECORDING_ID])
        with pytest.raises(LockOrderError):
            tombstones.tombstoned_until_commit(connection, [RECORDING_ID])


def test_new_transaction_holds_no_locks(database: Database) -> None:
    for _ in range(2):
        with database.writing() as connection:
            locks.take(connection, Lock.SCHEMA)
            locks.take(connection, Lock.TOMBSTONES, is_shared=True)
