"""Rows of `media_objects` and `meeting_metadata`: the media objects that Recall.ai stores for a recording.

Any field of a media object may be missing or invalid and is NULL then; without an id there is no row. URLs are not
stored. Each object has its own observation time: of two runs, the one that requested the object later counts.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, or_
from sqlmodel import SQLModel

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.core.ids import uuid_of
from meeting_assets.pipeline.discovered import Found
from meeting_assets.pipeline.recording_rows import (
    listed_meeting_metadata,
    mapping_in,
    meeting_uuid_in,
    title_in,
)
from meeting_assets.recall.objects import DELETED, instant_of, text_of, without_secrets
from meeting_assets.schema.media_objects import MediaObjects, MeetingMetadata
from meeting_assets.store.database import insert_into, table_of, upsert
from meeting_assets.store.ledger import not_observed_after
from meeting_assets.store.ledger_states import is_overtaken
from meeting_assets.store.modification import BOOKKEEPING

MEDIA = table_of(MediaObjects)
METADATA = table_of(MeetingMetadata)
OF_METADATA = "meeting_metadata"
"""The collection of metadata objects."""
NOT_LISTED = frozenset({"recording_id", *BOOKKEEPING})
"""Columns that recording.json does not repeat."""
MAX_SIZE_BYTES = 2**63 - 1
_LISTED = frozenset(artifact.collection for artifact in ARTIFACTS.values() if artifact.is_listed)
"""Collections with lists of their own. A recording's shortcut shows only one of their objects."""

Key = tuple[Any, ...]
Rows = dict[Key, dict[str, Any]]
"""Rows by primary key."""


def media_object_rows(found: Found) -> list[dict[str, Any]]:
    """Rows of all media objects that a discovery shows: of the recording's shortcuts and of lists of their own."""
    objects: dict[tuple[str, str], Mapping[str, Any]] = {}
    for collection, document in mapping_in(found.listed, "media_shortcuts").items():
        if isinstance(document, Mapping) and (media_id := uuid_of(document.get("id"))) is not None:
            objects[collection, media_id] = document
    objects |= found.listed_media
    return [
        _media_object_row(found, collection, media_id, objects[collection, media_id])
        for collection, media_id in sorted(objects)
    ]


def meeting_metadata_rows(found: Found) -> list[dict[str, Any]]:
    """The row of the metadata object that the recording shows; no row if it shows none."""
    document = listed_meeting_metadata(found.listed)
    media_id = uuid_of(document.get("id"))
    if media_id is None:
        return []
    data = mapping_in(document, "data")
    row = {
        "recording_id": found.recording_id,
        "media_object_id": media_id,
        "status": text_of(mapping_in(document, "status").get("code")),
        "created_at": instant_of(document.get("created_at")),
        "title": title_in(data),
        "meeting_uuid": meeting_uuid_in(data),
        "data": without_secrets(data) if data else None,
    }
    return [row]


def record_media(connection: Connection, founds: Sequence[Found]) -> None:
    """Writes the media objects and meeting metadata of recordings whose rows this transaction has locked.

    Objects that the recordings no longer show become `deleted`; their metadata stays. Objects that another run observed
    later are left unchanged, whether this discovery shows them or not.
    """
    ids = [found.recording_id for found in founds]
    before = _stored(connection, MEDIA, ids)
    rows = _by_key(MEDIA, [row for found in founds for row in media_object_rows(found)])
    by_id = {found.recording_id: found for found in founds}
    for key, row in before.items():
        found = by_id[row["recording_id"]]
        if key not in rows and _is_gone(found, row["collection"]):
            rows[key] = {**row, "status": DELETED, "observed_at": found.observed_at}
    overtaken = {key for key in rows if key in before and _is_overtaken(rows[key], before[key])}
    # Unchanged rows too: their observation time protects them from older observations.
    upsert(connection, MediaObjects, [rows[key] for key in sorted(rows) if key not in overtaken])
    _record_metadata(connection, founds, overtaken)


def mark_media_deleted(
    connection: Connection, recording_ids: Collection[str], media_ids: Collection[str], observed_at: datetime
) -> None:
    """Records that the API deleted all media objects of some recordings, and some media objects of others."""
    is_gone = or_(MEDIA.c.recording_id.in_(recording_ids), MEDIA.c.media_object_id.in_(media_ids))
    is_newer = not_observed_after(MEDIA, observed_at)
    connection.execute(MEDIA.update().where(is_gone, is_newer).values(status=DELETED, observed_at=observed_at))


def restore_media(
    connection: Connection, media: Sequence[Mapping[str, Any]], metadata: Sequence[Mapping[str, Any]]
) -> None:
    """Adds missing rows; existing ones stay."""
    for table, rows in ((MEDIA, media), (METADATA, metadata)):
        if rows:
            blank = dict.fromkeys(table.c.keys())
            connection.execute(
                insert_into(connection, table).on_conflict_do_nothing(), [{**blank, **row} for row in rows]
            )


def media_by_recording(
    connection: Connection, model: type[SQLModel], recording_ids: Collection[str]
) -> dict[str, list[dict[str, Any]]]:
    """Rows of a table of media objects as recording.json contains them, by recording and in a fixed order."""
    stored = _stored(connection, table_of(model), recording_ids)
    by_recording: dict[str, list[dict[str, Any]]] = {each: [] for each in recording_ids}
    for key in sorted(stored):
        row = stored[key]
        by_recording[row["recording_id"]].append({name: row[name] for name in row if name not in NOT_LISTED})
    return by_recording


def _record_metadata(connection: Connection, founds: Sequence[Found], overtaken: Collection[Key]) -> None:
    """Writes changed meeting metadata, without that of `overtaken` media objects."""
    before = _stored(connection, METADATA, [found.recording_id for found in founds])
    shown = _by_key(METADATA, [row for found in founds for row in meeting_metadata_rows(found)])
    rows = {key: _with_former_data(row, before.get(key)) for key, row in shown.items()}
    changed = [
        rows[recording_id, media_id]
        for recording_id, media_id in sorted(rows)
        if (recording_id, OF_METADATA, media_id) not in overtaken
        and rows[recording_id, media_id] != before.get((recording_id, media_id))
    ]
    upsert(connection, MeetingMetadata, changed)


def _is_overtaken(row: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    return is_overtaken(row["observed_at"], before["observed_at"])


def _is_gone(found: Found, collection: str) -> bool:
    """True if a media object that a discovery does not show must be deleted at the API.

    A shortcut without a usable id may be the missing object, so it leaves the collection's objects unchanged.
    """
    if found.recording.status.code == DELETED:
        return True
    shortcuts = found.listed.get("media_shortcuts")
    if collection in _LISTED or not isinstance(shortcuts, Mapping):
        return False
    shortcut = shortcuts.get(collection)
    return shortcut is None or (isinstance(shortcut, Mapping) and uuid_of(shortcut.get("id")) is not None)


def _media_object_row(found: Found, collection: str, media_id: str, document: Mapping[str, Any]) -> dict[str, Any]:
    status = mapping_in(document, "status")
    size = document.get("size_bytes")
    is_size = isinstance(size, int) and not isinstance(size, bool) and 0 <= size <= MAX_SIZE_BYTES
    return {
        "recording_id": found.recording_id,
        "collection": collection,
        "media_object_id": media_id,
        "status": text_of(status.get("code")),
        "sub_code": text_of(status.get("sub_code")),
        "format": text_of(document.get("format")),
        "size_bytes": size if is_size else None,
        "created_at": instant_of(document.get("created_at")),
        "expires_at": instant_of(document.get("expires_at")),
        "observed_at": found.media_requested_at.get(media_id, found.observed_at),
    }


def _with_former_data(row: dict[str, Any], former: Mapping[str, Any] | None) -> dict[str, Any]:
    """The row with the former values of those columns that the API no longer shows, as after a deletion."""
    if former is None:
        return row
    kept = {name: former[name] for name in ("created_at", "title", "meeting_uuid") if row[name] is None}
    has_data = any(value is not None for value in (row["data"] or {}).values())
    return row | kept | ({} if has_data else {"data": former["data"]})


def _stored(connection: Connection, table: Table, recording_ids: Collection[str]) -> Rows:
    query = table.select().where(table.c.recording_id.in_(recording_ids))
    return _by_key(table, [dict(row) for row in connection.execute(query).mappings()])


def _by_key(table: Table, rows: Sequence[dict[str, Any]]) -> Rows:
    names = [column.name for column in table.primary_key]
    return {tuple(row[name] for name in names): row for row in rows}
