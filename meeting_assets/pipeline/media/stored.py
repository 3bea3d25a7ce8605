"""The stored media files of recordings, with their places in the recording."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, func, select

from meeting_assets.artifacts.audio_separate import AudioParts
from meeting_assets.core.media_kinds import MediaKind
from meeting_assets.core.speaker_keys import UNKNOWN
from meeting_assets.schema.media_files import MediaFiles
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger_states import FETCHED

FILES, PARTS = table_of(MediaFiles).c, table_of(AudioParts).c


class StoredFile(NamedTuple):
    """A stored media file that can be read."""

    recording_id: str
    media_kind: MediaKind
    part_id: str
    """Empty for the files of whole meetings."""
    key: str
    """In the raw store."""
    sha256: str
    participant_key: str
    """Empty for the files of whole meetings."""
    participant_id: int | None
    start_s: float | None
    """The start of the file in the recording; None if the manifest states none."""


def stored_files(connection: Connection, condition: ColumnElement[bool]) -> list[StoredFile]:
    """The stored files that meet a condition on columns of `media_files`, in the order of their keys.

    Separate video has no place here: its parts are those of another manifest.
    """
    # A manifest may list a part twice; one row counts.
    parts = (
        select(
            PARTS.recording_id,
            PARTS.part_id,
            func.min(PARTS.participant_key).label("participant_key"),
            func.min(PARTS.participant_id).label("participant_id"),
            func.min(PARTS.start_s).label("start_s"),
        )
        .group_by(PARTS.recording_id, PARTS.part_id)
        .subquery()
    )
    is_part = and_(
        FILES.media_kind == MediaKind.AUDIO_SEPARATE.value,
        parts.c.recording_id == FILES.recording_id,
        parts.c.part_id == FILES.part_id,
    )
    columns = (FILES.recording_id, FILES.media_kind, FILES.part_id, FILES.key, FILES.sha256)
    query = (
        select(*columns, parts.c.participant_key, parts.c.participant_id, parts.c.start_s)
        .join(parts, is_part, isouter=True)
        .where(
            condition,
            FILES.status == FETCHED,
            FILES.key.is_not(None),
            FILES.sha256.is_not(None),
            FILES.media_kind != MediaKind.VIDEO_SEPARATE.value,
        )
    )
    found = [_stored_file(*row) for row in connection.execute(query)]
    # Sorted here: the order of texts in PostgreSQL depends on the database's locale.
    return sorted(found, key=lambda each: (each.recording_id, each.media_kind, each.part_id))


def _stored_file(
    recording_id: str,
    media_kind: str,
    part_id: str,
    key: str,
    sha256: str,
    participant_key: str | None,
    participant_id: int | None,
    start_s: float | None,
) -> StoredFile:
    kind = MediaKind(media_kind)
    is_separate = kind is MediaKind.AUDIO_SEPARATE
    return StoredFile(
        recording_id,
        kind,
        part_id,
        key,
        sha256,
        (participant_key or UNKNOWN) if is_separate else "",
        participant_id,
        start_s if is_separate else 0.0,
    )
