"""`show` prints one meeting: people, metrics with units, data quality in words, artifacts, and how to go on."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from sqlalchemy import Table

from meeting_assets.cli.exit_codes import ExitCode
from meeting_assets.cli.meeting_summary import print_meeting
from meeting_assets.cli.querying import queries as queries_command
from meeting_assets.cli.terminal import out
from meeting_assets.console import print_status
from meeting_assets.health.status import status_of
from meeting_assets.metrics.tables import MeetingMetrics, ParticipantMetrics
from meeting_assets.pipeline.storage import Storage
from meeting_assets.publications.pages.meeting_data import MeetingData, read_meeting_data
from meeting_assets.publications.pages.meeting_quality import notes_of
from meeting_assets.sandbox import Recording, Sandbox, uniform
from meeting_assets.schema.persistent import Recordings
from meeting_assets.store.database import table_of
from meeting_assets_tests.pipeline.conftest import stored_fortnight  # noqa: F401 - a fixture
from meeting_assets_tests.support.commands import command
from meeting_assets_tests.support.environments import open_test_storage, sync_days, use_sandbox
from meeting_assets_tests.support.stored_fortnight import StoredFortnight

DAY = date(2026, 3, 2)
ESCAPES = re.compile(r"\x1b\[[0-9;]*m")
HOSTILE = "Plan\x1b[31m\u202e [bold]x[/bold] " + "very long " * 1000
MEMBERS, METRICS = table_of(ParticipantMetrics), table_of(MeetingMetrics)


@pytest.fixture
def sandbox(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A sandbox whose day was synced, but for one transcript that cannot be read."""
    with Sandbox(uniform(DAY, recordings=2, words=20)) as running:
        use_sandbox(running, monkeypatch)
        running.set_payload(running.world.recordings[1].of("transcript")[0].id, "transcript", b"[7]")
        sync_days([DAY])
        yield running


def first_row(table: Table, recording: Recording) -> dict[str, Any]:
    """The first row about a recording."""
    with open_test_storage() as storage, storage.database.reading() as connection:
        query = table.select().where(table.c.recording_id == recording.id).order_by(*table.primary_key)
        return dict(connection.execute(query).mappings().first() or {})


def with_titles(sandbox: Sandbox, *titles: str) -> None:
    with open_test_storage() as storage, storage.database.writing() as connection:
        for recording, title in zip(sandbox.world.recordings, titles, strict=True):
            of_recording = table_of(Recordings).c.recording_id == recording.id
            connection.execute(table_of(Recordings).update().where(of_recording).values(display_title=title))


def mistyped(recording_id: str) -> str:
    """The id with another last digit."""
    return recording_id[:-1] + ("0" if recording_id[-1] != "0" else "1")


@pytest.mark.parametrize("given", ["Weekly planning", "planning", "WEEKLY", "Weekly plannign", "mistyped id", "prefix"])
def test_argument_that_is_no_id_gives_recordings_with_a_similar_title_or_id(sandbox: Sandbox, given: str) -> None:
    with_titles(sandbox, "Weekly planning", "Budget review")
    meant, other = (each.id for each in sandbox.world.recordings)
    arguments = {"mistyped id": mistyped(meant), "prefix": mistyped(meant[:13])}

    done = command("show", arguments.get(given, given))

    assert done.returncode == ExitCode.USAGE
    assert f"  {meant}  {DAY}  Weekly planning\n" in done.stdout
    assert other not in done.stdout
    assert "`meeting-assets search WORDS`" in done.stderr
    assert "Weekly planning" not in done.stderr


@pytest.mark.parametrize(("given", "options"), [("Weekly planning", ["--json"]), ("quite another thing", [])])
def test_nothing_is_suggested_beside_json_or_without_a_similar_recording(
    sandbox: Sandbox, given: str, options: list[str]
) -> None:
    with_titles(sandbox, "Weekly planning", "Budget review")

    done = command("show", given, *options)

    assert (done.returncode, done.stdout) == (ExitCode.USAGE, "")
    assert "`meeting-assets search WORDS`" in done.stderr


def test_meeting_is_shown_with_people_metrics_and_artifacts(sandbox: Sandbox) -> None:
    recording = sandbox.world.recordings[0]

    shown = command("show", recording.id[:8])

    assert shown.returncode == 0, shown.stderr
    metrics, member = first_row(METRICS, recording), first_row(MEMBERS, recording)
    lines = [line.split() for line in shown.stdout.splitlines()]
    assert ["recording", recording.id] in lines
    assert ["words", f"{metrics['word_count']:,}"] in lines
    assert ["participants", str(metrics["participant_count"])] in lines
    (person,) = [line for line in lines if " ".join(line).startswith(f"{member['name']} ")]
    assert person[-2] == str(member["word_count"])
    assert ["transcript", "parsed", "20"] in lines
    assert f"meeting-assets speakers {recording.id}" in shown.stdout


def test_unreadable_transcript_is_named_with_its_consequence(sandbox: Sandbox) -> None:
    shown = command("show", sandbox.world.recordings[1].id)

    assert "Stored, but unreadable: transcript. Reason: [0]: expected object" in shown.stdout
    assert "Words, questions, fillers and the text are unknown." in shown.stdout
    assert re.search(r"^words +·$", shown.stdout, re.MULTILINE)
    assert "--format md" not in shown.stdout


def test_document_has_the_numbers_of_the_tables(sandbox: Sandbox) -> None:
    recording = sandbox.world.recordings[0]

    document = json.loads(command("show", recording.id, "--json").stdout)

    metrics, member = first_row(METRICS, recording), first_row(MEMBERS, recording)
    assert {name: metrics[name] for name in document["metrics"]} == document["metrics"]
    shown = next(each for each in document["participants"] if each["participant_key"] == member["participant_key"])
    assert {name: member[name] for name in shown if name not in {"name", "is_host"}} | {
        "name": shown["name"],
        "is_host": shown["is_host"],
    } == shown


def test_hostile_title_cannot_change_the_terminal(sandbox: Sandbox) -> None:
    recordings = table_of(Recordings)
    with open_test_storage() as storage, storage.database.writing() as connection:
        connection.execute(recordings.update().values(display_title=HOSTILE))

    shown = command("show", sandbox.world.recordings[0].id)

    title = shown.stdout.splitlines()[0]
    assert title.startswith("Plan\\u001b[31m\\u202e [bold]x[/bold] very long")
    assert len(title) < 250


@pytest.mark.sqlite_first
def test_recording_that_is_not_stored_is_refused(sandbox: Sandbox) -> None:
    done = command("show", "3b9d8f3e-0000-4000-8000-000000000000")

    assert done.returncode != 0
    assert "is not stored. Run `meeting-assets sync --recording" in done.stderr


@pytest.fixture(params=[40, 60, 80, 160])
def width(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The width of a terminal."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    before, out.width = out.width, request.param
    yield request.param
    out.width = before


def printed(capsys: pytest.CaptureFixture[str]) -> str:
    return ESCAPES.sub("", capsys.readouterr().out)


def longest_meeting(storage: Storage) -> MeetingData:
    with storage.database.reading() as connection:
        query = METRICS.select().order_by(METRICS.c.word_count.desc()).limit(1)
        meeting = read_meeting_data(connection, connection.execute(query).one().recording_id)
    assert meeting is not None
    return meeting


def test_numbers_of_a_meeting_stay_whole_at_each_width(
    stored_fortnight: StoredFortnight,  # noqa: F811
    width: int,
    capsys: pytest.CaptureFixture[str],
) -> None:
    meeting = longest_meeting(stored_fortnight.storage)

    print_meeting(meeting, notes_of(meeting, stored_fortnight.storage.parameters), page=None)

    text = printed(capsys)
    counts = [each.metrics.word_count for each in meeting.members] + [each.row_count for each in meeting.artifacts]
    assert max(count or 0 for count in counts) > 999
    assert [count for count in counts if count is not None and f"{count:,}" not in text] == []
    assert "…" not in text


def test_numbers_of_the_status_stay_whole_at_each_width(
    stored_fortnight: StoredFortnight,  # noqa: F811
    width: int,
    capsys: pytest.CaptureFixture[str],
) -> None:
    status = status_of(stored_fortnight.storage)

    print_status(out, status, "All days")

    text = printed(capsys)
    assert [count for count in status.rows.values() if f"{count:,}" not in text] == []
    assert "…" not in text
    assert all(kind in text for kind in status.artifacts)


@pytest.mark.parametrize("name", ["latest_meetings", "series_weeks", "bad_data", "talk_time"])
def test_numbers_of_a_query_stay_whole_at_each_width(
    stored_fortnight: StoredFortnight,  # noqa: F811
    width: int,
    name: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MEETING_ASSETS_DATABASE_URL", stored_fortnight.storage.database.url)
    queries_command(name, None, 5, as_json=True, as_csv=False)
    rows = json.loads(capsys.readouterr().out)["rows"]

    queries_command(name, None, 5, as_json=False, as_csv=False)

    text = printed(capsys)
    whole = [f"{value:,}" for row in rows for value in row.values() if isinstance(value, int)]
    days = [row["day"] for row in rows if row.get("day")]
    assert whole or days
    assert [each for each in (*whole, *days) if each not in text] == []
    assert "…" not in text
