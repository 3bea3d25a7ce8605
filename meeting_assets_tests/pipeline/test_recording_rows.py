"""Rows of recordings: the context of a meeting on every platform, from every source, and from odd objects."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from meeting_assets.pipeline.discovered import Discovery
from meeting_assets.pipeline.recording_rows import CONTEXT_COLUMNS, recording_row
from meeting_assets.recall.objects import BOT_COLUMNS, Bot, decode_object
from meeting_assets.schema.persistent import Recordings
from meeting_assets.store.database import table_of

ID = "5a7062f3-bd54-4838-b296-df84f85c7b92"
BOT_ID = "6e1f5adb-3340-4f50-900d-9aa2cdc53d6c"
OTHER = "0b85d2f9-d54a-47f6-b28d-4c63229f4035"
AT = datetime(2026, 3, 2, 14, 5, tzinfo=UTC)
SCHEDULED, ENDING, LATER = "2026-03-02T14:00:00Z", "2026-03-02T15:00:00Z", "2026-03-02T16:00:00Z"

RECORDING: dict[str, Any] = {
    "id": ID,
    "created_at": "2026-03-02T14:00:07.5Z",
    "status": {"code": "done"},
    "bot": {"id": BOT_ID, "metadata": {"crm": "opp-7"}},
    "metadata": {"deal": "42"},
    "media_shortcuts": {
        "meeting_metadata": {"id": OTHER, "data": {"title": "Weekly", "zoom": {"meeting_uuid": "u=="}}}
    },
}
BOT: dict[str, Any] = {
    "id": BOT_ID,
    "bot_name": "Notes",
    "meeting_url": {"meeting_id": "81234567890", "meeting_password": "hush", "platform": "zoom"},
    "join_at": SCHEDULED,
    "metadata": {"crm": "opp-6"},
    "calendar_meetings": [
        {"id": "later", "start_time": LATER, "end_time": LATER, "calendar_user": {"id": "other"}},
        {"id": "event", "start_time": SCHEDULED, "end_time": ENDING, "calendar_user": {"id": "user"}},
    ],
}


def row_of(
    recording: dict[str, Any] = RECORDING,
    bot: dict[str, Any] | None = BOT,
    before: dict[str, Any] | None = None,
    **options: Any,
) -> dict[str, Any]:
    """The row after a discovery of a recording and its bot."""
    discovery = Discovery()
    discovery.add(recording, None)
    (found,) = discovery.found.values()
    found.bot = decode_object(bot, Bot, "bot") if bot is not None else None
    found.observed_at = AT
    return recording_row(found, before or {}, AT, **options)


def with_metadata(**data: Any) -> dict[str, Any]:
    return RECORDING | {"media_shortcuts": {"meeting_metadata": {"id": OTHER, "data": data}}}


def test_all_columns_of_the_context_are_filled() -> None:
    row = row_of(origin="https://eu-central-1.recall.ai")

    assert {name: row[name] for name in CONTEXT_COLUMNS} == {
        "bot_name": "Notes",
        "platform": "zoom",
        "meeting_id": "81234567890",
        "bot_metadata": {"crm": "opp-7"},
        "join_at": datetime(2026, 3, 2, 14, tzinfo=UTC),
        "scheduled_at": datetime(2026, 3, 2, 14, tzinfo=UTC),
        "scheduled_end_at": datetime(2026, 3, 2, 15, tzinfo=UTC),
        "calendar_event_id": "event",
        "calendar_user_id": "user",
        "title": "Weekly",
        "meeting_uuid": "u==",
        "source": "bot",
        "recording_metadata": {"deal": "42"},
        "series_id": "zoom:81234567890",
        "display_title": "Weekly",
        "dashboard_url": f"https://eu-central-1.recall.ai/dashboard/explorer/bot/{BOT_ID}",
    }


def test_row_has_every_column_that_a_listing_determines() -> None:
    by_others = {"listing_sha256", "missing_since", "modified_at"}

    assert row_of().keys() == {*table_of(Recordings).columns.keys()} - by_others


@pytest.mark.parametrize(
    ("url", "meeting_id"),
    [
        ({"platform": "zoom", "meeting_id": "812", "meeting_password": "hush"}, "812"),
        ({"platform": "zoom", "meeting_id": 812}, "812"),
        ({"platform": "google_meet", "meeting_id": "abc-defg-hij"}, "abc-defg-hij"),
        ({"platform": "goto_meeting", "meeting_id": "998877"}, "998877"),
        ({"platform": "microsoft_teams", "meeting_id": "2345", "thread_id": "19:meeting_x@thread.v2"}, "2345"),
        ({"platform": "microsoft_teams", "meeting_id": None, "business_meeting_id": "77"}, "77"),
        ({"platform": "microsoft_teams", "thread_id": "19:meeting_x@thread.v2"}, "19:meeting_x@thread.v2"),
        ({"platform": "webex", "meeting_subdomain": "acme", "meeting_mtid": "hush1"}, "eb011f9cf19b1b8f"),
        ({"platform": "webex", "meeting_subdomain": "acme", "meeting_path": "meet/ann"}, "acme/meet/ann"),
        ({"platform": "webex", "meeting_subdomain": "acme", "meeting_path": "acme/j.php/hush"}, "f4ff8eda8dd5c7d0"),
        ({"platform": "webex", "meeting_subdomain": "acme"}, None),
        ({"platform": "slack_huddle_observer"}, None),
        ({"platform": "zoom", "meeting_id": "https://zoom.us/j/812?pwd=hush"}, None),
        ({"platform": "zoom", "meeting_id": "812?tk=hush"}, None),
        ({"platform": "webex", "meeting_subdomain": "acme", "meeting_path": "j.php?MTID=hush"}, None),
        ({"platform": "zoom", "meeting_id": {"hush": 1}}, None),
        ({"platform": "zoom", "meeting_id": True}, None),
    ],
)
def test_meeting_id_is_that_of_the_platform_and_never_a_url(url: dict[str, Any], meeting_id: str | None) -> None:
    row = row_of(bot=BOT | {"meeting_url": url})

    assert (row["platform"], row["meeting_id"]) == (url["platform"], meeting_id)
    assert row["series_id"] == (meeting_id and f"{url['platform']}:{meeting_id}")
    assert "hush" not in repr(row)


@pytest.mark.parametrize(
    ("change", "source", "bot_id"),
    [
        ({}, "bot", BOT_ID),
        ({"bot": None, "source": {"bot": {"id": BOT_ID}}}, "bot", BOT_ID),
        ({"bot": None, "desktop_sdk_upload": {"id": OTHER, "metadata": {}}}, "desktop_sdk", None),
        ({"bot": None, "mobile_sdk_upload": {"id": OTHER}}, "mobile_sdk", None),
        ({"bot": None, "meeting_direct_connect": {"id": OTHER}}, "direct_connect", None),
        ({"bot": None, "desktop_sdk_upload": None}, None, None),
        ({"bot": None, "desktop_sdk_upload": "odd", "hologram": {"id": OTHER}}, None, None),
    ],
)
def test_source_is_the_object_that_the_recording_shows(
    change: dict[str, Any], source: str | None, bot_id: str | None
) -> None:
    row = row_of(RECORDING | change, None, origin="https://us-east-1.recall.ai")

    assert (row["source"], row["bot_id"]) == (source, bot_id)
    assert (row["dashboard_url"] is None) == (bot_id is None)
    assert row["recording_metadata"] == {"deal": "42"}


@pytest.mark.parametrize(
    ("data", "platform", "display_title"),
    [
        ({"title": "Weekly"}, "zoom", "Weekly"),
        ({"title": "abc-defg-hij"}, "google_meet", "google meet meeting of 2026-03-02 14:00 UTC"),
        ({"title": "ABC-defg-hij"}, "google_meet", "google meet meeting of 2026-03-02 14:00 UTC"),
        ({"title": "81234567890"}, "zoom", "zoom meeting of 2026-03-02 14:00 UTC"),
        ({"title": " "}, "webex", "webex meeting of 2026-03-02 14:00 UTC"),
        ({"title": None}, "microsoft_teams", "microsoft teams meeting of 2026-03-02 14:00 UTC"),
        ({"title": 7}, "zoom", "zoom meeting of 2026-03-02 14:00 UTC"),
        ({}, None, "meeting of 2026-03-02 14:00 UTC"),
        ({"title": "See https://zoom.us/j/8?pwd=hush"}, "zoom", "See https://zoom.us/j/8"),
    ],
)
def test_display_title_replaces_a_title_that_says_nothing(
    data: dict[str, Any], platform: str | None, display_title: str
) -> None:
    url = {"platform": platform, "meeting_id": "81234567890"}

    row = row_of(with_metadata(**data), BOT | {"meeting_url": url})

    assert row["display_title"] == display_title
    assert "hush" not in repr(row)


def test_substitute_follows_the_platform_and_a_title_from_the_calendar_stays() -> None:
    untitled = with_metadata(title=None)
    first = row_of(untitled, None)
    with_bot = row_of(untitled, BOT, first)
    from_calendar = with_bot | {"display_title": "Board meeting", "series_id": "calendar:r1"}

    again = row_of(untitled, None, from_calendar)
    titled = row_of(RECORDING, None, from_calendar)

    assert first["display_title"] == "meeting of 2026-03-02 14:00 UTC"
    assert with_bot["display_title"] == "zoom meeting of 2026-03-02 14:00 UTC"
    assert (again["display_title"], again["series_id"]) == ("Board meeting", "calendar:r1")
    assert titled["display_title"] == "Weekly"


def test_zoom_uuid_of_2024_is_read() -> None:
    assert row_of(with_metadata(zoom_meeting_uuid="old=="))["meeting_uuid"] == "old=="


@pytest.mark.parametrize(
    ("origin", "has_page"),
    [
        ("https://us-west-2.recall.ai", True),
        ("http://127.0.0.1", False),
        ("https://recall-proxy.example", False),
        ("https://us-west-2.recall.ai.example", False),
        (None, False),
    ],
)
def test_only_a_region_of_recall_ai_has_a_dashboard(origin: str | None, has_page: bool) -> None:
    assert (row_of(origin=origin)["dashboard_url"] is not None) == has_page


# Retaining


def test_without_a_bot_object_its_columns_keep_their_values() -> None:
    before = row_of(origin="https://us-west-2.recall.ai")

    later = row_of(RECORDING | {"bot": None}, None, before)

    kept = ("bot_id", *BOT_COLUMNS, "series_id", "dashboard_url", "source")
    assert {name: later[name] for name in kept} == {name: before[name] for name in kept}


def test_what_the_api_clears_keeps_its_value() -> None:
    before = row_of()

    later = row_of(with_metadata(title=None), {"id": BOT_ID, "bot_name": "Notes"}, before)

    names = [name for name in CONTEXT_COLUMNS if name != "dashboard_url"]
    assert {name: later[name] for name in names} == {name: before[name] for name in names}


def test_changed_metadata_replaces_the_former_also_if_it_is_empty() -> None:
    before = row_of()
    changed = RECORDING | {"metadata": {"deal": "43"}, "bot": {"id": BOT_ID, "metadata": {}}}

    row = row_of(changed, None, before)

    assert (row["recording_metadata"], row["bot_metadata"]) == ({"deal": "43"}, {})


def test_metadata_of_the_bot_object_counts_if_the_recording_does_not_show_it() -> None:
    assert row_of(RECORDING | {"bot": {"id": BOT_ID}})["bot_metadata"] == {"crm": "opp-6"}


def test_stored_bot_fills_only_what_is_missing() -> None:
    stored = {"platform": "webex", "meeting_id": "m1", "join_at": AT, "bot_name": "Other"}

    fresh = row_of(RECORDING, None, stored_bot=stored)
    known = row_of(RECORDING, None, {"platform": "zoom", "bot_name": "Notes"}, stored_bot=stored)

    assert (fresh["platform"], fresh["meeting_id"], fresh["bot_name"]) == ("webex", "m1", "Other")
    assert (known["platform"], known["meeting_id"], known["bot_name"]) == ("zoom", "m1", "Notes")


# Odd objects

ODD: list[Any] = [None, 7, "odd", True, [], [7], {"odd": 7}, {}]


@pytest.mark.parametrize("value", ODD, ids=repr)
@pytest.mark.parametrize("field", ["meeting_url", "join_at", "metadata", "calendar_meetings"])
def test_odd_field_of_a_bot_costs_only_its_own_columns(field: str, value: Any) -> None:
    own = {
        "meeting_url": {"platform", "meeting_id", "series_id"},
        "join_at": {"join_at"},
        "metadata": {"bot_metadata"},
        "calendar_meetings": {"scheduled_at", "scheduled_end_at", "calendar_event_id", "calendar_user_id"},
    }[field]
    recording = RECORDING | {"bot": {"id": BOT_ID}}
    expected = row_of(recording)

    row = row_of(recording, BOT | {field: value})

    assert {name for name in row if row[name] != expected[name]} <= own


@pytest.mark.parametrize("value", ODD, ids=repr)
@pytest.mark.parametrize("field", ["start_time", "end_time", "id", "calendar_user"])
def test_odd_field_of_a_calendar_meeting_costs_only_its_own_column(field: str, value: Any) -> None:
    own = {
        "start_time": "scheduled_at",
        "end_time": "scheduled_end_at",
        "id": "calendar_event_id",
        "calendar_user": "calendar_user_id",
    }[field]
    meeting = BOT["calendar_meetings"][1]
    expected = row_of(bot=BOT | {"calendar_meetings": [meeting]})

    row = row_of(bot=BOT | {"calendar_meetings": [meeting | {field: value}]})

    assert {name for name in row if row[name] != expected[name]} - {own} == set()


@pytest.mark.parametrize("value", ODD, ids=repr)
@pytest.mark.parametrize("field", ["metadata", "desktop_sdk_upload", "meeting_direct_connect"])
def test_odd_field_of_a_recording_costs_only_its_own_column(field: str, value: Any) -> None:
    expected = row_of()

    row = row_of(RECORDING | {field: value})

    assert {name for name in row if row[name] != expected[name]} <= {"recording_metadata"}


@pytest.mark.parametrize("value", [*ODD, {"id": 7, "data": []}, {"id": OTHER, "data": "odd"}], ids=repr)
def test_odd_meeting_metadata_costs_only_the_title(value: Any) -> None:
    row = row_of(RECORDING | {"media_shortcuts": {"meeting_metadata": value}})

    assert (row["title"], row["meeting_uuid"]) == (None, None)
    assert row["meeting_id"] == "81234567890"


def test_metadata_is_kept_without_secrets() -> None:
    metadata = {
        "link": "https://crm.example/d?token=hush",
        "api_key": "hush",
        "deal": "42",
        "nested": {"password": "hush"},
    }

    row = row_of(RECORDING | {"metadata": metadata, "bot": {"id": BOT_ID, "metadata": metadata}})

    expected = {"deal": "42", "link": "https://crm.example/d", "nested": {}}
    assert (row["recording_metadata"], row["bot_metadata"]) == (expected, expected)
