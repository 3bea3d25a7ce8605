"""The documented queries: one SQL file each, which the CLI runs, and docs/queries.md and Datasette show.

A new query is a file here and its name in `NAMES`. `query.py` describes the header of the files.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from meeting_assets.publications.queries.query import Query, parse_query

NAMES = (
    "latest_meetings",
    "customer_meetings",
    "series_weeks",
    "late_regulars",
    "planned_minutes",
    "late_starts",
    "absent_invitees",
    "unrecorded_events",
    "missed_last_week",
    "unrecorded_meetings",
    "chat_messages",
    "talk_time",
    "monologues",
    "interrupted_people",
    "late_hosts",
    "weekly_trends",
    "personal_trends",
    "bad_data",
    "speaker_changes",
    "spoken_text",
    "takeovers",
)
"""The names of the queries in the order of the documentation."""


@cache
def queries() -> Mapping[str, Query]:
    """The documented queries by name."""
    folder = Path(__file__).parent
    return {name: parse_query((folder / f"{name}.sql").read_text(encoding="utf-8")) for name in NAMES}
