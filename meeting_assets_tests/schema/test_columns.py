"""Column types have the same meaning and the promised representation on both databases."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Dialect, select
from sqlalchemy.dialects.postgresql import dialect as postgresql_dialect
from sqlalchemy.dialects.sqlite import dialect as sqlite_dialect
from sqlalchemy.schema import CreateTable

from meeting_assets.artifacts.participant_events import ParticipantEvents
from meeting_assets.artifacts.participants import Participants
from meeting_assets.schema.columns import Instant
from meeting_assets.store.database import Database, schema_of, table_of
from meeting_assets.store.migrations.setup import set_up_database

RECORDING_ID = "5a7062f3-bd54-4838-b296-df84f85c7b92"
SQLITE: Dialect = sqlite_dialect()
POSTGRESQL: Dialect = postgresql_dialect()  # type: ignore[no-untyped-call]
PARTICIPANTS = table_of(Participants)
EVENTS = table_of(ParticipantEvents)

zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
instants = st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=zones)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database.at(database_url)
    set_up_database(database, schema_of(dict.fromkeys((ParticipantEvents, Participants))))
    yield database
    database.close()


def sqlite_text(at: datetime) -> str:
    return str(Instant().process_bind_param(at, SQLITE))


def put_participant(database: Database, **values: Any) -> None:
    key = {"recording_id": RECORDING_ID, "participant_key": "1", "is_bot": False}
    with database.writing() as connection:
        connection.execute(PARTICIPANTS.insert(), [dict.fromkeys(PARTICIPANTS.columns.keys()) | key | values])


def scalar(database: Database, statement: str) -> Any:
    with database.reading() as connection:
        return connection.exec_driver_sql(statement).scalar_one()


def test_instant_is_utc_text_with_six_digits_on_sqlite() -> None:
    at = datetime(2026, 3, 2, 1, 30, tzinfo=timezone(timedelta(hours=2)))

    assert sqlite_text(at) == "2026-03-01 23:30:00.000000"


@given(instants)
def test_instant_survives_conversion_to_text(at: datetime) -> None:
    text = sqlite_text(at)

    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}", text)
    assert Instant().process_result_value(text, SQLITE) == at


@given(instants, instants)
def test_texts_of_instants_sort_chronologically(one: datetime, other: datetime) -> None:
    assert (sqlite_text(one) < sqlite_text(other)) == (one < other)


@given(instants)
def test_instants_are_read_as_utc(at: datetime) -> None:
    for dialect in (SQLITE, POSTGRESQL):
        read = Instant().process_result_value(at, dialect)

        assert read == at
        assert read.tzinfo is UTC


@pytest.mark.parametrize(
    ("dialect", "types"),
    [
        (SQLITE, {"recording_id": "VARCHAR(36)", "at": "TEXT", "participant_id": "BIGINT"}),
        (
            POSTGRESQL,
            {"recording_id": "UUID", "at": "TIMESTAMP WITH TIME ZONE", "participant_id": "BIGINT"},
        ),
    ],
    ids=["sqlite", "postgresql"],
)
def test_column_types_match_the_database(dialect: Any, types: dict[str, str]) -> None:
    assert {name: EVENTS.c[name].type.dialect_impl(dialect).compile(dialect) for name in types} == types


@pytest.mark.parametrize(("dialect", "kind"), [(SQLITE, "TEXT"), (POSTGRESQL, "JSON")])
def test_json_is_text_on_sqlite_and_json_on_postgresql(dialect: Any, kind: str) -> None:
    assert f"extra_data {kind}" in str(CreateTable(PARTICIPANTS).compile(dialect=dialect))


def test_json_is_written_and_read_as_values(database: Database) -> None:
    documents: dict[str, Any] = {"1": {"a": [1.5, "é\n"]}, "2": [], "3": "text", "4": 0, "5": False}

    for key, document in documents.items():
        put_participant(database, participant_key=key, extra_data=document)

    with database.reading() as connection:
        found = connection.execute(select(PARTICIPANTS.c.participant_key, PARTICIPANTS.c.extra_data)).all()
    assert [tuple(row) for row in sorted(found)] == list(documents.items())


def test_none_is_stored_as_null(database: Database) -> None:
    put_participant(database, extra_data=None)

    assert scalar(database, "SELECT count(*) FROM participants WHERE extra_data IS NULL") == 1


def test_id_is_text_in_python(database: Database) -> None:
    put_participant(database)

    with database.reading() as connection:
        found = connection.scalars(
            select(PARTICIPANTS.c.recording_id).where(PARTICIPANTS.c.recording_id == RECORDING_ID)
        )
        assert found.all() == [RECORDING_ID]


def test_id_is_uuid_on_postgresql_and_dashed_text_on_sqlite(database: Database) -> None:
    put_participant(database)

    stored = scalar(database, "SELECT recording_id FROM participants")
    assert stored == (RECORDING_ID if database.is_sqlite else UUID(RECORDING_ID))
