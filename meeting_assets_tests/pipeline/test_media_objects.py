"""Rows of media objects: any field may be missing or odd, and an object without a usable id has no row."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from meeting_assets.pipeline.discovered import Discovery, Found
from meeting_assets.pipeline.media_objects import MAX_SIZE_BYTES, media_object_rows, meeting_metadata_rows

ID = "5a7062f3-bd54-4838-b296-df84f85c7b92"
VIDEO = "04530d90-6745-455a-b190-e55d463cbb2a"
OTHER = "0b85d2f9-d54a-47f6-b28d-4c63229f4035"
AT = datetime(2026, 3, 2, 14, 5, tzinfo=UTC)
EXPIRES_AT = datetime(2026, 3, 9, tzinfo=UTC)
LISTED: dict[str, Any] = {
    "id": VIDEO,
    "created_at": "2026-03-02T14:05:00Z",
    "expires_at": "2026-03-09T00:00:00Z",
    "status": {"code": "done", "sub_code": None},
    "data": {"download_url": "https://host/video.mp4?Signature=hush"},
    "format": "mp4",
    "size_bytes": 140_010_262,
}
ODD: list[Any] = [None, "odd", True, -1, 2**63, 1.5, [], {"odd": 7}]


def found_with(**shortcuts: Any) -> Found:
    """A discovered recording with these media objects."""
    discovery = Discovery()
    document = {"id": ID, "created_at": "2026-03-02T14:00:00Z", "media_shortcuts": shortcuts}
    discovery.add(document, None, AT)
    (found,) = discovery.found.values()
    return found


def test_row_has_what_the_api_states() -> None:
    (row,) = media_object_rows(found_with(video_mixed=LISTED))

    assert row == {
        "recording_id": ID,
        "collection": "video_mixed",
        "media_object_id": VIDEO,
        "status": "done",
        "sub_code": None,
        "format": "mp4",
        "size_bytes": 140_010_262,
        "created_at": AT,
        "expires_at": EXPIRES_AT,
        "observed_at": AT,
    }


@pytest.mark.parametrize("value", ODD, ids=repr)
@pytest.mark.parametrize("field", ["size_bytes", "expires_at", "created_at", "format", "status", "data"])
def test_odd_field_costs_only_its_own_column(field: str, value: Any) -> None:
    expected = media_object_rows(found_with(video_mixed=LISTED))[0]

    (row,) = media_object_rows(found_with(video_mixed=LISTED | {field: value}))

    assert {name for name in row if row[name] != expected[name]} <= {field}
    assert field in {"data", "format"} or row[field] is None


@pytest.mark.parametrize("size", [0, 1, MAX_SIZE_BYTES])
def test_every_storable_size_is_stored(size: int) -> None:
    assert media_object_rows(found_with(audio_mixed=LISTED | {"size_bytes": size}))[0]["size_bytes"] == size


@pytest.mark.parametrize("odd", [None, 7, "odd", [], {}, {"id": None}, {"id": 7}, {"id": "odd"}], ids=repr)
def test_object_without_a_usable_id_has_no_row_and_affects_no_other(odd: Any) -> None:
    found = found_with(video_mixed=LISTED, audio_mixed=odd, hologram=odd, meeting_metadata=odd)

    assert [row["collection"] for row in media_object_rows(found)] == ["video_mixed"]
    assert meeting_metadata_rows(found) == []


def test_collections_of_later_versions_are_stored() -> None:
    assert media_object_rows(found_with(hologram={"id": VIDEO.upper()}))[0]["collection"] == "hologram"


def test_object_of_a_list_replaces_the_shortcut_to_it() -> None:
    found = found_with(transcript={"id": VIDEO, "status": {"code": "processing"}})
    discovery = Discovery(found={ID: found})
    for media_id, code in ((VIDEO, "done"), (OTHER, "failed")):
        listed = {"id": media_id, "recording": {"id": ID}, "status": {"code": code, "sub_code": "why"}}
        discovery.add_media("transcript", listed, EXPIRES_AT)

    rows = {row["media_object_id"]: row for row in media_object_rows(found)}

    assert {media_id: row["status"] for media_id, row in rows.items()} == {VIDEO: "done", OTHER: "failed"}
    assert rows[OTHER]["sub_code"] == "why"
    assert {row["observed_at"] for row in rows.values()} == {EXPIRES_AT}


@pytest.mark.parametrize("data", [None, 7, "odd", [], {}], ids=repr)
def test_metadata_object_without_data_has_a_row_without_values(data: Any) -> None:
    (row,) = meeting_metadata_rows(found_with(meeting_metadata=LISTED | {"data": data}))

    assert (row["media_object_id"], row["status"], row["created_at"]) == (VIDEO, "done", AT)
    assert (row["title"], row["meeting_uuid"], row["data"]) == (None, None, None)


def test_rows_contain_no_secret() -> None:
    link = "https://zoom.us/j/8?pwd=hush"
    odd = LISTED | {"format": link, "status": {"code": link, "sub_code": link}, "data": {"title": link, "pwd": "hush"}}
    found = found_with(video_mixed=odd, meeting_metadata=odd)

    rows = [*media_object_rows(found), *meeting_metadata_rows(found)]

    assert "https://zoom.us/j/8" in repr(rows)
    assert "hush" not in repr(rows)
