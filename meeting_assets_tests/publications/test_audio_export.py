"""The formats wav and mp3 of the command `export`: mixed from stored audio, in sync with the other formats."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import av
import pytest

from meeting_assets.core.export_formats import AUDIO_FORMATS, EXPORT_FORMATS
from meeting_assets.core.media_kinds import MediaKind
from meeting_assets.metrics.audio_activity import activity_intervals
from meeting_assets.metrics.timeline.intervals import intersection_us, length_us, to_microseconds, union
from meeting_assets.pipeline.media.voice_detection import speech_flags
from meeting_assets.publications.exports.audio import AUDIO
from meeting_assets.publications.reading import read_meeting
from meeting_assets.sandbox import Sandbox, uniform
from meeting_assets_tests.support.commands import command
from meeting_assets_tests.support.environments import open_test_storage, sync_days, use_sandbox
from meeting_assets_tests.support.media_homes import expect_media, fetch

DAY = date(2026, 3, 2)
AGREED = 0.95


@pytest.fixture
def recording_id(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A synced meeting, of whose media nothing is stored."""
    with Sandbox(uniform(DAY, recordings=1, words=120, has_audio_mixed=True), media=True, limits=False) as sandbox:
        use_sandbox(sandbox, monkeypatch)
        sync_days([DAY])
        yield sandbox.world.recordings[0].id


def store(*kinds: MediaKind) -> None:
    with open_test_storage() as storage:
        expect_media(storage, kinds)
        fetch(storage, kinds)


def export(recording_id: str, audio_format: str, folder: Path) -> Path:
    command("export", recording_id, "--format", audio_format, "--to", str(folder))
    return folder / f"{DAY}_{recording_id}.{audio_format}"


@pytest.mark.parametrize("audio_format", AUDIO_FORMATS)
def test_mixed_audio_is_in_sync_with_the_transcript(recording_id: str, tmp_path: Path, audio_format: str) -> None:
    store(MediaKind.AUDIO_SEPARATE)

    path = export(recording_id, audio_format, tmp_path / "out")

    with open_test_storage() as storage, storage.database.reading() as connection:
        meeting = read_meeting(connection, recording_id)
    assert meeting is not None
    words = union(
        (to_microseconds(word.start_s), to_microseconds(word.end_s))
        for each in meeting.utterances
        for word in each.words
    )
    spoken = activity_intervals(speech_flags(path), 0)
    assert intersection_us(spoken, words) >= AGREED * length_us(words)
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_mixed_audio_of_the_meeting_is_converted_if_no_separate_audio_is_stored(
    recording_id: str, tmp_path: Path
) -> None:
    store(MediaKind.AUDIO_MIXED)

    path = export(recording_id, "wav", tmp_path / "out")

    with av.open(str(path)) as container:
        assert (container.format.name, container.streams.audio[0].codec_context.name) == ("wav", "pcm_s16le")
        assert container.duration is not None
        assert container.duration > 30_000_000


def test_missing_audio_is_said_with_the_setting(recording_id: str, tmp_path: Path) -> None:
    found = command("export", recording_id, "--format", "wav", "--to", str(tmp_path / "out"))

    assert "1 file was not written: its recording has no stored audio. Set MEETING_ASSETS_MEDIA=" in found.stderr
    assert "0 files were written" in found.stdout
    assert [*(tmp_path / "out").iterdir()] == []


def test_missing_audio_for_standard_output_is_an_error(recording_id: str) -> None:
    found = command("export", recording_id, "--format", "mp3", "--to", "-")

    assert found.returncode == 2
    assert f"Recording {recording_id} has no stored audio. Set MEETING_ASSETS_MEDIA=" in found.stderr


def test_text_and_audio_are_written_together(recording_id: str, tmp_path: Path) -> None:
    store(MediaKind.AUDIO_SEPARATE)

    command("export", recording_id, "--format", "vtt", "--format", "mp3", "--to", str(tmp_path / "out"))

    assert {each.suffix for each in (tmp_path / "out").iterdir()} == {".vtt", ".mp3"}


def test_audio_formats_of_settings_and_registry_are_the_same() -> None:
    assert tuple(AUDIO) == AUDIO_FORMATS
    assert not {*AUDIO} & {*EXPORT_FORMATS}
