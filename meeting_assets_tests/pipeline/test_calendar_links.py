"""Calendar events fill missing values of their recordings and bots, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from meeting_assets.pipeline.calendar_links import unlinked_bots, with_calendar_values
from meeting_assets.pipeline.derive import days_of_outdated_metrics
from meeting_assets.sandbox import Recording, Sandbox, uniform
from meeting_assets.sandbox.world import identifier
from meeting_assets.schema.bots import Bots
from meeting_assets.schema.persistent import Recordings
from meeting_assets.store.database import table_of
from meeting_assets_tests.conftest import sqlite_first
from meeting_assets_tests.support.calendars import calendar_event, read_calendar, stored_events
from meeting_assets_tests.support.environments import open_test_storage, sync_days, use_sandbox
from meeting_assets_tests.support.snapshots import DOWNLOAD_PORT, sync_once

pytestmark = [sqlite_first, pytest.mark.with_tables]

DAY = date(2026, 3, 2)
LATE = timedelta(minutes=7)
UNLINKED = "two meetings without calendar events"
CALENDARS = sorted(identifier("calendar", n) for n in range(2))


@pytest.fixture
def sandbox(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """Two meetings of a day, whose bots know no calendar meeting."""
    with Sandbox(uniform(DAY, recordings=2), limits=False, download_port=DOWNLOAD_PORT) as running:
        use_sandbox(running, monkeypatch)
        for bot in running.world.bots:
            bot.calendar_meetings = []
        yield running


@pytest.fixture
def recording(sandbox: Sandbox) -> Recording:
    return sandbox.world.recordings[0]


def add_event(sandbox: Sandbox, recording: Recording, key: object = "event", **values: Any) -> str:
    """Adds an event of a recording that was to start seven minutes before it, and returns its id."""
    bots = {"bot_ids": (recording.bot_id,)}
    event = calendar_event(key, recording.created_at - LATE, **{**bots, **values})
    sandbox.add_events([event])
    return event.id


def stored(model: Any = Recordings) -> dict[str, dict[str, Any]]:
    """The rows of a table by their key."""
    table = table_of(model)
    (key,) = table.primary_key
    with open_test_storage() as storage, storage.database.reading() as connection:
        return {row[key.name]: dict(row) for row in connection.execute(select(table)).mappings()}


def set_columns(recording: Recording, **values: Any) -> None:
    table = table_of(Recordings)
    with open_test_storage() as storage, storage.database.writing() as connection:
        connection.execute(table.update().where(table.c.recording_id == recording.id).values(values))


def add_bot(**values: Any) -> None:
    with open_test_storage() as storage, storage.database.writing() as connection:
        connection.execute(table_of(Bots).insert(), [values])


def schedule(row: dict[str, Any]) -> tuple[Any, Any]:
    return row["scheduled_at"], row["scheduled_end_at"]


@pytest.mark.parametrize("is_event_first", [True, False])
def test_event_fills_the_schedule_of_its_recording(
    sandbox: Sandbox, recording: Recording, is_event_first: bool
) -> None:
    event_id = add_event(sandbox, recording, recurring_id="weekly")
    if is_event_first:
        read_calendar()
    sync_days([DAY])

    read_calendar()

    row, event = stored()[recording.id], stored_events()[event_id]
    assert schedule(row) == (event["start_at"], event["end_at"])
    assert (row["calendar_event_id"], row["series_id"]) == (event_id, "calendar:weekly")
    other = stored()[sandbox.world.recordings[1].id]
    assert (*schedule(other), other["calendar_event_id"]) == (None,) * 3
    assert other["series_id"] == f"zoom:{other['meeting_id']}"


def test_recording_of_a_stored_event_is_scheduled_before_its_metrics_are_derived(
    sandbox: Sandbox, recording: Recording
) -> None:
    add_event(sandbox, recording)
    read_calendar()

    sync_days([DAY])
    read_calendar()

    with open_test_storage() as storage:
        assert days_of_outdated_metrics(storage) == set()
    assert stored()[recording.id]["scheduled_at"] == recording.created_at - LATE


def test_schedule_that_comes_later_makes_metrics_outdated_once(sandbox: Sandbox, recording: Recording) -> None:
    sync_once(UNLINKED, [DAY])
    add_event(sandbox, recording)

    read_calendar()

    with open_test_storage() as storage:
        assert days_of_outdated_metrics(storage) == {DAY}
    sync_days([DAY])
    read_calendar()
    with open_test_storage() as storage:
        assert days_of_outdated_metrics(storage) == set()


def test_pass_without_a_change_changes_no_recording(sandbox: Sandbox, recording: Recording) -> None:
    for n, calendar_id in enumerate(CALENDARS):
        others = (identifier("further bot", n), recording.bot_id)
        # Outlook has another id of the series in each mailbox.
        add_event(sandbox, recording, n, calendar_id=calendar_id, recurring_id=f"weekly {n}", bot_ids=others)
    sync_days([DAY])
    first = read_calendar()
    before = stored(), stored_events()

    second = read_calendar()
    with open_test_storage() as storage, storage.database.reading() as connection:
        relinked = unlinked_bots(connection)

    assert (first.linked_recordings, second.linked_recordings) == (1, 0)
    assert (stored(), stored_events()) == before
    assert relinked == set()
    assert before[0][recording.id]["modified_at"] is not None


def test_own_values_of_a_recording_stay(sandbox: Sandbox, recording: Recording) -> None:
    own = recording.created_at - timedelta(minutes=1)
    add_event(sandbox, recording, recurring_id="weekly", title="In the calendar")
    sync_days([DAY])
    set_columns(recording, title="Own", display_title="Own", scheduled_at=own, calendar_event_id="own event")

    read_calendar()

    row = stored()[recording.id]
    assert (row["scheduled_at"], row["calendar_event_id"], row["display_title"]) == (own, "own event", "Own")
    assert row["scheduled_end_at"] is None  # the end of another start says nothing about the planned length
    assert row["series_id"] == "calendar:weekly"


@pytest.mark.parametrize(
    ("title", "meeting_id", "shown"),
    [
        ("Planning", None, "as before"),
        (None, None, "In the calendar"),
        ("abc-defg-hij", None, "In the calendar"),
        ("a1b2", "a1b2", "In the calendar"),
        (" ", None, "In the calendar"),
        ("ABC-DEFG-HIJ", None, "In the calendar"),
    ],
)
def test_title_of_the_event_replaces_a_meeting_code(
    sandbox: Sandbox, recording: Recording, title: str | None, meeting_id: str | None, shown: str
) -> None:
    sync_once(UNLINKED, [DAY])
    set_columns(recording, title=title, meeting_id=meeting_id, display_title="as before")
    add_event(sandbox, recording, title="In the calendar")

    read_calendar()

    row = stored()[recording.id]
    assert (row["title"], row["display_title"]) == (title, shown)


@pytest.mark.parametrize("title", [" ", "ABC-DEFG-HIJ", None])
def test_unusable_title_of_an_event_replaces_none(sandbox: Sandbox, recording: Recording, title: str | None) -> None:
    sync_once(UNLINKED, [DAY])
    set_columns(recording, title=None, display_title="as before")
    add_event(sandbox, recording, title=title)

    read_calendar()

    assert stored()[recording.id]["display_title"] == "as before"


def test_single_event_leaves_the_series_of_the_meeting_link(sandbox: Sandbox, recording: Recording) -> None:
    sync_once(UNLINKED, [DAY])
    set_columns(recording, series_id="zoom:123")
    add_event(sandbox, recording)

    read_calendar()

    assert stored()[recording.id]["series_id"] == "zoom:123"


def test_times_from_an_event_move_with_it(sandbox: Sandbox, recording: Recording) -> None:
    event_id = add_event(sandbox, recording)
    sync_days([DAY])
    read_calendar()
    moved = sandbox.change_event(event_id, start_at=recording.created_at - 2 * LATE)

    report = read_calendar()

    assert schedule(stored()[recording.id]) == (moved.start_at, moved.end_at)
    assert report.linked_recordings == 1


def test_own_start_does_not_move_with_the_event(sandbox: Sandbox, recording: Recording) -> None:
    own = recording.created_at - timedelta(minutes=1)
    event_id = add_event(sandbox, recording)
    sync_days([DAY])
    set_columns(recording, scheduled_at=own)
    read_calendar()
    sandbox.change_event(event_id, start_at=recording.created_at - 2 * LATE)

    read_calendar()

    assert stored()[recording.id]["scheduled_at"] == own


def test_event_that_is_deleted_after_the_meeting_keeps_its_recording(sandbox: Sandbox, recording: Recording) -> None:
    event_id = add_event(sandbox, recording)
    sync_days([DAY])
    read_calendar()
    before = stored()
    sandbox.delete_event(event_id)

    read_calendar()

    assert stored() == before


def test_meeting_in_two_calendars_takes_the_event_that_is_not_deleted(sandbox: Sandbox, recording: Recording) -> None:
    add_event(sandbox, recording, "deleted", calendar_id=CALENDARS[0], is_deleted=True)
    kept = add_event(sandbox, recording, "kept", calendar_id=CALENDARS[1])
    sync_days([DAY])

    read_calendar()

    assert stored()[recording.id]["calendar_event_id"] == kept


def test_occurrences_in_two_calendars_take_events_of_one_calendar(sandbox: Sandbox) -> None:
    for recording in sandbox.world.recordings:
        for calendar_id in reversed(CALENDARS):
            add_event(
                sandbox, recording, (recording.id, calendar_id), calendar_id=calendar_id, recurring_id=calendar_id
            )
    sync_days([DAY])

    read_calendar()

    assert {row["series_id"] for row in stored().values()} == {f"calendar:{CALENDARS[0]}"}


@pytest.mark.parametrize("is_event_first", [True, False])
def test_bot_with_a_recording_is_the_bot_of_the_event(
    sandbox: Sandbox, recording: Recording, is_event_first: bool
) -> None:
    never = identifier("bot that never recorded")
    event_id = add_event(sandbox, recording, bot_ids=(never, recording.bot_id))
    if is_event_first:
        read_calendar()
    sync_days([DAY])

    read_calendar()
    read_calendar()

    event = stored_events()[event_id]
    assert (event["bot_id"], event["other_bot_ids"]) == (recording.bot_id, [never])
    assert stored()[recording.id]["calendar_event_id"] == event_id


def test_both_recordings_of_a_bot_are_linked(sandbox: Sandbox) -> None:
    first, second = sandbox.world.recordings
    second.bot_id = first.bot_id
    event_id = add_event(sandbox, first)
    sync_days([DAY])

    read_calendar()

    assert [row["calendar_event_id"] for row in stored().values()] == [event_id, event_id]


@pytest.mark.parametrize("is_event_first", [True, False])
def test_bot_without_a_recording_is_scheduled(sandbox: Sandbox, recording: Recording, is_event_first: bool) -> None:
    bot_id = identifier("missed bot")
    event_id = add_event(sandbox, recording, bot_ids=(bot_id,))
    if is_event_first:
        read_calendar()
    add_bot(bot_id=bot_id, outcome="missed")

    report = read_calendar()

    row, event = stored(Bots)[bot_id], stored_events()[event_id]
    assert report.linked_bots == 1
    assert (*schedule(row), row["calendar_event_id"]) == (event["start_at"], event["end_at"], event_id)
    assert row["day"] == event["start_at"].date()
    assert read_calendar().linked_bots == 0


def test_own_values_of_a_bot_stay(sandbox: Sandbox, recording: Recording) -> None:
    own = recording.created_at - timedelta(days=1)
    add_event(sandbox, recording)
    add_bot(bot_id=recording.bot_id, scheduled_at=own, calendar_event_id="own event", day=own.date())

    read_calendar()

    row = stored(Bots)[str(recording.bot_id)]
    assert (row["scheduled_at"], row["calendar_event_id"], row["day"]) == (own, "own event", own.date())


def test_rows_get_no_columns_that_they_lack(sandbox: Sandbox, recording: Recording) -> None:
    add_event(sandbox, recording)
    read_calendar()
    unlinked: dict[str, Any] = {"bot_id": None, "scheduled_at": None}
    given = [{**unlinked, "bot_id": recording.bot_id}, unlinked]

    with open_test_storage() as storage, storage.database.reading() as connection:
        completed = with_calendar_values(connection, given)

    assert completed == [{"bot_id": recording.bot_id, "scheduled_at": recording.created_at - LATE}, unlinked]


def test_event_of_an_unknown_bot_changes_nothing(sandbox: Sandbox, recording: Recording) -> None:
    sync_once(UNLINKED, [DAY])
    before = stored()
    add_event(sandbox, recording, bot_ids=(identifier("unknown bot"),))

    read_calendar()

    assert stored() == before


def test_event_links_its_recording_by_its_id_too(sandbox: Sandbox, recording: Recording) -> None:
    sync_once(UNLINKED, [DAY])
    event_id = add_event(sandbox, recording, bot_ids=())
    read_calendar()
    set_columns(recording, calendar_event_id=event_id)

    with open_test_storage() as storage, storage.database.reading() as connection:
        (completed,) = with_calendar_values(connection, [stored()[recording.id]])

    assert completed["scheduled_at"] == recording.created_at - LATE
