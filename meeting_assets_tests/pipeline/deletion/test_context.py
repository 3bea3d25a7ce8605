"""A purge also deletes the bot and the calendar event of the recording, unless another recording has the same."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from meeting_assets.pipeline.bots_pass import NOT_STORED, note_deleted_bots
from meeting_assets.pipeline.deletion.recordings import purge
from meeting_assets.pipeline.deletion.tombstone_sync import finish_purges, synchronize_tombstones
from meeting_assets.sandbox import CalendarEvent, Sandbox, empty
from meeting_assets.store import raw_tombstones, tombstones
from meeting_assets.store.database import meta_value
from meeting_assets.store.raw_layout import listing_key
from meeting_assets.store.tombstones import TOMBSTONES, Tombstone, TombstoneName
from meeting_assets.webhooks.object_inbox import OBJECT_INBOX
from meeting_assets_tests.support.calendars import calendar_event, read_calendar, stored_events
from meeting_assets_tests.support.contexts import (
    AT,
    NO_ROWS,
    bot_id,
    context_rows,
    event_id,
    observe_bot,
    recording_id,
    row_counts,
    store,
    store_bot,
    store_event,
    store_meeting,
    store_recording,
)
from meeting_assets_tests.support.environments import open_test_storage, use_sandbox
from meeting_assets_tests.support.purges import use_empty_database

pytestmark = pytest.mark.with_tables

PURGED_AT = datetime(2026, 3, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _database(database_url: str) -> None:
    """Every test runs on both databases."""


def purge_named(*names: str) -> None:
    with open_test_storage() as storage:
        purge(storage, [recording_id(each) for each in names], tombstones.ASKED_FOR)


def bot_in_tombstones(name: str) -> tuple[str | None, str | None]:
    """The bot in the tombstone of the database, and in that of the raw store."""
    with open_test_storage() as storage, storage.database.reading() as connection:
        (stored,) = tombstones.find_tombstones(connection, {TombstoneName(recording_id(name))})
        return stored.bot_id, raw_tombstones.read(storage.raw, stored.name).bot_id


def test_purge_deletes_bot_event_invitees_and_messages_of_the_recording() -> None:
    store_meeting("purged")
    store(
        OBJECT_INBOX, message_id="upload", event="sdk_upload.complete", object_id=recording_id("purged"), received_at=AT
    )

    purge_named("purged")

    assert row_counts() == NO_ROWS
    assert bot_in_tombstones("purged") == (bot_id("purged"), bot_id("purged"))


def test_purge_changes_no_row_of_another_meeting() -> None:
    store_meeting("kept")
    before = context_rows()
    store_meeting("purged")

    purge_named("purged")

    assert context_rows() == before


def test_event_that_only_the_recording_names_is_deleted() -> None:
    store_event("purged")
    store_recording("purged", bot=None, calendar_event_id=event_id("purged"))

    purge_named("purged")

    assert row_counts() == NO_ROWS


def test_bot_and_event_stay_until_the_last_recording_of_the_bot_is_purged() -> None:
    store_meeting("first")
    store_recording("second", bot="first")
    before = context_rows()

    purge_named("first")
    between = context_rows()
    observe_bot("first")
    after_listing = row_counts()
    purge_named("second")

    assert between == before
    assert after_listing["bots"] == 1
    assert row_counts() == NO_ROWS
    observe_bot("first")
    assert row_counts() == NO_ROWS


def test_recordings_of_one_bot_that_are_purged_together_do_not_keep_it() -> None:
    store_meeting("first")
    store_recording("second", bot="first")

    purge_named("first", "second")

    assert row_counts() == NO_ROWS


def test_event_of_two_recorded_bots_loses_the_purged_one_only() -> None:
    store_bot("purged")
    store_bot("kept")
    store_event("both", "purged", "kept")
    store_recording("purged", bot="purged")
    store_recording("kept", bot="kept")

    purge_named("purged")

    rows = context_rows()
    assert [(each["bot_id"], each["other_bot_ids"]) for each in rows["calendar_events"]] == [(bot_id("kept"), None)]
    assert len(rows["calendar_invitees"]) == 1
    assert bot_id("purged") not in str(rows)


def test_purged_bot_is_not_stored_again() -> None:
    store_meeting("purged")
    purge_named("purged")

    observe_bot("purged")

    assert row_counts() == NO_ROWS


def test_calendar_pass_stores_an_event_of_two_bots_without_the_purged_one(monkeypatch: pytest.MonkeyPatch) -> None:
    bots = {"both": ("purged", "kept"), "purged": ("purged",), "neither": ("other",)}
    events = {
        name: calendar_event(name, bot_ids=tuple(bot_id(each) for each in of_event)) for name, of_event in bots.items()
    }
    with Sandbox(empty(), limits=False) as running:
        use_sandbox(running, monkeypatch)
        store_recording("purged", bot="purged")
        store_recording("kept", bot="kept")
        purge_named("purged")
        running.add_events(events.values())
        report = read_calendar()

    assert report.left_out == 1
    stored = stored_events()
    assert stored.keys() == {events["both"].id, events["neither"].id}
    both = stored[events["both"].id]
    assert (both["bot_id"], both["other_bot_ids"]) == (bot_id("kept"), None)


def store_event_of_sandbox(name: str) -> CalendarEvent:
    """Stores an event under the id that a sandbox lists it with, and its recording."""
    event = calendar_event(name)
    store_bot(name)
    store_event(name, name, calendar_event_id=event.id)
    store_recording(name, bot=name, calendar_event_id=event.id)
    return event


def test_event_of_a_purged_recording_is_not_stored_again_without_its_bots(monkeypatch: pytest.MonkeyPatch) -> None:
    with Sandbox(empty(), limits=False) as running:
        use_sandbox(running, monkeypatch)
        purged, other = store_event_of_sandbox("purged"), calendar_event("other")
        purge_named("purged")
        running.add_events([purged, other])
        report = read_calendar()

    assert report.left_out == 1
    assert stored_events().keys() == {other.id}


def test_new_database_adopts_the_events_of_a_tombstone(
    home: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Sandbox(empty(), limits=False) as running:
        use_sandbox(running, monkeypatch)
        purged = store_event_of_sandbox("purged")
        purge_named("purged")
        use_empty_database(home, request, monkeypatch)
        with open_test_storage() as storage:
            synchronize_tombstones(storage)
        running.add_events([purged])
        report = read_calendar()

    assert (report.left_out, stored_events()) == (1, {})


def test_event_of_another_stored_recording_is_updated_after_a_purge(monkeypatch: pytest.MonkeyPatch) -> None:
    with Sandbox(empty(), limits=False) as running:
        use_sandbox(running, monkeypatch)
        shared = store_event_of_sandbox("purged")
        store_recording("kept", bot="kept", calendar_event_id=shared.id)
        purge_named("purged")
        running.add_events([replace(shared, title="Renamed")])
        report = read_calendar()

    assert report.left_out == 0
    assert stored_events()[shared.id]["title"] == "Renamed"


def test_new_database_adopts_the_bot_of_a_tombstone(
    home: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_meeting("purged")
    purge_named("purged")
    use_empty_database(home, request, monkeypatch)
    with open_test_storage() as storage:
        synchronize_tombstones(storage)

    observe_bot("purged")

    assert bot_in_tombstones("purged") == (bot_id("purged"), bot_id("purged"))
    assert row_counts() == NO_ROWS


def test_tombstone_without_a_bot_gets_that_of_the_stored_rows() -> None:
    """As after a purge by an earlier version that was killed, or with a database restored from a backup."""
    store_meeting("purged")
    with open_test_storage() as storage:
        old = Tombstone(TombstoneName(recording_id("purged")), AT.date(), PURGED_AT, tombstones.ASKED_FOR)
        raw_tombstones.write(storage.raw, [old])
        finish_purges(storage)

    assert row_counts() == NO_ROWS
    assert bot_in_tombstones("purged") == (bot_id("purged"), bot_id("purged"))


def test_tombstone_without_a_bot_stays_valid() -> None:
    with open_test_storage() as storage:
        old = Tombstone(TombstoneName(recording_id("purged")), AT.date(), PURGED_AT, tombstones.ASKED_FOR)
        raw_tombstones.write(storage.raw, [old])
        finish_purges(storage)

    assert bot_in_tombstones("purged") == (None, None)


def test_bot_of_a_recording_in_the_raw_store_alone_is_purged() -> None:
    store_bot("purged")
    listing = {"id": recording_id("purged"), "created_at": AT.isoformat(), "bot": {"id": bot_id("purged")}}
    with open_test_storage() as storage:
        content = json.dumps({"recording": listing, "bot": {}, "media": []}).encode()
        storage.raw.put(listing_key(AT.date(), recording_id("purged")), content)

    purge_named("purged")

    assert row_counts() == NO_ROWS
    assert bot_in_tombstones("purged") == (bot_id("purged"), bot_id("purged"))


@pytest.mark.parametrize("content", [b"\x00", b"{}", b'{"recording": {"id": "x"}}'])
def test_damaged_listing_in_the_raw_store_does_not_prevent_a_purge(content: bytes) -> None:
    with open_test_storage() as storage:
        storage.raw.put(listing_key(AT.date(), recording_id("purged")), content)

    purge_named("purged")

    with open_test_storage() as storage:
        assert storage.raw.prefixes_naming([recording_id("purged")]).keys() <= {"tombstones"}


def test_killed_purge_deletes_the_context_when_it_is_finished() -> None:
    store_meeting("purged")
    with open_test_storage() as storage, storage.database.writing() as connection:
        connection.execute(
            TOMBSTONES.insert(),
            {
                "recording_id": recording_id("purged"),
                "purged_at": PURGED_AT,
                "reason": "asked for",
                "bot_id": bot_id("purged"),
            },
        )

    with open_test_storage() as storage:
        finish_purges(storage)
        finish_purges(storage)

    assert row_counts() == NO_ROWS


def test_next_pass_does_not_look_for_deleted_bots_in_the_whole_list() -> None:
    store_meeting("purged")
    with open_test_storage() as storage:
        storage.database.set_meta("bots_listed", "9")
        storage.database.set_meta(NOT_STORED, "2")

    purge_named("purged")

    with open_test_storage() as storage, storage.database.writing() as connection:
        assert meta_value(connection, NOT_STORED) == "3"
        note_deleted_bots(connection, 0)
        assert meta_value(connection, NOT_STORED) == "3"
