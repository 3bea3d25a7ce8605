"""Mixed audio: each part sounds at its place in the recording, however many there are."""

from __future__ import annotations

from array import array
from itertools import pairwise
from pathlib import Path

import av
import pytest

from meeting_assets.core.errors import StoreError, UnreadableMediaError
from meeting_assets.pipeline.media.inspection import inspect
from meeting_assets.pipeline.media.mixing import Part, mix_parts
from meeting_assets_tests.support.media_files import RATE_HZ, tone, write_audio


def part(folder: Path, name: str, start_s: float, pcm: bytes) -> Part:
    return Part(name, write_audio(folder / name, pcm, codec="flac", container_format="flac"), start_s)


def samples_of(path: Path) -> array[int]:
    with av.open(str(path)) as container:
        resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE_HZ)
        frames = [each for frame in container.decode(audio=0) for each in resampler.resample(frame)]
        return array("h", b"".join(bytes(frame.planes[0])[: 2 * frame.samples] for frame in frames))


def constant(value: int, duration_s: float) -> bytes:
    return array("h", [value] * round(duration_s * RATE_HZ)).tobytes()


def test_parts_are_added_at_their_starts(tmp_path: Path) -> None:
    parts = [
        part(tmp_path, "ann", 0.5, constant(1000, 2.0)),
        part(tmp_path, "bo", 1.25, constant(300, 3.0)),
        part(tmp_path, "cy", 7.0, constant(50, 0.5)),
    ]

    mix_parts(parts, tmp_path / "mixed.wav", "wav")

    mixed = samples_of(tmp_path / "mixed.wav")
    expected = {0.25: 0, 0.75: 1000, 2.0: 1300, 3.0: 300, 5.0: 0, 7.25: 50}
    assert {at_s: mixed[round(at_s * RATE_HZ)] for at_s in expected} == expected
    edges = [index for index, (one, other) in enumerate(pairwise(mixed), 1) if one != other]
    assert [index / RATE_HZ for index in edges] == [0.5, 1.25, 2.5, 4.25, 7.0]
    assert len(mixed) == 7.5 * RATE_HZ


def test_sound_before_the_start_of_the_recording_is_left_out(tmp_path: Path) -> None:
    pcm = constant(500, 1.0) + constant(900, 1.0)

    mix_parts([part(tmp_path, "ann", -1.0, pcm)], tmp_path / "mixed.wav", "wav")

    mixed = samples_of(tmp_path / "mixed.wav")
    assert (mixed[0], mixed[RATE_HZ - 1], set(mixed)) == (900, 900, {900})


def test_loud_parts_are_clipped(tmp_path: Path) -> None:
    parts = [part(tmp_path, name, 0.0, constant(30_000, 1.0)) for name in ("ann", "bo")]

    mix_parts(parts, tmp_path / "mixed.wav", "wav")

    assert set(samples_of(tmp_path / "mixed.wav")) == {32_767}


@pytest.mark.parametrize("count", [1, 2, 17])
def test_any_number_of_parts_is_mixed(tmp_path: Path, count: int) -> None:
    parts = [part(tmp_path, f"part{number}", 0.1 * number, constant(100, 2.0)) for number in range(count)]

    mix_parts(parts, tmp_path / "mixed.wav", "wav")

    assert samples_of(tmp_path / "mixed.wav")[round(1.95 * RATE_HZ)] == 100 * count


def test_mp3_has_the_length_of_the_last_part(tmp_path: Path) -> None:
    mix_parts([part(tmp_path, "ann", 1.5, tone(2.5))], tmp_path / "mixed.mp3", "mp3")

    found = inspect(tmp_path / "mixed.mp3")
    assert (found.codec, found.channels, found.sample_rate_hz) == ("mp3", 1, RATE_HZ)
    assert found.duration_s == pytest.approx(4.0, abs=0.15)


def test_mp3_is_in_sync(tmp_path: Path) -> None:
    mix_parts([part(tmp_path, "ann", 2.0, tone(1.0))], tmp_path / "mixed.mp3", "mp3")

    loud = [index for index, sample in enumerate(samples_of(tmp_path / "mixed.mp3")) if abs(sample) > 5000]
    assert loud[0] / RATE_HZ == pytest.approx(2.0, abs=0.08)
    assert loud[-1] / RATE_HZ == pytest.approx(3.0, abs=0.08)


def test_file_objects_of_other_rates_are_mixed(tmp_path: Path) -> None:
    path = write_audio(
        tmp_path / "ann", tone(2.0, rate_hz=48_000), codec="libmp3lame", container_format="mp3", rate_hz=48_000
    )

    with path.open("rb") as file:
        mix_parts([Part("ann", file, 0.0)], tmp_path / "mixed.wav", "wav")

    assert inspect(tmp_path / "mixed.wav").duration_s == pytest.approx(2.0, abs=0.1)


def test_unreadable_part_is_named(tmp_path: Path) -> None:
    (tmp_path / "bo").write_bytes(b"no audio" * 100)
    parts = [part(tmp_path, "ann", 0.0, tone(1.0)), Part("bo", tmp_path / "bo", 0.0)]

    with pytest.raises(UnreadableMediaError, match="bo, sample 0: "):
        mix_parts(parts, tmp_path / "mixed.wav", "wav")


def test_full_disk_is_named(tmp_path: Path) -> None:
    target = tmp_path / "mixed.wav"
    target.symlink_to("/dev/full")

    with pytest.raises(StoreError, match=f"{tmp_path} is full"):
        mix_parts([part(tmp_path, "ann", 0.0, tone(20.0))], target, "wav")
