"""Set-up adds missing tables, columns and views, and changes and drops nothing else."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import BigInteger, Column, MetaData, String, Table, event, inspect, select
from sqlmodel import SQLModel

from meeting_assets.core.errors import StoreError
from meeting_assets.metrics.trends import ROLLUPS
from meeting_assets.pipeline.storage import derived_tables, whole_schema
from meeting_assets.pipeline.views import VIEWS
from meeting_assets.schema.audio_activity import AUDIO_TABLES
from meeting_assets.schema.persistent import Artifacts, Meta, Recordings
from meeting_assets.schema.search_index import SEARCH_TABLES
from meeting_assets.store.database import META, Database, table_of
from meeting_assets.store.migrations.plan import SCHEMA_VERSION
from meeting_assets.store.migrations.setup import check_readable, set_up_database
from meeting_assets_tests.support.databases import (
    RECORDING_ID,
    TIMEOUT_S,
    WORDS,
    columns_of,
    fill,
    meta_of,
    refusal,
    wait_until_a_lock_is_waited_for,
    with_other_view,
)
from meeting_assets_tests.support.schema_versions import (
    everything,
    execute,
    fetched,
    make_version_2,
    with_column,
    with_table,
    without_column,
)


def test_second_setup_changes_nothing(database: Database, database_url: str) -> None:
    before = everything(database_url) if not database.is_sqlite else meta_of(database)

    set_up_database(database, whole_schema())

    assert (everything(database_url) if not database.is_sqlite else meta_of(database)) == before


def test_database_of_version_2_is_upgraded_in_place(database_url: str) -> None:
    make_version_2(database_url)
    database = Database.at(database_url)
    fill(database)

    set_up_database(database, whole_schema())

    with database.reading() as connection:
        assert connection.execute(select(whole_schema().tables[WORDS].c.text)).all() == [("hello",)]
    assert meta_of(database)["schema_version"] == str(SCHEMA_VERSION)
    assert not [name for name in meta_of(database) if name.startswith("shape:")]
    assert fetched(database_url, "SELECT count(*) FROM fresh_meetings") == [0]
    if not database.is_sqlite:
        assert fetched(database_url, "SELECT count(*) FROM public.transcript_words") == [1]
    database.close()


def test_database_of_version_1_gets_its_missing_columns(database_url: str) -> None:
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
    set_up_database(database, whole_schema())
    fill(database)

    assert columns_of(database, "recordings") == {*table_of(Recordings).columns.keys()}
    database.close()


def test_persistent_table_without_a_required_column_is_reported(database_url: str) -> None:
    make_version_2(database_url)
    execute(database_url, "ALTER TABLE artifacts DROP COLUMN attempts")

    sentence = refusal(database_url)

    assert "artifacts (attempts is missing)" in sentence
    assert "meeting-assets migrate" in sentence


def test_new_tables_and_columns_are_added_and_rows_are_kept(database: Database) -> None:
    schema = with_column(whole_schema(), "artifacts", Column("added_at", String(), nullable=True))
    schema = with_column(schema, WORDS, Column("confidence", BigInteger(), nullable=True))
    new = Table("chapters", MetaData(), Column("recording_id", String(), primary_key=True))
    schema = with_table(schema, new, "transcript")

    set_up_database(database, schema)

    assert "added_at" in columns_of(database, "artifacts")
    assert "confidence" in columns_of(database, WORDS)
    with database.reading() as connection:
        assert connection.execute(select(schema.tables[WORDS].c.text)).all() == [("hello",)]
        assert connection.scalar(select(table_of(Artifacts).c.parser_version)) is None
        assert inspect(connection).has_table("chapters")


def test_table_dropped_by_hand_is_recreated(database: Database) -> None:
    with database.writing() as connection:
        connection.exec_driver_sql("DROP TABLE transcript_words")

    set_up_database(database, whole_schema())

    assert columns_of(database, WORDS) == {*whole_schema().tables[WORDS].columns.keys()}


def test_process_of_another_version_refuses_and_deletes_nothing(database: Database) -> None:
    other = with_column(whole_schema(), WORDS, Column("utterance_index", BigInteger(), nullable=False))

    with pytest.raises(StoreError, match="utterance_index is INTEGER, this version declares BIGINT"):
        set_up_database(database, other)

    with database.reading() as connection:
        assert connection.execute(select(whole_schema().tables[WORDS].c.text)).all() == [("hello",)]
        assert connection.scalar(select(table_of(Artifacts).c.parser_version)) == "1"


def test_older_version_refuses_additions_of_a_newer_one(database: Database) -> None:
    newer = with_column(whole_schema(), "artifacts", Column("added_at", String(), nullable=True))
    set_up_database(database, newer)

    with pytest.raises(StoreError, match=r"artifacts\.added_at.*upgrade meeting_assets"):
        set_up_database(database, whole_schema())


def test_older_version_refuses_a_newer_schema_version(database: Database) -> None:
    with database.writing() as connection:
        connection.execute(table_of(Meta).update().where(META.name == "schema_version").values(value="99"))

    for check in (set_up_database, check_readable):
        with pytest.raises(StoreError, match=r"schema 99.*upgrade meeting_assets"):
            check(database, whole_schema())


def test_foreign_column_of_our_table_is_kept(database: Database) -> None:
    with database.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE transcript_words ADD COLUMN note VARCHAR(10)")
        connection.execute(table_of(Meta).delete().where(META.name == f"table:{WORDS}"))
        connection.execute(table_of(Meta).insert(), {"name": f"shape:{WORDS}", "value": "of an older version"})

    set_up_database(database, whole_schema())

    assert "note" in columns_of(database, WORDS)


def test_versions_with_different_views_do_not_replace_each_others_view(database: Database, database_url: str) -> None:
    before = meta_of(database)
    dropped: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "VIEW" in statement:
            dropped.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    for schema in (with_other_view(), whole_schema(), with_other_view()):
        set_up_database(database, schema)
        check_readable(database, schema)

    assert dropped == []
    assert meta_of(database) == before


def test_outdated_rows_are_locked_in_key_order(postgresql_database: str, caplog: pytest.LogCaptureFixture) -> None:
    database = Database.at(postgresql_database)
    set_up_database(database, whole_schema())
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
                    preparing = pool.submit(set_up_database, database, with_table(whole_schema(), new, "transcript"))
                    wait_until_a_lock_is_waited_for(other)
        preparing.result(TIMEOUT_S)

    assert [record.message for record in caplog.records if "transaction was lost" in record.message] == []
    other.close()
    database.close()


def test_grants_of_a_view_survive_its_replacement(postgresql_database: str) -> None:
    database = Database.at(postgresql_database)
    set_up_database(database, whole_schema())
    with database.writing() as connection:
        connection.exec_driver_sql("GRANT SELECT ON fresh_meetings TO PUBLIC")

    set_up_database(database, with_column(whole_schema(), "meeting_metrics", Column("mood", String(), nullable=True)))

    granted = fetched(
        postgresql_database,
        "SELECT privilege_type FROM information_schema.role_table_grants "
        "WHERE table_name = 'fresh_meetings' AND grantee = 'PUBLIC'",
    )
    assert granted == ["SELECT"]
    database.close()


def test_whole_schema_contains_every_model() -> None:
    models: set[type[SQLModel]] = {*derived_tables(), *ROLLUPS, *SEARCH_TABLES, *AUDIO_TABLES}

    assert {table_of(model) for model in models} == {*whole_schema().derived}
    assert {*whole_schema().views} == {*VIEWS}


def test_version_with_a_column_less_refuses_the_database(database: Database) -> None:
    with pytest.raises(StoreError, match="upgrade meeting_assets"):
        set_up_database(database, without_column(whole_schema(), WORDS, "text"))
