"""Databases of schema version 3 need `migrate` once; it drops the media columns of parts and keeps everything else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from meeting_assets.core.errors import StoreError
from meeting_assets.pipeline.storage import whole_schema
from meeting_assets.store.database import Database
from meeting_assets.store.migrations.migrate import migrate, migration_steps
from meeting_assets.store.migrations.plan import SCHEMA_VERSION
from meeting_assets.store.migrations.setup import check_readable, set_up_database
from meeting_assets_tests.support.databases import RECORDING_ID, columns_of, fill, meta_of, refusal, words
from meeting_assets_tests.support.schema_versions import everything, execute, fetched, make_version_3

PARTS = ("video_parts", "audio_parts")
MEDIA_COLUMNS = {"media_key", "media_size_bytes", "media_sha256"}


@pytest.fixture
def version_3(database_url: str) -> Iterator[Database]:
    """A database of version 3 with a recording, a word, and two parts of each kind."""
    make_version_3(database_url)
    parts = f"('{RECORDING_ID}', 0, 'p1', '100', 100, 1.5), ('{RECORDING_ID}', 1, NULL, 'unknown', NULL, NULL)"
    execute(
        database_url,
        *(
            f"INSERT INTO {table} (recording_id, part_index, part_id, participant_key, participant_id, start_s) "
            f"VALUES {parts}"
            for table in PARTS
        ),
    )
    database = Database.at(database_url)
    fill(database)
    yield database
    database.close()


def rows(url: str) -> dict[str, list[Any]]:
    """The contents that a migration keeps."""
    columns = "CAST(recording_id AS TEXT), part_index, part_id, participant_key, participant_id, start_s, duration_s"
    queries = {table: f"SELECT {columns} FROM {table} ORDER BY part_index" for table in PARTS}
    queries["artifacts"] = "SELECT kind, artifact_id, status, parser_version FROM artifacts"
    return {name: fetched(url, query) for name, query in queries.items()}


def test_database_of_version_3_is_refused_until_it_is_migrated(version_3: Database, database_url: str) -> None:
    before = everything(database_url) if not version_3.is_sqlite else rows(database_url)

    sentence = refusal(database_url)
    with pytest.raises(StoreError, match="meeting-assets migrate"):
        check_readable(version_3, whole_schema())

    assert "video_parts (media_key, media_sha256, media_size_bytes are of another version)" in sentence
    assert "Run `meeting-assets migrate` once every process runs this version" in sentence
    assert (everything(database_url) if not version_3.is_sqlite else rows(database_url)) == before


def test_dry_run_names_the_dropped_columns(version_3: Database) -> None:
    steps = migration_steps(version_3, whole_schema())

    for table in PARTS:
        assert f"Drop media_key, media_sha256, media_size_bytes from table {table}; its rows and grants stay" in steps
    assert "Create table corrections" in steps
    assert not [step for step in steps if step.startswith("Replace table")]


def test_migration_keeps_rows_and_needs_no_parsing(version_3: Database, database_url: str) -> None:
    before = rows(database_url)

    is_outdated = migrate(version_3, whole_schema())

    assert not is_outdated
    assert rows(database_url) == before
    assert words(version_3) == [("hello", 3)]
    for table in PARTS:
        assert len(before[table]) == 2
        assert not columns_of(version_3, table) & MEDIA_COLUMNS


def test_migrated_database_matches_this_version(version_3: Database) -> None:
    migrate(version_3, whole_schema())

    assert migration_steps(version_3, whole_schema()) == []
    assert meta_of(version_3)["schema_version"] == str(SCHEMA_VERSION)
    set_up_database(version_3, whole_schema())
    check_readable(version_3, whole_schema())


def test_foreign_columns_and_indexes_of_parts_are_kept(version_3: Database, database_url: str) -> None:
    execute(
        database_url,
        "ALTER TABLE video_parts ADD COLUMN note VARCHAR(10)",
        "UPDATE video_parts SET note = 'mine'",
        "CREATE INDEX of_notes ON video_parts (note)",
        "CREATE INDEX of_media ON video_parts (media_key)",
    )

    migrate(version_3, whole_schema())

    assert fetched(database_url, "SELECT note FROM video_parts") == ["mine", "mine"]
    catalog = "SELECT name FROM sqlite_master" if version_3.is_sqlite else "SELECT relname FROM pg_class"
    assert "of_notes" in fetched(database_url, catalog)
    assert "of_media" not in fetched(database_url, catalog)


def test_grants_on_parts_are_kept(postgresql_database: str) -> None:
    reader = f"reader_{uuid4().hex}"
    make_version_3(postgresql_database)
    execute(
        postgresql_database,
        f"CREATE ROLE {reader}",
        f"GRANT SELECT ON video_parts, fresh_meetings TO {reader}",
        f"GRANT UPDATE (type) ON audio_parts TO {reader}",
    )
    query = (
        "SELECT table_name, column_name, privilege_type FROM information_schema.column_privileges "
        f"WHERE grantee = '{reader}' AND column_name NOT LIKE 'media%' ORDER BY 1, 2, 3"
    )
    before = fetched(postgresql_database, query)

    database = Database.at(postgresql_database)
    migrate(database, whole_schema())
    database.close()

    assert {table for table, _, _ in before} == {"video_parts", "audio_parts", "fresh_meetings"}
    after = fetched(postgresql_database, query)
    assert {*before} <= {*after}
    # A grant on the view covers the columns that this version adds.
    assert {table for table, _, _ in {*after} - {*before}} == {"fresh_meetings"}


def test_foreign_view_of_a_dropped_column_stops_the_migration(postgresql_database: str) -> None:
    make_version_3(postgresql_database)
    execute(postgresql_database, "CREATE VIEW theirs AS SELECT media_key FROM video_parts")
    database = Database.at(postgresql_database)

    with pytest.raises(StoreError, match="depend on"):
        migrate(database, whole_schema())

    assert columns_of(database, "video_parts") >= MEDIA_COLUMNS
    database.close()
