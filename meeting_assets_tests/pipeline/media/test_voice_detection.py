"""Voice detection on real files: every format gives the same decisions, and unreadable files name the place."""

from __future__ import annotations

from pathlib import Path

import pytest

from meeting_assets.core.errors import UnreadableMediaError
from meeting_assets.metrics.audio_activity import activity_intervals
from meeting_assets.pipeline.media.voice_detection import speech_flags
from meeting_assets_tests.support.media_files import silence, voice, write_audio, write_video

SPEECH = silence(1.0) + voice(2.0) + silence(3.0) + voice(1.0) + silence(1.0)


@pytest.mark.parametrize(
    ("codec", "container_format"),
    [("pcm_s16le", "wav"), ("flac", "flac"), ("libopus", "ogg"), ("libmp3lame", "mp3")],
)
def test_sound_is_found_in_every_format(tmp_path: Path, codec: str, container_format: str) -> None:
    path = write_audio(tmp_path / "part", SPEECH, codec=codec, container_format=container_format)

    found = activity_intervals(speech_flags(path), 0)

    edges_s = [time_us / 1_000_000 for interval in found for time_us in interval]
    assert edges_s == pytest.approx([1.0, 3.0, 6.0, 7.0], abs=0.15)


def test_file_objects_are_read(tmp_path: Path) -> None:
    path = write_audio(tmp_path / "part", SPEECH, codec="flac", container_format="flac")

    with path.open("rb") as file:
        assert speech_flags(file) == speech_flags(path)


def test_silence_has_no_speech(tmp_path: Path) -> None:
    path = write_audio(tmp_path / "part", bytes(32_000), codec="flac", container_format="flac")

    assert speech_flags(path) == bytes(33)


@pytest.mark.parametrize("name", ["part", "part.flac", "part.mp3", "part.wav"])
@pytest.mark.parametrize("content", [b"", b"no audio" * 100, b"no audio" * 10_000])
def test_unreadable_audio_names_the_place(tmp_path: Path, content: bytes, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(UnreadableMediaError, match=r"second 0\.000: "):
        speech_flags(path)


def test_video_without_audio_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(UnreadableMediaError, match="no audio"):
        speech_flags(write_video(tmp_path / "part", 1))
