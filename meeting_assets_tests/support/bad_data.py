"""Meetings with bad data as the query `bad_data`, the shared pages and the pages of meetings name them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from meeting_assets.metrics.parameters import Parameters
from meeting_assets.publications.pages.health_page import read_health
from meeting_assets.publications.pages.meeting_quality import notes_of
from meeting_assets.publications.pages.meetings import read_meetings
from meeting_assets.publications.queries import queries
from meeting_assets.publications.queries.answers import answer
from meeting_assets.publications.queries.query import LIMIT
from meeting_assets_tests.support.meeting_pages import data

DEFAULTS = Parameters()


def in_query(connection: Connection, **values: Any) -> dict[str, str]:
    """The reasons of each meeting with bad data, as the query states them, in its order."""
    found = answer(connection, queries()["bad_data"], {LIMIT: 100_000, **values})
    ids, reasons = found.columns.index("recording_id"), found.columns.index("reasons")
    return {row[ids]: row[reasons] for row in found.rows}


def on_pages(connection: Connection, share: float = DEFAULTS.attributed_share) -> dict[str, str]:
    """The same as data health and the index state them."""
    meetings = read_meetings(connection, attributed_share=share)
    listed = read_health(connection, meetings).incomplete
    assert {each.recording_id for each in listed.rows} == {each for each, row in meetings.by_id.items() if row.faults}
    return {each.recording_id: "; ".join(each.faults) for each in listed.rows}


def assert_same_meetings(connection: Connection, share: float = DEFAULTS.attributed_share) -> dict[str, str]:
    """All places name the same meetings; returns the reasons of each, those with the most first."""
    shown = on_pages(connection, share)
    marked = {
        recording_id
        for recording_id in read_meetings(connection, attributed_share=share).by_id
        if any(note.is_fault for note in notes_of(data(connection, recording_id), Parameters(attributed_share=share)))
    }

    assert [*in_query(connection, attributed_share=share).items()] == [*shown.items()]
    assert marked == shown.keys()
    return shown
