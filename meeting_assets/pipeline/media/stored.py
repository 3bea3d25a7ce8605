"""The stored media files of recordings, with their places in the recording."""

from __future__ import annotations

from tempfile import TemporaryFile
from typing import BinaryIO, NamedTuple, cast

from sqlalchemy import ColumnElement, Connection, and_, func, select

from meeting_assets.artifacts.audio_separate import AudioParts
from meeting_assets.core.media_kinds import MediaKind
from meeting_assets.core.speaker_keys import UNKNOWN
from meeting_assets.schema.media_files import MediaFiles
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger_states import FETCHED
from meeting_assets.store.raw import RawStore

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


def open_media(raw: RawStore, key: str) -> BinaryIO | None:
    """Opens a media file for reading, seekable and with bounded memory; None if it is not stored.

    An object is first copied to a temporary file, which vanishes when it is closed: decoders seek, and not every
    S3-compatible server serves ranges.
    """
    if folder := raw.folder:
        path = folder / key
        return raw.translated(f"give {key}", lambda: path.open("rb") if path.is_file() else None)
    if key not in raw.keys(key.rpartition("/")[0] + "/"):
        return None
    file = cast(BinaryIO, TemporaryFile())  # noqa: SIM115 - the caller closes it
    try:
        file.writelines(raw.open_media_file(key))
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return file


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
