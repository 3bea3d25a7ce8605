"""Of two observations of a media object the one requested later counts; the order of recording them does not matter."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from sqlmodel import SQLModel

from meeting_assets.pipeline.discovered import Discovery, Found
from meeting_assets.pipeline.media_objects import mark_media_deleted, record_media
from meeting_assets.schema.media_objects import MediaObjects, MeetingMetadata
from meeting_assets.store.database import Database, schema_of, table_of
from meeting_assets.store.migrations.setup import set_up_database

pytestmark = pytest.mark.with_tables

RECORDING = "5a7062f3-bd54-4838-b296-df84f85c7b92"
VIDEO = "04530d90-6745-455a-b190-e55d463cbb2a"
OTHER = "0b85d2f9-d54a-47f6-b28d-4c63229f4035"
AT = datetime(2026, 3, 2, 14, 5, tzinfo=UTC)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database.at(database_url)
    set_up_database(database, schema_of({}))
    yield database
    database.close()


def at(second: int) -> datetime:
    return AT + timedelta(seconds=second)


def found_at(second: int, status: str = "done", **shortcuts: Any) -> Found:
    """A recording with these shortcuts, shown by a request sent at a second."""
    discovery = Discovery()
    document = {"id": RECORDING, "created_at": "2026-03-02T14:00:00Z", "media_shortcuts": shortcuts}
    discovery.add(document | {"status": {"code": status}}, None, at(second))
    return discovery.found[RECORDING]


def observe(database: Database, found: Found) -> None:
    with database.writing() as connection:
        record_media(connection, [found])


def video(code: str = "done", **fields: Any) -> dict[str, Any]:
    return {"id": VIDEO, "status": {"code": code}, **fields}


def rows(database: Database, model: type[SQLModel] = MediaObjects) -> list[dict[str, Any]]:
    table = table_of(model)
    with database.reading() as connection:
        found = connection.execute(table.select().order_by(*table.primary_key)).mappings()
        return [dict(row) for row in found]


def statuses(database: Database) -> dict[str, tuple[Any, Any]]:
    """Status and observation time of the stored objects, by id."""
    return {row["media_object_id"]: (row["status"], row["observed_at"]) for row in rows(database)}


@pytest.mark.parametrize("last", [{}, {"video_mixed": video("failed")}], ids=["missing", "failed"])
def test_latest_of_three_observations_counts_in_any_order(database: Database, last: dict[str, Any]) -> None:
    founds = [
        found_at(10, video_mixed=video("processing")),
        found_at(20, video_mixed=video("done")),
        found_at(30, **last),
    ]

    for order in permutations(founds):
        with database.writing() as connection:
            connection.execute(table_of(MediaObjects).delete())
        observe(database, found_at(0, video_mixed=video("processing")))
        for found in order:
            observe(database, found)

        assert statuses(database) == {VIDEO: ("failed" if last else "deleted", at(30))}


def test_object_of_a_list_requested_earlier_does_not_replace_a_newer_one(database: Database) -> None:
    observe(database, found_at(20, transcript=video("done")))
    discovery = Discovery(found={RECORDING: found_at(30)})
    discovery.add_media("transcript", video("processing", recording={"id": RECORDING}), at(10))

    observe(database, discovery.found[RECORDING])

    assert statuses(database) == {VIDEO: ("done", at(20))}


def test_unchanged_object_has_the_time_of_its_latest_observation(database: Database) -> None:
    for second in (10, 20):
        observe(database, found_at(second, video_mixed=video()))

    assert statuses(database) == {VIDEO: ("done", at(20))}


@pytest.mark.parametrize("by_recording", [True, False], ids=["recording", "media object"])
@pytest.mark.parametrize(("second", "status"), [(15, "done"), (25, "deleted")])
def test_deletion_counts_only_if_the_object_was_not_seen_later(
    database: Database, second: int, status: str, by_recording: bool
) -> None:
    for seen in (10, 20):
        observe(database, found_at(seen, video_mixed=video()))

    with database.writing() as connection:
        gone = ([RECORDING], []) if by_recording else ([], [VIDEO])
        mark_media_deleted(connection, *gone, at(second))

    assert statuses(database)[VIDEO][0] == status


def test_object_seen_after_its_deletion_is_restored(database: Database) -> None:
    observe(database, found_at(10, video_mixed=video()))
    observe(database, found_at(20))

    observe(database, found_at(30, video_mixed=video()))

    assert statuses(database) == {VIDEO: ("done", at(30))}


def test_older_meeting_metadata_does_not_replace_newer(database: Database) -> None:
    for second, title in ((20, "Board"), (10, "Draft")):
        observe(database, found_at(second, meeting_metadata=video(data={"title": title})))

    (row,) = rows(database, MeetingMetadata)
    assert (row["title"], row["data"]) == ("Board", {"title": "Board"})


# Missing objects


@pytest.mark.parametrize("odd", [7, True, "odd", [], {}, {"id": None}, {"id": 7}, {"id": "odd"}], ids=repr)
def test_unreadable_shortcut_leaves_the_objects_of_its_collection_unchanged(database: Database, odd: Any) -> None:
    audio = video() | {"id": OTHER}
    observe(database, found_at(10, video_mixed=video(), audio_mixed=audio))

    observe(database, found_at(20, video_mixed=odd))

    assert statuses(database) == {VIDEO: ("done", at(10)), OTHER: ("deleted", at(20))}


@pytest.mark.parametrize("shortcuts", [{}, {"video_mixed": None}, {"video_mixed": video() | {"id": OTHER}}], ids=repr)
def test_object_that_a_readable_recording_does_not_show_becomes_deleted(
    database: Database, shortcuts: dict[str, Any]
) -> None:
    observe(database, found_at(10, video_mixed=video()))

    observe(database, found_at(20, **shortcuts))

    assert statuses(database)[VIDEO] == ("deleted", at(20))


def test_objects_of_a_deleted_recording_are_deleted_whatever_its_shortcuts_show(database: Database) -> None:
    observe(database, found_at(10, video_mixed=video()))

    observe(database, found_at(20, "deleted", video_mixed="odd"))

    assert statuses(database) == {VIDEO: ("deleted", at(20))}
