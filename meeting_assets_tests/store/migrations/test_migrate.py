"""`migrate` changes tables of another version, with their rows and grants, or changes nothing."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import BigInteger, Column, Connection, Integer, MetaData, String, Table, event, inspect, select

from meeting_assets.pipeline.storage import whole_schema
from meeting_assets.store.database import META, Database
from meeting_assets.store.ledger import LEDGER, RECORDINGS
from meeting_assets.store.migrations.migrate import migrate, migration_steps
from meeting_assets.store.migrations.plan import Schema
from meeting_assets.store.migrations.setup import set_up_database
from meeting_assets_tests.support.databases import (
    TIMEOUT_S,
    WORDS,
    fill,
    wait_until_a_lock_is_waited_for,
    wider,
    with_other_view,
    words,
)
from meeting_assets_tests.support.schema_versions import (
    everything,
    execute,
    fetched,
    make_version_2,
    with_column,
    with_table,
)


class Killed(BaseException):
    """Simulates the end of a process during a migration."""


def stricter() -> Schema:
    """A version in which every word has a column that no old row can fill."""
    return with_column(whole_schema(), WORDS, Column("loudness", Integer(), nullable=False))


def type_of(database: Database, column: str) -> str:
    with database.reading() as connection:
        columns = {each["name"]: each["type"] for each in inspect(connection).get_columns(WORDS)}
    return str(columns[column])


def test_changed_type_keeps_every_row(database: Database) -> None:
    is_outdated = migrate(database, wider())

    assert not is_outdated
    assert words(database) == [("hello", 3)]
    assert type_of(database, "utterance_index") == "BIGINT"
    set_up_database(database, wider())


def test_migrated_table_has_its_key_and_indexes(database: Database) -> None:
    migrate(database, wider())

    with database.reading() as connection:
        inspector = inspect(connection)
        assert {each["name"] for each in inspector.get_indexes(WORDS)} == {
            index.name for index in wider().tables[WORDS].indexes
        }
        assert {*inspector.get_pk_constraint(WORDS)["constrained_columns"]} == {
            each.name for each in whole_schema().tables[WORDS].primary_key
        }
        assert not [name for name in inspector.get_table_names() if name.endswith("__new")]
        if not database.is_sqlite:
            assert inspector.get_pk_constraint(WORDS)["name"] == f"{WORDS}_pkey"


def test_second_migration_has_no_steps(database: Database) -> None:
    migrate(database, wider())

    assert migration_steps(database, wider()) == []
    assert migrate(database, wider()) is False
    assert words(database) == [("hello", 3)]


def test_migration_can_be_reversed(database: Database) -> None:
    migrate(database, wider())

    migrate(database, whole_schema())

    assert words(database) == [("hello", 3)]
    set_up_database(database, whole_schema())


def test_rows_are_kept_and_outdated_if_a_new_column_cannot_be_filled(database: Database) -> None:
    is_outdated = migrate(database, stricter())

    assert is_outdated
    assert words(database) == [("hello", 3)]
    with database.reading() as connection:
        assert connection.scalar(select(LEDGER.c.parser_version)) is None


def test_migration_also_adds_missing_columns(database: Database) -> None:
    migrate(database, with_column(wider(), "artifacts", Column("added_at", String(), nullable=True)))

    with database.reading() as connection:
        assert "added_at" in {each["name"] for each in inspect(connection).get_columns("artifacts")}


def test_dry_run_lists_the_steps_and_changes_nothing(database: Database, database_url: str) -> None:
    before = everything(database_url)

    planned = migration_steps(
        database, with_column(stricter(), "artifacts", Column("added_at", String(), nullable=True))
    )

    assert planned == [
        "Add column artifacts.added_at",
        f"Replace table {WORDS} with its 1 rows and its grants: loudness is missing. "
        "loudness will be filled when the rows are parsed or derived again",
    ]
    assert everything(database_url) == before


def test_migration_killed_at_any_statement_changes_nothing_and_can_be_repeated(database: Database) -> None:
    statements = 0
    limit = 0

    def count(*_: Any) -> None:
        nonlocal statements
        statements += 1
        if statements > limit:
            raise Killed

    def meta(connection: Connection) -> Any:
        return connection.execute(select(META.name, META.value).order_by(META.name)).all()

    with database.reading() as connection:
        before = meta(connection)
    event.listen(database.engine, "before_cursor_execute", count)
    while True:
        statements, limit = 0, limit + 1
        try:
            migrate(database, wider())
        except Killed:
            limit += 3
            statements = -1_000
            with database.reading() as connection:
                assert meta(connection) == before
            assert words(database) == [("hello", 3)]
            assert type_of(database, "utterance_index") == "INTEGER"
        else:
            break
    event.remove(database.engine, "before_cursor_execute", count)

    assert limit > 10
    assert words(database) == [("hello", 3)]
    assert type_of(database, "utterance_index") == "BIGINT"


def test_only_a_migration_replaces_a_view(database: Database) -> None:
    set_up_database(database, with_other_view())
    assert migration_steps(database, with_other_view()) == ["Replace view fresh_meetings"]

    migrate(database, with_other_view())

    assert migration_steps(database, with_other_view()) == []
    assert migration_steps(database, whole_schema()) == ["Replace view fresh_meetings"]


def test_migration_locks_recordings_before_it_changes_the_ledger(
    postgresql_database: str, caplog: pytest.LogCaptureFixture
) -> None:
    database, other = (Database.at(postgresql_database) for _ in range(2))
    set_up_database(database, whole_schema())
    fill(database)
    new = Table("chapters", MetaData(), Column("recording_id", String(), primary_key=True))
    schema = with_table(wider(), new, "transcript")

    with caplog.at_level(logging.WARNING), ThreadPoolExecutor() as pool:
        with other.writing() as connection:
            connection.execute(RECORDINGS.update().values(status="done"))
            migrating = pool.submit(migrate, database, schema)
            wait_until_a_lock_is_waited_for(database)
            connection.execute(LEDGER.update().values(attempts=1))
        migrating.result(TIMEOUT_S)

    assert [record.message for record in caplog.records if "transaction was lost" in record.message] == []
    other.close()
    database.close()


def test_readers_see_the_rows_throughout_a_migration(postgresql_database: str) -> None:
    database = Database.at(postgresql_database)
    set_up_database(database, whole_schema())
    fill(database)
    seen: list[int] = []

    def read(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith(f"INSERT INTO {WORDS}__new") or statement.startswith("DROP VIEW"):
            seen.extend(fetched(postgresql_database, f"SELECT count(*) FROM meetings.{WORDS}"))

    event.listen(database.engine, "before_cursor_execute", read)
    migrate(database, wider())
    database.close()

    assert seen == [1] * (1 + len(whole_schema().views))


def test_grants_and_owner_survive_a_migration(postgresql_database: str) -> None:
    reader, owner = f"reader_{uuid4().hex}", f"owner_{uuid4().hex}"
    database = Database.at(postgresql_database)
    set_up_database(database, whole_schema())
    execute(
        postgresql_database,
        f"CREATE ROLE {reader}",
        f"CREATE ROLE {owner}",
        f"GRANT SELECT ON meetings.{WORDS} TO {reader} WITH GRANT OPTION",
        f"GRANT UPDATE (text) ON meetings.{WORDS} TO {reader}",
        f"GRANT SELECT ON meetings.{WORDS} TO PUBLIC",
        f"GRANT SELECT ON meetings.fresh_meetings TO {reader}",
        f"ALTER TABLE meetings.{WORDS} OWNER TO {owner}",
    )

    def grants() -> Any:
        return (
            fetched(
                postgresql_database,
                "SELECT c.relname, pg_get_userbyid(c.relowner), a.grantee::int, a.privilege_type, a.is_grantable "
                "FROM pg_class c, aclexplode(c.relacl) a "
                f"WHERE c.relname IN ('{WORDS}', 'fresh_meetings') ORDER BY 1, 2, 3, 4",
            ),
            fetched(
                postgresql_database,
                "SELECT grantee, column_name, privilege_type FROM information_schema.column_privileges "
                f"WHERE table_name = '{WORDS}' AND grantee = '{reader}' ORDER BY 1, 2, 3",
            ),
        )

    before = grants()
    migrate(database, wider())
    database.close()

    assert type(before) is tuple
    assert len(before[0]) > 3
    assert grants() == before


def test_column_of_a_persistent_table_can_change_its_type(database: Database) -> None:
    schema = with_column(whole_schema(), "artifacts", Column("attempts", BigInteger(), nullable=False))

    migrate(database, schema)

    with database.reading() as connection:
        assert connection.execute(select(LEDGER.c.artifact_id, LEDGER.c.attempts)).all() == [("a", 0)]
    set_up_database(database, schema)


def test_required_column_of_another_version_is_dropped(database_url: str) -> None:
    make_version_2(database_url)
    execute(database_url, f"ALTER TABLE {WORDS} ADD COLUMN old INTEGER NOT NULL DEFAULT 0")
    database = Database.at(database_url)
    fill(database)

    migrate(database, whole_schema())

    with database.reading() as connection:
        assert "old" not in {each["name"] for each in inspect(connection).get_columns(WORDS)}
    assert words(database) == [("hello", 3)]
    database.close()
