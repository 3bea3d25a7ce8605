"""The queries of docs/queries.md by their headings."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import text

from meeting_assets_tests.conftest import ROOT
from meeting_assets_tests.support.environments import open_test_storage

_SECTION = re.compile(r"^## (.+?)$(.+?)(?=^## |\Z)", re.DOTALL | re.MULTILINE)
_QUERY = re.compile(r"^```sql\n(.+?)^```", re.DOTALL | re.MULTILINE)


def _queries() -> dict[str, str]:
    page = (ROOT / "docs/queries.md").read_text()
    return {heading: query for heading, section in _SECTION.findall(page) for query in _QUERY.findall(section)}


QUERIES = _queries()
"""Query by question. Every section has one query."""


def answer(question: str) -> list[dict[str, Any]]:
    """The rows of a documented query in the database of the environment."""
    with open_test_storage() as storage, storage.database.reading() as connection:
        return [dict(row) for row in connection.execute(text(QUERIES[question])).mappings()]
