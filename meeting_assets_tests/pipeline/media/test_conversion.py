"""Conversion keeps every sample of raw audio, in bounded memory, and leaves no file behind when it fails."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meeting_assets.core.audio_formats import AudioFormat
from meeting_assets.core.errors import StoreError, UnreadableMediaError
from meeting_assets.pipeline.media.conversion import convert_pcm
from meeting_assets.pipeline.media.inspection import inspect
from meeting_assets_tests.support.media_files import tone

LOSSLESS = [AudioFormat.WAV, AudioFormat.FLAC]


def samples_of(path: Path) -> bytes:
    with av.open(str(path)) as container:
        width = 2 * container.streams.audio[0].codec_context.layout.nb_channels
        return b"".join(bytes(frame.planes[0])[: frame.samples * width] for frame in container.decode(audio=0))


@pytest.mark.parametrize("to", LOSSLESS)
@settings(max_examples=30, deadline=None)
@given(frames=st.integers(1, 9000), channels=st.sampled_from([1, 2]), rate_hz=st.sampled_from([8000, 16_000, 44_100]))
def test_lossless_formats_keep_every_sample(
    tmp_path_factory: pytest.TempPathFactory, to: AudioFormat, frames: int, channels: int, rate_hz: int
) -> None:
    path = tmp_path_factory.mktemp("raw") / "part.raw"
    noise = random.Random(frames).randbytes(2 * channels * frames)
    path.write_bytes(noise)

    converted = convert_pcm(path, to, rate_hz, channels)

    assert samples_of(converted) == noise
    assert path.read_bytes() == noise


@pytest.mark.parametrize(
    ("to", "name", "container", "codec"),
    [
        (AudioFormat.WAV, "part.raw.wav", "wav", "pcm_s16le"),
        (AudioFormat.FLAC, "part.raw.flac", "flac", "flac"),
        (AudioFormat.OPUS, "part.raw.opus", "ogg", "opus"),
    ],
)
def test_converted_file_has_the_length_of_the_samples(
    tmp_path: Path, to: AudioFormat, name: str, container: str, codec: str
) -> None:
    path = tmp_path / "part.raw"
    path.write_bytes(tone(7.3))

    converted = convert_pcm(path, to)

    found = inspect(converted)
    assert (converted.name, found.container, found.codec) == (name, container, codec)
    assert found.duration_s == pytest.approx(7.3, abs=0.05)


def test_flac_and_opus_are_smaller_than_raw_samples(tmp_path: Path) -> None:
    path = tmp_path / "part.raw"
    path.write_bytes(tone(10.0))

    sizes = [convert_pcm(path, to).stat().st_size for to in (AudioFormat.WAV, AudioFormat.FLAC, AudioFormat.OPUS)]

    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] < 0.2 * sizes[0]


def test_opus_accepts_a_rate_that_it_does_not_know(tmp_path: Path) -> None:
    path = tmp_path / "part.raw"
    path.write_bytes(tone(2.0, rate_hz=44_100))

    assert inspect(convert_pcm(path, AudioFormat.OPUS, 44_100)).duration_s == pytest.approx(2.0, abs=0.05)


@pytest.mark.parametrize("to", AudioFormat)
@pytest.mark.parametrize("content", [b"", b"\1\2\3"])
def test_incomplete_samples_leave_no_file(tmp_path: Path, to: AudioFormat, content: bytes) -> None:
    path = tmp_path / "part.raw"
    path.write_bytes(content)

    with pytest.raises(UnreadableMediaError):
        convert_pcm(path, to)

    assert [each.name for each in tmp_path.iterdir()] == ["part.raw"]


@pytest.mark.parametrize("to", AudioFormat)
def test_full_disk_is_named(tmp_path: Path, to: AudioFormat) -> None:
    path = tmp_path / "part.raw"
    path.write_bytes(tone(2.0))
    path.with_name(f"part.raw.{to}").symlink_to("/dev/full")

    with pytest.raises(StoreError, match=f"{tmp_path} is full"):
        convert_pcm(path, to)

    assert [each.name for each in tmp_path.iterdir()] == ["part.raw"]


def test_memory_does_not_grow_with_the_length(tmp_path: Path) -> None:
    """Peak memory of a process of its own that converts one minute, then ninety."""
    script = (
        "import resource, sys; from pathlib import Path\n"
        "from meeting_assets.pipeline.media.conversion import convert_pcm\n"
        "from meeting_assets.core.audio_formats import AudioFormat\n"
        "for name in sys.argv[1:]:\n"
        "    convert_pcm(Path(name), AudioFormat.FLAC)\n"
        "    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )
    minute = tone(1.0) * 60
    short, long = tmp_path / "short.raw", tmp_path / "long.raw"
    short.write_bytes(minute)
    long.write_bytes(minute * 90)

    command = [sys.executable, "-c", script, str(short), str(long)]
    peaks_kib = [int(line) for line in subprocess.run(command, capture_output=True, check=True).stdout.split()]

    assert peaks_kib[1] - peaks_kib[0] < 20_000
