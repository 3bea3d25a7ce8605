"""The command `speakers`: what it shows, changes and refuses."""

from __future__ import annotations

import csv
import getpass
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from meeting_assets.sandbox import Recording, Sandbox, uniform
from meeting_assets.store.raw_layout import corrections_key
from meeting_assets_tests.conftest import sqlite_first
from meeting_assets_tests.support.commands import command
from meeting_assets_tests.support.environments import sync_days, use_sandbox
from meeting_assets_tests.support.labelled_speakers import (
    ADA,
    BEA,
    CHI,
    DAY,
    ODD,
    A,
    B,
    assigned,
    correct,
    correction,
    in_force,
    serve_labels,
)
from meeting_assets_tests.support.snapshots import DOWNLOAD_PORT, sync_once

HOSTILE = ("Ada\x1b[31m", "[red]Bea[/red]", 'O\'Brien, "x"')
SAID = "Zerlina Quibblethorpe", "Wilhelmina Everywhere", "marmalade reason"
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def sandbox(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(uniform(DAY, recordings=2, words=40), limits=False, download_port=DOWNLOAD_PORT) as running:
        use_sandbox(running, monkeypatch)
        yield running


@pytest.fixture
def recording(sandbox: Sandbox) -> Recording:
    serve_labels(sandbox)
    sync_once("two recordings with labels", [DAY])
    return sandbox.world.recordings[0]


def speakers(*arguments: str) -> CompletedProcess[str]:
    return command("speakers", *arguments)


def succeeded(*arguments: str) -> str:
    done = speakers(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def document(*arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(succeeded(*arguments, "--json"))
    return found


def methods(found: dict[str, Any]) -> dict[str, tuple[str | None, str]]:
    """Participant and method of each speaker of the transcript."""
    of_transcript = (each for each in found["speakers"] if each["source"] == "transcript")
    return {each["speaker_key"]: (each["participant_key"], each["method"]) for each in of_transcript}


def test_speakers_shows_each_speaker_of_each_source(recording: Recording) -> None:
    found = document(recording.id)

    assert {each["source"] for each in found["speakers"]} == {"participant_events", "speaker_timeline", "transcript"}
    assert {*methods(found)} == {A, B, ODD}
    assert {"name", "evidence", "runner_up", "word_count"} <= {*found["speakers"][0]}
    assert sum(each["word_count"] or 0 for each in found["speakers"] if each["source"] == "transcript") == 40
    assert [each["participant_key"] for each in found["participants"]] == [ADA, BEA, CHI]
    assert (found["corrections"], found["is_outdated"]) == ([], False)


@sqlite_first
def test_corrections_are_made_derived_and_shown_at_once(recording: Recording) -> None:
    options = [f"--assign={A}={BEA}", f"--assign={B}={CHI}", f"--same-as={ODD}={A}", f"--name={BEA}=Bea Smith = B"]

    found = document(recording.id[:9], *options, "--note", "heard it", "--author", "Grace")

    assert found["made"] == [A, B, ODD, BEA]
    assert methods(found)[A] == (BEA, "correction")
    assert not found["is_outdated"]
    shown = [(each["speaker_key"], each["kind"], each["target"], each["author"]) for each in found["corrections"]]
    assert shown == [
        (BEA, "name", "Bea Smith = B", "Grace"),
        (A, "assign", BEA, "Grace"),
        (B, "assign", CHI, "Grace"),
        (ODD, "same_as", A, "Grace"),
    ]
    assert {each["note"] for each in found["corrections"]} == {"heard it"}


@on_sqlite
def test_author_is_the_login_name_by_default(recording: Recording) -> None:
    succeeded(recording.id, f"--assign={A}={BEA}")

    assert [each.author for each in in_force(recording.id)] == [getpass.getuser()]


@on_sqlite
def test_printed_commands_undo_the_corrections(recording: Recording) -> None:
    succeeded(recording.id, f"--assign={A}={BEA}", f"--name={ODD}=Chi", "--note=why")
    shown = succeeded(recording.id)
    commands = [each.strip() for each in shown.splitlines() if "--undo" in each]

    for each in commands:
        run_in_shell(each)

    assert f"Correction: {A} is participant {BEA}, by {getpass.getuser()} on " in shown
    assert len(commands) == 2
    assert in_force(recording.id) == []


@on_sqlite
def test_wrong_key_to_undo_lists_what_can_be_undone(recording: Recording) -> None:
    correct(recording.id, assigned(A, BEA), correction(ODD, "name", "Chi"))

    done = speakers(recording.id, f"--undo={A}", "--undo=label:Nobody")

    assert done.returncode == 2
    assert "Nothing was changed: --undo names a speaker without a correction" in done.stderr
    prefix = f"meeting-assets speakers {recording.id} --undo"
    assert done.stdout.splitlines() == [f"{prefix} 'label:Speaker A'", f"{prefix} label:x=100=y"]
    assert len(in_force(recording.id)) == 2


@on_sqlite
@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (["--assign=label:Speaker Z=200"], "--assign KEY=PARTICIPANT: this recording has no such speaker."),
        (["--assign=label:Speaker A=999"], "this recording has no such participant to assign to."),
        (["--assign=label:Speaker A"], "it has no `=`; write --assign KEY=PARTICIPANT."),
        (["--same-as=label:Speaker A=label:Z"], "this recording has no such speaker to join with."),
        ([f"--assign={A}=200", "--assign=100"], "--assign number 2: it has no `=`"),
        ([f"--same-as={A}={A}"], "a speaker cannot be corrected to itself."),
        ([f"--same-as={A}={B}", f"--same-as={B}={A}"], "form a cycle."),
        ([f"--name={A}= "], "the name is empty."),
        ([f"--name={A}=x", "--author="], "the author is empty."),
        (["--author=x"], "--author belongs to --assign, --same-as, --name or --import."),
        (["--export=-", "--json"], "--export writes CSV. Omit --json."),
        (["--note=x"], "--note belongs to --assign, --same-as or --name."),
        ([f"--undo={A}", "--export=-"], "Use only one of --export, --import, and corrections."),
        (["--import=x.csv"], "--import takes the recordings from the file."),
    ],
)
def test_wrong_use_is_an_error_in_our_words_and_changes_nothing(
    recording: Recording, options: list[str], fault: str
) -> None:
    done = speakers(recording.id, *options)

    assert done.returncode == 2
    assert fault in done.stderr
    assert "Traceback" not in done.stderr
    assert in_force(recording.id) == []


@on_sqlite
@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ([], "Name one recording"),
        (["{0}", "{1}"], "Name one recording"),
        (["Ada Lovelace"], "The argument is not a recording id. Give a UUID, or at least its first 4 characters."),
        (["00000000"], "No stored recording has an id that begins with 00000000"),
        (["3b9d8f3e-0000-4000-8000-000000000000"], "is not stored. Run `meeting-assets sync --recording 3b9d8f3e"),
    ],
)
def test_recording_that_is_not_named_clearly_is_an_error(
    sandbox: Sandbox, recording: Recording, given: Sequence[str], fault: str
) -> None:
    ids = [each.id for each in sandbox.world.recordings]

    done = speakers(*(each.format(*ids) for each in given))

    assert done.returncode == 2
    assert fault in done.stderr


@on_sqlite
def test_purged_recording_is_reported(recording: Recording) -> None:
    command("purge", "--yes", recording.id)

    done = speakers(recording.id, f"--assign={A}={BEA}")

    assert done.returncode == 2
    assert f"Recording {recording.id} was purged on" in done.stderr


@on_sqlite
def test_terminal_interprets_no_text_of_a_meeting(sandbox: Sandbox) -> None:
    serve_labels(sandbox, HOSTILE)
    sync_days([DAY])
    recording_id = sandbox.world.recordings[0].id
    keys = [f"label:{each}" for each in HOSTILE]
    correct(recording_id, *(correction(key, "name", "[bold]x", note="a\nb") for key in keys))

    shown = succeeded(recording_id)
    for each in [each.strip() for each in shown.splitlines() if "--undo" in each]:
        run_in_shell(each)

    assert "\x1b" not in shown
    assert "[red]Bea[/red] is named [bold]x" in shown
    assert in_force(recording_id) == []


@sqlite_first
def test_export_and_import_move_corrections_through_files_and_pipes(recording: Recording, home: Path) -> None:
    correct(recording.id, assigned(A, BEA), correction(ODD, "name", "=1+1"))
    file = home / "corrections.csv"

    printed = succeeded("--export", "-")
    succeeded(recording.id[:8], "--export", str(file))
    succeeded(recording.id, f"--undo={A}", f"--undo={ODD}")
    first = piped(printed, "--import", "-")
    second = succeeded("--import", str(file))

    assert file.read_bytes().decode().splitlines() == printed.splitlines()
    assert [row[1:4] for row in csv.reader(io.StringIO(printed))][1:] == [[A, "assign", BEA], [ODD, "name", "'=1+1"]]
    assert first == "Corrections made: 2, in force before: 0.\n"
    assert second == "Corrections made: 0, in force before: 2.\n"
    assert in_force(recording.id) == [assigned(A, BEA), correction(ODD, "name", "=1+1")]
    assert methods(document(recording.id))[A] == (BEA, "correction")


@on_sqlite
def test_faulty_file_is_refused_with_its_lines(recording: Recording, home: Path) -> None:
    file = home / "corrections.csv"
    succeeded("--export", str(file))
    file.write_text(file.read_text() + f"{recording.id},{A},assign,200,,,\n{recording.id},label:Z,assign,200,,,\n")

    done = speakers("--import", str(file))
    missing = speakers("--import", str(home / "none.csv"))

    assert done.returncode == missing.returncode == 2
    assert "Line 3: this recording has no such speaker." in done.stderr
    assert "Nothing was imported. Correct these lines" in done.stderr
    assert in_force(recording.id) == []
    assert f"No such file or directory: {home}/none.csv" in missing.stderr


@on_sqlite
def test_import_that_stops_derives_the_recordings_before_and_tells_how_to_go_on(
    sandbox: Sandbox, recording: Recording, home: Path
) -> None:
    first, second = sorted(each.id for each in sandbox.world.recordings)
    for each in (first, second):
        correct(each, assigned(A, BEA))
    file = home / "corrections.csv"
    succeeded("--export", str(file))
    for each in (first, second):
        correct(each, undone=[A])
    copy = home / "raw" / corrections_key(DAY, second)
    copy.write_bytes(b"damaged")

    done = speakers("--import", str(file), "--json")
    after_first = document(first)
    copy.unlink()
    again = json.loads(succeeded("--import", str(file), "--json"))

    assert done.returncode == 6
    assert f"{corrections_key(DAY, second)} in the raw store is damaged" in done.stderr
    assert "1 of 2 recordings were imported. Import the file again." in done.stderr
    assert (json.loads(done.stdout)["recording_ids"], after_first["is_outdated"]) == ([first], False)
    assert methods(after_first)[A] == (BEA, "correction")
    assert (again["made_count"], again["unchanged_count"], again["recording_ids"]) == (1, 1, [second])


@on_sqlite
@pytest.mark.parametrize("name", ["a[b].csv", "x[/y].csv", "a:smile:.csv"])
def test_names_of_files_are_printed_as_they_are(recording: Recording, home: Path, name: str) -> None:
    missing = speakers("--import", name)
    exported = speakers("--export", str(home / name.replace("/", "")))

    assert (missing.returncode, exported.returncode) == (2, 0)
    assert f"No such file or directory: {name}. Give another file." in missing.stderr
    assert exported.stdout == f"The corrections were written to {home / name.replace('/', '')}.\n"


@on_sqlite
def test_names_authors_and_notes_reach_no_log(recording: Recording, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEETING_ASSETS_LOG_FORMAT", "json")
    name, author, note = SAID
    logged = [
        speakers(recording.id, f"--name={A}={name}", f"--note={note}", f"--author={author}"),
        speakers(recording.id, f"--name=label:{name}={name}", f"--note={note}"),
        speakers(recording.id, f"--undo={name}"),
    ]

    assert [each.returncode for each in logged] == [0, 2, 2]
    assert "corrections were made" in logged[0].stderr
    assert not [text for each in logged for text in (*SAID, "Speaker A") if text in each.stderr]


def run_in_shell(text: str) -> None:
    """Runs a printed command in a shell."""
    assert text.startswith("meeting-assets ")
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    subprocess.run(["bash", "-c", text], env=environment, check=True, capture_output=True)


def piped(content: str, *arguments: str) -> str:
    script = Path(sys.executable).with_name("meeting-assets")
    done = subprocess.run([script, "speakers", *arguments], input=content, text=True, capture_output=True, check=True)
    return done.stdout
