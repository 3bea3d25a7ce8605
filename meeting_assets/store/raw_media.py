"""Descriptions of media files as objects of the raw store, so that a rebuild restores `media_files` without the API.

    media/{day}/{recording_id}/{media_kind}/{part}.{ext}.json

A description is written after its file and before the row. A file without one counts as not stored.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime

import msgspec

from meeting_assets.core.errors import PayloadError
from meeting_assets.core.media_kinds import MediaKind
from meeting_assets.store.media_ledger import MediaFile, StoredMedia
from meeting_assets.store.raw import RawStore
from meeting_assets.store.raw_layout import media_description_key


class MediaDescription(msgspec.Struct, frozen=True):
    """A media file in the raw store, and what the API said about it."""

    media_kind: MediaKind
    part_id: str
    media_object_id: str
    stored: StoredMedia
    participant_id: int | None = None
    expected_size_bytes: int | None = None
    expected_duration_s: float | None = None
    expires_at: datetime | None = None
    fetched_at: datetime | None = None


def write_description(raw: RawStore, file: MediaFile, stored: StoredMedia, *, at: datetime) -> None:
    """Writes the description of a media file that the raw store has since an instant."""
    description = MediaDescription(
        media_kind=file.media_kind,
        part_id=file.part_id,
        media_object_id=file.media_object_id,
        stored=stored,
        participant_id=file.participant_id,
        expected_size_bytes=file.expected_size_bytes,
        expected_duration_s=file.expected_duration_s,
        expires_at=file.expires_at,
        fetched_at=at,
    )
    raw.put(media_description_key(stored.key), msgspec.json.encode(description))


def described_rows(raw: RawStore, day: date, recording_id: str) -> tuple[list[dict[str, object]], list[str]]:
    """Rows of `media_files` for the described files of a recording, and a sentence for each damaged file."""
    objects = raw.media_objects(day, recording_id)
    rows, faults = [], []
    for key in sorted(objects):
        if media_description_key(key) not in objects:
            continue
        try:
            description = _read(raw, key)
        except PayloadError as error:
            faults.append(str(error))
            continue
        if description.stored.size_bytes != objects[key]:
            faults.append(f"{key} in the raw store has another size than its description states; it is fetched again.")
        else:
            rows.append(_row(description, day, recording_id))
    return rows, faults


def _read(raw: RawStore, key: str) -> MediaDescription:
    try:
        description = msgspec.json.decode(raw.get(media_description_key(key)) or b"", type=MediaDescription)
    except (ValueError, RecursionError):
        description = None
    if description is None or description.stored.key != key:
        raise PayloadError(f"{media_description_key(key)} in the raw store is damaged; its file is fetched again.")
    return description


def _row(description: MediaDescription, day: date, recording_id: str) -> dict[str, object]:
    facts = msgspec.structs.asdict(description)
    stored = asdict(facts.pop("stored"))
    return {**facts, **stored, "media_kind": description.media_kind.value, "day": day, "recording_id": recording_id}
