"""The documented queries are files that docs/queries.md shows and the command `queries` runs, on both databases.

After an intended change of a query, run `make renew` and review the diff of the page.
"""

from __future__ import annotations

import csv
import io
import json
import os
import textwrap
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from meeting_assets.cli.answer_tables import answer_csv
from meeting_assets.pipeline.storage import open_storage_read_only
from meeting_assets.publications import queries as package
from meeting_assets.publications.queries import NAMES, queries
from meeting_assets.publications.queries.answers import Answer, answer
from meeting_assets.publications.queries.query import LIMIT, Query, parse_query
from meeting_assets.schema.persistent import Recordings
from meeting_assets.settings import read_settings
from meeting_assets.store.database import table_of
from meeting_assets_tests.conftest import ROOT
from meeting_assets_tests.pipeline.conftest import home_with_meetings, stored_fortnight  # noqa: F401 - fixtures
from meeting_assets_tests.support.commands import command
from meeting_assets_tests.support.environments import open_test_storage
from meeting_assets_tests.support.rollups import Home, roll_up_all

DOCUMENT = ROOT / "docs/queries.md"
BEGIN = "<!-- Queries: written by `make renew`. Do not edit them here. -->\n\n"
LINE = 120
FILE = """-- name: late_starts
-- question: Which meetings start late?
-- about: Minutes from the scheduled start
--   to the start of the recording.
-- parameter: minutes number = 0.5; least minutes
-- parameter: title text = 'it''s'; part of the title
SELECT day FROM meetings WHERE minutes_late >= :minutes AND title = :title;
"""


def written() -> str:
    """The generated part of the page."""
    return "\n".join(line for query in queries().values() for line in _section(query))


def _section(query: Query) -> Iterator[str]:
    yield f"## {query.question}"
    yield ""
    own = [each for each in query.parameters.values() if each.name != LIMIT]
    named = "; ".join(f"`{each.name}`, {each.description} (default `{each.literal}`)" for each in own)
    parameters = f" Parameters: {named}." if own else ""
    for paragraph in (query.about, f"`meeting-assets queries {query.name}`.{parameters}"):
        if paragraph:
            yield textwrap.fill(paragraph, LINE, break_on_hyphens=False, break_long_words=False)
            yield ""
    yield f"```sql\n{query.with_defaults};\n```"
    yield ""


@pytest.mark.golden
def test_page_shows_the_files_with_default_values() -> None:
    prose, _, shown = DOCUMENT.read_text().partition(BEGIN)
    if os.environ.get("RENEW"):
        shown = written()
        DOCUMENT.write_text(prose + BEGIN + shown)

    assert shown == written()


def test_every_file_is_a_query_of_its_name() -> None:
    files = {path.stem for path in Path(package.__file__).parent.glob("*.sql")}

    assert files == {*NAMES}
    assert [each.name for each in queries().values()] == [*NAMES]
    assert len({each.question for each in queries().values()}) == len(NAMES)
    assert all(LIMIT in each.parameters for each in queries().values())


def test_header_of_a_file_gives_question_and_typed_parameters() -> None:
    query = parse_query(FILE)

    assert (query.name, query.question) == ("late_starts", "Which meetings start late?")
    assert query.about == "Minutes from the scheduled start to the start of the recording."
    assert [(each.name, each.type, each.default) for each in query.parameters.values()] == [
        ("minutes", "number", 0.5),
        ("title", "text", "it's"),
    ]
    assert query.with_defaults.endswith("minutes_late >= 0.5 AND title = 'it''s'")


@pytest.mark.parametrize(
    ("removed", "reason"),
    [
        ("-- question: Which meetings start late?\n", "lacks question"),
        ("-- parameter: minutes number = 0.5; least minutes\n", "differ between header and statement: minutes"),
        ("minutes_late >= :minutes AND ", "differ between header and statement: minutes"),
        (" = 0.5; least minutes", "no parameter with type, default and description"),
        ("about: ", "neither a field nor continues one"),
    ],
)
def test_incomplete_header_is_refused(removed: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_query(FILE.replace(removed, ""))


@pytest.mark.parametrize("name", NAMES)
def test_query_gives_the_rows_of_the_page(home_with_meetings: Home, name: str) -> None:  # noqa: F811
    roll_up_all()
    query = queries()[name]

    with open_storage_read_only(read_settings()) as storage, storage.database.reading() as connection:
        shown = connection.execute(text(query.with_defaults))
        found = answer(connection, query, {})

        assert [*shown.keys()] == [*found.columns]
        assert len(shown.all()) == len(found.rows)
        assert all(json.loads(json.dumps(row)) == [*row] for row in found.rows)
        assert len(answer(connection, query, {LIMIT: 1}).rows) == min(len(found.rows), 1)


def test_values_have_equal_types_from_both_databases(home_with_meetings: Home) -> None:  # noqa: F811
    recording_id = home_with_meetings.recordings[0].id
    started_at = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
    values = {"recording_metadata": {"deal": "A-7"}, "started_at": started_at, "completed_at": None, "duration_s": 1.5}
    recordings = table_of(Recordings)
    query = parse_query(
        "-- name: types\n-- question: Which types?\n-- parameter: id text = ''; id\n"
        "SELECT recording_id, day, started_at, completed_at, recording_metadata, duration_s, "
        "(SELECT sum(row_count) FROM artifacts AS a WHERE a.recording_id = r.recording_id) AS row_count "
        "FROM recordings AS r WHERE CAST(recording_id AS TEXT) = :id"
    )
    with open_test_storage() as storage, storage.database.writing() as connection:
        connection.execute(recordings.update().where(recordings.c.recording_id == recording_id).values(values))

    with open_test_storage() as storage, storage.database.reading() as connection:
        (row,) = answer(connection, query, {"id": recording_id}).rows

    *known, row_count = row
    day = home_with_meetings.recordings[0].day.isoformat()
    assert known == [recording_id, day, "2026-03-02T09:30:00.000000Z", None, {"deal": "A-7"}, 1.5]
    assert type(row_count) is int
    assert answer_csv(Answer(["id", "metadata"], [[row[0], row[4]]])).splitlines()[1].startswith(recording_id)


@pytest.mark.usefixtures("home_with_meetings")
def test_values_of_parameters_are_bound_and_never_part_of_the_statement() -> None:
    hostile = "%' OR 1=1; DROP TABLE recordings; --"

    done = command("queries", "talk_time", "--param", f"title={hostile}", "--json")

    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert (document["rows"], document["parameters"]["title"]) == ([], hostile)


@pytest.mark.usefixtures("home_with_meetings")
def test_table_json_and_csv_have_the_same_rows() -> None:
    table, document, lines = (
        command("queries", "latest_meetings", "--limit", "3", *options).stdout
        for options in ([], ["--json"], ["--csv"])
    )

    rows = json.loads(document)["rows"]
    cells = [*csv.DictReader(io.StringIO(lines))]
    assert len(rows) == 3
    assert [str(row["word_count"]) for row in rows] == [row["word_count"] for row in cells]
    assert all(f"{row['word_count']:,}" in table and row["day"] in table for row in rows)


@pytest.mark.sqlite_first
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["late_start"], "There is no such query. Did you mean late_starts?"),
        (["late_starts", "--param", "minutes=soon"], "Parameter minutes of late_starts takes a number such as 0.5."),
        (["late_starts", "--param", "minutes=nan"], "takes a number"),
        (["late_starts", "--param", "limit=-1"], "takes a whole number from 0 on"),
        (["late_starts", "--param", "limit=99999999999999999999"], "takes a whole number from 0 on"),
        (["late_starts", "--param", "hours=1"], "Parameters of late_starts: minutes, limit."),
        (["late_starts", "--param", "minutes"], "Write --param NAME=VALUE."),
        (["late_starts", "--param", "limit=1", "--limit", "2"], "Parameter limit is given twice."),
        (["late_starts", "--json", "--csv"], "Use only one of --json and --csv."),
        (["--limit", "2"], "belong to a query"),
    ],
)
def test_wrong_arguments_are_refused_with_a_sentence(home: Path, arguments: list[str], sentence: str) -> None:
    done = command("queries", *arguments)

    assert done.returncode != 0
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_list_has_every_name_and_question(home: Path) -> None:
    done = command("queries")

    assert done.returncode == 0, done.stderr
    assert all(each.name in done.stdout and each.question in done.stdout for each in queries().values())
