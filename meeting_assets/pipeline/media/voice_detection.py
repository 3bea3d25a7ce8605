"""Voice detection in an audio file: a decision for each frame, made by WebRTC's detector.

The audio is decoded, mixed to one channel and resampled in chunks, so hours take no more memory than seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from meeting_assets.core.errors import UnreadableMediaError
from meeting_assets.metrics.audio_activity import FRAME_US
from meeting_assets.pipeline.media.inspection import SAFE_OPTIONS, reason_of
from meeting_assets.pipeline.media.libraries import pyav, webrtcvad

RATE_HZ = 16_000
"""The rate of Recall.ai's separate audio, and one of the four that the detector knows."""
AGGRESSIVENESS = 2
"""From 0 to 3: how readily the detector takes sound for noise. Separate audio has little noise."""
_BYTES_PER_SAMPLE = 2
FRAME_BYTES = RATE_HZ * FRAME_US // 1_000_000 * _BYTES_PER_SAMPLE


def speech_flags(source: Path | BinaryIO) -> bytes:
    """One byte per frame of `FRAME_US`: 1 if it contains speech. An incomplete last frame is left out.

    Args:
        source: a file of any audio format, or a seekable binary file object.

    Raises:
        UnreadableMediaError: the file is no audio, or is damaged; the message starts with the place.
        SettingsError: the extra `media` is not installed.
    """
    detector = webrtcvad().Vad(AGGRESSIVENESS)
    return bytes(detector.is_speech(frame, RATE_HZ) for frame in _frames(_samples(source)))


def _frames(chunks: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        rest += chunk
        whole = len(rest) - len(rest) % FRAME_BYTES
        for start in range(0, whole, FRAME_BYTES):
            yield rest[start : start + FRAME_BYTES]
        rest = rest[whole:]


def _samples(source: Path | BinaryIO) -> Iterator[bytes]:
    """Chunks of mono samples of 16 bits at `RATE_HZ`."""
    av = pyav()
    decoded = 0
    try:
        given: Any = str(source) if isinstance(source, Path) else source
        with av.open(given, options=SAFE_OPTIONS, metadata_errors="replace") as container:
            if not container.streams.audio:
                raise UnreadableMediaError("byte 0: the file has no audio")
            resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE_HZ)
            for frame in container.decode(audio=0):
                for converted in resampler.resample(frame):
                    decoded += converted.samples
                    yield bytes(converted.planes[0])[: converted.samples * _BYTES_PER_SAMPLE]
            if not decoded:
                # A wrong extension makes FFmpeg accept anything, and decode nothing of it.
                raise UnreadableMediaError("second 0.000: nothing in the file can be decoded as audio")
            for converted in resampler.resample(None):
                yield bytes(converted.planes[0])[: converted.samples * _BYTES_PER_SAMPLE]
    except (ValueError, av.FFmpegError) as error:
        raise UnreadableMediaError(f"second {decoded / RATE_HZ:.3f}: {reason_of(error)}") from error
