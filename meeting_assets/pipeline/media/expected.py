"""The media files that the stored lists and manifests name: they become rows of the ledger `media_files`.

    audio_mixed, video_mixed         one file per media object of that collection
    audio_separate, video_separate   one file per part of `audio_parts` and `video_parts`

Everything is read from tables, so that files of meetings that were synced before MEETING_ASSETS_MEDIA was switched on
are found, too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, literal, null, or_, select
from sqlmodel import SQLModel

from meeting_assets.artifacts.audio_separate import AudioParts
from meeting_assets.artifacts.video_separate import VideoParts
from meeting_assets.core.media_kinds import MediaKind
from meeting_assets.pipeline.storage import Storage
from meeting_assets.schema.persistent import Recordings
from meeting_assets.store import media_ledger, tombstones
from meeting_assets.store.connections import retry_on_conflict
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger_states import PENDING
from meeting_assets.store.media_ledger import MEDIA_FILES, MediaFile
from meeting_assets.store.media_observation import DONE, OBJECTS

RECORDINGS = table_of(Recordings)
PARTS: MappingProxyType[MediaKind, type[SQLModel]] = MappingProxyType(
    {MediaKind.AUDIO_SEPARATE: AudioParts, MediaKind.VIDEO_SEPARATE: VideoParts}
)


@retry_on_conflict
def expect_files(storage: Storage, kinds: Collection[MediaKind], days: Collection[date] | None) -> None:
    """Adds new files of some kinds and days to the ledger, and updates the API's facts about waiting ones."""
    with storage.database.writing() as connection:
        files = new_files(connection, kinds, days)
        if files:
            purged = tombstones.tombstoned_until_commit(connection, {file.recording_id for file in files})
            media_ledger.expect(connection, [file for file in files if file.recording_id not in purged])


def new_files(
    connection: Connection, kinds: Collection[MediaKind], days: Collection[date] | None = None
) -> list[MediaFile]:
    """The files of some kinds and days that the ledger lacks, or shows waiting with other facts of the API."""
    return [file for kind in sorted(kinds) for file in _of_kind(connection, kind, days)]


def days_with_new_files(connection: Connection, kinds: Collection[MediaKind]) -> list[date]:
    """The days of files that the ledger lacks, or shows waiting with other facts of the API."""
    return sorted({file.day for file in new_files(connection, kinds)})


def _of_kind(connection: Connection, kind: MediaKind, days: Collection[date] | None) -> Iterator[MediaFile]:
    query = _query(kind)
    if days is not None:
        query = query.where(RECORDINGS.c.day.in_([*days]))
    for row in map(tuple, connection.execute(query)):
        recording_id, part_id, day, media_object_id, size_bytes, expires_at, participant_id, duration_s = row
        yield MediaFile(
            recording_id=recording_id,
            media_kind=kind,
            part_id=part_id,
            day=day,
            media_object_id=media_object_id,
            participant_id=participant_id,
            expected_size_bytes=size_bytes,
            expected_duration_s=duration_s,
            expires_at=expires_at,
        )


def _query(kind: MediaKind) -> Select[Any]:
    """The files that the tables name and whose rows in the ledger are missing or differ."""
    parts = table_of(PARTS[kind]) if kind in PARTS else None
    part_id = parts.c.part_id if parts is not None else literal("")
    columns = (
        OBJECTS.c.recording_id,
        part_id.label("part_id"),
        RECORDINGS.c.day,
        OBJECTS.c.media_object_id,
        OBJECTS.c.size_bytes.label("expected_size_bytes") if parts is None else null().label("no_size"),
        func.coalesce(OBJECTS.c.expires_at, RECORDINGS.c.expires_at, type_=OBJECTS.c.expires_at.type),
        parts.c.participant_id if parts is not None else literal(None).label("no_participant"),
        parts.c.duration_s if parts is not None else literal(None).label("no_duration"),
    )
    query = (
        select(*columns)
        .join(RECORDINGS, RECORDINGS.c.recording_id == OBJECTS.c.recording_id)
        .where(OBJECTS.c.collection == kind.value, OBJECTS.c.status == DONE, RECORDINGS.c.deleted_at.is_(None))
    )
    if parts is not None:
        query = query.join(parts, parts.c.recording_id == OBJECTS.c.recording_id).where(part_id.is_not(None))
    return query.where(~exists().where(_is_known(kind, part_id, columns[4], columns[5])))


def _is_known(
    kind: MediaKind, part_id: ColumnElement[str], size_bytes: ColumnElement[Any], expires_at: ColumnElement[Any]
) -> ColumnElement[bool]:
    """Whether the ledger has a file, and needs no other facts about it."""
    known = MEDIA_FILES.c
    is_row = and_(
        known.recording_id == OBJECTS.c.recording_id, known.media_kind == kind.value, known.part_id == part_id
    )
    has_same_facts = and_(
        known.media_object_id == OBJECTS.c.media_object_id,
        known.expected_size_bytes.is_not_distinct_from(size_bytes),
        known.expires_at.is_not_distinct_from(expires_at),
    )
    return and_(is_row, or_(known.status != PENDING, has_same_facts))
