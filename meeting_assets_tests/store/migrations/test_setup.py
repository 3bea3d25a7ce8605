"""Opening a database adds what is missing, and changes and drops nothing else."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import BigInteger, Column, MetaData, String, Table, event, inspect, select
from sqlmodel import SQLModel

from meeting_assets.core.errors import NothingStored, StoreError
from meeting_assets.metrics.trends import ROLLUPS
from meeting_assets.pipeline.storage import derived_tables, whole_schema
from meeting_assets.pipeline.views import VIEWS
from meeting_assets.schema.persistent import Artifacts, Meta, Recordings
from meeting_assets.store.database import META, Database, schema_of, table_of
from meeting_assets.store.migrations.definitions import TableDefinition, table_definition
from meeting_assets.store.migrations.plan import SCHEMA_VERSION, Schema
from meeting_assets.store.migrations.setup import check_readable, prepare
from meeting_assets_tests.support.schema_versions import (
    FOREIGN_ROWS,
    FOREIGN_TABLES,
    everything,
    execute,
    fetched,
    foreign_rows,
    make_version_2,
    with_column,
    with_table,
    without_column,
)

RECORDING_ID = "5a7062f3-bd54-4838-b296-df84f85c7b92"
WORDS = "transcript_words"
TIMEOUT_S = 60


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """With all tables, a recording, and one of its words."""
    opened = Database.at(database_url)
    prepare(opened, whole_schema())
    fill(opened)
    yield opened
    opened.close()


def fill(database: Database) -> None:
    schema = whole_schema()
    at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    recording = {"recording_id": RECORDING_ID, "status": "done", "created_at": at, "day": at.date()}
    artifact = {
        "recording_id": RECORDING_ID,
        "kind": "transcript",
        "artifact_id": "a",
        "status": "parsed",
        "attempts": 0,
        "parser_version": "1",
    }
    word = {
        "recording_id": RECORDING_ID,
        "transcript_id": RECORDING_ID,
        "word_index": 0,
        "utterance_index": 3,
        "participant_key": "1",
        "text": "hello",
    }
    with database.writing() as connection:
        connection.execute(table_of(Recordings).insert(), recording)
        connection.execute(table_of(Artifacts).insert(), artifact)
        connection.execute(schema.tables[WORDS].insert(), word)


def columns_of(database: Database, table: str) -> set[str]:
    with database.reading() as connection:
        return {each["name"] for each in inspect(connection).get_columns(table)}


def meta_of(database: Database) -> dict[str, str]:
    with database.reading() as connection:
        return dict(connection.execute(select(META.name, META.value)).all())


def refusal(url: str, schema: str = "public") -> str:
    """Why a database cannot be opened for work."""
    with closing(Database.at(url, schema)) as database, pytest.raises(StoreError) as raised:
        prepare(database, whole_schema())
    return str(raised.value)


def test_tables_of_another_program_are_named_and_kept(database_url: str) -> None:
    execute(database_url, *FOREIGN_TABLES)
    before = everything(database_url)

    sentence = refusal(database_url)

    assert "attendance, people" in sentence
    assert foreign_rows(database_url) == FOREIGN_ROWS
    if not database_url.startswith("sqlite"):
        assert everything(database_url) == before


@pytest.mark.parametrize(
    "statements",
    [
        ["CREATE TABLE meta (id INTEGER PRIMARY KEY, note VARCHAR(10))"],
        ["CREATE TABLE meta (name VARCHAR(80), value VARCHAR(80))"],
        ["CREATE TABLE meta (name VARCHAR(80), value VARCHAR(80))", "INSERT INTO meta VALUES ('version', '7')"],
        ["CREATE VIEW meta AS SELECT 'schema_version' AS name, 'x' AS value"],
        ["CREATE TABLE meta (name VARCHAR(80), value INTEGER)", "INSERT INTO meta VALUES ('schema_version', 7)"],
        ["CREATE TABLE meta (name VARCHAR(80), value VARCHAR(80))", "INSERT INTO meta VALUES ('schema_version', NULL)"],
        ["CREATE TABLE meta (name VARCHAR(80), value TEXT)", "INSERT INTO meta VALUES ('schema_version', 'seven')"],
    ],
    ids=["other columns", "empty", "other rows", "a view", "an integer", "NULL", "text"],
)
def test_a_table_meta_of_another_program_is_a_conflict(database_url: str, statements: list[str]) -> None:
    execute(database_url, *statements)

    assert "did not create: meta." in refusal(database_url)


@pytest.mark.parametrize("kind", ["table", "view"])
def test_another_programs_object_with_the_name_of_a_view_is_a_conflict(database_url: str, kind: str) -> None:
    execute(database_url, f"CREATE {kind} fresh_meetings {'(id INTEGER)' if kind == 'table' else 'AS SELECT 1 AS id'}")

    assert "did not create: fresh_meetings." in refusal(database_url)


def test_a_foreign_table_beside_the_receivers_tables_is_a_conflict(database_url: str) -> None:
    database = Database.at(database_url)
    prepare(database, schema_of({}))
    with database.writing() as connection:
        connection.exec_driver_sql("CREATE TABLE people (id INTEGER)")
    database.close()

    assert "did not create: people." in refusal(database_url, "meetings")


def test_postgresql_keeps_our_tables_apart_from_those_in_public(postgresql_database: str) -> None:
    execute(postgresql_database, *FOREIGN_TABLES)

    database = Database.at(postgresql_database)
    prepare(database, whole_schema())
    database.close()

    assert foreign_rows(postgresql_database) == FOREIGN_ROWS
    assert fetched(postgresql_database, "SELECT count(*) FROM meetings.people") == [0]
    assert fetched(postgresql_database, "SELECT count(*) FROM recordings") == [0]


def test_two_schemas_of_one_database_are_two_databases(postgresql_database: str) -> None:
    for schema in ("meetings", "others"):
        database = Database.at(postgresql_database, schema)
        prepare(database, whole_schema())
        database.set_meta("api_origin", schema)
        database.close()

    found = fetched(postgresql_database, "SELECT value FROM others.meta WHERE name = 'api_origin'")
    assert found == ["others"]


def test_names_resolve_in_our_schema_whatever_the_role_has_set(postgresql_database: str) -> None:
    execute(postgresql_database, "CREATE SCHEMA elsewhere", "CREATE TABLE elsewhere.recordings (id INTEGER)")
    execute(
        postgresql_database,
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = elsewhere', current_database()); END $$",
    )

    database = Database.at(postgresql_database)
    prepare(database, whole_schema())
    fill(database)
    database.close()

    assert fetched(postgresql_database, "SELECT count(*) FROM meetings.recordings") == [1]
    assert fetched(postgresql_database, "SHOW search_path") == ["elsewhere, meetings"]


def test_a_second_opening_changes_nothing(database: Database, database_url: str) -> None:
    before = everything(database_url) if not database.is_sqlite else meta_of(database)

    prepare(database, whole_schema())

    assert (everything(database_url) if not database.is_sqlite else meta_of(database)) == before


def test_a_database_of_version_2_is_taken_over_where_it_is(database_url: str) -> None:
    make_version_2(database_url)
    database = Database.at(database_url)
    fill(database)

    prepare(database, whole_schema())

    with database.reading() as connection:
        assert connection.execute(select(whole_schema().tables[WORDS].c.text)).all() == [("hello",)]
    assert meta_of(database)["schema_version"] == str(SCHEMA_VERSION)
    assert not [name for name in meta_of(database) if name.startswith("shape:")]
    assert fetched(database_url, "SELECT count(*) FROM fresh_meetings") == [0]
    if not database.is_sqlite:
        assert fetched(database_url, "SELECT count(*) FROM public.transcript_words") == [1]
    database.close()


def test_a_database_of_the_first_version_gets_its_missing_columns(database_url: str) -> None:
    make_version_2(database_url)
    execute(
        database_url,
        "DROP VIEW fresh_meetings",
        "ALTER TABLE recordings DROP COLUMN scheduled_at",
        "ALTER TABLE recordings DROP COLUMN api_updated_at",
        "DROP TABLE webhook_events",
        "DROP TABLE tombstones",
    )

    database = Database.at(database_url)
    prepare(database, whole_schema())
    fill(database)

    assert columns_of(database, "recordings") == {*table_of(Recordings).columns.keys()}
    database.close()


def test_a_persistent_table_that_lacks_a_required_column_is_named(database_url: str) -> None:
    make_version_2(database_url)
    execute(database_url, "ALTER TABLE artifacts DROP COLUMN attempts")

    sentence = refusal(database_url)

    assert "artifacts (attempts is missing)" in sentence
    assert "meeting-assets migrate" in sentence


def test_new_tables_and_columns_are_added_and_rows_stay(database: Database) -> None:
    schema = with_column(whole_schema(), "artifacts", Column("added_at", String(), nullable=True))
    schema = with_column(schema, WORDS, Column("confidence", BigInteger(), nullable=True))
    new = Table("chapters", MetaData(), Column("recording_id", String(), primary_key=True))
    schema = with_table(schema, new, "transcript")

    prepare(database, schema)

    assert "added_at" in columns_of(database, "artifacts")
    assert "confidence" in columns_of(database, WORDS)
    with database.reading() as connection:
        assert connection.execute(select(schema.tables[WORDS].c.text)).all() == [("hello",)]
        assert connection.scalar(select(table_of(Artifacts).c.parser_version)) is None
        assert inspect(connection).has_table("chapters")


def test_a_table_that_was_dropped_by_hand_is_made_again(database: Database) -> None:
    with database.writing() as connection:
        connection.exec_driver_sql("DROP TABLE transcript_words")

    prepare(database, whole_schema())

    assert columns_of(database, WORDS) == {*whole_schema().tables[WORDS].columns.keys()}


def test_another_version_refuses_and_empties_nothing(database: Database) -> None:
    other = with_column(whole_schema(), WORDS, Column("utterance_index", BigInteger(), nullable=False))

    with pytest.raises(StoreError, match="utterance_index is INTEGER, this version declares BIGINT"):
        prepare(database, other)

    with database.reading() as connection:
        assert connection.execute(select(whole_schema().tables[WORDS].c.text)).all() == [("hello",)]
        assert connection.scalar(select(table_of(Artifacts).c.parser_version)) == "1"


def test_an_older_version_refuses_what_a_newer_one_has_added(database: Database) -> None:
    newer = with_column(whole_schema(), "artifacts", Column("added_at", String(), nullable=True))
    prepare(database, newer)

    with pytest.raises(StoreError, match=r"artifacts\.added_at.*upgrade meeting_assets"):
        prepare(database, whole_schema())


def test_an_older_version_refuses_a_newer_schema_version(database: Database) -> None:
    with database.writing() as connection:
        connection.execute(table_of(Meta).update().where(META.name == "schema_version").values(value="99"))

    for check in (prepare, check_readable):
        with pytest.raises(StoreError, match=r"schema 99.*upgrade meeting_assets"):
            check(database, whole_schema())


def test_a_column_that_someone_added_to_our_table_is_left_alone(database: Database) -> None:
    with database.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE transcript_words ADD COLUMN note VARCHAR(10)")
        connection.execute(table_of(Meta).delete().where(META.name == f"table:{WORDS}"))
        connection.execute(table_of(Meta).insert(), {"name": f"shape:{WORDS}", "value": "of an older version"})

    prepare(database, whole_schema())

    assert "note" in columns_of(database, WORDS)


def test_reading_needs_a_database_that_holds_meetings(database_url: str) -> None:
    with (
        pytest.raises(NothingStored, match="meeting-assets sync"),
        closing(Database.at(database_url, is_read_only=True)) as database,
    ):
        check_readable(database, whole_schema())


def test_reading_says_what_an_older_database_lacks(database: Database) -> None:
    schema = with_column(whole_schema(), "artifacts", Column("added_at", String(), nullable=True))

    with pytest.raises(StoreError, match=r"lacks artifacts\.added_at"):
        check_readable(database, schema)


def test_reading_names_a_missing_column_that_only_migrate_can_add(database: Database) -> None:
    schema = with_column(whole_schema(), WORDS, Column("loudness", BigInteger(), nullable=False))

    with pytest.raises(StoreError, match=r"transcript_words \(loudness is missing\).*meeting-assets migrate"):
        check_readable(database, schema)


def test_reading_refuses_a_database_whose_required_column_is_gone(database: Database, database_url: str) -> None:
    with database.writing() as connection:
        connection.execute(table_of(Meta).delete().where(META.name == "table:artifacts"))
    execute(database_url, "DROP VIEW fresh_meetings" if database.is_sqlite else "DROP VIEW meetings.fresh_meetings")
    artifacts = "artifacts" if database.is_sqlite else "meetings.artifacts"
    execute(database_url, f"ALTER TABLE {artifacts} DROP COLUMN attempts")
    with database.writing() as connection:
        connection.execute(
            table_of(Meta).insert(), {"name": "table:artifacts", "value": without_attempts(database).as_json()}
        )

    with pytest.raises(StoreError, match=r"artifacts \(attempts is missing\)"):
        check_readable(database, whole_schema())


def without_attempts(database: Database) -> TableDefinition:
    """What an older version would have recorded of the ledger."""
    return table_definition(
        without_column(whole_schema(), "artifacts", "attempts").tables["artifacts"], database.engine.dialect
    )


def test_reading_names_a_missing_view(database: Database) -> None:
    with database.writing() as connection:
        connection.exec_driver_sql("DROP VIEW fresh_meetings")

    with pytest.raises(StoreError, match="lacks fresh_meetings"):
        check_readable(database, whole_schema())

    prepare(database, whole_schema())
    check_readable(database, whole_schema())


def with_other_view() -> Schema:
    """A version whose view is spelled differently, as by another release of SQLAlchemy."""
    views = {name: view.limit(1_000_000) for name, view in whole_schema().views.items()}
    return replace(whole_schema(), views=views)


def test_versions_with_different_views_do_not_replace_each_others_view(database: Database, database_url: str) -> None:
    before = meta_of(database)
    dropped: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "VIEW" in statement:
            dropped.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    for schema in (with_other_view(), whole_schema(), with_other_view()):
        prepare(database, schema)
        check_readable(database, schema)

    assert dropped == []
    assert meta_of(database) == before


def test_rows_that_are_parsed_again_are_locked_in_the_order_of_their_keys(
    postgresql_database: str, caplog: pytest.LogCaptureFixture
) -> None:
    database = Database.at(postgresql_database)
    prepare(database, whole_schema())
    ledger = table_of(Artifacts)
    of_both = {"recording_id": RECORDING_ID, "kind": "transcript", "status": "parsed", "attempts": 0}
    rows = [of_both | {"artifact_id": each} for each in "ba"]
    with database.writing() as connection:
        connection.execute(ledger.insert(), rows)
    new = Table("chapters", MetaData(), Column("recording_id", String(), primary_key=True))
    other = Database.at(postgresql_database)

    with caplog.at_level(logging.WARNING), ThreadPoolExecutor() as pool:
        with other.writing() as connection:
            for artifact_id in "ab":
                row = ledger.c.artifact_id == artifact_id
                connection.execute(select(ledger.c.artifact_id).where(row).with_for_update())
                if artifact_id == "a":
                    preparing = pool.submit(prepare, database, with_table(whole_schema(), new, "transcript"))
                    wait_until_a_lock_is_waited_for(other)
        preparing.result(TIMEOUT_S)

    assert [record.message for record in caplog.records if "transaction was lost" in record.message] == []
    other.close()
    database.close()


def wait_until_a_lock_is_waited_for(database: Database) -> None:
    """Returns when some transaction of the database waits for a lock."""
    waiting = (
        "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
        "WHERE NOT l.granted AND a.datname = current_database()"
    )
    for _ in range(100_000):
        with database.reading() as connection:
            if connection.exec_driver_sql(waiting).scalar_one():
                return
    raise AssertionError("no transaction waits")


@pytest.mark.parametrize("value", ["'7'", "NULL"])
def test_a_schema_version_of_another_program_does_not_make_its_schema_ours(
    postgresql_database: str, value: str
) -> None:
    execute(
        postgresql_database,
        "CREATE TABLE public.meta (name VARCHAR(80), value VARCHAR(80))",
        f"INSERT INTO public.meta VALUES ('schema_version', {value})",
    )

    with closing(Database.at(postgresql_database)) as database:
        prepare(database, whole_schema())

    assert fetched(postgresql_database, "SELECT count(*) FROM meetings.recordings") == [0]
    assert fetched(postgresql_database, "SELECT count(*) FROM public.meta") == [1]


def test_the_receivers_tables_of_version_2_are_found_in_public(postgresql_database: str) -> None:
    make_version_2(postgresql_database)
    execute(postgresql_database, "DELETE FROM meta WHERE name <> 'schema_version'")

    with closing(Database.at(postgresql_database)) as database:
        assert database.namespace.name == "public"


def test_of_two_origins_that_bind_a_new_database_at_once_the_second_is_refused(postgresql_database: str) -> None:
    first, second = (Database.at(postgresql_database) for _ in range(2))
    prepare(first, whole_schema())

    with ThreadPoolExecutor() as pool:
        with first.writing() as connection:
            connection.execute(table_of(Meta).insert(), {"name": "api_origin", "value": "https://one"})
            binding = pool.submit(second.bind_origin, "https://two")
            wait_until_a_lock_is_waited_for(first)
        with pytest.raises(StoreError, match=r"meetings from https://one, not from https://two"):
            binding.result(TIMEOUT_S)

    assert meta_of(first)["api_origin"] == "https://one"
    first.close()
    second.close()


def test_a_database_belongs_to_one_origin(database: Database) -> None:
    database.bind_origin("https://one")
    database.bind_origin("https://one")

    with pytest.raises(StoreError, match=r"meetings from https://one, not from https://two"):
        database.bind_origin("https://two")


def test_reading_what_a_newer_version_has_added_to_is_refused(database: Database) -> None:
    prepare(database, with_column(whole_schema(), "artifacts", Column("added_at", String(), nullable=True)))

    with pytest.raises(StoreError, match="upgrade meeting_assets"):
        check_readable(database, whole_schema())


def test_the_grants_of_a_view_survive_its_change(postgresql_database: str) -> None:
    database = Database.at(postgresql_database)
    prepare(database, whole_schema())
    with database.writing() as connection:
        connection.exec_driver_sql("GRANT SELECT ON fresh_meetings TO PUBLIC")

    prepare(database, with_column(whole_schema(), "meeting_metrics", Column("mood", String(), nullable=True)))

    granted = fetched(
        postgresql_database,
        "SELECT privilege_type FROM information_schema.role_table_grants "
        "WHERE table_name = 'fresh_meetings' AND grantee = 'PUBLIC'",
    )
    assert granted == ["SELECT"]
    database.close()


def test_the_whole_schema_holds_every_model() -> None:
    models: set[type[SQLModel]] = {*derived_tables(), *ROLLUPS}

    assert {table_of(model) for model in models} == {*whole_schema().derived}
    assert {*whole_schema().views} == {*VIEWS}


def test_a_column_less_is_no_addition(database: Database) -> None:
    with pytest.raises(StoreError, match="upgrade meeting_assets"):
        prepare(database, without_column(whole_schema(), WORDS, "text"))
