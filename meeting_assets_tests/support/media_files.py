"""Small media files for tests: tones and voices as raw samples, and encoded by PyAV."""

from __future__ import annotations

import math
from array import array
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

import av

if TYPE_CHECKING:
    from av.audio.stream import AudioStream

RATE_HZ = 16_000


def tone(duration_s: float, *, hertz: float = 440.0, rate_hz: int = RATE_HZ, channels: int = 1) -> bytes:
    """Raw samples, 16-bit little-endian, the channels interleaved and of different loudness."""
    count = round(duration_s * rate_hz)
    samples = array("h", bytes(2 * count * channels))
    for position in range(count):
        height = math.sin(2 * math.pi * hertz * position / rate_hz)
        for channel in range(channels):
            samples[position * channels + channel] = round(height * 20_000 / (channel + 1))
    return samples.tobytes()


@cache
def voice(duration_s: float, *, hertz: float = 140.0) -> bytes:
    """Mono samples that a voice detector takes for speech: ten harmonics whose loudness changes four times a second.

    A steady tone is not reliable: the detector learns it as background noise.
    """
    samples = array("h")
    for position in range(round(duration_s * RATE_HZ)):
        at_s = position / RATE_HZ
        sound = sum(math.sin(2 * math.pi * hertz * number * at_s) / number for number in range(1, 11))
        samples.append(round(6000 * sound * (0.6 - 0.4 * math.cos(2 * math.pi * 4 * at_s))))
    return samples.tobytes()


def silence(duration_s: float) -> bytes:
    """Mono samples without sound."""
    return bytes(2 * round(duration_s * RATE_HZ))


def write_audio(path: Path, pcm: bytes, *, codec: str, container_format: str, rate_hz: int = RATE_HZ) -> Path:
    """Encodes mono samples."""
    with av.open(str(path), "w", format=container_format) as container:
        stream = cast("AudioStream", container.add_stream(codec, rate=rate_hz))
        stream.codec_context.layout = "mono"
        frame = av.AudioFrame(format="s16", layout="mono", samples=len(pcm) // 2, align=1)
        frame.planes[0].update(pcm)
        frame.rate, frame.pts = rate_hz, 0
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)
    return path


def write_video(path: Path, duration_s: int, *, width: int = 64, height: int = 48, is_streamed: bool = False) -> Path:
    """An MP4 of grey pictures at ten per second; `is_streamed` puts the index first, so that a cut file opens."""
    options = {"movflags": "faststart"} if is_streamed else {}
    with av.open(str(path), "w", format="mp4", options=options) as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for position in range(10 * duration_s):
            frame = av.VideoFrame(width, height, "yuv420p")
            for plane in frame.planes:
                plane.update(bytes([(position * 7) % 256]) * plane.buffer_size)
            frame.pts = position
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
