"""Bulk inserts store every value unchanged, in the caller's transaction, on both databases."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import select

from meeting_assets.artifacts.artifact import Row
from meeting_assets.artifacts.participant_events import ParticipantEvents
from meeting_assets.artifacts.participants import Participants
from meeting_assets.artifacts.provider_data import ProviderParts
from meeting_assets.artifacts.transcript import TranscriptWords
from meeting_assets.pipeline.storage import derived_tables
from meeting_assets.store.bulk import insert_rows
from meeting_assets.store.database import PERSISTENT_TABLES, Database, schema_of, table_of
from meeting_assets.store.migrations.setup import set_up_database
from meeting_assets.store.postgres_copy import binary_types

pytestmark = pytest.mark.with_tables

RECORDING_ID, TRANSCRIPT_ID = str(UUID(int=1)), str(UUID(int=2**127))
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
EVENTS = table_of(ParticipantEvents)

TEXTS = [
    "",
    " ",
    "\t",
    "\n",
    "\r\n",
    "\\",
    "\\N",
    "\\.",
    "\\t",
    "a\tb\\\n",
    "'",
    '"',
    "NULL",
    "😀",
    "é",
    "会議",
    "\x01\x7f\x1f",
]
NUMBERS = [0.0, -0.5, 0.1 + 0.2, 1e-300, 5e-324, 1.7976931348623157e308, 12345678.123456789, None]
INSTANTS = [
    NOON,
    NOON + timedelta(microseconds=1),
    datetime(2026, 3, 2, 17, 45, 0, 5, tzinfo=timezone(timedelta(hours=5, minutes=45))),
    datetime(2, 1, 1, tzinfo=UTC),
    datetime(9998, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    None,
]


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database.at(database_url)
    set_up_database(
        database, schema_of(dict.fromkeys((ParticipantEvents, Participants, ProviderParts, TranscriptWords)))
    )
    yield database
    database.close()


def word(index: int = 0, text: str = "so", start_s: float | None = 0.5) -> Row:
    return (RECORDING_ID, TRANSCRIPT_ID, index, 0, "100", None, start_s, None, text)


def event(at: datetime | None, index: int = 0) -> Row:
    return (RECORDING_ID, index, None, "join", "100", 100, None, at, None, None, None)


def participant(key: str, **values: Any) -> Row:
    names = table_of(Participants).columns.keys()
    row = dict.fromkeys(names) | {"recording_id": RECORDING_ID, "participant_key": key, "is_bot": False} | values
    return tuple(row.values())


def put(database: Database, model: Any, *rows: Row) -> list[Row]:
    """Inserts rows, and returns all rows of the table."""
    with database.writing() as connection:
        insert_rows(connection, model, rows)
    return held(database, model)


def held(database: Database, model: Any) -> list[Row]:
    table = table_of(model)
    with database.reading() as connection:
        return list(map(tuple, connection.execute(select(table).order_by(*table.primary_key))))


def test_rows_are_inserted_in_column_order(database: Database) -> None:
    rows = [word(index) for index in range(3)]

    assert put(database, TranscriptWords, *rows) == rows


@pytest.mark.parametrize("count", [1, 123, 124, 125, 248, 300, 2500])
def test_any_number_of_rows_is_inserted(database: Database, count: int) -> None:
    rows = [word(index, str(index)) for index in range(count)]

    assert put(database, TranscriptWords, *rows) == rows


def test_rows_whose_wrong_lengths_cancel_out_are_rejected(database: Database) -> None:
    rows = [word(index) for index in range(200)]
    rows[10], rows[11] = rows[10][:-1], (*rows[11], "more")

    with pytest.raises((sqlite3.Error, psycopg.Error)):
        put(database, TranscriptWords, *rows)

    assert held(database, TranscriptWords) == []


def test_every_column_of_every_table_can_be_copied() -> None:
    models: list[Any] = [*derived_tables(), *PERSISTENT_TABLES]

    assert all(binary_types(table_of(model)) for model in models)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_provider_part_needs_little_more_space_than_its_text(database: Database) -> None:
    text = '"' + "so " * 450 + '"'
    before = page_bytes(database)

    put(
        database,
        ProviderParts,
        *((RECORDING_ID, TRANSCRIPT_ID, n, None, None, "webhook", None, None, "unknown", text) for n in range(200)),
    )

    assert page_bytes(database) - before < 2 * 200 * len(text)


def page_bytes(database: Database) -> int:
    with database.reading() as connection:
        return int(connection.exec_driver_sql("PRAGMA page_count").scalar_one()) * 4096


def test_empty_insert_does_nothing(database: Database) -> None:
    assert put(database, TranscriptWords) == []


def test_text_is_stored_unchanged(database: Database) -> None:
    rows = [word(index, text) for index, text in enumerate(TEXTS)]

    assert put(database, TranscriptWords, *rows) == rows


def test_word_of_ten_megabytes_is_stored(database: Database) -> None:
    text = "ab\\\n" * 2_500_000

    assert put(database, TranscriptWords, word(text=text)) == [word(text=text)]


def test_double_keeps_every_bit(database: Database) -> None:
    rows = [word(index, start_s=number) for index, number in enumerate(NUMBERS)]

    assert put(database, TranscriptWords, *rows) == rows


def test_ids_have_64_bits(database: Database) -> None:
    rows = [participant("1", participant_id=-(2**63)), participant("2", participant_id=2**63 - 1), participant("3")]

    assert put(database, Participants, *rows) == rows


def test_booleans_are_stored_as_booleans(database: Database) -> None:
    rows = [participant("1", is_host=True), participant("2", is_host=False), participant("3", is_host=None)]

    found = put(database, Participants, *rows)

    assert found == rows
    assert [type(row[5]) for row in found] == [bool, bool, type(None)]


def test_json_is_written_as_text_and_read_as_values(database: Database) -> None:
    documents: dict[str | None, Any] = {
        '{"a\\n":  [1.50, "é\\\\"]}': {"a\n": [1.5, "é\\"]},
        "[]": [],
        '"text"': "text",
        "0": 0,
        None: None,
    }

    found = put(
        database, Participants, *(participant(str(index), extra_data=text) for index, text in enumerate(documents))
    )

    assert found == [participant(str(index), extra_data=value) for index, value in enumerate(documents.values())]


def test_json_text_is_stored_unchanged(database: Database) -> None:
    put(database, Participants, participant("1", extra_data='{"b":  1.50, "a": 1, "a": 2}'))

    with database.reading() as connection:
        stored = connection.exec_driver_sql("SELECT CAST(extra_data AS text) FROM participants").scalar_one()
    assert stored == '{"b":  1.50, "a": 1, "a": 2}'


def test_instant_is_read_as_the_same_instant_in_utc(database: Database) -> None:
    found = [
        row[7] for row in put(database, ParticipantEvents, *(event(at, index) for index, at in enumerate(INSTANTS)))
    ]

    assert found == INSTANTS
    assert {at.tzinfo for at in found if at} == {UTC}


def test_instant_without_time_zone_is_utc(database: Database) -> None:
    with database.writing() as connection:
        if not database.is_sqlite:
            connection.exec_driver_sql("SET LOCAL TimeZone = 'Asia/Kathmandu'")
        insert_rows(connection, ParticipantEvents, [event(NOON.replace(tzinfo=None))])

    assert held(database, ParticipantEvents) == [event(NOON)]


def test_bulk_insert_writes_instants_as_the_orm_does(database: Database) -> None:
    names = EVENTS.columns.keys()

    with database.writing() as connection:
        connection.execute(EVENTS.insert(), [dict(zip(names, event(at, 0), strict=True)) for at in [INSTANTS[2]]])
        insert_rows(connection, ParticipantEvents, [event(INSTANTS[2], 1)])

    with database.reading() as connection:
        one, other = connection.exec_driver_sql('SELECT "at" FROM participant_events').scalars()
        found = connection.scalars(select(EVENTS.c.event_index).where(EVENTS.c.at == INSTANTS[2])).all()
    assert one == other
    assert len(found) == 2


def test_rows_are_rolled_back_with_their_transaction(database: Database) -> None:
    with database.writing() as connection:
        insert_rows(connection, TranscriptWords, [word()])
        connection.rollback()

    assert held(database, TranscriptWords) == []


@pytest.mark.parametrize("row", [word()[:-1], (*word(), "more")], ids=["short", "long"])
def test_row_of_wrong_length_is_rejected(database: Database, row: Row) -> None:
    with pytest.raises((sqlite3.Error, psycopg.Error)), database.writing() as connection:
        insert_rows(connection, TranscriptWords, [word(1), row])

    assert held(database, TranscriptWords) == []


def test_duplicate_key_is_rejected(database: Database) -> None:
    put(database, TranscriptWords, word())

    with pytest.raises((sqlite3.Error, psycopg.Error)):
        put(database, TranscriptWords, word(1), word())

    assert held(database, TranscriptWords) == [word()]
