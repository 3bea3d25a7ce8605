"""The command `export`: files, names, and refusals."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from sqlalchemy import Connection, select
from sqlmodel import SQLModel

from meeting_assets.artifacts.participant_events import ParticipantEvents
from meeting_assets.artifacts.participants import Participants
from meeting_assets.artifacts.speaker_timeline import SpeakerTimeline
from meeting_assets.artifacts.transcript import Transcripts, TranscriptUtterances
from meeting_assets.cli.exporting import write_files
from meeting_assets.metrics.speakers import Speakers
from meeting_assets.pipeline.deletion.recordings import purge
from meeting_assets.publications.exports import FORMATS
from meeting_assets.publications.meeting_text import MeetingText
from meeting_assets.publications.reading import read_meeting
from meeting_assets.sandbox import Recording, Sandbox, fortnight, from_folder, uniform
from meeting_assets.schema.persistent import Recordings
from meeting_assets.store.database import table_of
from meeting_assets_tests.conftest import ROOT
from meeting_assets_tests.support.commands import command
from meeting_assets_tests.support.environments import days_of_world, open_test_storage, sync_days, use_sandbox
from meeting_assets_tests.support.export_readers import READERS, read_chunks, words_by_speaker
from meeting_assets_tests.support.labelled_speakers import ADA, DAY, A, B, assigned, correct, correction, serve_labels
from meeting_assets_tests.support.rollups import change
from meeting_assets_tests.support.rollups import rows as rows_of

UTTERANCES, TRANSCRIPTS = table_of(TranscriptUtterances).c, table_of(Transcripts).c
CORPORA = ROOT / os.environ.get("MEETING_ASSETS_CORPORA", "../shared/corpora")
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def sandbox(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(uniform(DAY, recordings=2, words=40), limits=False) as running:
        use_sandbox(running, monkeypatch)
        yield running


@pytest.fixture
def recording(sandbox: Sandbox) -> Recording:
    sync_days([DAY])
    return sandbox.world.recordings[0]


def export(*arguments: str) -> CompletedProcess[str]:
    return command("export", *arguments)


def printed(*arguments: str) -> str:
    done = export(*arguments, "--to", "-")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_export_prints_the_words_of_a_recording(recording: Recording) -> None:
    read = words_by_speaker(READERS["vtt"](printed(recording.id)))

    assert sum(map(len, read.values())) == words_in_table(recording.id)


def test_export_writes_one_file_per_recording_and_format(recording: Recording, tmp_path: Path) -> None:
    done = export("--first-day", str(DAY), "--format", "vtt", "--format", "md", "--to", str(tmp_path / "new"))

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("4 files were written to ")
    names = sorted(path.name for path in (tmp_path / "new").iterdir())
    assert [name.rpartition(".")[2] for name in names] == ["md", "vtt"] * 2
    assert all(name.startswith(f"{DAY}_") for name in names)


@on_sqlite
def test_export_has_corrected_names(sandbox: Sandbox) -> None:
    serve_labels(sandbox)
    sync_days([DAY])
    recording_id = sandbox.world.recordings[0].id

    correct(recording_id, assigned(A, "200"), correction("label:Speaker B", "name", "Dora"))

    speakers = {each.speaker for each in read_chunks(printed(recording_id, "--format", "json"))}
    assert "Dora" in speakers
    assert "Speaker A" not in speakers
    assert "Speaker B" not in speakers


def exported(recording_id: str) -> MeetingText:
    with open_test_storage() as storage:
        meeting = storage.database.read_snapshot(lambda connection: read_meeting(connection, recording_id))
    assert meeting is not None
    return meeting


def stored(model: type[SQLModel], recording_id: str) -> list[dict[str, Any]]:
    return [row for row in rows_of(model) if row["recording_id"] == recording_id]


def set_rows(model: type[SQLModel], recording_id: str, *new: dict[str, Any], **condition: Any) -> None:
    """Replaces the rows of a recording that meet a condition."""
    table = table_of(model)
    with open_test_storage() as storage, storage.database.writing() as connection:
        conditions = [table.c[name] == value for name, value in condition.items()]
        connection.execute(table.delete().where(table.c.recording_id == recording_id, *conditions))
        empty = dict.fromkeys(column.name for column in table.columns)
        if new:
            connection.execute(table.insert(), [{**empty, "recording_id": recording_id, **row} for row in new])


@on_sqlite
def test_named_voices_of_one_participant_have_their_own_names(sandbox: Sandbox) -> None:
    serve_labels(sandbox)
    sync_days([DAY])
    recording_id = sandbox.world.recordings[0].id

    correct(recording_id, *(assigned(key, ADA) for key in (A, B)))
    table = table_of(Speakers)
    with open_test_storage() as storage, storage.database.writing() as connection:
        for key, name in ((A, "Dora"), (B, "Emil")):
            connection.execute(table.update().where(table.c.speaker_key == key).values(name=name))

    meeting = exported(recording_id)

    assert {"Dora", "Emil"} <= {*meeting.speakers}
    assert {"Dora", "Emil"}.isdisjoint(each.speaker for each in meeting.segments)
    assert {"Dora", "Emil"}.isdisjoint(each.name for each in meeting.sessions)


@pytest.mark.parametrize("target_name", [None, "Dora"])
def test_speakers_declared_the_same_are_one_speaker_of_the_export(sandbox: Sandbox, target_name: str | None) -> None:
    serve_labels(sandbox, ("Speaker A", "Speaker B", "Speaker C"))
    sync_days([DAY])
    recording_id = sandbox.world.recordings[0].id
    for model in (Participants, SpeakerTimeline):  # without them no speaker is resolved
        set_rows(model, recording_id)
    correct(recording_id, correction("label:Speaker C", "name", "Chi"))
    before = {*exported(recording_id).speakers}

    named = [correction(B, "name", target_name)] if target_name else []
    correct(recording_id, correction(A, "same_as", B), *named)

    meeting = exported(recording_id)
    assert {"Speaker A", "Speaker B"} <= before
    assert {*meeting.speakers} == before - {"Speaker A", "Speaker B"} | {target_name or "Speaker B"}
    assert {each.speaker for each in meeting.segments} <= {*meeting.speakers}


@on_sqlite
def test_names_of_an_export_do_not_depend_on_the_order_of_rows(recording: Recording) -> None:
    before = exported(recording.id)
    rows = stored(Speakers, recording.id)

    set_rows(Speakers, recording.id, *(row | {"name": "Ada"} for row in rows))
    first = exported(recording.id)
    set_rows(Speakers, recording.id, *(row | {"name": "Ada"} for row in reversed(rows)))

    assert exported(recording.id) == first
    assert len({*first.speakers}) == len({*before.speakers}) > 1


@on_sqlite
def test_export_has_the_display_title(recording: Recording) -> None:
    change(Recordings, recording.id, title="abc-defg-hij", display_title="Weekly")
    assert exported(recording.id).title == "Weekly"

    change(Recordings, recording.id, display_title=None)
    assert exported(recording.id).title == "abc-defg-hij"


def test_chat_of_an_export_is_that_of_the_view(recording: Recording) -> None:
    message = {"action": "chat_message", "participant_key": "100", "participant_name": "Ada", "chat_to": "everyone"}
    repeated = [{**message, "event_index": 900 + n, "at_s": 5.0, "chat_text": "hello"} for n in range(2)]
    other = {**message, "event_index": 902, "at_s": 6.0, "chat_text": "bye"}
    set_rows(ParticipantEvents, recording.id, *repeated, other)
    change(Recordings, recording.id, started_at=datetime(2026, 3, 2, 9, tzinfo=UTC))

    chat = exported(recording.id).chat

    assert [(each.text, each.at_s, each.at) for each in chat] == [
        ("hello", 5.0, datetime(2026, 3, 2, 9, 0, 5, tzinfo=UTC)),
        ("bye", 6.0, datetime(2026, 3, 2, 9, 0, 6, tzinfo=UTC)),
    ]


def test_all_parts_of_an_export_have_one_state(recording: Recording) -> None:
    def read_around_a_change(connection: Connection) -> tuple[MeetingText | None, MeetingText | None]:
        before = read_meeting(connection, recording.id)
        change(Recordings, recording.id, display_title="Changed meanwhile")
        return before, read_meeting(connection, recording.id)

    with open_test_storage() as storage:
        before, after = storage.database.read_snapshot(read_around_a_change)

    assert before == after
    assert exported(recording.id).title == "Changed meanwhile"


@on_sqlite
def test_purged_recording_has_no_text(recording: Recording) -> None:
    with open_test_storage() as storage:
        purge(storage, [recording.id], "asked for")

        assert storage.database.read_snapshot(lambda connection: read_meeting(connection, recording.id)) is None


@on_sqlite
def test_export_counts_recordings_that_are_purged_meanwhile(
    recording: Recording, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_test_storage() as storage:
        purge(storage, [recording.id], "asked for")

        write_files(storage, [recording.id], [FORMATS["vtt"]], tmp_path / "new")

    assert "1 recording was not exported: purged during the export." in capsys.readouterr().err
    assert [*(tmp_path / "new").iterdir()] == []


@on_sqlite
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "Name a recording, or give --first-day."),
        (("0000", "--format", "docx"), "Unknown format docx. Use one of vtt, "),
        (("--first-day", "2026-03-02", "--last-day", "2026-03-01"), "--last-day is earlier than --first-day."),
        (("--first-day", "2031-01-01"), "No recording of these days is stored. Give other days, or run "),
        (("0000",), "No stored recording has an id that begins with 0000."),
        (("0000", "--last-day", "2026-03-02"), "Name recordings or give a range of days, not both."),
        (("--first-day", str(DAY), "--to", "-"), "Standard output takes one recording and one format."),
    ],
)
def test_export_names_the_fault_of_its_arguments(
    recording: Recording, arguments: tuple[str, ...], message: str
) -> None:
    done = export(*arguments)

    assert done.returncode == 2
    assert message in done.stderr
    assert not done.stdout


@on_sqlite
def test_recording_without_chat_writes_no_chat_file(recording: Recording, tmp_path: Path) -> None:
    done = export(recording.id, "--format", "chat", "--format", "vtt", "--to", str(tmp_path / "new"))

    assert [path.suffix for path in (tmp_path / "new").iterdir()] == [".vtt"]
    assert done.stdout.startswith("1 file was written to ")
    assert "1 file was not written: its recording has no chat." in done.stderr


@on_sqlite
def test_export_changes_no_existing_file_if_it_fails(recording: Recording, tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_text("mine")

    done = export(recording.id, "--to", str(target))

    assert done.returncode == 2
    assert str(target) in done.stderr
    assert target.read_text() == "mine"


@pytest.mark.deployment
@pytest.mark.parametrize("source", ["fortnight", "corpora"])
@on_sqlite
def test_every_meeting_is_read_back_with_its_words(
    database_url: str, source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if source == "corpora" and not CORPORA.exists():
        pytest.skip("no corpora of real meetings")
    world = fortnight(date(2026, 3, 13)) if source == "fortnight" else from_folder(CORPORA)
    with Sandbox(world) as sandbox:
        use_sandbox(sandbox, monkeypatch)
        sync_days(days_of_world(sandbox))

    formats = [argument for name in FORMATS for argument in ("--format", name)]
    done = export("--first-day", "2000-01-01", "--to", str(tmp_path / "new"), *formats)

    assert done.returncode == 0, done.stderr
    files = {path.name: path for path in (tmp_path / "new").iterdir()}
    with open_test_storage() as storage, storage.database.reading() as connection:
        recordings = connection.execute(select(TRANSCRIPTS.recording_id).where(TRANSCRIPTS.is_primary)).scalars().all()
    assert len(recordings) >= 20
    for recording_id in recordings:
        for name, reader in READERS.items():
            (path,) = [files[each] for each in files if each.endswith(f"{recording_id}.{FORMATS[name].extension}")]
            read = words_by_speaker(reader(path.read_text()))
            assert sorted("".join(map("".join, read.values()))) == characters_in_table(recording_id), (name, path)


def words_in_table(recording_id: str) -> int:
    return sum(len(text.split()) for text in texts_in_table(recording_id))


def characters_in_table(recording_id: str) -> list[str]:
    return sorted("".join("".join(text.split()) for text in texts_in_table(recording_id)))


def texts_in_table(recording_id: str) -> list[str]:
    """The texts of the utterances of the primary transcript."""
    query = (
        select(UTTERANCES.text)
        .join(table_of(Transcripts), TRANSCRIPTS.transcript_id == UTTERANCES.transcript_id)
        .where(UTTERANCES.recording_id == recording_id, TRANSCRIPTS.is_primary)
    )
    with open_test_storage() as storage, storage.database.reading() as connection:
        return [*connection.scalars(query)]
