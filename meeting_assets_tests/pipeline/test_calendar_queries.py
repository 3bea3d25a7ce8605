"""Questions about the calendar have the same answers on both databases, and they agree with the sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text

from meeting_assets.artifacts.participants import Participants
from meeting_assets.sandbox import CalendarEvent, Recording, Sandbox, World, fortnight
from meeting_assets.sandbox.fortnight_calendar import ABSENT_GUEST, ALWAYS_ABSENT
from meeting_assets.store.database import table_of
from meeting_assets_tests.support.calendars import read_calendar
from meeting_assets_tests.support.environments import keep_collections, open_test_storage, sync_days, use_sandbox

DAYS = [date(2026, 3, 9), date(2026, 3, 10), date(2026, 3, 11)]

NEVER_ATTEND = """
SELECT i.email, max(i.name) AS name, count(DISTINCT r.recording_id) AS meetings
FROM calendar_invitees AS i
JOIN calendar_events AS e USING (calendar_event_id)
JOIN recordings AS r ON r.bot_id = e.bot_id AND r.status = 'done'
LEFT JOIN participants AS p
  ON p.recording_id = r.recording_id AND (lower(p.email) = i.email OR lower(p.name) = lower(i.name))
WHERE NOT e.is_deleted
GROUP BY i.email
HAVING count(p.recording_id) = 0
ORDER BY meetings DESC, i.email
LIMIT 20;
"""

PLANNED_AGAINST_ACTUAL = """
SELECT r.day, coalesce(min(e.title), r.title) AS title, round(min(e.planned_s) / 60) AS planned_minutes,
       round(r.duration_s / 60) AS actual_minutes, round((r.duration_s - min(e.planned_s)) / 60) AS minutes_over
FROM recordings AS r
JOIN calendar_events AS e ON e.bot_id = r.bot_id
WHERE NOT e.is_deleted AND e.planned_s < 86400 AND r.duration_s IS NOT NULL
GROUP BY r.recording_id, r.day, r.title, r.duration_s
ORDER BY minutes_over DESC, title
LIMIT 20;
"""

LATE_STARTS = """
WITH minutes AS (
  SELECT day, coalesce(display_title, title) AS title,
         60 * CAST(substr(CAST(started_at AS TEXT), 12, 2) AS INTEGER)
            + CAST(substr(CAST(started_at AS TEXT), 15, 2) AS INTEGER)
       - 60 * CAST(substr(CAST(scheduled_at AS TEXT), 12, 2) AS INTEGER)
            - CAST(substr(CAST(scheduled_at AS TEXT), 15, 2) AS INTEGER) AS of_day
  FROM recordings
  WHERE scheduled_at IS NOT NULL AND started_at IS NOT NULL
)
SELECT day, title, (of_day + 2160) % 1440 - 720 AS minutes_late
FROM minutes
WHERE (of_day + 2160) % 1440 - 720 >= 4
ORDER BY minutes_late DESC, day, title
LIMIT 20;
"""

WITHOUT_RECORDING = """
SELECT e.start_at, min(e.title) AS title, min(e.organizer_email) AS organizer, max(e.invitee_count) AS invitees,
       coalesce(min(b.sub_code), min(b.status), 'no bot') AS reason
FROM calendar_events AS e
LEFT JOIN bots AS b ON b.bot_id = e.bot_id
WHERE NOT e.is_deleted AND e.meeting_platform IS NOT NULL AND e.start_at < CURRENT_TIMESTAMP
  AND NOT EXISTS (
    SELECT 1 FROM calendar_events AS copy JOIN recordings AS r ON r.bot_id = copy.bot_id
    WHERE copy.calendar_event_id = e.calendar_event_id OR (copy.ical_uid = e.ical_uid AND copy.start_at = e.start_at)
  )
GROUP BY e.start_at, coalesce(e.ical_uid, CAST(e.calendar_event_id AS TEXT))
ORDER BY e.start_at DESC, title
LIMIT 20;
"""


@pytest.fixture(scope="module")
def world() -> World:
    """Three days of the fortnight, with the participants alone and without the schedules of API v1."""
    whole = fortnight(date(2026, 3, 15))
    found = [each for each in whole.recordings if each.day in DAYS]
    recorded = {each.bot_id for each in found}
    bots = [each for each in whole.bots if each.id in recorded]
    for bot in bots:
        bot.calendar_meetings = []
    events = [each for each in whole.calendar_events.values() if each.start_at.date() in DAYS]
    kept = keep_collections(World(found, bots, DAYS), "participant_events")
    return World(kept.recordings, kept.bots, DAYS, calendar_events=events)


@pytest.fixture
def sandbox(world: World, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(world, limits=False) as running:
        use_sandbox(running, monkeypatch)
        read_calendar()
        sync_days(DAYS)
        yield running


def answer(query: str) -> list[Any]:
    with open_test_storage() as storage, storage.database.reading() as connection:
        return [*connection.execute(text(query))]


def recorded_events(sandbox: Sandbox) -> list[tuple[CalendarEvent, Recording]]:
    """The events of recorded meetings, with each of their recordings."""
    return [
        (event, recording)
        for event in sandbox.world.calendar_events.values()
        for recording in sandbox.world.recordings
        if recording.bot_id in event.bot_ids and not event.is_deleted
    ]


def test_invitees_who_never_attend_are_those_whom_no_meeting_lists(sandbox: Sandbox) -> None:
    table = table_of(Participants).c
    with open_test_storage() as storage, storage.database.reading() as connection:
        present = {*connection.execute(select(table.recording_id, table.email)).all()}
        present |= {*connection.execute(select(table.recording_id, table.name)).all()}
    invited: set[str] = set()
    attended: set[str] = set()
    for event, recording in recorded_events(sandbox):
        for each in event.invitees:
            if not each.is_room:
                invited.add(each.email)
                if {(recording.id, each.email), (recording.id, each.name)} & present:
                    attended.add(each.email)

    found = {row.email for row in answer(NEVER_ATTEND)}

    assert found == invited - attended
    assert {ALWAYS_ABSENT.email, ABSENT_GUEST.email} <= found
    assert attended


def test_planned_minutes_are_those_of_the_calendar(sandbox: Sandbox) -> None:
    expected = sorted(
        {
            (recording.id, event.title, (event.end_at - event.start_at).total_seconds() / 60)
            for event, recording in recorded_events(sandbox)
        }
    )

    found = answer(PLANNED_AGAINST_ACTUAL)

    assert sorted((row.title, row.planned_minutes) for row in found) == sorted(each[1:] for each in expected)
    assert all(row.minutes_over == pytest.approx(row.actual_minutes - row.planned_minutes, abs=1) for row in found)


def test_late_starts_are_those_of_the_calendar(sandbox: Sandbox) -> None:
    late = set()
    for event, recording in recorded_events(sandbox):
        assert recording.started_at is not None
        started, planned = (each.replace(second=0, microsecond=0) for each in (recording.started_at, event.start_at))
        if started - planned >= timedelta(minutes=4):
            late.add((recording.day.isoformat(), (started - planned).total_seconds() / 60))

    assert late
    assert {(str(row.day), row.minutes_late) for row in answer(LATE_STARTS)} == late


def test_meetings_without_a_recording_are_those_without_a_recorded_bot(sandbox: Sandbox) -> None:
    recorded = {(event.ical_uid, event.start_at) for event, _ in recorded_events(sandbox)}
    expected = {
        (event.ical_uid, event.start_at): event.title
        for event in sandbox.world.calendar_events.values()
        if event.meeting_platform and not event.is_deleted and (event.ical_uid, event.start_at) not in recorded
    }

    found = answer(WITHOUT_RECORDING)

    assert sorted(row.title for row in found) == sorted(map(str, expected.values()))
    assert {row.reason for row in found} == {"no bot"}
