"""The command `export`: files, names, and refusals."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from sqlalchemy import select

from meeting_assets.artifacts.transcript import Transcripts, TranscriptUtterances
from meeting_assets.publications.exports import FORMATS
from meeting_assets.sandbox import Recording, Sandbox, fortnight, from_folder, uniform
from meeting_assets.store.database import table_of
from meeting_assets_tests.conftest import ROOT
from meeting_assets_tests.support.commands import command
from meeting_assets_tests.support.environments import days_of_world, open_test_storage, sync_days, use_sandbox
from meeting_assets_tests.support.export_readers import READERS, read_chunks, words_by_speaker
from meeting_assets_tests.support.labelled_speakers import DAY, A, assigned, correct, correction, serve_labels

UTTERANCES, TRANSCRIPTS = table_of(TranscriptUtterances).c, table_of(Transcripts).c
CORPORA = ROOT / "../shared/corpora"
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


@on_sqlite
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "Name a recording, or give --first-day."),
        (("0000", "--format", "docx"), "--format is none of vtt, "),
        (("0000",), "No stored recording has an id that begins with 0000."),
        (("0000", "--last-day", "2026-03-02"), "Name recordings or give a range of days, not both."),
        (("--first-day", str(DAY), "--to", "-"), "Standard output takes one recording and one format."),
    ],
)
def test_export_names_the_fault_of_its_arguments(
    recording: Recording, arguments: tuple[str, ...], message: str
) -> None:
    done = export(*arguments)

    assert done.returncode != 0
    assert message in done.stderr
    assert not done.stdout


@on_sqlite
def test_recording_without_chat_writes_no_chat_file(recording: Recording, tmp_path: Path) -> None:
    done = export(recording.id, "--format", "chat", "--format", "vtt", "--to", str(tmp_path / "new"))

    assert [path.suffix for path in (tmp_path / "new").iterdir()] == [".vtt"]
    assert "1 files were not written: their recordings have no chat." in done.stderr


@on_sqlite
def test_export_changes_no_existing_file_if_it_fails(recording: Recording, tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_text("mine")

    done = export(recording.id, "--to", str(target))

    assert done.returncode != 0
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
