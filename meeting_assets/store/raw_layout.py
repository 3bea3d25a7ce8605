"""The layout of the raw store: keys of its objects, relative to its root.

    {day}/{recording_id}/recording.json                     the API's listing, without URLs and passwords: recording,
                                                            bot and media objects (`pipeline.listings`)
    {day}/{recording_id}/corrections.json                   users' corrections of speakers (`store.raw_corrections`)
    {day}/{recording_id}/{kind}/{artifact_id}/{sha256}.zst  an artifact; hash and size are of the uncompressed bytes
    media/{day}/{recording_id}/{media_kind}/{part}.{ext}    a media file; `mixed` instead of a part's id if it has none
    media/…/{part}.{ext}.json                               its description (`store.raw_media`)
    origin.json                                             the API origin of all meetings in the store
    database.json                                           the id of the database that describes the store
    tombstones/…                                            purged recordings and artifacts (`store.raw_tombstones`)

Recordings share no object, so a purge deletes two prefixes. Writing the same bytes again changes nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime

ORIGIN = "origin.json"
DATABASE = "database.json"
TOMBSTONES = "tombstones"
MEDIA = "media"
"""The top-level prefix of media files."""

_LISTING, _CORRECTIONS = "recording.json", "corrections.json"
_MIXED = "mixed"
_SAFE = re.compile(r"[A-Za-z0-9_-]")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_ARTIFACT = re.compile(
    r"[^/]+/(?P<recording_id>[^/]+)/(?P<kind>[^/]+)/(?P<artifact_id>[^/]+)/(?P<sha256>[0-9a-f]{64})\.zst"
)


@dataclass(frozen=True, slots=True)
class RawObject:
    """The stored bytes of an artifact: their key, hash and size."""

    key: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class StoredArtifact:
    """An artifact found in the raw store, and the time it was written."""

    kind: str
    artifact_id: str
    sha256: str
    key: str
    kept_at: datetime


def artifact_key(day: date, recording_id: str, kind: str, artifact_id: str, sha256: str) -> str:
    """The key of an artifact's bytes."""
    return f"{day}/{recording_id}/{kind}/{artifact_id}/{sha256}.zst"


def media_prefix(day: date, recording_id: str) -> str:
    """The prefix of a recording's media files."""
    return f"{MEDIA}/{day}/{recording_id}/"


def media_key(day: date, recording_id: str, media_kind: str, part_id: str, extension: str) -> str:
    """The key of a media file."""
    return f"{media_prefix(day, recording_id)}{media_kind}/{_file_name(part_id)}.{extension}"


def media_description_key(key: str) -> str:
    """The key of the description of a media file."""
    return f"{key}.json"


def media_recording_of(key: str) -> str:
    """The recording of a media file or its description; empty for other objects.

    >>> media_recording_of("media/2026-03-02/0f7a/audio_mixed/mixed.mp3"), media_recording_of("2026-03-02/0f7a/x")
    ('0f7a', '')
    """
    parts = key.split("/")
    return parts[2] if len(parts) > 3 and parts[0] == MEDIA else ""


def _file_name(part_id: str) -> str:
    """The name of a part's file without its extension. Ids are UUIDs; any other text must not name another folder.

    >>> _file_name(""), _file_name("0f7a-c1"), _file_name("../a/b")
    ('mixed', '0f7a-c1', '%2E%2E%2Fa%2Fb')
    """
    return "".join(each if _SAFE.fullmatch(each) else f"%{ord(each):02X}" for each in part_id) or _MIXED


def listing_key(day: date, recording_id: str) -> str:
    """The key of a recording's listing."""
    return f"{day}/{recording_id}/{_LISTING}"


def is_listing(key: str) -> bool:
    """True for the key of any recording's listing."""
    return key.count("/") == 2 and key.endswith(f"/{_LISTING}")


def corrections_key(day: date, recording_id: str) -> str:
    """The key of the corrections of a recording's speakers."""
    return f"{day}/{recording_id}/{_CORRECTIONS}"


def is_corrections(key: str) -> bool:
    """True for the key of any recording's corrections.

    >>> is_corrections("2026-03-02/0f7a/corrections.json"), is_corrections("2026-03-02/0f7a/recording.json")
    (True, False)
    """
    return key.count("/") == 2 and key.endswith(f"/{_CORRECTIONS}")


def stored_artifact(key: str, kept_at: datetime) -> StoredArtifact | None:
    """The artifact of an object; None if the object is no artifact's."""
    match = _ARTIFACT.fullmatch(key)
    return StoredArtifact(match["kind"], match["artifact_id"], match["sha256"], key, kept_at) if match else None


def artifact_of(key: str) -> tuple[str, str, str] | None:
    """The (recording, kind, artifact) of an object; None if the object is no artifact's.

    >>> artifact_of(f"2026-03-02/0f7a/transcript/c1d2/{'0' * 64}.zst")
    ('0f7a', 'transcript', 'c1d2')
    """
    match = _ARTIFACT.fullmatch(key)
    return (match["recording_id"], match["kind"], match["artifact_id"]) if match else None


def recording_of(key: str) -> str:
    """The recording of an object; empty if the object belongs to none."""
    return key.split("/")[1] if key.count("/") > 1 else ""


def day_of_prefix(name: str) -> date | None:
    """The day of a top-level prefix; None if its name is no date."""
    try:
        return date.fromisoformat(name) if _DAY.fullmatch(name) else None
    except ValueError:
        return None
