"""Questions about the calendar have the same answers on both databases, and they agree with the sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import select

from meeting_assets.artifacts.participants import Participants
from meeting_assets.sandbox import CalendarEvent, Recording, Sandbox, World, fortnight
from meeting_assets.sandbox.fortnight_calendar import ABSENT_GUEST, ALWAYS_ABSENT
from meeting_assets.store.database import table_of
from meeting_assets_tests.support.calendars import read_calendar
from meeting_assets_tests.support.documented_queries import answer
from meeting_assets_tests.support.environments import keep_collections, open_test_storage, sync_days, use_sandbox
from meeting_assets_tests.support.snapshots import fill_once

pytestmark = pytest.mark.with_tables

DAYS = [date(2026, 3, 9), date(2026, 3, 10), date(2026, 3, 11)]

NEVER_ATTEND = "Which invitees never attend?"
PLANNED_MINUTES = "Do meetings take as long as planned?"
LATE_STARTS = "Which meetings start late?"
WITHOUT_RECORDING = "Which meetings in the calendar have no recording?"


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
        fill_once("calendar and meetings of three days", sync_calendar_and_days)
        yield running


def sync_calendar_and_days() -> None:
    read_calendar()
    sync_days(DAYS)


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

    found = {row["email"] for row in answer(NEVER_ATTEND)}

    assert found == invited - attended
    assert {ALWAYS_ABSENT.email, ABSENT_GUEST.email} <= found
    assert attended


def test_planned_minutes_are_those_of_the_calendar(sandbox: Sandbox) -> None:
    expected = {
        (recording.id, (event.end_at - event.start_at).total_seconds() / 60)
        for event, recording in recorded_events(sandbox)
    }

    found = answer(PLANNED_MINUTES)

    assert sorted(row["planned_minutes"] for row in found) == sorted(minutes for _, minutes in expected)
    for row in found:
        assert row["minutes_over"] == pytest.approx(row["minutes"] - row["planned_minutes"], abs=1)


def test_late_starts_are_those_of_the_calendar(sandbox: Sandbox) -> None:
    late = set()
    for event, recording in recorded_events(sandbox):
        assert recording.started_at is not None
        minutes = (recording.started_at - event.start_at).total_seconds() / 60
        if minutes >= 5:
            late.add((recording.day.isoformat(), recording.id, round(minutes)))

    found = answer(LATE_STARTS)

    assert late
    assert sorted((str(row["day"]), row["minutes_late"]) for row in found) == sorted(
        (day, minutes) for day, _, minutes in late
    )


def test_meetings_without_a_recording_are_those_without_a_recorded_bot(sandbox: Sandbox) -> None:
    recorded = {(event.ical_uid, event.start_at) for event, _ in recorded_events(sandbox)}
    expected = {
        (event.ical_uid, event.start_at): event.title
        for event in sandbox.world.calendar_events.values()
        if event.meeting_platform and not event.is_deleted and (event.ical_uid, event.start_at) not in recorded
    }

    found = answer(WITHOUT_RECORDING)

    assert sorted(row["title"] for row in found) == sorted(map(str, expected.values()))
    assert {row["reason"] for row in found} == {"no bot"}
