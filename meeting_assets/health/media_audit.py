"""The audit of media files: compares the ledger with the object names and sizes of the raw store. It reads only.

lost       the ledger says that a file is stored, but the raw store does not have it with that size
unknown    files that no row names, such as the upload of a killed process; each may be the only copy
replaced   files that no row names, of parts that are stored under another name
purged     objects of a purged recording
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from time import monotonic

from sqlalchemy import Connection, select

from meeting_assets.core.instants import now
from meeting_assets.store.database import Database
from meeting_assets.store.media_ledger import MEDIA_FILES
from meeting_assets.store.raw import RawStore
from meeting_assets.store.raw_layout import media_description_key, media_recording_of
from meeting_assets.store.tombstones import tombstoned_recordings

_FILES = MEDIA_FILES.c


@dataclass(slots=True)
class MediaAudit:
    """The keys of the media objects found, by category."""

    files: int = 0
    size_bytes: int = 0
    skipped_days: int = 0
    lost: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    purged: list[str] = field(default_factory=list)


def audit_media(database: Database, raw: RawStore, *, budget_s: float, min_age: timedelta) -> MediaAudit:
    """Audits all days with media files within the time budget. Objects younger than `min_age` are not unknown.

    Raises:
        StoreError: raw store or database is unavailable.
    """
    deadline_s, result = monotonic() + budget_s, MediaAudit()
    with database.reading() as connection:
        of_ledger = {*connection.scalars(select(_FILES.day).where(_FILES.sha256.is_not(None)).distinct())}
    for day in sorted({*raw.media_days(), *of_ledger}, reverse=True):
        if monotonic() > deadline_s:
            result.skipped_days += 1
        else:
            _audit_day(day, database, raw, result, min_age)
    return result


def _audit_day(day: date, database: Database, raw: RawStore, result: MediaAudit, min_age: timedelta) -> None:
    before = now() - min_age
    current = database.read(lambda connection: _stored(connection, day))
    found = {each["path"]: each for each in raw.media_metadata(day)}
    described = {*current, *map(media_description_key, current)}
    unmatched = {key for key, each in found.items() if key not in described and each["last_modified"] < before}
    with database.reading() as connection:
        purged = tombstoned_recordings(connection, {media_recording_of(key) for key in unmatched})
        # Files that were purged while the names were read are not lost.
        still_current = _stored(connection, day)
    of_purged = {key for key in unmatched if media_recording_of(key) in purged}
    result.purged += sorted(of_purged)
    stored_parts = {_part(key) for key in still_current if key in found and found[key]["size"] == still_current[key]}
    replaced = {key for key in unmatched - of_purged if _part(key) in stored_parts}
    result.replaced += sorted(replaced)
    result.unknown += sorted(unmatched - of_purged - replaced)
    for key in sorted(still_current.keys() & current.keys()):
        if key in found and found[key]["size"] == current[key]:
            result.files += 1
            result.size_bytes += current[key]
        else:
            result.lost.append(key)


def _part(key: str) -> str:
    """The key of a media file or its description without extensions.

    >>> _part("media/2026-03-02/0f7a/audio_mixed/mixed.mp3.json")
    'media/2026-03-02/0f7a/audio_mixed/mixed'
    """
    folder, _, name = key.rpartition("/")
    return f"{folder}/{name.partition('.')[0]}"


def _stored(connection: Connection, day: date) -> dict[str, int]:
    """The keys of the stored files of a day, with their sizes."""
    query = select(_FILES.key, _FILES.size_bytes).where(_FILES.day == day, _FILES.sha256.is_not(None))
    return dict(connection.execute(query).all())
