"""Foreign tables are never touched, PostgreSQL schemas are separate, and a database is bound to one origin."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from meeting_assets.core.errors import StoreError
from meeting_assets.pipeline.storage import whole_schema
from meeting_assets.schema.persistent import Meta
from meeting_assets.store.database import Database, schema_of, table_of
from meeting_assets.store.migrations.setup import set_up_database
from meeting_assets_tests.support.databases import (
    TIMEOUT_S,
    fill,
    meta_of,
    refusal,
    wait_until_a_lock_is_waited_for,
)
from meeting_assets_tests.support.schema_versions import (
    FOREIGN_ROWS,
    FOREIGN_TABLES,
    everything,
    execute,
    fetched,
    foreign_rows,
    make_version_2,
)


def test_foreign_tables_are_reported_and_kept(database_url: str) -> None:
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
def test_foreign_meta_table_is_a_conflict(database_url: str, statements: list[str]) -> None:
    execute(database_url, *statements)

    assert "did not create: meta." in refusal(database_url)


@pytest.mark.parametrize("kind", ["table", "view"])
def test_foreign_object_with_the_name_of_a_view_is_a_conflict(database_url: str, kind: str) -> None:
    execute(database_url, f"CREATE {kind} fresh_meetings {'(id INTEGER)' if kind == 'table' else 'AS SELECT 1 AS id'}")

    assert "did not create: fresh_meetings." in refusal(database_url)


def test_foreign_table_beside_the_receivers_tables_is_a_conflict(database_url: str) -> None:
    database = Database.at(database_url)
    set_up_database(database, schema_of({}))
    with database.writing() as connection:
        connection.exec_driver_sql("CREATE TABLE people (id INTEGER)")
    database.close()

    assert "did not create: people." in refusal(database_url, "meetings")


def test_new_postgresql_database_keeps_our_tables_out_of_public(postgresql_database: str) -> None:
    execute(postgresql_database, *FOREIGN_TABLES)

    database = Database.at(postgresql_database)
    set_up_database(database, whole_schema())
    database.close()

    assert foreign_rows(postgresql_database) == FOREIGN_ROWS
    assert fetched(postgresql_database, "SELECT count(*) FROM meetings.people") == [0]
    assert fetched(postgresql_database, "SELECT count(*) FROM recordings") == [0]


def test_two_schemas_of_one_database_are_independent(postgresql_database: str) -> None:
    for schema in ("meetings", "others"):
        database = Database.at(postgresql_database, schema)
        set_up_database(database, whole_schema())
        database.set_meta("api_origin", schema)
        database.close()

    found = fetched(postgresql_database, "SELECT value FROM others.meta WHERE name = 'api_origin'")
    assert found == ["others"]


def test_names_resolve_in_our_schema_with_any_search_path_of_the_role(postgresql_database: str) -> None:
    execute(postgresql_database, "CREATE SCHEMA elsewhere", "CREATE TABLE elsewhere.recordings (id INTEGER)")
    execute(
        postgresql_database,
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = elsewhere', current_database()); END $$",
    )

    database = Database.at(postgresql_database)
    set_up_database(database, whole_schema())
    fill(database)
    database.close()

    assert fetched(postgresql_database, "SELECT count(*) FROM meetings.recordings") == [1]
    assert fetched(postgresql_database, "SHOW search_path") == ["elsewhere, meetings"]


@pytest.mark.parametrize("value", ["'7'", "NULL"])
def test_foreign_schema_version_does_not_make_its_schema_ours(postgresql_database: str, value: str) -> None:
    execute(
        postgresql_database,
        "CREATE TABLE public.meta (name VARCHAR(80), value VARCHAR(80))",
        f"INSERT INTO public.meta VALUES ('schema_version', {value})",
    )

    with closing(Database.at(postgresql_database)) as database:
        set_up_database(database, whole_schema())

    assert fetched(postgresql_database, "SELECT count(*) FROM meetings.recordings") == [0]
    assert fetched(postgresql_database, "SELECT count(*) FROM public.meta") == [1]


def test_receivers_tables_of_version_2_are_found_in_public(postgresql_database: str) -> None:
    make_version_2(postgresql_database)
    execute(postgresql_database, "DELETE FROM meta WHERE name <> 'schema_version'")

    with closing(Database.at(postgresql_database)) as database:
        assert database.namespace.name == "public"


def test_second_of_two_origins_that_bind_a_new_database_at_once_is_refused(postgresql_database: str) -> None:
    first, second = (Database.at(postgresql_database) for _ in range(2))
    set_up_database(first, whole_schema())

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


def test_database_is_bound_to_one_origin(database: Database) -> None:
    database.bind_origin("https://one")
    database.bind_origin("https://one")

    with pytest.raises(StoreError, match=r"meetings from https://one, not from https://two"):
        database.bind_origin("https://two")
