"""Migrations that would lose data or touch foreign tables are refused."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import inspect

from meeting_assets.core.errors import NothingStored, StoreError
from meeting_assets.pipeline.storage import whole_schema
from meeting_assets.schema.persistent import Meta
from meeting_assets.store.database import META, Database, table_of
from meeting_assets.store.migrations.migrate import migrate, migration_steps
from meeting_assets.store.migrations.setup import set_up_database
from meeting_assets_tests.support.databases import (
    WORDS,
    fill,
    wider,
)
from meeting_assets_tests.support.schema_versions import (
    FOREIGN_ROWS,
    FOREIGN_TABLES,
    execute,
    fetched,
    foreign_rows,
    make_version_2,
    without_column,
)


@pytest.mark.parametrize("schema", ["meetings", "public"])
def test_foreign_objects_that_depend_on_a_table_stop_a_migration(postgresql_database: str, schema: str) -> None:
    database = Database.at(postgresql_database, schema)
    set_up_database(database, whole_schema())
    fill(database)
    execute(postgresql_database, f"CREATE VIEW public.theirs AS SELECT text FROM {schema}.{WORDS}")

    with pytest.raises(StoreError, match="depend on"):
        migrate(database, wider())

    assert fetched(postgresql_database, "SELECT text FROM public.theirs") == ["hello"]
    database.close()


def test_foreign_view_reads_the_migrated_table(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/meetings.db"
    with closing(Database.at(url)) as database:
        set_up_database(database, whole_schema())
        fill(database)
        execute(url, f"CREATE VIEW theirs AS SELECT text FROM {WORDS}")

        migrate(database, wider())

    assert fetched(url, "SELECT text FROM theirs") == ["hello"]


def test_foreign_columns_of_our_tables_are_not_dropped(database: Database) -> None:
    with database.writing() as connection:
        connection.exec_driver_sql(f"ALTER TABLE {WORDS} ADD COLUMN note VARCHAR(10)")

    with pytest.raises(StoreError, match=r"did not create: note\."):
        migrate(database, wider())

    with database.reading() as connection:
        assert "note" in {each["name"] for each in inspect(connection).get_columns(WORDS)}


def test_foreign_tables_stop_a_migration(database_url: str) -> None:
    make_version_2(database_url)
    execute(
        database_url,
        "DROP TABLE people",
        "DROP TABLE attendance",
        "DELETE FROM meta WHERE name IN ('shape:people', 'shape:attendance')",
        *FOREIGN_TABLES,
    )
    database = Database.at(database_url)

    for action in (migration_steps, migrate):
        with pytest.raises(StoreError, match="did not create: attendance, people"):
            action(database, wider())

    assert foreign_rows(database_url) == FOREIGN_ROWS
    database.close()


def test_empty_database_cannot_be_migrated(database_url: str) -> None:
    database = Database.at(database_url)

    with pytest.raises(NothingStored):
        migrate(database, whole_schema())

    database.close()


def test_newer_schema_version_is_not_migrated(database: Database) -> None:
    with database.writing() as connection:
        connection.execute(table_of(Meta).update().where(META.name == "schema_version").values(value="99"))

    with pytest.raises(StoreError, match="upgrade meeting_assets"):
        migrate(database, wider())


def test_persistent_table_whose_rows_cannot_fill_a_column_is_reported(database_url: str) -> None:
    make_version_2(database_url)
    execute(database_url, "ALTER TABLE artifacts DROP COLUMN attempts")
    database = Database.at(database_url)

    with pytest.raises(StoreError, match="artifacts lacks attempts"):
        migrate(database, whole_schema())

    database.close()


def test_version_without_a_recorded_column_refuses_to_migrate(database: Database) -> None:
    with pytest.raises(StoreError, match="upgrade meeting_assets"):
        migrate(database, without_column(whole_schema(), WORDS, "text"))
