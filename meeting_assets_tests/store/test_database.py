"""A database of an older version is brought up to date where it stands."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import inspect, select

from meeting_assets.core.instants import now
from meeting_assets.store.database import ADDED_IN, SCHEMA_VERSION, Database, table_of
from meeting_assets.store.tables import Meta, Recordings

RECORDING_ID = "5a7062f3-bd54-4838-b296-df84f85c7b92"
RECORDINGS = table_of(Recordings)
META = table_of(Meta)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """With a recording in it."""
    opened = Database.at(database_url)
    opened.prepare({})
    row = dict.fromkeys(RECORDINGS.columns.keys())
    row |= {"recording_id": RECORDING_ID, "status": "done", "created_at": now(), "day": now().date()}
    with opened.writing() as connection:
        connection.execute(RECORDINGS.insert(), [row])
    yield opened
    opened.close()


def make_old(database: Database, version: int) -> None:
    """As a version of this package left it that knew less."""
    with database.writing() as connection:
        for later in range(version + 1, SCHEMA_VERSION + 1):
            for column in ADDED_IN[later]:
                connection.exec_driver_sql(f"ALTER TABLE {column.table.name} DROP COLUMN {column.name}")
        connection.execute(META.update().where(META.c.name == "schema_version").values(value=str(version)))


@pytest.mark.parametrize("version", range(1, SCHEMA_VERSION))
def test_a_database_of_an_older_version_keeps_its_rows_and_gets_what_is_new(database: Database, version: int) -> None:
    make_old(database, version)

    database.prepare({})

    with database.reading() as connection:
        assert connection.execute(select(RECORDINGS.c.recording_id, RECORDINGS.c.scheduled_at)).all() == [
            (RECORDING_ID, None)
        ]
        columns = {each["name"] for each in inspect(connection).get_columns(RECORDINGS.name)}
        assert columns == {*RECORDINGS.columns.keys()}
        assert connection.scalar(select(META.c.value).where(META.c.name == "schema_version")) == str(SCHEMA_VERSION)
    database.prepare({})
