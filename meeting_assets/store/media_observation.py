"""The API's states of media objects, carried over to the ledger of media files.

A waiting file becomes `failed` or `deleted` with its media object, and waits again if the API offers the object again.
A file that a download found missing also waits again if the API offers its object after that. A stored file stays
stored; `missing_since` notes that the API has deleted it.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, or_, select

from meeting_assets.schema.media_objects import MediaObjects
from meeting_assets.store.absence import CONFIRMED_AFTER
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger_states import DELETED, ENDED_AT_API, NO_ATTEMPT, PENDING
from meeting_assets.store.media_ledger import MEDIA_FILES
from meeting_assets.store.modification import update_of

OBJECTS = table_of(MediaObjects)
DONE = "done"
_FILES = MEDIA_FILES.c
_ATTEMPT = {name: value for name, value in NO_ATTEMPT.items() if name in _FILES}
_NOTHING_STORED: dict[str, Any] = dict.fromkeys(
    (
        *("key", "size_bytes", "sha256", "content_type", "container", "codec", "sample_rate_hz", "channels"),
        *("width", "height", "duration_s", "fetched_at", "error"),
    )
)


def note_api_states(connection: Connection, recording_ids: Collection[str], *, at: datetime) -> None:
    """Updates the files of some recordings after their media objects were recorded; the recordings are locked."""
    if not recording_ids:
        return
    of_recordings = _FILES.recording_id.in_(recording_ids)
    is_stored = _FILES.sha256.is_not(None)
    for status in sorted(ENDED_AT_API):
        is_waiting = and_(of_recordings, _FILES.status == PENDING, ~is_stored, _has_object(OBJECTS.c.status == status))
        connection.execute(update_of(MEDIA_FILES, is_waiting, {**_ATTEMPT, "status": status}))
    is_newer = or_(_FILES.error.is_(None), OBJECTS.c.observed_at > _FILES.modified_at)
    is_offered = _has_object(and_(OBJECTS.c.status == DONE, is_newer))
    is_ended = and_(of_recordings, _FILES.status.in_(ENDED_AT_API), ~is_stored, is_offered)
    connection.execute(update_of(MEDIA_FILES, is_ended, {**_ATTEMPT, "status": PENDING}))
    is_deleted = _has_object(OBJECTS.c.status == DELETED)
    is_gone = and_(of_recordings, is_stored, _FILES.missing_since.is_(None), is_deleted)
    connection.execute(update_of(MEDIA_FILES, is_gone, {"missing_since": at}))
    is_back = and_(of_recordings, _FILES.missing_since.is_not(None), ~is_deleted)
    connection.execute(update_of(MEDIA_FILES, is_back, {"missing_since": None}))


def confirmed_files(connection: Connection, *, at: datetime) -> list[Row[Any]]:
    """Stored files that two observations, far enough apart, found deleted: recording, kind, part, day and key."""
    columns = (_FILES.recording_id, _FILES.media_kind, _FILES.part_id, _FILES.day, _FILES.key)
    is_confirmed = and_(_FILES.missing_since <= at - CONFIRMED_AFTER, _FILES.sha256.is_not(None))
    return [*connection.execute(select(*columns).where(is_confirmed).order_by(*columns[:3]))]


def mark_purged(connection: Connection, recording_id: str, media_kind: str, part_id: str) -> None:
    """Records that a stored file was removed because the API has deleted it. `missing_since` stays."""
    is_file = and_(_FILES.recording_id == recording_id, _FILES.media_kind == media_kind, _FILES.part_id == part_id)
    connection.execute(update_of(MEDIA_FILES, is_file, {**_NOTHING_STORED, "status": DELETED}))


def _has_object(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Selects files whose media object meets a condition."""
    return (
        select(OBJECTS.c.media_object_id)
        .where(
            OBJECTS.c.recording_id == _FILES.recording_id,
            OBJECTS.c.collection == _FILES.media_kind,
            OBJECTS.c.media_object_id == _FILES.media_object_id,
            condition,
        )
        .correlate(MEDIA_FILES)
        .exists()
    )
