"""Mixing the stored separate audio of a meeting into one file, in sync with its transcript.

    part of ann    ........━━━━━━━━━━━━━━━━━━━━━━━        each part begins at its start in the recording
    part of bo     ━━━━━━━━━━━......━━━━━━━━━━━━━━        a participant who left and came back has two parts
    mixed          ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━        second 0 is that of the recording

All parts are read side by side, a second at a time, so hours of many participants take little memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import Connection

from meeting_assets.core.errors import UnreadableMediaError
from meeting_assets.core.media_kinds import MediaKind
from meeting_assets.pipeline.media.inspection import SAFE_OPTIONS, reason_of
from meeting_assets.pipeline.media.libraries import disk_errors_translated, pyav
from meeting_assets.pipeline.media.stored import FILES, StoredFile, open_media, stored_files
from meeting_assets.pipeline.storage import Storage

RATE_HZ = 16_000
"""The rate of Recall.ai's separate audio."""
_BLOCK = RATE_HZ
_BYTES_PER_SAMPLE = 2
# FFmpeg's codec, its options, and those of the container, by container format. `rf64` keeps files over 4 GiB readable;
# at 16 kHz, MP3 of 48 kbit/s cannot be told from the original.
ENCODERS: dict[str, tuple[str, dict[str, str], dict[str, str]]] = {
    "wav": ("pcm_s16le", {}, {"rf64": "auto"}),
    "mp3": ("libmp3lame", {"b": "48000"}, {}),
}


@dataclass(frozen=True, slots=True)
class Part:
    """A file of audio, and its start in the recording."""

    name: str
    """For messages."""
    source: Path | BinaryIO
    start_s: float


def mix(storage: Storage, recording_id: str, to: Path, audio_format: str) -> bool:
    """Writes the audio of a meeting: its separate audio mixed, or else its stored mixed audio converted.

    Separate audio without a start in the manifest is left out. Returns False if no audio is stored; then it writes
    nothing.

    Raises:
        UnreadableMediaError: as of `mix_parts`.
        SettingsError: PyAV is not installed.
        StoreError: the disk is full, or the raw store does not answer.
    """
    with storage.database.reading() as connection:
        stored = stored_files(connection, FILES.recording_id == recording_id)
    with ExitStack() as stack:
        parts = [
            Part(each.key, stack.enter_context(source), each.start_s)
            for each in _chosen(stored)
            if each.start_s is not None and (source := open_media(storage.raw, each.key)) is not None
        ]
        if parts:
            mix_parts(parts, to, audio_format)
    return bool(parts)


def has_audio(connection: Connection, recording_id: str) -> bool:
    """Whether `mix` finds audio of a recording."""
    return bool(_chosen(stored_files(connection, FILES.recording_id == recording_id)))


def _chosen(stored: Sequence[StoredFile]) -> list[StoredFile]:
    """All separate audio with a start; without any, the mixed audio."""
    placed = [each for each in stored if each.start_s is not None]
    separate = [each for each in placed if each.media_kind is MediaKind.AUDIO_SEPARATE]
    return separate or [each for each in placed if each.media_kind is MediaKind.AUDIO_MIXED]


def mix_parts(parts: Sequence[Part], to: Path, audio_format: str) -> None:
    """Writes the mixed audio of some parts.

    Args:
        parts: at least one.
        to: the file to write; an existing one is replaced.
        audio_format: a key of `ENCODERS`.

    Raises:
        UnreadableMediaError: a part cannot be read; the message names it and the place.
        SettingsError: PyAV is not installed.
        StoreError: the disk is full.
    """
    codec, codec_options, container_options = ENCODERS[audio_format]
    av = pyav()
    with (
        ExitStack() as stack,
        disk_errors_translated(to.parent),
        av.open(str(to), "w", format=audio_format, options=container_options) as container,
    ):
        stream = container.add_stream(codec, rate=RATE_HZ, options=codec_options)
        stream.codec_context.layout = "mono"
        resampler = av.AudioResampler(format=stream.codec_context.format, layout="mono", rate=RATE_HZ)
        for frame in _mixed([_Track(each, stack, av) for each in parts], av):
            for converted in resampler.resample(frame):
                container.mux(stream.encode(converted))
        for converted in resampler.resample(None):
            container.mux(stream.encode(converted))
        container.mux(stream.encode(None))


class _Track:
    """The samples of one part as blocks of a second, from second 0 of the recording on."""

    def __init__(self, part: Part, stack: ExitStack, av: Any) -> None:
        self._av = av
        self._part = part
        self._fifo = av.AudioFifo()
        # Samples of silence to insert before the part; if negative, samples to leave out of it.
        self._lead = round(part.start_s * RATE_HZ)
        self._samples = self._decoded(stack)

    def block(self) -> bytes:
        """The samples of the next second, with silence before the part; fewer than a second at its end."""
        silent = min(max(self._lead, 0), _BLOCK)
        self._lead -= silent
        return bytes(silent * _BYTES_PER_SAMPLE) + self._read(_BLOCK - silent)

    def _read(self, wanted: int) -> bytes:
        while self._fifo.samples < wanted and (frame := next(self._samples, None)) is not None:
            frame.pts = None
            self._fifo.write(frame)
        count = min(wanted, self._fifo.samples)
        return _bytes_of(self._fifo.read(count)) if count else b""

    def _decoded(self, stack: ExitStack) -> Iterator[Any]:
        """Frames of mono samples, without those before the start of the recording."""
        av, decoded = self._av, 0
        try:
            source: Any = str(self._part.source) if isinstance(self._part.source, Path) else self._part.source
            container = stack.enter_context(av.open(source, options=SAFE_OPTIONS, metadata_errors="replace"))
            if not container.streams.audio:
                raise UnreadableMediaError(f"{self._part.name}, byte 0: the file has no audio")
            resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE_HZ)
            for frame in container.decode(audio=0):
                decoded += frame.samples
                yield from self._within_recording(resampler.resample(frame))
            if not decoded:
                # A wrong extension makes FFmpeg accept anything, and decode nothing of it.
                raise UnreadableMediaError(f"{self._part.name}, sample 0: nothing can be decoded as audio")
            yield from self._within_recording(resampler.resample(None))
        except (ValueError, av.FFmpegError) as error:
            raise UnreadableMediaError(f"{self._part.name}, sample {decoded}: {reason_of(error)}") from error

    def _within_recording(self, frames: Iterable[Any]) -> Iterator[Any]:
        for frame in frames:
            skipped = min(max(-self._lead, 0), frame.samples)
            self._lead += skipped
            if not skipped:
                yield frame
            elif skipped < frame.samples:
                yield _frame_of(_bytes_of(frame)[skipped * _BYTES_PER_SAMPLE :], self._av)


def _mixed(tracks: Sequence[_Track], av: Any) -> Iterator[Any]:
    """Frames of a second with the sum of all tracks, clipped, until the last track ends."""
    graph = av.filter.Graph()
    inputs = [
        graph.add_abuffer(format="s16", sample_rate=RATE_HZ, layout="mono", time_base=f"1/{RATE_HZ}") for _ in tracks
    ]
    # Without `normalize=0` each voice becomes the softer the more participants there are.
    mixer = graph.add("amix", f"inputs={len(tracks)}:normalize=0")
    sink = graph.add("abuffersink")
    for position, each in enumerate(inputs):
        each.link_to(mixer, 0, position)
    mixer.link_to(sink)
    graph.configure()
    position = 0
    while size := max(map(len, blocks := [each.block() for each in tracks])):
        for each, block in zip(inputs, blocks, strict=True):
            frame = _frame_of(block.ljust(size, b"\0"), av)
            frame.pts = position
            each.push(frame)
        position += size // _BYTES_PER_SAMPLE
        yield from _pulled(sink, av)
    for each in inputs:
        each.push(None)
    yield from _pulled(sink, av)


def _pulled(sink: Any, av: Any) -> Iterator[Any]:
    while True:
        try:
            yield sink.pull()
        except (BlockingIOError, EOFError):
            return
        except av.FFmpegError as error:
            raise UnreadableMediaError(f"mixed audio: {reason_of(error)}") from error


def _frame_of(samples: bytes, av: Any) -> Any:
    frame = av.AudioFrame(format="s16", layout="mono", samples=len(samples) // _BYTES_PER_SAMPLE, align=1)
    frame.planes[0].update(samples)
    frame.rate = RATE_HZ
    return frame


def _bytes_of(frame: Any) -> bytes:
    return bytes(frame.planes[0])[: frame.samples * _BYTES_PER_SAMPLE]
