"""`status` shows what Recall.ai stores, until when, and what its storage costs."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import asdict
from rich.console import Console
from sqlalchemy import true

from meeting_assets.cli.documents.status import status_document
from meeting_assets.console import print_status
from meeting_assets.health.status import Status
from meeting_assets.health.stored_at_api import StoragePrice, StoredAtApi, stored_at_api
from meeting_assets.pipeline.media_objects import MEDIA
from meeting_assets.sandbox.world import identifier
from meeting_assets.store.ledger import RECORDINGS
from meeting_assets_tests.support.environments import open_test_storage

pytestmark = pytest.mark.with_tables

AT = datetime(2026, 3, 20, 12, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
PRICE = StoragePrice(0.05, 7)


@pytest.fixture(autouse=True)
def _database(database_url: str) -> None:
    """Every test runs on both databases."""


def recording(name: str, *, age: timedelta, duration_s: float | None, **values: Any) -> dict[str, Any]:
    """A finished recording that ended a time ago; without a duration it has not ended."""
    completed_at = AT - age if duration_s is not None else None
    row = dict.fromkeys(RECORDINGS.c.keys()) | {
        "recording_id": identifier("recording", name),
        "status": "done",
        "created_at": AT - age,
        "day": (AT - age).date(),
        "completed_at": completed_at,
        "duration_s": duration_s,
    }
    return row | values


def medium(of: str, name: str, **values: Any) -> dict[str, Any]:
    key = {"recording_id": identifier("recording", of), "media_object_id": identifier("medium", name)}
    return dict.fromkeys(MEDIA.c.keys()) | key | {"collection": "video_mixed", "status": "done"} | values


def stored(recordings: Sequence[dict[str, Any]], media: Sequence[dict[str, Any]] = ()) -> StoredAtApi:
    with open_test_storage() as storage, storage.database.writing() as connection:
        if recordings:
            connection.execute(RECORDINGS.insert(), recordings)
        if media:
            connection.execute(MEDIA.insert(), media)
        return stored_at_api(connection, true(), AT, PRICE)


def test_hours_beyond_the_free_days_cost_their_price() -> None:
    found = stored(
        [
            recording("free", age=7 * DAY, duration_s=3600),
            recording("paid", age=7 * DAY + HOUR, duration_s=5400),
            recording("old", age=90 * DAY, duration_s=1800),
        ]
    )

    # 1 h free, 1.5 h + 0.5 h paid; 2 h x 0.05 = 0.10 per 30 days.
    assert (found.recordings, found.media_hours, found.paid_hours) == (3, 3.0, 2.0)
    assert found.monthly_cost == pytest.approx(0.10)


def test_short_recordings_are_padded_to_ten_seconds() -> None:
    found = stored([recording(f"short {n}", age=8 * DAY, duration_s=2.5) for n in range(36)])

    # 36 x 10 s = 360 s = 0.1 h.
    assert found.media_hours == pytest.approx(0.1)
    assert found.paid_hours == pytest.approx(0.1)


@pytest.mark.parametrize(
    "values",
    [
        {"status": "deleted"},
        {"deleted_at": AT - DAY},
        {"missing_since": AT - DAY},
        {"expires_at": AT},
        {"expires_at": AT - DAY},
        {"duration_s": None},
    ],
)
def test_deleted_expired_and_unfinished_recordings_do_not_count(values: dict[str, Any]) -> None:
    gone = recording("gone", age=9 * DAY, duration_s=3600) | values
    media = [medium("gone", "video", size_bytes=5_000, expires_at=AT + DAY)]

    assert stored([gone], media) == StoredAtApi()


def test_recording_whose_media_are_all_deleted_or_expired_does_not_count() -> None:
    media = [
        medium("gone", "video", status="deleted", size_bytes=5_000),
        medium("gone", "audio", expires_at=AT - DAY, size_bytes=7_000),
    ]

    assert stored([recording("gone", age=9 * DAY, duration_s=3600)], media) == StoredAtApi()


def test_first_expiry_is_that_of_a_recording_or_of_one_of_its_media() -> None:
    recordings = [
        recording("soon", age=DAY, duration_s=60, expires_at=AT + 7 * DAY),
        recording("later", age=DAY, duration_s=60, expires_at=AT + 7 * DAY + HOUR),
        recording("medium soon", age=DAY, duration_s=60),
        recording("never", age=DAY, duration_s=60),
    ]
    media = [medium("medium soon", "video", expires_at=AT + 2 * DAY), medium("medium soon", "other")]

    found = stored(recordings, media)

    assert (found.earliest_expiry, found.expiring_soon) == (AT + 2 * DAY, 2)


def test_known_sizes_of_stored_media_are_added() -> None:
    media = [
        medium("first", "video", size_bytes=140_010_262),
        medium("first", "audio", size_bytes=1_000),
        medium("first", "transcript"),
        medium("first", "deleted", status="deleted", size_bytes=999),
        medium("first", "unknown status", status=None, size_bytes=8),
    ]

    found = stored([recording("first", age=DAY, duration_s=60), recording("second", age=DAY, duration_s=60)], media)

    assert found.size_bytes == 140_011_270


def test_status_of_an_empty_database_names_no_recordings_at_the_api() -> None:
    assert stored([]) == StoredAtApi()
    assert "Recall.ai stores" not in printed(StoredAtApi())


def printed(found: StoredAtApi) -> str:
    console = Console(file=io.StringIO(), width=200)
    print_status(console, Status(stored_at_api=found, price=PRICE), "All days")
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_status_prints_hours_expiry_and_cost() -> None:
    text = printed(StoredAtApi(12, 34.56, 2_340_000_000, AT, 3, 25.04, 1.252))

    assert "Recall.ai stores 12 recordings, 34.6 media hours, at least 2.3 GB." in text
    assert "The first expires at 2026-03-20 12:00 UTC, 3 within 7 days." in text
    assert "25.0 of these hours are older than 7 free days." in text
    assert "Their storage costs about 1.25 per 30 days, at 0.05 an hour." in text


def test_status_as_json_has_stable_keys() -> None:
    document = status_document(Status(stored_at_api=StoredAtApi(2, 1 / 3, None, AT, 1, 0.25, 0.0125)))

    assert asdict(document.stored_at_recall_ai) == {
        "recording_count": 2,
        "media_hours": 0.333,
        "size_bytes": None,
        "earliest_expires_at": "2026-03-20T12:00:00.000000Z",
        "expiring_within_7_days": 1,
        "hours_beyond_free_storage": 0.25,
        "monthly_storage_cost": 0.01,
    }
