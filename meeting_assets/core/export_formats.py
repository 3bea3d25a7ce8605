"""The names of export formats, for settings and `--help`, which must not import the formats themselves."""

from __future__ import annotations

EXPORT_FORMATS = (
    "vtt",
    "vtt_names",
    "srt",
    "txt",
    "md",
    "json",
    "rttm",
    "ctm",
    "stm",
    "seglst",
    "attendance",
    "chat",
)
"""In the order of the registry in `publications.exports`; a test compares both."""
AUDIO_FORMATS = ("wav", "mp3")
"""Formats of `export` alone: mixed audio, in the order of `publications.exports.audio`; a test compares both."""
