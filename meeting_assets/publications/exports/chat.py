"""The chat of a meeting as a CSV file that spreadsheets open."""

from __future__ import annotations

from meeting_assets.core.csv_lines import csv_text
from meeting_assets.core.instants import to_iso8601
from meeting_assets.publications.exports.format import ExportFormat
from meeting_assets.publications.meeting_text import ChatMessage, MeetingText

COLUMNS = ("at", "at_s", "sender", "recipient", "text")


def chat(meeting: MeetingText) -> str:
    """One line per message, in the order of their times."""
    return csv_text(COLUMNS, map(_cells, meeting.chat), is_for_spreadsheets=True)


def _cells(message: ChatMessage) -> list[str | float]:
    return [
        to_iso8601(message.at) if message.at else "",
        round(message.at_s, 3) if message.at_s is not None else "",
        message.sender,
        message.recipient or "",
        message.text,
    ]


CHAT = ExportFormat("chat", "chat.csv", chat, "chat")
