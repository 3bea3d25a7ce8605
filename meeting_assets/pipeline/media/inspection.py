"""Inspecting a media file: container, codec, duration, sample rate and resolution, measured on the file itself.

The whole file is demultiplexed, which is cheap, and the first frame of each stream is decoded. Thus a cut file is
noticed if its container states a length, as MP4 and FLAC do. MP3 and WAV state none that FFmpeg keeps: the size of the
download tells. Files come from outside: playlists and other containers that refer to further files or URLs are not
opened.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from meeting_assets.core.errors import UnreadableMediaError
from meeting_assets.pipeline.media.libraries import pyav

# Names of libavformat's demultiplexers. `concat`, `hls`, `dash` and the like open other files or URLs.
_DEMUXERS = "aac,flac,flv,matroska,mov,mp3,ogg,wav"
SAFE_OPTIONS = {
    "format_whitelist": _DEMUXERS,
    "protocol_whitelist": "file",
    # A few bytes can announce a picture of gigabytes; the largest meetings are 4K.
    "max_pixels": str(8192 * 4320),
}
# Containers state their length to the frame; the streams of a file end up to a second apart.
_TOLERANCE_S = 1.0

_CONTAINERS = {"mov,mp4,m4a,3gp,3g2,mj2": "mp4", "matroska,webm": "matroska"}
_CONTENT_TYPES = {"mp4": "mp4", "matroska": "x-matroska", "mp3": "mpeg", "flv": "x-flv"}
_BYTES_PER_SAMPLE = 2


@dataclass(frozen=True, slots=True)
class Inspection:
    """Properties of a media file; those of a missing audio or video stream are None."""

    container: str
    codec: str
    """The codec of the video, else of the audio, in the words of FFmpeg: h264, mp3, pcm_s16le."""
    sample_rate_hz: int | None
    channels: int | None
    width: int | None
    height: int | None
    duration_s: float

    @property
    def content_type(self) -> str:
        """The media type of the file.

        >>> Inspection("mp3", "mp3", 48000, 2, None, None, 3.0).content_type
        'audio/mpeg'
        """
        return f"{'audio' if self.width is None else 'video'}/{_CONTENT_TYPES.get(self.container, self.container)}"


def inspect(path: Path) -> Inspection:
    """Measures a media file.

    Raises:
        UnreadableMediaError: the file is no media file, is damaged, or ends before its announced end; the message
            starts with the place.
        SettingsError: PyAV is not installed.
        OSError: the file cannot be read.
    """
    av = pyav()
    if not path.stat().st_size:
        raise UnreadableMediaError("byte 0: the file is empty")
    try:
        container = av.open(str(path), options=SAFE_OPTIONS, metadata_errors="replace")
    except (ValueError, av.FFmpegError) as error:
        raise UnreadableMediaError(f"byte 0: {reason_of(error)}") from error
    with container:
        return _inspection(container, av)


def inspect_pcm(path: Path, sample_rate_hz: int, channels: int) -> Inspection:
    """The inspection of raw PCM of 16-bit little-endian samples, which has no header.

    Raises:
        UnreadableMediaError: the file is empty, or ends inside a sample.
    """
    size_bytes = path.stat().st_size
    frame_bytes = _BYTES_PER_SAMPLE * channels
    if not size_bytes:
        raise UnreadableMediaError("byte 0: the file is empty")
    if size_bytes % frame_bytes:
        raise UnreadableMediaError(f"byte {size_bytes}: the file ends inside a sample of {frame_bytes} bytes")
    duration_s = size_bytes / (frame_bytes * sample_rate_hz)
    return Inspection("pcm", "pcm_s16le", sample_rate_hz, channels, None, None, duration_s)


def _inspection(container: Any, av: Any) -> Inspection:
    audio = next(iter(container.streams.audio), None)
    # Some music files carry their cover as a stream of video with a single picture.
    video = next(
        (each for each in container.streams.video if not each.disposition & each.disposition.attached_pic), None
    )
    name = _CONTAINERS.get(container.format.name, container.format.name)
    streams = [each for each in (video, audio) if each is not None]
    if not streams:
        raise UnreadableMediaError(f"byte 0: no stream of audio or video in a file of format {name}")
    codecs = [each.codec_context.codec.canonical_name for each in streams]
    duration_s = _measured_s(container, streams, av)
    return Inspection(
        container=name,
        codec=codecs[0],
        sample_rate_hz=audio.codec_context.sample_rate if audio else None,
        channels=audio.codec_context.layout.nb_channels if audio else None,
        width=video.codec_context.width if video else None,
        height=video.codec_context.height if video else None,
        duration_s=duration_s,
    )


def _measured_s(container: Any, streams: list[Any], av: Any) -> float:
    """The end of the last packet of the streams, in seconds from their first; decodes the first frame of each."""
    undecoded = {each.index for each in streams}
    starts: dict[int, float] = {}
    end_s = 0.0
    try:
        for packet in container.demux(streams):
            if packet.stream.index in undecoded and _has_frame(packet, av):
                undecoded.discard(packet.stream.index)
            if packet.pts is None:
                continue
            start_s = float(packet.pts * packet.time_base)
            origin_s = starts.setdefault(packet.stream.index, start_s)
            end_s = max(end_s, start_s + float((packet.duration or 0) * packet.time_base) - min(origin_s, 0.0))
    except (ValueError, av.FFmpegError) as error:
        raise UnreadableMediaError(f"second {end_s:.3f}: {reason_of(error)}") from error
    if undecoded:
        raise UnreadableMediaError(f"second 0: stream {min(undecoded)} has no frame that can be decoded")
    stated_s = (container.duration or 0) / av.time_base
    if stated_s - end_s > _TOLERANCE_S and container.format.name not in ("mp3", "aac"):
        raise UnreadableMediaError(f"second {end_s:.3f}: the file ends, but announces {stated_s:.3f} s")
    return end_s


def _has_frame(packet: Any, av: Any) -> bool:
    """Whether a packet decodes to a frame. Decoders resume after a damaged packet, as players do."""
    try:
        return bool(packet.decode())
    except (ValueError, av.FFmpegError):
        return False


def reason_of(error: Exception) -> str:
    """The words of FFmpeg without the path, which the caller knows."""
    return str(getattr(error, "strerror", None) or "invalid text in the file").lower()
