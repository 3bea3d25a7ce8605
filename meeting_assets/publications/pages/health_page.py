"""The data health: pending, failed, unreadable, expiring and missed data, each with the action that helps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, String, cast, func, select

from meeting_assets.pipeline.missed_meetings import missed_meetings
from meeting_assets.publications.pages import links
from meeting_assets.publications.pages.meetings import Meeting, Meetings
from meeting_assets.publications.pages.rendering import render
from meeting_assets.publications.pages.values import KIND_NAMES, platform_name
from meeting_assets.schema.bots import Bots
from meeting_assets.schema.calendar import CalendarEvents
from meeting_assets.store import unreadable_objects
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger import LEDGER, RECORDINGS
from meeting_assets.store.ledger_states import DELETED, FAILED, FETCHED, PENDING, QUARANTINED
from meeting_assets.store.tombstones import count as tombstone_count

MOST_ROWS = 200
"""Rows of a table; the page states how many there are."""
STATES = (PENDING, FETCHED, QUARANTINED, FAILED, DELETED)
MISSED, BOTS, EVENTS = missed_meetings().subquery("missed"), table_of(Bots).c, table_of(CalendarEvents)


class IncompleteArtifact(NamedTuple):
    """An artifact that is not in the tables."""

    recording_id: str
    day: date
    kind: str
    api_status: str | None
    sub_code: str | None
    error: str | None
    attempts: int
    next_attempt_at: datetime | None
    expires_at: datetime | None

    @property
    def kind_name(self) -> str:
        """The kind in plain words."""
        return KIND_NAMES.get(self.kind, self.kind)


class MissedMeeting(NamedTuple):
    """A row of the view `missed_meetings`, with the title of its calendar event."""

    bot_id: str
    missed_at: datetime | None
    title: str | None
    platform: str | None
    meeting_id: str | None
    reason: str
    remedy: str
    dashboard_url: str | None


class Listed(NamedTuple):
    """The first rows of a list, and the number of all."""

    rows: Sequence[Any]
    total: int


class Health(NamedTuple):
    """Everything that the page shows."""

    artifacts: Mapping[str, Listed]
    """By state of the ledger."""
    missed: Listed
    incomplete: Listed
    """Meetings with bad data."""
    unreadable: Listed
    """Objects in the API's lists, with the fault of each."""
    recordings: Mapping[str, int]
    """Counts by the status at Recall.ai, as last observed."""
    bots: Mapping[str, int]
    purged: int
    last_change_at: datetime | None


def read_health(connection: Connection, meetings: Meetings) -> Health:
    """Reads the state of the ledger, the bots and the meetings."""
    # As the query `bad_data` orders them.
    incomplete = sorted(
        (each for each in meetings.by_id.values() if each.faults),
        key=lambda each: (-len(each.faults), -each.day.toordinal(), each.recording_id),
    )
    unreadable = unreadable_objects.read_unreadable(connection)
    changed = select(func.max(LEDGER.c.modified_at, type_=LEDGER.c.modified_at.type))
    return Health(
        {state: _artifacts(connection, state) for state in STATES},
        _missed(connection),
        Listed(incomplete[:MOST_ROWS], len(incomplete)),
        Listed(unreadable[:MOST_ROWS], len(unreadable)),
        _counts(connection, RECORDINGS.c.status),
        _counts(connection, BOTS.status),
        tombstone_count(connection),
        connection.scalar(changed),
    )


def health_page(health: Health, meetings: Mapping[str, Meeting]) -> str:
    """The HTML of the page. `meetings` are those with a page."""
    return render("health.html.j2", links.HEALTH, health=health, meetings=meetings, platform_name=platform_name)


def _artifacts(connection: Connection, state: str) -> Listed:
    """The artifacts of a state: those that expire first come first, then the newest."""
    condition = LEDGER.c.status == state
    count = connection.scalar(select(func.count()).select_from(LEDGER).where(condition)) or 0
    c = LEDGER.c
    query = (
        select(
            *(c.recording_id, RECORDINGS.c.day, c.kind, c.api_status, c.sub_code, c.error, c.attempts),
            *(c.next_attempt_at, RECORDINGS.c.expires_at),
        )
        .join_from(LEDGER, RECORDINGS, RECORDINGS.c.recording_id == c.recording_id)
        .where(condition)
        .order_by(RECORDINGS.c.expires_at.is_(None), RECORDINGS.c.expires_at, RECORDINGS.c.day.desc())
        .order_by(c.recording_id, c.kind, c.artifact_id)
    )
    return Listed([IncompleteArtifact(*row) for row in connection.execute(query.limit(MOST_ROWS))], count)


def _missed(connection: Connection) -> Listed:
    """The missed meetings, newest first."""
    c = MISSED.c
    query = (
        select(c.bot_id, c.missed_at, EVENTS.c.title, c.platform, c.meeting_id, c.reason, c.remedy, c.dashboard_url)
        .select_from(MISSED)
        .join(EVENTS, cast(EVENTS.c.calendar_event_id, String) == c.calendar_event_id, isouter=True)
        .order_by(c.missed_at.is_(None), c.missed_at.desc(), c.bot_id)
    )
    count = connection.scalar(select(func.count()).select_from(MISSED)) or 0
    return Listed([MissedMeeting(*row) for row in connection.execute(query.limit(MOST_ROWS))], count)


def _counts(connection: Connection, column: Any) -> Mapping[str, int]:
    counts = connection.execute(select(column, func.count()).group_by(column))
    return dict(sorted(((name or "unknown", count) for name, count in counts), key=lambda each: each[0]))
