"""The command `search`: its text, its JSON document, and sentences where nothing is found."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from sqlalchemy import select

from meeting_assets.cli.exit_codes import ExitCode
from meeting_assets.pipeline.search_index import days_of_outdated_index, index_days
from meeting_assets.pipeline.storage import open_storage
from meeting_assets.publications.pages.values import clock
from meeting_assets.settings import read_settings
from meeting_assets.store.search_index import RECORDINGS
from meeting_assets_tests.conftest import sqlite_first
from meeting_assets_tests.support.commands import command
from meeting_assets_tests.support.stored_texts import FIRST, store_meeting

pytestmark = sqlite_first


@pytest.fixture(autouse=True)
def _meetings(database_url: str) -> None:
    """Two indexed meetings, and one that is not indexed."""
    with open_storage(read_settings()) as storage:
        with storage.database.writing() as connection:
            store_meeting(connection, 1, [("Ana Ruiz", "Hello"), ("Ben", "Let us follow up on the budget.")])
            store_meeting(connection, 2, [("Ben", "We follow the [bold]plan[/bold]\nup."), (" \x1b[31mEve", "Budget!")])
        with storage.database.reading() as connection:
            days = days_of_outdated_index(connection)
        index_days(days, storage)
        with storage.database.writing() as connection:
            store_meeting(connection, 3, [("Ana Ruiz", "Another budget")])


def test_hits_are_printed_with_day_title_time_and_speaker() -> None:
    done = command("search", "follow up")

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "2026-03-02  Meeting 2  0:00:00  Ben",
        "    We follow the [bold]plan[/bold] up.",
        "2026-03-02  Meeting 1  0:00:05  Ben",
        "    Let us follow up on the budget.",
        "2 utterances.",
    ]


def test_phrase_and_options_restrict_the_hits() -> None:
    assert command("search", '"follow up"').stdout.count("Meeting") == 1
    assert command("search", "budget", "--speaker", "ben").stdout.count("Meeting") == 1
    assert command("search", "budget", "--from", "2026-03-03").stdout == "No utterance was found.\n"


def test_text_of_users_cannot_control_the_terminal() -> None:
    assert "\x1b" not in command("search", "budget").stdout


def test_missing_transcripts_are_named_with_the_command_that_adds_them() -> None:
    done = command("search", "abracadabra")

    assert done.returncode == 0
    assert done.stdout == "No utterance was found.\n"
    assert "The search index lacks 1 transcript. `meeting-assets rebuild --outdated` adds" in done.stderr

    assert command("rebuild", "--outdated").returncode == 0

    assert "lacks" not in command("search", "abracadabra").stderr


def test_more_hits_than_the_limit_are_mentioned() -> None:
    done = command("search", "budget", "--limit", "1")

    assert done.stdout.count("Meeting") == 1
    assert "1 of 2 utterances." in done.stdout
    assert "raise --limit" in done.stderr


def test_page_of_the_meeting_is_linked_with_its_moment(home: Path) -> None:
    with open_storage(read_settings()) as storage, storage.database.reading() as connection:
        recording_id = connection.scalar(select(RECORDINGS.c.recording_id).order_by(RECORDINGS.c.slot).limit(1))
    assert command("pages").returncode == ExitCode.DONE

    done = command("search", '"follow up"')

    page = home / "publications" / "meetings" / str(FIRST.date()) / str(recording_id) / "index.html"
    assert page.exists()
    assert f"    {page}#t=5\n" in done.stdout


def test_json_document_has_the_documented_fields() -> None:
    document = json.loads(command("search", '"follow up"', "--json").stdout)

    (hit,) = document.pop("hits")
    assert document == {
        "schema": "meeting_assets/search/1",
        "query": '"follow up"',
        "has_more": False,
        "total": 1,
        "is_total_exact": True,
        "unindexed_recordings": 1,
    }
    assert hit.pop("recording_id")
    assert hit == {
        "day": "2026-03-02",
        "title": "Meeting 1",
        "utterance_index": 1,
        "speaker": "Ben",
        "at_s": 5.0,
        "at": "2026-03-02T10:00:05.000000Z",
        "snippet": "Let us follow up on the budget.",
        "marks": [[7, 16]],
        "page": None,
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("...",), "no word to find"),
        (("budget", "--from", "2026-03-03", "--to", "2026-03-02"), "--to is earlier than --from"),
        (("budget", "--speaker", "Nobody"), "No speaker has the name 'Nobody'"),
        (("budget", "--series", "Daily"), "No series has the id or the title 'Daily'"),
    ],
)
def test_wrong_usage_is_explained(arguments: tuple[str, ...], message: str) -> None:
    done = command("search", *arguments)

    assert done.returncode == ExitCode.USAGE
    assert message in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    "query", ['"', "(((", "a) OR (b", "'; DROP TABLE meta; --", "NEAR(a b)", "^a", "a:b", "*", "\\"]
)
def test_no_query_is_an_error_of_the_database(query: str) -> None:
    done = command("search", query)

    assert "Traceback" not in done.stderr
    assert done.returncode == 0 or "no word to find" in done.stderr


def test_search_changes_no_file(home: Path) -> None:
    if "postgresql" in os.environ["MEETING_ASSETS_DATABASE_URL"]:
        pytest.skip("PostgreSQL has no files of ours; its roles may be read-only")
    before = (home / "meetings.db").read_bytes()

    command("search", "budget")

    assert (home / "meetings.db").read_bytes() == before
    assert {path.name for path in home.iterdir()} <= {"meetings.db", "raw", "meetings.db-wal", "meetings.db-shm"}


@pytest.mark.parametrize(
    ("at_s", "text"),
    [(0.0, "0:00:00"), (3599.9, "0:59:59"), (45296.0, "12:34:56"), (-5.2, "-0:00:05"), (-0.4, "0:00:00")],
)
def test_clock_shows_hours_minutes_and_seconds(at_s: float, text: str) -> None:
    assert clock(at_s) == text
