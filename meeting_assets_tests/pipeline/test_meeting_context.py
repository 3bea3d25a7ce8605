"""The context of meetings in both databases: after a sync, after changes at the API, and after a rebuild without it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import SQLModel

from meeting_assets.pipeline.rebuild import rebuild
from meeting_assets.pipeline.recording_rows import CONTEXT_COLUMNS
from meeting_assets.sandbox import Recording, Sandbox, uniform
from meeting_assets.sandbox.world import PASSWORD
from meeting_assets.schema.bots import Bots, BotStatusChanges
from meeting_assets.schema.media_objects import MediaObjects, MeetingMetadata
from meeting_assets.schema.persistent import Recordings
from meeting_assets.store.calendar_events import EVENTS
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger import RECORDINGS
from meeting_assets_tests.support.environments import open_test_storage, sync_days, use_sandbox

pytestmark = [pytest.mark.with_tables, pytest.mark.sqlite_first]

DAY = date(2026, 3, 2)
HUSH = "hush-71c04d5e"
BOTS = Bots, BotStatusChanges
ZOOM, MEET, TEAMS, WEBEX, SDK = range(5)
URLS: list[dict[str, Any]] = [
    {"platform": "zoom", "meeting_id": "81234567890", "meeting_password": HUSH},
    {"platform": "google_meet", "meeting_id": "abc-defg-hij"},
    {"platform": "microsoft_teams", "meeting_id": None, "meeting_password": HUSH, "thread_id": "19:x@thread.v2"},
    {"platform": "webex", "meeting_subdomain": "acme", "meeting_mtid": None, "meeting_path": "meet/ann"},
]
NOT_IN_EARLIER_FILES = {"meeting_id", "join_at", "scheduled_end_at", "calendar_event_id", "calendar_user_id"}
"""Columns from the bot object, which files of the former version do not contain."""
AT, END = "2026-03-02T09:00:00Z", "2026-03-02T10:00:00Z"


@pytest.fixture
def sandbox(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """Meetings on four platforms and a recording of the desktop SDK, not yet synced."""
    with Sandbox(uniform(DAY, recordings=5, words=5), limits=False) as running:
        use_sandbox(running, monkeypatch)
        for recording, url in zip(running.world.recordings, URLS, strict=False):
            recording.metadata = {"deal": url["platform"]}
            bot = running.world.bot(str(recording.bot_id))
            bot.meeting_url, bot.metadata = (
                url,
                {"crm": f"of {url['platform']}", "link": f"https://c.example/?tk={HUSH}"},
            )
            bot.join_at = datetime(2026, 3, 2, 9, tzinfo=UTC)
            bot.calendar_meetings = [{"id": "e1", "start_time": AT, "end_time": END, "calendar_user": {"id": "u1"}}]
            bot.recording_config = {"realtime_endpoints": [{"url": f"https://me.example/{HUSH}"}], "zak_token": HUSH}
        sdk = running.world.recordings[SDK]
        sdk.bot_id, sdk.desktop_sdk_upload_id = None, sdk.bot_id
        titles = ["Weekly", "abc-defg-hij", None, None, None]
        for recording, title in zip(running.world.recordings, titles, strict=True):
            (metadata,) = recording.of("meeting_metadata")
            metadata.details["data"] = {"title": title, "zoom": {"meeting_uuid": "u=="} if title == "Weekly" else None}
        yield running


def rows_of(model: type[SQLModel], recording: Recording) -> list[dict[str, Any]]:
    table = table_of(model)
    query = table.select().where(table.c.recording_id == recording.id).order_by(*table.primary_key)
    with open_test_storage() as storage, storage.database.reading() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def context_of(recording: Recording) -> dict[str, Any]:
    (row,) = rows_of(Recordings, recording)
    return {name: row[name] for name in CONTEXT_COLUMNS}


def all_context(sandbox: Sandbox) -> list[Any]:
    models = MediaObjects, MeetingMetadata
    return [
        (context_of(each), [without_observed(rows_of(model, each)) for model in models])
        for each in sandbox.world.recordings
    ]


def without_observed(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: row[name] for name in row if name != "observed_at"} for row in rows]


def listing_file(home: Path, recording: Recording) -> Path:
    return home / "raw" / str(DAY) / recording.id / "recording.json"


def rebuild_without_api(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Rebuilds the day with an address that nothing answers; returns the faults."""
    monkeypatch.setenv("RECALL_BASE_URL", "http://127.0.0.1:9")
    with open_test_storage() as storage:
        return rebuild(storage, [DAY]).faults


# Syncs


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (ZOOM, ("zoom", "81234567890", "u==", "bot", "zoom:81234567890", "Weekly", {"deal": "zoom"})),
        (MEET, ("google_meet", "abc-defg-hij", None, "bot", "google_meet:abc-defg-hij", None, {"deal": "google_meet"})),
        (
            TEAMS,
            (
                "microsoft_teams",
                "19:x@thread.v2",
                None,
                "bot",
                "microsoft_teams:19:x@thread.v2",
                None,
                {"deal": "microsoft_teams"},
            ),
        ),
        (WEBEX, ("webex", "acme/meet/ann", None, "bot", "webex:acme/meet/ann", None, {"deal": "webex"})),
        (SDK, (None, None, None, "desktop_sdk", None, None, {})),
    ],
    ids=["zoom", "google_meet", "microsoft_teams", "webex", "desktop_sdk"],
)
def test_sync_stores_the_context_of_a_meeting(sandbox: Sandbox, number: int, expected: tuple[Any, ...]) -> None:
    sync_days([DAY])

    recording = sandbox.world.recordings[number]
    found = context_of(recording)
    platform, meeting_id, meeting_uuid, source, series_id, title, metadata = expected
    assert (found["platform"], found["meeting_id"], found["meeting_uuid"]) == (platform, meeting_id, meeting_uuid)
    assert (found["source"], found["series_id"], found["recording_metadata"]) == (source, series_id, metadata)
    words = f"{platform} meeting".replace("_", " ") if platform else "meeting"
    assert found["display_title"] == (title or f"{words} of {recording.created_at:%Y-%m-%d %H:%M} UTC")
    bot = {"crm": f"of {platform}", "link": "https://c.example/"} if platform else None
    start, end = (datetime(2026, 3, 2, hour, tzinfo=UTC) if platform else None for hour in (9, 10))
    assert (found["bot_metadata"], found["join_at"]) == (bot, start)
    assert (found["scheduled_at"], found["scheduled_end_at"]) == (start, end)
    assert (found["calendar_event_id"], found["calendar_user_id"]) == (("e1", "u1") if platform else (None, None))
    assert found["dashboard_url"] is None


def test_sync_stores_every_listed_media_object(sandbox: Sandbox) -> None:
    recording = sandbox.world.recordings[ZOOM]
    (video,), (events,) = recording.of("video_mixed"), recording.of("participant_events")
    video.size_bytes, video.expires_at = 140_010_262, datetime(2026, 3, 9, tzinfo=UTC)
    events.details |= {"size_bytes": "odd", "expires_at": 7}
    sandbox.add_transcript(recording.id, recording.created_at)

    sync_days([DAY])

    rows = rows_of(MediaObjects, recording)
    assert {(row["collection"], row["media_object_id"]) for row in rows} == {
        (each.collection, each.id) for each in recording.artifacts
    }
    assert len([row for row in rows if row["collection"] == "transcript"]) == 2
    (row,) = (each for each in rows if each["collection"] == "video_mixed")
    assert (row["status"], row["format"], row["size_bytes"]) == ("done", "mp4", 140_010_262)
    assert (row["created_at"], row["expires_at"]) == (video.created_at, datetime(2026, 3, 9, tzinfo=UTC))
    (row,) = (each for each in rows if each["collection"] == "participant_events")
    assert (row["status"], row["size_bytes"], row["expires_at"]) == ("done", None, None)


def test_sync_stores_the_meeting_metadata_as_listed(sandbox: Sandbox) -> None:
    recording = sandbox.world.recordings[ZOOM]
    (listed,) = recording.of("meeting_metadata")
    listed.details["data"] |= {"huddle_id": "h1", "join_url": f"https://x.example/?tk={HUSH}"}

    sync_days([DAY])

    (row,) = rows_of(MeetingMetadata, recording)
    assert (row["media_object_id"], row["status"]) == (listed.id, "done")
    assert (row["title"], row["meeting_uuid"], row["created_at"]) == ("Weekly", "u==", listed.created_at)
    assert row["data"] == {"title": "Weekly", "zoom": {"meeting_uuid": "u=="}, "huddle_id": "h1"}


# Changes at the API


def test_changed_metadata_is_stored_at_the_next_listing(sandbox: Sandbox) -> None:
    sync_days([DAY])
    first, second = sandbox.world.recordings[:2]
    before, other = context_of(first), context_of(second)
    first.metadata = {"deal": "won"}
    sandbox.world.bot(str(first.bot_id)).metadata = {"crm": "opp-9"}
    sandbox.stats.reset()

    sync_days([DAY])

    assert context_of(first) == before | {"recording_metadata": {"deal": "won"}, "bot_metadata": {"crm": "opp-9"}}
    assert context_of(second) == other
    assert sandbox.stats.retrieve_calls == 0


def test_second_sync_changes_only_the_observation_times_of_media_objects(sandbox: Sandbox, home: Path) -> None:
    sync_days([DAY])
    files = {each: each.stat().st_mtime_ns for each in (home / "raw").rglob("*.json")}
    media = [rows_of(MediaObjects, each) for each in sandbox.world.recordings]

    sync_days([DAY])

    later = [rows_of(MediaObjects, each) for each in sandbox.world.recordings]
    assert [*map(without_observed, later)] == [*map(without_observed, media)]
    for rows, former in zip(later, media, strict=True):
        assert all(row["observed_at"] > old["observed_at"] for row, old in zip(rows, former, strict=True))
    assert {each: each.stat().st_mtime_ns for each in (home / "raw").rglob("*.json")} == files


def test_media_object_that_is_no_longer_shown_becomes_deleted(sandbox: Sandbox) -> None:
    recording = sandbox.world.recordings[ZOOM]
    sync_days([DAY])
    before = without_observed(rows_of(MediaObjects, recording))
    recording.artifacts = [each for each in recording.artifacts if each.collection != "video_mixed"]

    sync_days([DAY])

    assert without_observed(rows_of(MediaObjects, recording)) == [
        row | {"status": "deleted"} if row["collection"] == "video_mixed" else row for row in before
    ]


def test_deleted_recording_keeps_its_context_and_its_media_objects_become_deleted(sandbox: Sandbox) -> None:
    recording = sandbox.world.recordings[ZOOM]
    sync_days([DAY])
    before, (metadata,) = context_of(recording), rows_of(MeetingMetadata, recording)

    sandbox.delete(recording.id)
    sync_days([DAY])

    assert context_of(recording) == before
    assert {row["status"] for row in rows_of(MediaObjects, recording)} == {"deleted"}
    (later,) = rows_of(MeetingMetadata, recording)
    assert {**later, "status": metadata["status"]} == metadata


def test_metadata_of_a_deleted_object_keeps_its_data(sandbox: Sandbox) -> None:
    recording = sandbox.world.recordings[ZOOM]
    (listed,) = recording.of("meeting_metadata")
    sync_days([DAY])
    before, (row,) = context_of(recording), rows_of(MeetingMetadata, recording)
    listed.status.code, listed.details["data"] = "deleted", {"title": None, "zoom": None}

    sync_days([DAY])

    assert rows_of(MeetingMetadata, recording) == [row | {"status": "deleted"}]
    assert context_of(recording) == before


def test_stored_bots_fill_columns_that_an_earlier_version_left_empty(sandbox: Sandbox) -> None:
    recording = sandbox.world.recordings[ZOOM]
    sync_days([DAY])
    with open_test_storage() as storage, storage.database.writing() as connection:
        empty = dict.fromkeys(NOT_IN_EARLIER_FILES | {"series_id"})
        connection.execute(RECORDINGS.update().values(empty))
        bots = table_of(Bots)
        bot = {"meeting_id": "812", "calendar_event_id": "e9"}
        connection.execute(bots.update().where(bots.c.bot_id == recording.bot_id).values(bot))
    sandbox.stats.reset()

    sync_days([DAY])

    found = context_of(recording)
    assert (found["meeting_id"], found["series_id"], found["calendar_event_id"]) == ("812", "zoom:812", "e9")
    assert sandbox.stats.retrieve_calls == 0


# Rebuilds


def test_rebuild_restores_lost_rows_without_the_api(
    sandbox: Sandbox, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync_days([DAY])
    expected = all_context(sandbox)
    with open_test_storage() as storage, storage.database.writing() as connection:
        for model in (MediaObjects, MeetingMetadata, Recordings):
            connection.execute(table_of(model).delete())

    assert rebuild_without_api(monkeypatch) == []

    assert all_context(sandbox) == expected


def test_rebuild_restores_lost_bots_with_their_status_changes(
    sandbox: Sandbox, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync_days([DAY])
    expected = all_bots()
    with open_test_storage() as storage, storage.database.writing() as connection:
        for model in (*BOTS, Recordings):
            connection.execute(table_of(model).delete())

    assert rebuild_without_api(monkeypatch) == []

    assert len(expected[0]) == 4
    assert len(expected[1]) > 4
    assert all_bots() == expected


def all_bots() -> list[list[dict[str, Any]]]:
    """Bots and status changes, without values that no file contains."""
    tables = [table_of(model) for model in BOTS]
    left_out = {"observed_at", "modified_at", "recording_count"}
    with open_test_storage() as storage, storage.database.reading() as connection:
        found = [connection.execute(each.select().order_by(*each.primary_key)).mappings().all() for each in tables]
    return [[{name: row[name] for name in row.keys() - left_out} for row in rows] for rows in found]


def test_malformed_bot_object_costs_no_other_row(sandbox: Sandbox, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sync_days([DAY])
    expected = all_context(sandbox), all_bots()
    recording = sandbox.world.recordings[ZOOM]
    file = listing_file(home, recording)
    file.write_text(json.dumps({**json.loads(file.read_text()), "bot_object": {"id": "no id"}}))
    with open_test_storage() as storage, storage.database.writing() as connection:
        for model in (*BOTS, Recordings):
            connection.execute(table_of(model).delete())

    (fault,) = rebuild_without_api(monkeypatch)

    assert f"{recording.id}: recording.json: bot_object" in fault
    assert all_context(sandbox) == expected[0]
    assert all_bots() == [[row for row in rows if row["bot_id"] != recording.bot_id] for rows in expected[1]]


def test_rebuild_fills_values_of_stored_calendar_events(
    sandbox: Sandbox, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = sandbox.world.recordings[WEBEX]
    sync_days([DAY])
    event = {"calendar_event_id": recording.id, "start_at": recording.created_at, "recurring_id": "weekly"}
    with open_test_storage() as storage, storage.database.writing() as connection:
        connection.execute(
            EVENTS.insert(),
            {**event, "bot_id": recording.bot_id, "title": "Board", "is_deleted": False, "invitee_count": 0},
        )
        connection.execute(table_of(Recordings).delete())

    assert rebuild_without_api(monkeypatch) == []

    found = context_of(recording)
    assert (found["series_id"], found["display_title"]) == ("calendar:weekly", "Board")


def test_rebuild_fills_what_the_former_version_did_not_store(
    sandbox: Sandbox, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync_days([DAY])
    expected = all_context(sandbox)
    as_former_version(sandbox, home)

    assert rebuild_without_api(monkeypatch) == []

    for (context, media), (former, former_media) in zip(all_context(sandbox), expected, strict=True):
        lost = dict.fromkeys(NOT_IN_EARLIER_FILES)
        assert context == former | lost | {"series_id": None}
        assert without_details_of_lists(media) == without_details_of_lists(former_media)


def as_former_version(sandbox: Sandbox, home: Path) -> None:
    """Leaves files and rows as the version before the context of meetings wrote them."""
    for recording in sandbox.world.recordings:
        file = listing_file(home, recording)
        listing = json.loads(file.read_text())
        kept = {name: listing["bot"][name] for name in ("bot_id", "bot_name", "platform", "scheduled_at")}
        file.write_text(json.dumps({"recording": listing["recording"], "bot": kept, "media": listing["media"]}))
    stored_before = {"bot_name", "platform", "scheduled_at", "title"}
    with open_test_storage() as storage, storage.database.writing() as connection:
        connection.execute(RECORDINGS.update().values(dict.fromkeys({*CONTEXT_COLUMNS} - stored_before)))
        for model in (MediaObjects, MeetingMetadata, *BOTS):
            connection.execute(table_of(model).delete())


def without_details_of_lists(tables: list[list[dict[str, Any]]]) -> list[Any]:
    """Media objects and metadata without the details that only lists of media objects show."""
    media, metadata = tables
    listed = {"video_separate", "audio_separate"}
    blank = dict.fromkeys(("format", "size_bytes", "expires_at"))
    return [[row | blank if row["collection"] in listed else row for row in media], metadata]


def test_rebuild_keeps_newer_values_of_the_database(
    sandbox: Sandbox, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = sandbox.world.recordings[ZOOM]
    sync_days([DAY])
    with open_test_storage() as storage, storage.database.writing() as connection:
        connection.execute(RECORDINGS.update().values(recording_metadata={"deal": "newer"}, display_title="Board"))
        connection.execute(table_of(MediaObjects).update().values(status="deleted"))

    rebuild_without_api(monkeypatch)

    found = context_of(recording)
    assert (found["recording_metadata"], found["display_title"]) == ({"deal": "newer"}, "Board")
    assert {row["status"] for row in rows_of(MediaObjects, recording)} == {"deleted"}


def test_recording_json_keeps_the_bot_object_of_the_first_sync(sandbox: Sandbox, home: Path) -> None:
    recording = sandbox.world.recordings[ZOOM]
    sync_days([DAY])
    first = json.loads(listing_file(home, recording).read_text())
    recording.metadata = {"deal": "won"}

    sync_days([DAY])

    later = json.loads(listing_file(home, recording).read_text())
    assert later["recording"]["metadata"] == {"deal": "won"}
    assert later["bot_object"] == first["bot_object"]
    assert first["bot_object"]["id"] == recording.bot_id
    assert first["bot_object"]["status_changes"]
    assert not {"recordings", "meeting_url"} & first["bot_object"].keys()


@pytest.mark.parametrize("damage", [b"", b"no JSON", b'{"recording": {}}', b'{"bot_object": 7}'])
def test_damaged_recording_json_is_replaced_at_the_next_change(sandbox: Sandbox, home: Path, damage: bytes) -> None:
    recording = sandbox.world.recordings[ZOOM]
    sync_days([DAY])
    listing_file(home, recording).write_bytes(damage)
    recording.metadata = {"deal": "won"}

    sync_days([DAY])

    assert json.loads(listing_file(home, recording).read_text())["recording"]["metadata"] == {"deal": "won"}


# Secrets


def test_passwords_and_join_tokens_are_neither_in_tables_nor_in_raw_objects(sandbox: Sandbox, home: Path) -> None:
    recording = sandbox.world.recordings[ZOOM]
    recording.metadata = {"note": f"join https://zoom.us/j/8?pwd={HUSH}", "join_token": HUSH, "password": HUSH}
    (listed,) = recording.of("meeting_metadata")
    listed.details["data"] = {"title": f"https://zoom.us/j/8?pwd={HUSH}", "meeting_url": f"https://z.example/{HUSH}"}
    bot = sandbox.world.bot(str(recording.bot_id))
    bot.meeting_url = {"platform": "zoom", "meeting_id": f"https://zoom.us/j/8?pwd={HUSH}", "meeting_password": HUSH}
    bot.calendar_meetings = [{"id": f"https://c.example/?tk={HUSH}", "deduplication_key": HUSH, "start_time": AT}]
    bot.status_changes[-1]["message"] = f"{PASSWORD}{HUSH} is not the passcode: {HUSH}"

    sync_days([DAY])

    with open_test_storage() as storage, storage.database.reading() as connection:
        tables = [table_of(model) for model in (Recordings, MediaObjects, MeetingMetadata, *BOTS)]
        stored = repr([connection.execute(table.select()).all() for table in tables])
    raw = b"".join(each.read_bytes() for each in (home / "raw").rglob("*.json"))
    assert "https://zoom.us/j/8" in stored
    assert "is not the passcode: …" in stored
    assert HUSH not in stored
    assert b"bot_object" in raw
    assert HUSH.encode() not in raw
    assert sandbox.password_marker.encode() not in raw
