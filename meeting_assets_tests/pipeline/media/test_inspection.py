"""Inspection measures real files, and names the place where an unreadable one fails."""

from __future__ import annotations

import random
import re
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from meeting_assets.core.errors import UnreadableMediaError
from meeting_assets.pipeline.media.inspection import Inspection, inspect, inspect_pcm
from meeting_assets_tests.support.media_files import tone, write_audio, write_video

PLACE = re.compile(r"(byte|second) [0-9.]+: ")


@pytest.mark.parametrize(
    ("codec", "container_format", "content_type", "tolerance_s"),
    [
        ("pcm_s16le", "wav", "audio/wav", 0.001),
        ("flac", "flac", "audio/flac", 0.001),
        ("libopus", "ogg", "audio/ogg", 0.05),
        ("libmp3lame", "mp3", "audio/mpeg", 0.15),
        ("aac", "mp4", "audio/mp4", 0.1),
    ],
)
def test_audio_is_measured(
    tmp_path: Path, codec: str, container_format: str, content_type: str, tolerance_s: float
) -> None:
    path = write_audio(tmp_path / "part", tone(2.5), codec=codec, container_format=container_format)

    found = inspect(path)

    assert found.container == container_format
    assert found.content_type == content_type
    assert (found.channels, found.width, found.height) == (1, None, None)
    assert found.sample_rate_hz == (48_000 if codec == "libopus" else 16_000)
    assert found.duration_s == pytest.approx(2.5, abs=tolerance_s)


def test_video_is_measured(tmp_path: Path) -> None:
    found = inspect(write_video(tmp_path / "part", 3, width=80, height=60))

    assert replace(found, duration_s=3.0) == Inspection("mp4", "mpeg4", None, None, 80, 60, 3.0)
    assert found.duration_s == pytest.approx(3.0, abs=0.01)
    assert found.content_type == "video/mp4"


def test_raw_samples_are_measured_by_their_size(tmp_path: Path) -> None:
    path = tmp_path / "part"
    path.write_bytes(tone(1.25, channels=2))

    assert inspect_pcm(path, 16_000, 2) == Inspection("pcm", "pcm_s16le", 16_000, 2, None, None, 1.25)


@pytest.mark.parametrize("content", [b"", b"\0\0\0"])
def test_raw_samples_that_end_inside_a_sample_are_unreadable(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "part"
    path.write_bytes(content)

    with pytest.raises(UnreadableMediaError, match=rf"byte {len(content)}: "):
        inspect_pcm(path, 16_000, 1)


@pytest.mark.parametrize("name", ["part", "part.flac", "part.mp3", "part.mp4"])
@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"<html><body>Service unavailable</body></html>" * 50, id="web page"),
        pytest.param(b"\0" * 5000, id="zeros"),
        pytest.param(b"RIFF\xff\xff\xff\xffWAVEfmt ", id="header alone"),
        pytest.param(b"\x00\x00\x00\x18ftypmp42" + b"\0" * 200, id="mp4 without index"),
        pytest.param(random.Random(7).randbytes(50_000), id="noise"),
    ],
)
def test_no_media_file_is_unreadable(tmp_path: Path, content: bytes, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(UnreadableMediaError, match=PLACE):
        inspect(path)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("ffconcat version 1.0\nfile other.wav\n", id="concatenation"),
        pytest.param("#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nother.wav\n#EXT-X-ENDLIST\n", id="playlist"),
    ],
)
@pytest.mark.parametrize("name", ["part.mp4", "part.m3u8", "part"])
def test_file_that_refers_to_other_files_is_unreadable(tmp_path: Path, content: str, name: str) -> None:
    write_audio(tmp_path / "other.wav", tone(1.0), codec="pcm_s16le", container_format="wav")
    path = tmp_path / name
    path.write_text(content)

    with pytest.raises(UnreadableMediaError):
        inspect(path)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("is_streamed", [True, False])
def test_cut_video_is_unreadable(tmp_path: Path, share: float, is_streamed: bool) -> None:
    path = write_video(tmp_path / "part", 20, is_streamed=is_streamed)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])

    with pytest.raises(UnreadableMediaError, match=PLACE):
        inspect(path)


def test_cut_audio_is_unreadable_at_its_end(tmp_path: Path) -> None:
    path = write_audio(tmp_path / "part", tone(20.0), codec="flac", container_format="flac")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    with pytest.raises(UnreadableMediaError, match=r"second (9|10)\.\d+: the file ends, but announces 20\.000 s"):
        inspect(path)


@pytest.mark.parametrize("container_format", ["wav", "flac", "ogg", "mp3", "mp4"])
def test_damaged_file_is_measured_or_unreadable(tmp_path: Path, container_format: str) -> None:
    codecs = {"wav": "pcm_s16le", "flac": "flac", "ogg": "libopus", "mp3": "libmp3lame", "mp4": "aac"}
    path = write_audio(tmp_path / "part", tone(1.0), codec=codecs[container_format], container_format=container_format)
    whole, chance = path.read_bytes(), random.Random(container_format)

    for _ in range(60):
        damaged = bytearray(whole[: chance.randrange(1, len(whole) + 1)])
        for _ in range(chance.randrange(1, 40)):
            damaged[chance.randrange(min(len(damaged), chance.choice([64, 4096])))] = chance.randrange(256)
        path.write_bytes(damaged)
        with suppress(UnreadableMediaError):
            assert inspect(path).duration_s >= 0
