"""The commands as a user runs them: output, stored data and exit status."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.pipeline.days import requested_days
from meeting_assets.sandbox import Fault, Sandbox, combined, uniform
from meeting_assets.settings import read_settings
from meeting_assets_tests.support.commands import command
from meeting_assets_tests.support.environments import sync_days, table_rows, use_sandbox
from meeting_assets_tests.support.snapshots import fill_once

TODAY = datetime.now(UTC).date()
DAY = date(2026, 3, 2)


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(combined([uniform(DAY, recordings=2, words=20), uniform(TODAY, recordings=1, words=20)])) as running:
        use_sandbox(running, monkeypatch)
        yield running


def test_installed_script_runs_and_reports_an_unknown_command(home: Path) -> None:
    script = Path(sys.executable).with_name("meeting-assets")
    status, mistake = (
        subprocess.run([script, *words], capture_output=True, text=True, timeout=60, check=False)
        for words in (["status", "--json"], ["no-such-command"])
    )

    assert json.loads(status.stdout)["missing_artifacts"] == 0
    assert (mistake.returncode, "no-such-command" in mistake.stderr) == (2, True)


@pytest.mark.deployment
def test_demo_fills_every_table_and_prints_next_steps(home: Path) -> None:
    done = command("demo")

    assert done.returncode == 0, done.stderr
    assert "Where to look next" in done.stdout
    assert "transcript" in done.stdout
    assert "Traceback" not in done.stderr
    assert all(table_rows().values())


@pytest.mark.deployment
def test_second_demo_changes_nothing(home: Path) -> None:
    command("demo")
    before = table_rows()

    again = command("demo")

    assert again.returncode == 0
    assert table_rows() == before


def sync_of_the_day() -> CompletedProcess[str]:
    """Syncs the day by the command, or copies the home and the output of the first call."""
    return fill_once("sync of a day", lambda: command("sync", "--from", str(DAY), "--to", str(DAY)))


def test_files_of_a_command_are_readable_by_the_user_only(home: Path, sandbox: Sandbox) -> None:
    sync_of_the_day()

    readable_by_others = [path for path in home.rglob("*") if path.stat().st_mode & 0o077]
    assert readable_by_others == []


def test_sync_stores_the_given_days(sandbox: Sandbox) -> None:
    done = sync_of_the_day()

    assert done.returncode == 0, done.stderr
    assert "Every available artifact is stored." in done.stdout
    assert len(table_rows()["recordings"]) == 2


@pytest.mark.usefixtures("home")
def test_days_to_sync_are_the_last_seven_and_today_by_default() -> None:
    *last_seven, today = requested_days(read_settings(), None, None)

    assert last_seven == [today - timedelta(days=back) for back in range(7, 0, -1)]
    assert today >= TODAY


@pytest.mark.deployment
def test_sync_without_days_covers_the_last_week_and_today(sandbox: Sandbox) -> None:
    done = command("sync")

    assert done.returncode == 0, done.stderr
    assert [row[7].date() for row in table_rows()["recordings"]] == [TODAY]


def test_sync_as_json_prints_one_document(sandbox: Sandbox) -> None:
    done = command("sync", "--from", str(DAY), "--to", str(DAY), "--json")

    document = json.loads(done.stdout)
    assert document["is_complete"] is True
    assert document["artifacts"]["transcript"] == {"parsed": 2, "outdated": 0}
    assert document["missing_artifacts"] == 0
    assert done.stderr == ""


def test_sync_exits_with_4_if_available_artifacts_are_missing(sandbox: Sandbox) -> None:
    sandbox.inject(Fault("transcript:", times=None, status=500))

    done = command("sync", "--from", str(DAY), "--to", str(DAY))

    assert done.returncode == 4
    assert "2 available artifacts are missing." in done.stdout


def test_sync_exits_with_0_and_reports_unreadable_and_failed_artifacts(sandbox: Sandbox) -> None:
    first, second = [each for each in sandbox.world.recordings if each.day == DAY]
    sandbox.set_payload(first.of("transcript")[0].id, "transcript", b"[7]")
    sandbox.fail(second.of("audio_separate")[0].id, "something")

    done = command("sync", "--from", str(DAY), "--to", str(DAY))

    assert done.returncode == 0, done.stderr
    assert "cannot be read: [0]" in done.stdout


def test_sync_logs_json_with_ids(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = next(each for each in sandbox.world.recordings if each.day == DAY).of("transcript")[0]
    sandbox.set_payload(broken.id, "transcript", b"[7]")
    monkeypatch.setenv("MEETING_ASSETS_LOG_FORMAT", "json")

    done = command("sync", "--from", str(DAY), "--to", str(DAY))

    records = [json.loads(line) for line in done.stderr.splitlines()]
    (quarantined,) = [each for each in records if "is quarantined" in each["message"]]
    assert (quarantined["recording_id"], quarantined["artifact_id"]) == (broken.recording_id, broken.id)
    listed = next(each for each in records if "recordings listed" in each["message"])
    assert listed["run_id"] == quarantined["run_id"]


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("RECALL_API_KEY", "wrong", "RECALL_API_KEY"),
        ("RECALL_API_KEY", "", "RECALL_API_KEY is not set"),
        ("RECALL_REGION", "mars-1", "RECALL_REGION"),
        ("MEETING_ASSETS_DATABASE_URL", "mysql://host/db", "MEETING_ASSETS_DATABASE_URL"),
        ("MEETING_ASSETS_DATABASE_URL", "postgresql://u:hush@127.0.0.1:1/db", "MEETING_ASSETS_DATABASE_URL"),
        ("MEETING_ASSETS_FIRST_DAY", "yesterday", "MEETING_ASSETS_FIRST_DAY"),
    ],
)
def test_wrong_setting_is_reported_in_one_sentence_that_names_it(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str
) -> None:
    monkeypatch.setenv(name, value)

    done = command("sync", "--from", str(DAY), "--to", str(DAY))

    assert done.returncode == (5 if "127.0.0.1" in value else 3)
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert "hush" not in done.stderr + done.stdout
    assert sum(line.startswith("Error:") for line in done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--from", "2026-03-03", "--to", "2026-03-02"], "later than"),
        (["--to", "2999-01-01"], "in the future"),
        (["--from", "2020-01-01"], "MEETING_ASSETS_FIRST_DAY"),
        (["--recording", "3b9d8f3e-0000-4000-8000-000000000000"], "no recording"),
        (["--recording", "x", "--from", "2026-03-02"], "--recording"),
    ],
)
def test_contradictory_options_of_sync_are_refused_with_a_reason(
    sandbox: Sandbox, options: list[str], sentence: str
) -> None:
    done = command("sync", *options)

    assert done.returncode == (3 if "FIRST_DAY" in sentence else 2)
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_status_counts_every_kind(sandbox: Sandbox) -> None:
    sync_days([DAY])

    document = json.loads(command("status", "--json").stdout)

    assert document["recordings"] == {"done": 2}
    assert {kind: counts["parsed"] for kind, counts in document["artifacts"].items()} == dict.fromkeys(ARTIFACTS, 2)
    assert document["metrics"] == {"derived": 2, "outdated": 0}
    assert document["action_items"] == []


def test_status_of_a_new_home_is_empty(home: Path) -> None:
    done = command("status")

    assert done.returncode == 0
    assert "0 recordings" in done.stdout


@contextmanager
def sandbox_command(*options: str) -> Iterator[str]:
    """Runs a `sandbox` command; yields its output."""
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "meeting_assets.cli", "sandbox", "--port", "0", *options],
        stdout=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
    )
    assert process.stdout is not None
    lines: list[str] = []
    while not lines or "meeting-assets sync" not in lines[-1]:
        lines.append(process.stdout.readline())
        assert lines[-1], "the sandbox ended"
    yield "".join(lines)
    process.terminate()
    assert process.wait(30) == 0
    process.stdout.close()


def test_sync_works_with_the_instructions_of_the_sandbox_command(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    meeting = home / "meetings" / "standup"
    meeting.mkdir(parents=True)
    speaker = {"id": 100, "name": "Ada", "is_host": True, "platform": "desktop", "extra_data": None, "email": None}
    at = {"relative": 0.5, "absolute": "2026-01-05T09:00:00.500Z"}
    end = {"relative": 12.5, "absolute": "2026-01-05T09:00:12.500Z"}
    (meeting / "meeting.json").write_text(json.dumps({"started_at": "2026-01-05T09:00:00Z", "duration_s": 60.0}))
    (meeting / "participants.json").write_text(json.dumps([speaker]))
    (meeting / "participant_events.json").write_text("[]")
    segment = {"participant": speaker, "start_timestamp": at, "end_timestamp": end}
    (meeting / "speaker_timeline.json").write_text(json.dumps([segment]))

    with sandbox_command("--from-folder", str(home / "meetings"), "--first-day", "2026-03-02") as output:
        exports = next(line for line in output.splitlines() if line.strip().startswith("export "))
        for assignment in exports.split()[1:]:
            name, _, value = assignment.partition("=")
            monkeypatch.setenv(name, value)
        done = command("sync", "--from", str(DAY), "--to", str(DAY))

    assert done.returncode == 0, done.stderr
    (row,) = table_rows()["participant_metrics"]
    assert "Ada" in row
    assert 12.0 in row


def test_sandbox_of_a_folder_without_meetings_is_refused(home: Path) -> None:
    done = command("sandbox", "--from-folder", str(home))

    assert done.returncode == 2
    assert "no meeting.json" in done.stderr


@pytest.mark.parametrize(
    "notation",
    [
        pytest.param(str, marks=pytest.mark.deployment),
        pytest.param(str.upper, marks=pytest.mark.deployment),
        lambda text: f"{{{text.replace('-', '').upper()}}}",
    ],
    ids=["as printed", "upper", "upper in braces"],
)
def test_sync_of_one_recording_in_any_notation_finds_its_day(sandbox: Sandbox, notation: Callable[[str], str]) -> None:
    wanted = next(each for each in sandbox.world.recordings if each.day == DAY)

    done = command("sync", "--recording", notation(wanted.id))

    assert done.returncode == 0, done.stderr
    assert [row[0] for row in table_rows()["recordings"]] == [wanted.id]
