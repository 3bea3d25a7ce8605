"""Formats of stored audio, for settings and `--help`, which must not import a codec library."""

from __future__ import annotations

from enum import StrEnum


class AudioFormat(StrEnum):
    """Formats that raw PCM is converted to. WAV and FLAC keep every sample, Opus does not."""

    WAV = "wav"
    FLAC = "flac"
    OPUS = "opus"
