"""Converting raw PCM, as the API serves separate audio, into files that players open.

WAV and FLAC keep every sample; the written file is read again and compared with the original. Opus is lossy; the length
is compared. Files are read and written in chunks, so hours of audio take no more memory than seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from meeting_assets.core.audio_formats import AudioFormat
from meeting_assets.core.errors import UnreadableMediaError
from meeting_assets.pipeline.media.inspection import SAFE_OPTIONS, inspect_pcm
from meeting_assets.pipeline.media.libraries import disk_errors_translated, pyav


class _Encoder(NamedTuple):
    """How FFmpeg writes a format."""

    codec: str
    container: str
    extension: str
    codec_options: dict[str, str]
    container_options: dict[str, str]


_ENCODERS = {
    # `rf64` keeps files over 4 GiB readable.
    AudioFormat.WAV: _Encoder("pcm_s16le", "wav", "wav", {}, {"rf64": "auto"}),
    AudioFormat.FLAC: _Encoder("flac", "flac", "flac", {"compression_level": "5"}, {}),
    AudioFormat.OPUS: _Encoder("libopus", "ogg", "opus", {"application": "voip", "b": "32000"}, {}),
}
_OPUS_RATES_HZ = (8000, 12000, 16000, 24000, 48000)
_BYTES_PER_SAMPLE = 2
_CHUNK_SAMPLES = 1 << 16
# An Opus file ends with the block of 20 ms that contains the last sample.
_OPUS_TOLERANCE_S = 0.1


def convert_pcm(path: Path, to: AudioFormat, sample_rate_hz: int = 16_000, channels: int = 1) -> Path:
    """Converts a file of raw PCM, 16-bit little-endian, and returns the new file, which lies beside it.

    Args:
        path: the raw samples; not changed.
        to: the format of the new file, whose extension is appended to the name of `path`.
        sample_rate_hz: of the samples; Recall.ai serves 16,000.
        channels: interleaved; Recall.ai serves one.

    Raises:
        UnreadableMediaError: the file is empty or ends inside a sample, or the new file differs from it.
        SettingsError: PyAV is not installed.
        StoreError: the disk is full.
    """
    original = inspect_pcm(path, sample_rate_hz, channels)
    target = path.with_name(f"{path.name}.{_ENCODERS[to].extension}")
    try:
        with disk_errors_translated(target.parent):
            _encode(path, target, to, sample_rate_hz, channels)
            if to is AudioFormat.OPUS:
                _compare_length(target, original.duration_s)
            else:
                _compare_samples(path, target, sample_rate_hz, channels)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return target


def _encode(path: Path, target: Path, to: AudioFormat, sample_rate_hz: int, channels: int) -> None:
    av = pyav()
    form = _ENCODERS[to]
    with (
        path.open("rb") as raw,
        av.open(str(target), "w", format=form.container, options=form.container_options) as container,
    ):
        rate_hz = sample_rate_hz if to is not AudioFormat.OPUS else _opus_rate_hz(sample_rate_hz)
        stream = container.add_stream(form.codec, rate=rate_hz, options=form.codec_options)
        stream.codec_context.layout = _layout(channels)
        resampler = av.AudioResampler(format=stream.codec_context.format, layout=_layout(channels), rate=rate_hz)
        for frame in _frames(raw.read, sample_rate_hz, channels, av):
            for converted in resampler.resample(frame):
                container.mux(stream.encode(converted))
        for converted in resampler.resample(None):
            container.mux(stream.encode(converted))
        container.mux(stream.encode(None))


def _frames(read: Callable[[int], bytes], sample_rate_hz: int, channels: int, av: Any) -> Iterator[Any]:
    """Frames of interleaved samples with their position, as the encoder expects them."""
    frame_bytes = _BYTES_PER_SAMPLE * channels
    position = 0
    while chunk := read(_CHUNK_SAMPLES * frame_bytes):
        samples = len(chunk) // frame_bytes
        frame = av.AudioFrame(format="s16", layout=_layout(channels), samples=samples, align=1)
        frame.planes[0].update(chunk)
        frame.rate, frame.pts = sample_rate_hz, position
        position += samples
        yield frame


def _compare_samples(path: Path, target: Path, sample_rate_hz: int, channels: int) -> None:
    """Raises an error unless the written file decodes to the bytes of the original."""
    av = pyav()
    position = 0
    with path.open("rb") as raw, av.open(str(target), options=SAFE_OPTIONS) as container:
        for frame in container.decode(audio=0):
            samples = bytes(frame.planes[0])[: frame.samples * _BYTES_PER_SAMPLE * channels]
            if frame.format.name != "s16" or raw.read(len(samples)) != samples:
                break
            position += frame.samples
        else:
            if not raw.read(1):
                return
    at_s = position / sample_rate_hz
    raise UnreadableMediaError(f"second {at_s:.3f}: the converted file differs from the raw samples")


def _compare_length(target: Path, duration_s: float) -> None:
    av = pyav()
    samples = rate_hz = 0
    with av.open(str(target), options=SAFE_OPTIONS) as container:
        for frame in container.decode(audio=0):
            samples, rate_hz = samples + frame.samples, frame.rate
    decoded_s = samples / rate_hz if rate_hz else 0.0
    if abs(decoded_s - duration_s) > _OPUS_TOLERANCE_S:
        raise UnreadableMediaError(
            f"second {decoded_s:.3f}: the converted file ends, but should last {duration_s:.3f} s"
        )


def _opus_rate_hz(sample_rate_hz: int) -> int:
    """The lowest rate of Opus that keeps all frequencies.

    >>> _opus_rate_hz(16_000), _opus_rate_hz(44_100), _opus_rate_hz(96_000)
    (16000, 48000, 48000)
    """
    return next((rate_hz for rate_hz in _OPUS_RATES_HZ if rate_hz >= sample_rate_hz), _OPUS_RATES_HZ[-1])


def _layout(channels: int) -> str:
    return {1: "mono", 2: "stereo"}.get(channels, f"{channels}c")
