"""docs/search.md: its SQL finds what the command finds."""

from __future__ import annotations

import re

from sqlalchemy import text

from meeting_assets.pipeline.search_index import days_of_outdated_index, index_days
from meeting_assets.pipeline.storage import open_storage
from meeting_assets.publications.search.finding import search
from meeting_assets.publications.search.scope import SearchFilter
from meeting_assets.settings import read_settings
from meeting_assets_tests.conftest import ROOT
from meeting_assets_tests.support.stored_texts import store_meeting

PAGE = (ROOT / "docs/search.md").read_text()
SAID = [("Ana", "The numbers, please"), ("Ben", "Follow-up on Monday"), ("Ana", "We follow it up")]


def test_documented_sql_finds_what_the_command_finds(database_url: str) -> None:
    with open_storage(read_settings()) as storage:
        storage.database.write(lambda connection: [store_meeting(connection, n, SAID) for n in (1, 2)])
        index_days(storage.database.read(days_of_outdated_index), storage)
        kind = "sqlite" if storage.database.is_sqlite else "postgresql"
        query = re.search(rf"```sql {kind}\n(.+?)```", PAGE, re.DOTALL)
        assert query

        with storage.database.reading() as connection:
            rows = connection.execute(text(query[1])).all()
            result = search(connection, '"follow up" OR numbers', SearchFilter(), 20)

    assert [row.text for row in rows] == [each.snippet.text for each in result.hits]
    assert [row.text for row in rows] == ["The numbers, please", "Follow-up on Monday"] * 2
