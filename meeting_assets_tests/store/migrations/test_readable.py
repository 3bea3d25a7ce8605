"""A database is readable if it has all tables, columns and views of this version."""

from __future__ import annotations

from contextlib import closing

import pytest
from sqlalchemy import BigInteger, Column, String

from meeting_assets.core.errors import NothingStored, StoreError
from meeting_assets.pipeline.storage import whole_schema
from meeting_assets.schema.persistent import Meta
from meeting_assets.store.database import META, Database, table_of
from meeting_assets.store.migrations.definitions import TableDefinition, table_definition
from meeting_assets.store.migrations.setup import check_readable, set_up_database
from meeting_assets_tests.support.databases import (
    WORDS,
)
from meeting_assets_tests.support.schema_versions import (
    execute,
    with_column,
    without_column,
)


def test_reading_needs_a_database_with_our_tables(database_url: str) -> None:
    with (
        pytest.raises(NothingStored, match="meeting-assets sync"),
        closing(Database.at(database_url, is_read_only=True)) as database,
    ):
        check_readable(database, whole_schema())


def test_reading_reports_missing_columns_of_an_older_database(database: Database) -> None:
    schema = with_column(whole_schema(), "artifacts", Column("added_at", String(), nullable=True))

    with pytest.raises(StoreError, match=r"lacks artifacts\.added_at"):
        check_readable(database, schema)


def test_reading_reports_a_missing_column_that_only_migrate_can_add(database: Database) -> None:
    schema = with_column(whole_schema(), WORDS, Column("loudness", BigInteger(), nullable=False))

    with pytest.raises(StoreError, match=r"transcript_words \(loudness is missing\).*meeting-assets migrate"):
        check_readable(database, schema)


def test_reading_refuses_a_database_without_a_required_column(database: Database, database_url: str) -> None:
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
    """The definition of the ledger that an older version would have recorded."""
    return table_definition(
        without_column(whole_schema(), "artifacts", "attempts").tables["artifacts"], database.engine.dialect
    )


def test_reading_reports_a_missing_view(database: Database) -> None:
    with database.writing() as connection:
        connection.exec_driver_sql("DROP VIEW fresh_meetings")

    with pytest.raises(StoreError, match="lacks fresh_meetings"):
        check_readable(database, whole_schema())

    set_up_database(database, whole_schema())
    check_readable(database, whole_schema())


def test_reading_a_database_of_a_newer_version_is_refused(database: Database) -> None:
    set_up_database(database, with_column(whole_schema(), "artifacts", Column("added_at", String(), nullable=True)))

    with pytest.raises(StoreError, match="upgrade meeting_assets"):
        check_readable(database, whole_schema())
