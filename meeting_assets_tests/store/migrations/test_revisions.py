"""Revisions of persistent tables run in the migration's transaction, and keep their record in our own schema."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, select

from meeting_assets.schema.persistent import Recordings
from meeting_assets.store.database import Database, table_of
from meeting_assets.store.migrations.migrate import REVISIONS, leave_views_alone, run_revisions
from meeting_assets.store.migrations.plan import REVISION_TABLE, SCHEMA_VERSION
from meeting_assets_tests.support.databases import RECORDING_ID
from meeting_assets_tests.support.schema_versions import execute, fetched

LATER = SCHEMA_VERSION + 1
NEXT = f"""
import sqlalchemy as sa
from alembic import op

revision = "{LATER:04}"
down_revision = "{SCHEMA_VERSION:04}"


def upgrade():
    with op.batch_alter_table("recordings") as batch:
        batch.alter_column("title", new_column_name="subject", existing_type=sa.String())
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The revisions of this version and a later one."""
    copied = Path(shutil.copytree(REVISIONS, tmp_path / "100%revisions"))
    (copied / "versions" / f"{LATER:04}_rename_a_column.py").write_text(NEXT)
    return copied


def test_last_revision_leads_to_the_current_schema_version() -> None:
    config = Config()
    config.set_main_option("script_location", REVISIONS)

    assert ScriptDirectory.from_config(config).get_current_head() == f"{SCHEMA_VERSION:04}"


def test_revision_changes_a_persistent_table_and_keeps_its_rows(database: Database, folder: Path) -> None:
    with database.writing() as connection:
        leave_views_alone(connection)
        run_revisions(connection, since=SCHEMA_VERSION, until=LATER, folder=str(folder))

    with database.reading() as connection:
        columns = {each["name"] for each in inspect(connection).get_columns("recordings")}
        ids = [*connection.scalars(select(table_of(Recordings).c.recording_id))]
        stamps = [*connection.exec_driver_sql(f"SELECT version_num FROM {REVISION_TABLE}").scalars()]
    assert "subject" in columns
    assert "title" not in columns
    assert ids == [RECORDING_ID]
    assert stamps == [f"{LATER:04}"]


def test_revision_whose_transaction_is_rolled_back_changes_nothing(database: Database, folder: Path) -> None:
    with database.writing() as connection:
        leave_views_alone(connection)
        run_revisions(connection, since=SCHEMA_VERSION, until=LATER, folder=str(folder))
        connection.get_transaction().rollback()  # type: ignore[union-attr]

    with database.reading() as connection:
        assert "title" in {each["name"] for each in inspect(connection).get_columns("recordings")}
        assert not inspect(connection).has_table(REVISION_TABLE)


def test_revisions_of_another_program_are_unchanged(database: Database, database_url: str, folder: Path) -> None:
    execute(database_url, "CREATE TABLE alembic_version (version_num VARCHAR(32))")
    execute(database_url, "INSERT INTO alembic_version VALUES ('theirs')")

    with database.writing() as connection:
        leave_views_alone(connection)
        run_revisions(connection, since=SCHEMA_VERSION, until=LATER, folder=str(folder))

    assert fetched(database_url, "SELECT version_num FROM alembic_version") == ["theirs"]
