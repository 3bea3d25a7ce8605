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
