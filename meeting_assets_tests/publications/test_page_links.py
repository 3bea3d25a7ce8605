"""Links to the published pages of many meetings."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, event

from meeting_assets.pipeline.storage import Storage, open_storage
from meeting_assets.publications.page_links import PageLinks
from meeting_assets.publications.pages import links
from meeting_assets.settings import read_settings
from meeting_assets.store.published_files import PUBLISHED

DAY = date(2026, 3, 2)
IDS = [str(UUID(int=number)) for number in range(1200)]
PUBLISHED_IDS = [IDS[0], IDS[600], IDS[-1]]


@pytest.fixture
def storage(database_url: str) -> Iterator[Storage]:
    with open_storage(read_settings()) as storage:
        yield storage


def allow_999_parameters(storage: Storage) -> None:
    """The limit of SQLite before 3.32."""

    def set_limit(connection: Connection) -> None:
        driver: Any = connection.connection.driver_connection
        driver.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 999)

    if storage.database.is_sqlite:
        event.listen(storage.database.engine, "begin", set_limit)


def test_only_meetings_with_a_page_have_a_link_among_more_than_a_query_takes(storage: Storage) -> None:
    with storage.database.writing() as connection:
        for each in PUBLISHED_IDS:
            row = {"key": links.meeting_key(DAY, each), "recording_id": each, "inputs_hash": "a", "size_bytes": 1}
            connection.execute(PUBLISHED.insert(), row)
    allow_999_parameters(storage)

    pages = PageLinks(storage, [(DAY, each) for each in IDS])

    assert [each for each in IDS if pages.of(DAY, each)] == PUBLISHED_IDS
