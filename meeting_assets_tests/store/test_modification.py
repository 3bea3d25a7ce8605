"""`modified_at` changes with the content of a row, by every way to write it, and never without."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, true
from sqlmodel import SQLModel

import meeting_assets
from meeting_assets.schema.bots import Bots
from meeting_assets.schema.persistent import Artifacts, Recordings
from meeting_assets.store import ledger
from meeting_assets.store.database import Database, schema_of, table_of, upsert
from meeting_assets.store.ledger_states import LedgerRow
from meeting_assets.store.migrations.setup import set_up_database
from meeting_assets.store.modification import update_of

pytestmark = pytest.mark.with_tables

ID = "00000000-0000-4000-8000-000000000001"
LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)
AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
BOT: dict[str, Any] = {
    "bot_id": ID,
    "bot_name": "Notes",
    "bot_metadata": {"deal": "A-1"},
    "recording_count": 1,
    "join_at": AT,
    "observed_at": AT,
}
ROW = LedgerRow(ID, "transcript", ID, api_status="done", observed_at=AT)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database.at(database_url)
    set_up_database(database, schema_of({}))
    yield database
    database.close()


def modified_at(database: Database, model: type[SQLModel]) -> datetime | None:
    with database.reading() as connection:
        at: datetime | None = connection.execute(table_of(model).select()).one().modified_at
    return at


def write(database: Database, work: Callable[[Connection], object]) -> None:
    with database.writing() as connection:
        work(connection)


def age(database: Database, model: type[SQLModel]) -> None:
    """Moves `modified_at` into the past, so that a change shows."""
    write(database, lambda connection: connection.execute(table_of(model).update().values(modified_at=LONG_AGO)))


def store_bot(database: Database, **changes: Any) -> None:
    write(database, lambda connection: upsert(connection, Bots, [BOT | changes]))


def test_new_row_has_the_time_of_its_insertion(database: Database) -> None:
    store_bot(database)

    at = modified_at(database, Bots)
    assert at is not None
    assert abs(datetime.now(UTC) - at) < timedelta(minutes=10)


@pytest.mark.parametrize(
    "changes",
    [{"bot_name": "Other"}, {"bot_name": None}, {"bot_metadata": {"deal": "A-2"}}, {"join_at": None}],
    ids=str,
)
def test_upsert_of_another_value_is_a_modification(database: Database, changes: dict[str, Any]) -> None:
    store_bot(database)
    age(database, Bots)

    store_bot(database, **changes)

    assert modified_at(database, Bots) != LONG_AGO


@pytest.mark.parametrize("changes", [{}, {"observed_at": AT + timedelta(hours=1)}], ids=["equal", "observed-later"])
def test_upsert_of_the_same_values_is_no_modification(database: Database, changes: dict[str, Any]) -> None:
    store_bot(database)
    age(database, Bots)

    store_bot(database, **changes)

    assert modified_at(database, Bots) == LONG_AGO


def test_upsert_from_null_is_a_modification(database: Database) -> None:
    store_bot(database, bot_metadata=None)
    age(database, Bots)

    store_bot(database)

    assert modified_at(database, Bots) != LONG_AGO


def test_only_modified_rows_of_a_batch_have_a_new_time(database: Database) -> None:
    other = ID.replace("1", "2")
    rows = [BOT, BOT | {"bot_id": other}]
    write(database, lambda connection: upsert(connection, Bots, rows))
    age(database, Bots)

    rows[1] |= {"recording_count": 2}
    write(database, lambda connection: upsert(connection, Bots, rows))

    with database.reading() as connection:
        found = {row.bot_id: row.modified_at for row in connection.execute(table_of(Bots).select())}
    assert found[ID] == LONG_AGO
    assert found[other] > LONG_AGO


@pytest.mark.parametrize(("status", "is_modified"), [("done", False), ("failed", True)])
def test_update_is_a_modification_if_a_value_changes(database: Database, status: str, *, is_modified: bool) -> None:
    recording = {"recording_id": ID, "status": "done", "created_at": AT, "day": date(2026, 3, 2)}
    write(database, lambda connection: upsert(connection, Recordings, [recording]))
    age(database, Recordings)

    values = {"status": status, "deleted_at": None, "observed_at": AT}
    write(database, lambda connection: connection.execute(update_of(ledger.RECORDINGS, true(), values)))

    assert (modified_at(database, Recordings) != LONG_AGO) == is_modified


@pytest.mark.parametrize(
    ("after", "is_modified"),
    [
        (ROW, False),
        (replace(ROW, observed_at=AT + timedelta(hours=1)), False),
        (replace(ROW, status="fetched", sha256="0" * 64), True),
    ],
    ids=["equal", "observed-later", "fetched"],
)
def test_ledger_row_is_modified_if_more_than_its_observation_time_changes(
    database: Database, after: LedgerRow, *, is_modified: bool
) -> None:
    write(database, lambda connection: ledger.insert_rows(connection, [ROW]))
    age(database, Artifacts)

    write(database, lambda connection: ledger.update_rows(connection, [after], [ROW]))

    assert (modified_at(database, Artifacts) != LONG_AGO) == is_modified
    with database.reading() as connection:
        stored = ledger.read_rows(connection, [ID])[ID, "transcript"][ID]
    assert replace(stored, modified_at=None) == after


def test_every_update_of_a_table_with_a_modification_time_sets_it() -> None:
    # These update tables without `modified_at`, columns that do not count, or `modified_at` itself.
    others = {"modification.py", "ledger.py", "tombstones.py", "metric_notes.py"}
    others |= {"calendar_events.py", "media_objects.py", "published_files.py"}
    bookkeeping = {"derive.py", "setup.py"}
    package = Path(meeting_assets.__file__).parent
    found = {path.name for path in package.rglob("*.py") if updates(ast.parse(path.read_text()))}

    assert found == others | bookkeeping


def updates(tree: ast.Module) -> bool:
    """True if the code calls a table's `update()`; that of a dictionary has an argument."""
    return any(
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "update"
        and not (node.args or node.keywords)
        for node in ast.walk(tree)
    )
