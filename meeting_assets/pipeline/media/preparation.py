"""The file to store for a download: the download itself, or a conversion of raw PCM; with its properties."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from meeting_assets.core.audio_formats import AudioFormat
from meeting_assets.core.errors import UnreadableMediaError
from meeting_assets.pipeline.media.conversion import convert_pcm
from meeting_assets.pipeline.media.inspection import Inspection, inspect

RAW = "raw"
"""The API's format of separate audio: 16-bit little-endian samples, 16,000 a second, without a header."""
UNKNOWN_TYPE = "application/octet-stream"
_EXTENSIONS = frozenset({"mp4", "mp3", "flv", "flac", "wav", "opus", "webm", "mkv", "ogg", "aac", "m4a", RAW})
_UNKNOWN_EXTENSION = "bin"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A file to upload."""

    path: Path
    extension: str
    content_type: str
    inspection: Inspection | None
    error: str | None
    """Why the file cannot be read; it is stored nevertheless."""


def prepared(path: Path, media_format: str | None, to: AudioFormat, content_type: str | None) -> Prepared:
    """Converts raw PCM, which no player opens, and inspects the file to be stored.

    Args:
        path: the complete download.
        media_format: the API's format.
        to: the format that raw PCM is converted to; the new file lies beside `path`.
        content_type: the media type that the server stated.

    Raises:
        SettingsError: PyAV is not installed.
        StoreError: the disk is full.
    """
    extension = media_format if media_format in _EXTENSIONS else _UNKNOWN_EXTENSION
    try:
        if media_format == RAW:
            path, extension = convert_pcm(path, to), to.value
        inspection = inspect(path)
    except UnreadableMediaError as error:
        return Prepared(path, extension, content_type or UNKNOWN_TYPE, None, str(error))
    if extension == _UNKNOWN_EXTENSION and inspection.container in _EXTENSIONS:
        extension = inspection.container
    return Prepared(path, extension, inspection.content_type, inspection, None)


def format_of(media_format: str | None, url: str) -> str | None:
    """The API's format, or the extension in the path of a URL if the API states none.

    >>> format_of(None, "https://bucket/a/b.RAW?Signature=x.mp4"), format_of("mp4", "https://bucket/a.raw")
    ('raw', 'mp4')
    """
    if media_format:
        return media_format.lower()
    extension = urlsplit(url).path.rpartition("/")[2].rpartition(".")[2].lower()
    return extension if extension in _EXTENSIONS else None


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
