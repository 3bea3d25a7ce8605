"""A database with all tables."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from meeting_assets.pipeline.storage import whole_schema
from meeting_assets.store.database import Database
from meeting_assets.store.migrations.setup import set_up_database
from meeting_assets_tests.support.databases import fill


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database with all tables, a recording, and one word of it."""
    database = Database.at(database_url)
    set_up_database(database, whole_schema())
    fill(database)
    yield database
    database.close()
