"""Export formats, one module each. A new format is a module and a line in the registry here."""

from __future__ import annotations

from collections.abc import Mapping

from meeting_assets.publications.exports.attendance import ATTENDANCE
from meeting_assets.publications.exports.chat import CHAT
from meeting_assets.publications.exports.chunks import JSON
from meeting_assets.publications.exports.ctm import CTM
from meeting_assets.publications.exports.format import ExportFormat
from meeting_assets.publications.exports.markdown import MD
from meeting_assets.publications.exports.plain_text import TXT
from meeting_assets.publications.exports.rttm import RTTM
from meeting_assets.publications.exports.seglst import SEGLST
from meeting_assets.publications.exports.stm import STM
from meeting_assets.publications.exports.subrip import SRT
from meeting_assets.publications.exports.webvtt import VTT, VTT_NAMES

FORMATS: Mapping[str, ExportFormat] = {
    each.name: each for each in (VTT, VTT_NAMES, SRT, TXT, MD, JSON, RTTM, CTM, STM, SEGLST, ATTENDANCE, CHAT)
}
"""The formats by name."""
