"""The calendar pass stores every event once, follows changes, and stores no secret."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from meeting_assets.core.errors import ListRefused, Refused
from meeting_assets.pipeline.calendar import LISTED_AT, LISTED_BY, OVERLAP, changed_since, update_calendar
from meeting_assets.pipeline.storage import access_of
from meeting_assets.sandbox import CalendarEvent, Fault, Invitee, Sandbox, World, empty, fortnight
from meeting_assets.sandbox.world import identifier
from meeting_assets.schema.calendar import CalendarEvents
from meeting_assets.settings import read_settings
from meeting_assets.store import tombstones
from meeting_assets.store.database import put_meta, table_of
from meeting_assets.store.observation import ObservationClock
from meeting_assets_tests.conftest import sqlite_first
from meeting_assets_tests.support.calendars import (
    ANA,
    BO,
    START,
    calendar_event,
    invitees_by_event,
    read_calendar,
    stored_events,
    stored_invitees,
)
from meeting_assets_tests.support.environments import open_test_storage, use_sandbox

pytestmark = [sqlite_first, pytest.mark.with_tables]

PATH = "/api/v2/calendar-events/"
LAST_DAY = date(2026, 3, 15)


@pytest.fixture
def calendar(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """An API with twelve events and no meetings, on pages of five."""
    with Sandbox(empty(), limits=False) as running:
        use_sandbox(running, monkeypatch)
        running.habits.calendar_page_size = 5
        running.add_events(calendar_event(n, START + timedelta(days=n)) for n in range(12))
        yield running


def any_event(sandbox: Sandbox) -> CalendarEvent:
    return next(iter(sandbox.world.calendar_events.values()))


def list_calls(sandbox: Sandbox) -> int:
    return sandbox.stats.list_calls["calendar-events"]


def fail_from_page(sandbox: Sandbox, number: int) -> None:
    sandbox.inject(Fault(PATH, times=number - 1))
    sandbox.inject(Fault(PATH, times=None, status=400))


def with_edits(sandbox: Sandbox, **edits: Any) -> CalendarEvent:
    """An event of which the API shows other values."""
    return sandbox.change_event(any_event(sandbox).id, edits=edits)


def seconds_of(event: CalendarEvent) -> float:
    return (event.end_at - event.start_at).total_seconds()


def test_every_event_of_the_fortnight_is_stored(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    world = fortnight(LAST_DAY)
    with Sandbox(world, limits=False) as running:
        use_sandbox(running, monkeypatch)
        report = read_calendar()

    stored, invitees = stored_events(), invitees_by_event()
    assert (report.listed, report.new, report.unreadable) == (len(world.calendar_events), len(stored), 0)
    assert stored.keys() == world.calendar_events.keys()
    for event in world.calendar_events.values():
        row = stored[event.id]
        people = {each.email: each for each in event.invitees if not each.is_room}
        assert (row["title"], row["start_at"], row["end_at"]) == (event.title, event.start_at, event.end_at)
        assert (row["recurring_id"], row["ical_uid"]) == (event.recurring_id, event.ical_uid)
        assert (row["is_deleted"], row["bot_id"]) == (event.is_deleted, next(iter(event.bot_ids), None))
        assert (row["created_at"], row["updated_at"]) == (event.created_at, event.updated_at)
        assert (row["planned_s"], row["invitee_count"]) == (seconds_of(event), len(people))
        assert row["organizer_email"] == (event.organizer.email if event.organizer else None)
        assert invitees.get(event.id, {}).keys() == people.keys()


def test_second_pass_lists_changes_alone_and_changes_nothing(calendar: Sandbox) -> None:
    first = read_calendar()
    before, calls = stored_events(), list_calls(calendar)

    second = read_calendar()

    assert (first.listed, first.new, calls) == (12, 12, 3)
    assert all(row["modified_at"] is not None for row in before.values())
    assert (second.listed, second.new, second.changed) == (1, 0, 0)  # the newest change is listed again
    assert list_calls(calendar) == calls + 1
    assert stored_events() == before


def test_moved_event_moves(calendar: Sandbox) -> None:
    read_calendar()
    before = stored_events()
    event = any_event(calendar)
    calendar.change_event(event.id, start_at=event.start_at + timedelta(days=1))

    report = read_calendar()

    row = stored_events()[event.id]
    assert (report.new, report.changed) == (0, 1)
    assert [each for each, held in before.items() if stored_events()[each]["modified_at"] != held["modified_at"]] == [
        event.id
    ]
    assert (row["start_at"], row["end_at"]) == (event.start_at + timedelta(days=1), event.end_at + timedelta(days=1))


@pytest.mark.parametrize("end", [None, "2026-01-01T00:00:00Z"])
def test_event_without_an_end_after_its_start_has_no_planned_length(calendar: Sandbox, end: str | None) -> None:
    event = with_edits(calendar, end_time=end, raw={})

    read_calendar()

    assert stored_events()[event.id]["planned_s"] is None


def test_deleted_event_stays_and_is_marked(calendar: Sandbox) -> None:
    read_calendar()
    event = any_event(calendar)
    calendar.delete_event(event.id)

    report = read_calendar()

    assert report.changed == 1
    assert stored_events()[event.id]["is_deleted"] is True
    assert stored_events()[event.id]["title"] == event.title


def test_event_that_the_api_no_longer_lists_stays(calendar: Sandbox) -> None:
    read_calendar()
    gone = calendar.world.calendar_events.pop(any_event(calendar).id)

    read_calendar()

    assert gone.id in stored_events()


def test_invitees_are_replaced_as_a_whole(calendar: Sandbox) -> None:
    read_calendar()
    event = any_event(calendar)
    guest = Invitee("guest@elsewhere.example", None, "declined", is_optional=True)
    calendar.change_event(event.id, invitees=(ANA, guest))

    read_calendar()

    invitees = stored_invitees(event.id)
    assert invitees.keys() == {ANA.email, guest.email}
    assert (invitees[guest.email]["response"], invitees[guest.email]["is_optional"]) == ("declined", True)
    assert invitees[ANA.email]["is_organizer"]
    assert not invitees[guest.email]["is_organizer"]


def test_change_of_a_response_alone_is_a_change(calendar: Sandbox) -> None:
    read_calendar()
    event = any_event(calendar)
    before = stored_events()[event.id]["modified_at"]
    calendar.change_event(event.id, invitees=(ANA, replace(BO, response="accepted")), updated_at=event.updated_at)
    calendar.world.calendar_events[event.id].updated_at = max(
        each.updated_at for each in calendar.world.calendar_events.values()
    )

    report = read_calendar()

    assert report.changed == 1
    assert stored_invitees(event.id)[BO.email]["response"] == "accepted"
    assert stored_events()[event.id]["modified_at"] > before


@pytest.mark.parametrize("repeated", [1, 4])
def test_events_on_repeated_pages_are_stored_once(calendar: Sandbox, repeated: int) -> None:
    calendar.habits.pages_repeat = repeated

    report = read_calendar()

    assert report.listed > 12
    assert (report.new, report.changed) == (12, 0)
    assert len(stored_events()) == 12


def test_throttled_pass_waits_and_completes(calendar: Sandbox) -> None:
    calendar.inject(Fault(PATH, times=2, status=429, headers={"Retry-After": "0"}))

    report = read_calendar()

    assert report.new == 12


@pytest.mark.parametrize(
    "edits",
    [
        {"start_time": None, "raw": {"summary": "Secret plan"}},
        {"start_time": "soon", "raw": "Secret plan"},
        {"start_time": 7, "raw": {"start": {"date": "Secret plan"}}},
        {"id": "Secret plan"},
        {"id": None},
    ],
)
def test_broken_event_costs_no_other_event(
    calendar: Sandbox, edits: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    broken = with_edits(calendar, **edits)

    report = read_calendar()

    assert stored_events().keys() == calendar.world.calendar_events.keys() - {broken.id}
    assert (report.unreadable, len(report.faults)) == (1, 1)
    assert "Secret plan" not in report.faults[0] + caplog.text


def test_event_that_is_no_json_costs_no_other_event(calendar: Sandbox) -> None:
    event = with_edits(calendar, ical_uid="SPOILED")
    calendar.inject(Fault(PATH, times=None, edit=lambda body: body.replace(b'"SPOILED"', b"oops")))

    report = read_calendar()

    assert report.unreadable == 1
    assert stored_events().keys() == calendar.world.calendar_events.keys() - {event.id}


def test_event_that_another_version_could_not_decode_is_listed_again(calendar: Sandbox) -> None:
    event = with_edits(calendar, start_time="soon", raw={})
    added = replace(calendar_event("late"), updated_at=START + timedelta(days=30))
    calendar.add_events([added])
    read_calendar()
    calendar.world.calendar_events[event.id].edits = {}  # readable now, and not changed for the API
    calendar.world.calendar_events[event.id].updated_at = event.created_at
    assert read_calendar().listed == 1
    with open_test_storage() as storage:
        storage.database.set_meta(LISTED_BY, "0")

    report, later = read_calendar(), read_calendar()

    assert (report.listed, report.new, later.listed) == (13, 1, 1)
    assert event.id in stored_events()


@pytest.mark.parametrize("fault", [Fault(PATH, times=None, status=400), Fault(PATH, times=None, status=401)])
def test_refused_list_raises_and_stores_nothing(calendar: Sandbox, fault: Fault) -> None:
    calendar.inject(fault)

    with pytest.raises(Refused):
        read_calendar()

    assert stored_events() == {}


@pytest.mark.parametrize("status", [403, 404])
def test_api_without_a_calendar_is_a_sentence_that_names_the_setting(
    calendar: Sandbox, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    calendar.inject(Fault(PATH, times=None, status=status, body='{"detail": "not enabled"}'))

    report = read_calendar()

    assert report.unavailable is not None
    assert "MEETING_ASSETS_CALENDAR" in report.unavailable
    assert report.unavailable in caplog.text
    calendar.clear_faults()
    assert read_calendar().new == 12


def test_pass_that_fails_on_a_later_page_leaves_no_gap(calendar: Sandbox) -> None:
    read_calendar()
    for event in [*calendar.world.calendar_events.values()]:
        calendar.change_event(event.id, title="Renamed")
    calendar.habits.calendar_page_size = 2
    fail_from_page(calendar, 3)

    with pytest.raises(Refused):
        read_calendar()
    partial = [row["title"] for row in stored_events().values()].count("Renamed")
    calendar.clear_faults()
    read_calendar()

    assert partial == 4
    assert {row["title"] for row in stored_events().values()} == {"Renamed"}


def test_list_that_is_refused_on_a_later_page_raises_and_is_listed_again(calendar: Sandbox) -> None:
    calendar.inject(Fault(PATH, times=1))
    calendar.inject(Fault(PATH, times=None, status=403))

    with pytest.raises(ListRefused):
        read_calendar()
    calendar.clear_faults()
    read_calendar()

    assert stored_events().keys() == calendar.world.calendar_events.keys()


def test_first_pass_that_fails_is_followed_by_a_complete_one(calendar: Sandbox) -> None:
    fail_from_page(calendar, 2)
    with pytest.raises(Refused):
        read_calendar()
    calendar.clear_faults()

    read_calendar()

    assert stored_events().keys() == calendar.world.calendar_events.keys()


def test_change_by_a_lagging_clock_of_the_api_is_found(calendar: Sandbox) -> None:
    read_calendar()
    event = any_event(calendar)
    newest = max(each.updated_at for each in calendar.world.calendar_events.values())
    calendar.change_event(event.id, title="Renamed", updated_at=newest - OVERLAP + timedelta(seconds=1))

    read_calendar()

    assert stored_events()[event.id]["title"] == "Renamed"


def test_fast_clock_of_the_database_loses_no_event(calendar: Sandbox) -> None:
    read_calendar()
    with open_test_storage() as storage:
        future = datetime(2090, 1, 1, tzinfo=UTC)
        storage.database.set_meta(LISTED_AT, future.isoformat())
    added = replace(calendar_event("added"), updated_at=START + timedelta(days=30))
    calendar.add_events([added])

    read_calendar()

    assert added.id in stored_events()


def test_future_change_at_the_api_does_not_hide_later_ones(calendar: Sandbox) -> None:
    calendar.add_events([replace(calendar_event("odd"), updated_at=datetime(2090, 1, 1, tzinfo=UTC))])
    read_calendar()

    with open_test_storage() as storage, storage.database.reading() as connection:
        since = changed_since(connection)
        now = ObservationClock.of(storage.database).wall_clock()

    assert since is not None
    assert since < now


def test_older_observation_never_overwrites_a_newer_one(calendar: Sandbox) -> None:
    read_calendar()
    event = any_event(calendar)
    table = table_of(CalendarEvents)
    with open_test_storage() as storage:
        later = ObservationClock.of(storage.database).now() + timedelta(hours=1)
        storage.database.write(lambda connection: connection.execute(table.update().values(observed_at=later)))
    calendar.change_event(event.id, title="Overtaken", invitees=(ANA,))

    report = read_calendar()

    assert report.changed == 0
    assert stored_events()[event.id]["title"] == event.title
    assert stored_invitees(event.id).keys() == {ANA.email, BO.email}


def test_no_link_pin_passcode_description_or_attachment_is_stored_or_logged(
    calendar: Sandbox, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    outlook = calendar_event("outlook", platform="microsoft_outlook", title="Call https://x.example/SANDBOX-PASSWORD")
    bare = calendar_event("bare", title="Call zoom.us/j/1?pwd=SANDBOX-PASSWORD Passcode: SANDBOX-PASSWORD")
    named = Invitee("named@x.example", "Room x.example/j?pwd=SANDBOX-PASSWORD pin=SANDBOX-PASSWORD")
    bare.invitees += (named,)
    calendar.add_events([outlook, bare])
    with_edits(calendar, start_time="SANDBOX-PASSWORD")

    report = read_calendar()

    assert "x.example" not in str(stored_events())
    marker = calendar.password_marker
    served = json.dumps([*stored_events().values()], default=str)
    assert marker not in served + str(invitees_by_event()) + str(report) + caplog.text
    assert [path for path in home.rglob("*") if path.is_file() and marker.encode() in path.read_bytes()] == []


def test_addresses_are_stored_in_two_columns_only(calendar: Sandbox) -> None:
    read_calendar()

    names = {name for row in stored_events().values() for name, value in row.items() if ANA.email in str(value)}
    assert names == {"organizer_email"}


def test_events_of_purged_recordings_are_not_stored(calendar: Sandbox) -> None:
    bot_id = identifier("purged bot")
    event = any_event(calendar)
    calendar.change_event(event.id, bot_ids=(identifier("other bot"), bot_id))
    with open_test_storage() as storage, storage.database.writing() as connection:
        row = {"recording_id": identifier("purged"), "purged_at": START, "reason": "asked for", "bot_id": bot_id}
        connection.execute(tombstones.TOMBSTONES.insert(), [row])

    report = read_calendar()

    assert report.left_out == 1
    assert stored_events().keys() == calendar.world.calendar_events.keys() - {event.id}
    assert stored_invitees(event.id) == {}


def test_events_before_the_retention_period_are_not_stored(calendar: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEETING_ASSETS_RETENTION_DAYS", "30")
    recent = calendar_event("recent", datetime.now(UTC) + timedelta(days=1))
    old = calendar_event("old", datetime.now(UTC) - timedelta(days=40))
    calendar.world.calendar_events.clear()
    calendar.add_events([recent, old])

    report = read_calendar()

    assert (report.new, report.left_out) == (1, 1)
    assert stored_events().keys() == {recent.id}


def test_each_invitee_belongs_to_a_stored_event(calendar: Sandbox) -> None:
    read_calendar()

    assert invitees_by_event().keys() == stored_events().keys()


def test_calendar_that_is_empty_is_listed_as_a_whole_next_time(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Sandbox(World(), limits=False) as running:
        use_sandbox(running, monkeypatch)
        first = read_calendar()
        running.add_events([calendar_event("first")])

        second = read_calendar()

    assert (first.listed, second.new) == (0, 1)


def test_pass_reads_no_other_list(calendar: Sandbox) -> None:
    read_calendar()

    assert {*calendar.stats.list_calls} == {"calendar-events"}
    assert calendar.stats.retrieve_calls == 0


def test_restored_database_without_the_time_of_the_last_pass_lists_everything(calendar: Sandbox) -> None:
    read_calendar()
    with open_test_storage() as storage:
        storage.database.write(lambda connection: put_meta(connection, {LISTED_AT: "2020-01-01T00:00:00+00:00"}))
        report = update_calendar(storage, access_of(read_settings()))

    assert report.listed == 12
