"""Databases with rows, and schemas of other versions."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import BigInteger, Column, inspect, select

from meeting_assets.core.errors import StoreError
from meeting_assets.pipeline.storage import whole_schema
from meeting_assets.schema.persistent import Artifacts, Recordings
from meeting_assets.store.database import META, Database, table_of
from meeting_assets.store.migrations.plan import Schema
from meeting_assets.store.migrations.setup import set_up_database
from meeting_assets_tests.support.schema_versions import with_column

RECORDING_ID = "5a7062f3-bd54-4838-b296-df84f85c7b92"
WORDS = "transcript_words"
TIMEOUT_S = 60


def fill(database: Database) -> None:
    """Adds a recording with one word."""
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
    """The error of setting up a database."""
    with closing(Database.at(url, schema)) as database, pytest.raises(StoreError) as raised:
        set_up_database(database, whole_schema())
    return str(raised.value)


def with_other_view() -> Schema:
    """A version with another statement of one view, as of another SQLAlchemy release."""
    views = whole_schema().views
    return replace(whole_schema(), views={**views, "fresh_meetings": views["fresh_meetings"].limit(1_000_000)})


def wait_until_a_lock_is_waited_for(database: Database) -> None:
    """Returns as soon as a transaction of the database waits for a lock."""
    waiting = (
        "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
        "WHERE NOT l.granted AND a.datname = current_database()"
    )
    for _ in range(100_000):
        with database.reading() as connection:
            if connection.exec_driver_sql(waiting).scalar_one():
                return
    raise AssertionError("no transaction waits")


def wider() -> Schema:
    """A version in which one column is wider."""
    return with_column(whole_schema(), WORDS, Column("utterance_index", BigInteger(), nullable=False, index=True))


def words(database: Database) -> list[Any]:
    table = whole_schema().tables[WORDS].c
    with database.reading() as connection:
        return [*connection.execute(select(table.text, table.utterance_index)).all()]
