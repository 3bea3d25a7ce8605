"""The primary transcript is the last created one with words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

import pytest
from sqlalchemy import Connection, select

from meeting_assets.artifacts.artifact import OF_RECORDING
from meeting_assets.artifacts.transcript import ARTIFACT, Transcripts
from meeting_assets.store.bulk import insert_rows
from meeting_assets.store.database import Database, schema_of, table_of
from meeting_assets.store.migrations.setup import set_up_database

pytestmark = pytest.mark.with_tables

RECORDING_ID, OTHER_ID = str(UUID(int=1)), str(UUID(int=2))
SMALL, MIDDLE, LARGE = (f"{digit}0000000-0000-4000-8000-000000000000" for digit in "09f")
EARLY, LATE = datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 2, 0, 0, 0, 1, tzinfo=UTC)

TRANSCRIPTS = table_of(Transcripts)


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    database = Database.at(database_url)
    set_up_database(database, schema_of({Transcripts: "transcript"}))
    with database.writing() as connection:
        yield connection
    database.close()


def put(
    connection: Connection,
    transcript_id: str,
    created_at: datetime | None,
    *,
    words: int = 5,
    is_primary: bool = False,
    recording_id: str = RECORDING_ID,
) -> None:
    row = (recording_id, transcript_id, None, None, created_at, is_primary, "platform", False, 1, words, words)
    insert_rows(connection, Transcripts, [row])


def settle(connection: Connection, recording_id: str = RECORDING_ID) -> None:
    for statement in ARTIFACT.post_load:
        connection.execute(statement, {OF_RECORDING: recording_id})


def primaries(connection: Connection, recording_id: str = RECORDING_ID) -> list[str]:
    of_recording = TRANSCRIPTS.c.recording_id == recording_id
    return list(connection.scalars(select(TRANSCRIPTS.c.transcript_id).where(of_recording, TRANSCRIPTS.c.is_primary)))


def test_last_created_transcript_is_primary(connection: Connection) -> None:
    put(connection, SMALL, LATE)
    put(connection, LARGE, EARLY)

    settle(connection)

    assert primaries(connection) == [SMALL]


def test_larger_id_is_primary_if_creation_times_are_equal(connection: Connection) -> None:
    for transcript_id in (MIDDLE, LARGE, SMALL):
        put(connection, transcript_id, LATE)

    settle(connection)

    assert primaries(connection) == [LARGE]


def test_transcript_without_words_is_not_primary(connection: Connection) -> None:
    put(connection, SMALL, EARLY)
    put(connection, LARGE, LATE, words=0)

    settle(connection)

    assert primaries(connection) == [SMALL]


def test_no_transcript_is_primary_if_all_are_empty(connection: Connection) -> None:
    put(connection, SMALL, EARLY, words=0, is_primary=True)
    put(connection, LARGE, LATE, words=0)

    settle(connection)

    assert primaries(connection) == []


def test_transcript_without_creation_time_comes_last(connection: Connection) -> None:
    put(connection, SMALL, EARLY)
    put(connection, LARGE, None)

    settle(connection)

    assert primaries(connection) == [SMALL]


def test_only_transcript_is_primary_without_creation_time(connection: Connection) -> None:
    put(connection, LARGE, None)

    settle(connection)

    assert primaries(connection) == [LARGE]


def test_second_transcript_becomes_primary(connection: Connection) -> None:
    put(connection, LARGE, EARLY, is_primary=True)
    put(connection, SMALL, LATE)

    settle(connection)

    assert primaries(connection) == [SMALL]


def test_one_of_two_primary_transcripts_remains_primary(connection: Connection) -> None:
    put(connection, LARGE, EARLY, is_primary=True)
    put(connection, SMALL, LATE, is_primary=True)

    settle(connection)

    assert primaries(connection) == [SMALL]


def test_repeated_update_changes_nothing(connection: Connection) -> None:
    put(connection, SMALL, LATE)

    settle(connection)
    settle(connection)

    assert primaries(connection) == [SMALL]


def test_other_recordings_are_not_updated(connection: Connection) -> None:
    put(connection, SMALL, EARLY)
    put(connection, LARGE, LATE, recording_id=OTHER_ID)
    put(connection, MIDDLE, EARLY, recording_id=OTHER_ID, is_primary=True)

    settle(connection)

    assert primaries(connection) == [SMALL]
    assert primaries(connection, OTHER_ID) == [MIDDLE]


def test_update_without_transcripts_changes_nothing(connection: Connection) -> None:
    settle(connection)

    assert primaries(connection) == []
