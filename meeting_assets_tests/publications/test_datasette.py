"""publications/datasette.yaml describes the tables to Datasette, and Datasette runs its queries.

After an intended change of a description or a query, run `make renew` and review the diff of the file.
"""

from __future__ import annotations

import asyncio
import html
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from meeting_assets.pipeline.storage import whole_schema
from meeting_assets.publications import datasette as module
from meeting_assets.publications.datasette import DATABASE, INTERNAL_TABLES, datasette_sql, datasette_yaml
from meeting_assets.publications.queries import NAMES, queries
from meeting_assets_tests.pipeline.conftest import stored_fortnight  # noqa: F401 - a fixture
from meeting_assets_tests.support.stored_fortnight import StoredFortnight

FILE = Path(module.__file__).with_suffix(".yaml")


@cache
def document() -> dict[str, Any]:
    """The shipped file's part about the database."""
    found: dict[str, Any] = yaml.safe_load(FILE.read_text())["databases"][DATABASE]
    return found


@pytest.mark.golden
def test_shipped_file_is_that_of_the_models_and_queries() -> None:
    if os.environ.get("RENEW"):
        FILE.write_text(datasette_yaml())

    assert FILE.read_text() == datasette_yaml()


def test_every_table_view_and_column_is_described() -> None:
    schema, tables = whole_schema(), document()["tables"]

    assert tables.keys() == {*schema.tables, *schema.views}
    for name, table in schema.tables.items():
        assert [*tables[name]["columns"]] == [*table.columns.keys()]
    for name, view in schema.views.items():
        assert [*tables[name]["columns"]] == [column.name for column in view.selected_columns]
    assert [name for name, each in tables.items() if not (each["description"] and all(each["columns"].values()))] == []
    assert {name for name, each in tables.items() if each.get("hidden")} == {*INTERNAL_TABLES}


def test_queries_have_their_questions_and_no_name_of_a_table() -> None:
    found = document()["queries"]

    assert {name: each["title"] for name, each in found.items()} == {
        name: each.question for name, each in queries().items()
    }
    assert not found.keys() & document()["tables"].keys()  # they share one path


def test_parameters_are_converted_and_have_defaults() -> None:
    statement = datasette_sql(queries()["late_starts"])

    assert "minutes_late >= coalesce(CAST(nullif(:minutes, '') AS REAL), 5.0)" in statement
    assert statement.endswith("LIMIT coalesce(CAST(nullif(:limit, '') AS INTEGER), 20)")


class Pages:
    """Pages of Datasette about the fortnight."""

    def __init__(self, file: Path) -> None:
        from datasette.app import Datasette  # type: ignore[import-untyped]

        self._datasette = Datasette(files=[str(file)], metadata=yaml.safe_load(FILE.read_text()))

    def text(self, path: str) -> str:
        """The page at a path, with text as a reader sees it."""
        response = asyncio.run(self._get(path))
        assert response.status_code == 200, (path, response.text[:500])
        return html.unescape(str(response.text))

    def rows(self, path: str) -> list[dict[str, Any]]:
        """The rows of the JSON document at a path."""
        response = asyncio.run(self._get(path))
        assert response.status_code == 200, (path, response.text[:500])
        found: list[dict[str, Any]] = response.json()
        return found

    async def _get(self, path: str) -> Any:
        return await self._datasette.client.get(path)


@pytest.fixture(scope="module")
def pages(stored_fortnight: StoredFortnight) -> Pages:  # noqa: F811
    file = stored_fortnight.storage.database.engine.url.database
    assert file is not None
    return Pages(Path(file))


@pytest.mark.parametrize("name", NAMES)
def test_page_of_a_query_shows_question_and_rows(pages: Pages, name: str) -> None:
    page = pages.text(f"/{DATABASE}/{name}")

    assert queries()[name].question in page
    assert re.search(r'<table class="rows-and-columns">.*<td', page, re.DOTALL)
    assert 'class="message-error"' not in page


def test_parameter_of_a_query_changes_its_rows(pages: Pages) -> None:
    rows, later, few = (
        pages.rows(f"/{DATABASE}/late_starts.json?_shape=array&{query}") for query in ("", "minutes=15", "limit=2")
    )

    assert {row["minutes_late"] >= 15 for row in later} == {True}
    assert (len(few), len(later) < len(rows)) == (2, True)


@pytest.mark.parametrize("name", ["recordings", "meeting_metrics", "meetings", "person_trends"])
def test_page_of_a_table_shows_its_description_and_those_of_its_columns(pages: Pages, name: str) -> None:
    page = pages.text(f"/{DATABASE}/{name}")

    described = document()["tables"][name]
    assert described["description"] in page
    assert [text for text in described["columns"].values() if text not in page] == []


def test_page_of_the_database_lists_questions_and_hides_internal_tables(pages: Pages) -> None:
    page = pages.text(f"/{DATABASE}")

    assert [name for name in NAMES if queries()[name].question not in page] == []
    assert "/meetings/run_heartbeats" not in page
    assert "/meetings/meeting_metrics" in page


def test_datasette_itself_starts_with_the_file(stored_fortnight: StoredFortnight) -> None:  # noqa: F811
    file = str(stored_fortnight.storage.database.engine.url.database)
    arguments = ["serve", file, "--metadata", str(FILE), "--get", f"/{DATABASE}/bad_data.json?_shape=array"]

    done = subprocess.run(
        [sys.executable, "-m", "datasette", *arguments], capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 0, done.stderr
    assert '"reasons"' in done.stdout
