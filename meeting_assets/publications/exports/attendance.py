"""Attendance as a CSV file that spreadsheets open."""

from __future__ import annotations

from datetime import datetime, timedelta

from meeting_assets.core.csv_lines import csv_text
from meeting_assets.core.instants import to_iso8601
from meeting_assets.publications.exports.format import ExportFormat
from meeting_assets.publications.meeting_text import MeetingText, Session

COLUMNS = ("name", "email", "joined_at", "left_at", "join_s", "leave_s", "minutes", "is_join_known", "is_leave_known")


def attendance(meeting: MeetingText) -> str:
    """One line per session of a participant, in the order of the joins."""
    rows = [_cells(each, meeting.started_at) for each in meeting.sessions]
    return csv_text(COLUMNS, rows, is_for_spreadsheets=True)


def _cells(session: Session, started_at: datetime | None) -> list[str | float]:
    return [
        session.name,
        session.email or "",
        _clock(started_at, session.join_s),
        _clock(started_at, session.leave_s),
        round(session.join_s, 3),
        round(session.leave_s, 3),
        round((session.leave_s - session.join_s) / 60, 1),
        str(not session.is_open_start).lower(),
        str(not session.is_open_end).lower(),
    ]


def _clock(started_at: datetime | None, instant_s: float) -> str:
    return to_iso8601(started_at + timedelta(seconds=instant_s)) if started_at else ""


ATTENDANCE = ExportFormat("attendance", "attendance.csv", attendance, "sessions")
