"""Comments on PostgreSQL tables, views and columns are the descriptions of the models."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from inspect import cleandoc
from typing import Any

import pytest
from sqlalchemy import Column, String, event, make_url
from sqlmodel import SQLModel

from meeting_assets.health.diagnostics.database import diagnose_database
from meeting_assets.health.diagnostics.report import Severity
from meeting_assets.metrics.trends import ROLLUPS
from meeting_assets.pipeline.storage import derived_tables, whole_schema
from meeting_assets.schema.descriptions import Description, Descriptions
from meeting_assets.settings import read_settings
from meeting_assets.store.database import PERSISTENT_TABLES, Database, table_of
from meeting_assets.store.migrations.comments import COMMENTS_RECORD
from meeting_assets.store.migrations.migrate import migrate
from meeting_assets.store.migrations.plan import Schema
from meeting_assets.store.migrations.setup import set_up_database
from meeting_assets_tests.support.databases import meta_of
from meeting_assets_tests.support.schema_versions import execute, with_column

MODELS: list[type[SQLModel]] = [*PERSISTENT_TABLES, *derived_tables(), *ROLLUPS]
COMMENTS = """
    SELECT c.relname, NULL, obj_description(c.oid, 'pg_class') FROM pg_class c
    WHERE c.relnamespace = 'meetings'::regnamespace AND c.relkind IN ('r', 'v')
    UNION ALL
    SELECT c.relname, a.attname, col_description(c.oid, a.attnum)
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'meetings'::regnamespace AND c.relkind IN ('r', 'v') AND a.attnum > 0
"""


@pytest.fixture
def database(postgresql_database: str) -> Iterator[Database]:
    """A PostgreSQL with all tables."""
    database = Database.at(postgresql_database)
    set_up_database(database, whole_schema())
    yield database
    database.close()


def comments(database: Database) -> dict[tuple[str, str | None], str | None]:
    """The comments by table or view, and column or None."""
    with database.reading() as connection:
        return {(row[0], row[1]): row[2] for row in connection.exec_driver_sql(COMMENTS)}


@contextmanager
def comment_statements(database: Database) -> Iterator[list[str]]:
    """The statements that comment on something, while the block runs."""
    found: list[str] = []

    def record(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        found.extend(line for line in statement.splitlines() if line.startswith("COMMENT ON"))

    event.listen(database.engine, "before_cursor_execute", record)
    try:
        yield found
    finally:
        event.remove(database.engine, "before_cursor_execute", record)


def reworded(schema: Schema, table: str, column: str, text: str) -> Schema:
    """The schema of a version that describes a column in other words."""
    relations = dict(schema.descriptions.relations)
    relations[table] = Description(relations[table].text, {**relations[table].columns, column: text})
    return replace(schema, descriptions=Descriptions(relations))


def test_every_table_view_and_column_has_its_description_as_comment(database: Database) -> None:
    found = comments(database)

    assert [key for key, comment in found.items() if not comment] == []
    for model in MODELS:
        table = table_of(model).name
        for name, field in model.model_fields.items():
            assert found[table, name] == field.description
        assert " ".join((found[table, None] or "").split()) == " ".join(cleandoc(model.__doc__ or "").split())


def test_second_opening_writes_no_comment(database: Database) -> None:
    with comment_statements(database) as statements:
        set_up_database(database, whole_schema())

    assert statements == []


def test_database_of_a_version_without_comments_gets_them_once(database: Database) -> None:
    expected = comments(database)
    with database.writing() as connection:
        connection.exec_driver_sql(f"DELETE FROM meta WHERE name = '{COMMENTS_RECORD}'")
        connection.exec_driver_sql("COMMENT ON TABLE recordings IS NULL")
        connection.exec_driver_sql("COMMENT ON COLUMN meetings.top_speaker IS NULL")

    with comment_statements(database) as statements:
        set_up_database(database, whole_schema())
        set_up_database(database, whole_schema())

    assert len(statements) == 2
    assert comments(database) == expected


def test_changed_description_alone_is_written(database: Database) -> None:
    text = "100 % of the title's \\ words; {x} %s\nand a second line"

    with comment_statements(database) as statements:
        set_up_database(database, reworded(whole_schema(), "recordings", "title", text))

    assert len(statements) == 1
    assert comments(database)["recordings", "title"] == text


def test_added_column_and_recreated_views_have_comments(database: Database) -> None:
    later = with_column(whole_schema(), "meeting_metrics", Column("mood", String(), nullable=True))
    set_up_database(database, reworded(later, "meeting_metrics", "mood", "mood of the meeting"))

    found = comments(database)
    assert found["meeting_metrics", "mood"] == "mood of the meeting"
    assert [key for key, comment in found.items() if not comment] == []


def test_migrated_table_keeps_its_comments(database: Database) -> None:
    expected = comments(database)
    with database.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE turns ALTER COLUMN start_s TYPE text")

    migrate(database, whole_schema())

    assert comments(database) == expected


def test_foreign_tables_and_columns_are_left_alone(database: Database) -> None:
    with database.writing() as connection:
        connection.exec_driver_sql("CREATE TABLE notes (title text)")
        connection.exec_driver_sql("ALTER TABLE recordings ADD COLUMN mood text")
        connection.exec_driver_sql("COMMENT ON COLUMN recordings.mood IS 'ours'")
        connection.exec_driver_sql(f"DELETE FROM meta WHERE name = '{COMMENTS_RECORD}'")

    set_up_database(database, whole_schema())

    found = comments(database)
    assert (found["notes", None], found["notes", "title"], found["recordings", "mood"]) == (None, None, "ours")


@pytest.fixture
def writer(postgresql_database: str, database: Database) -> Iterator[str]:
    """The URL of a role that may write all tables and owns none."""
    address = make_url(postgresql_database)
    role = str(address.database)
    execute(
        postgresql_database,
        f"CREATE ROLE {role} LOGIN",
        f"GRANT USAGE ON SCHEMA meetings TO {role}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA meetings TO {role}",
        "COMMENT ON TABLE meetings.recordings IS NULL",
        f"DELETE FROM meetings.meta WHERE name = '{COMMENTS_RECORD}'",
    )
    yield address.set(username=role).render_as_string(hide_password=False)
    execute(postgresql_database, f"DROP OWNED BY {role}", f"DROP ROLE {role}")


def test_role_that_owns_no_table_leaves_comments_to_the_owner(database: Database, writer: str) -> None:
    other = Database.at(writer)
    with comment_statements(other) as statements:
        set_up_database(other, whole_schema())
    before = comments(database)["recordings", None]
    other.close()

    set_up_database(database, whole_schema())

    assert (statements, before) == ([], None)
    assert comments(database)["recordings", None]
    assert COMMENTS_RECORD in meta_of(database)


def test_role_that_owns_one_table_writes_its_comment_and_leaves_the_others(database: Database, writer: str) -> None:
    role = make_url(writer).username
    with database.writing() as connection:
        connection.exec_driver_sql("COMMENT ON TABLE turns IS NULL")
        connection.exec_driver_sql(f'ALTER TABLE turns OWNER TO "{role}"')

    other = Database.at(writer)
    with comment_statements(other) as statements:
        set_up_database(other, whole_schema())
        set_up_database(other, whole_schema())
    other.close()

    found = comments(database)
    assert [each.partition(" IS ")[0] for each in statements] == ['COMMENT ON TABLE "turns"']
    assert (bool(found["turns", None]), found["recordings", None]) == (True, None)
    assert COMMENTS_RECORD not in meta_of(database)
    set_up_database(database, whole_schema())
    assert comments(database)["recordings", None]


def test_doctor_notes_comments_that_only_the_owner_may_write(writer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEETING_ASSETS_DATABASE_URL", writer)

    found = [each for each in diagnose_database(read_settings()) if "comments" in each.sentence]

    assert [(each.severity, each.sentence[:2]) for each in found] == [(Severity.OK, "1 ")]
