"""Tombstones as objects of the raw store. They outlive the database.

    tombstones/{recording_id}.json                       a purged recording
    tombstones/{recording_id}/{kind}/{artifact_id}.json  a purged artifact
    tombstones.json                                      a random value, another one after each change

An object holds the day, the time and the reason of the purge, and nothing of the meeting.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date, datetime
from typing import Any
from uuid import uuid4

import msgspec

from meeting_assets.core.instants import now, utc
from meeting_assets.store.raw import TOMBSTONES, RawStore
from meeting_assets.store.tombstones import DELETED_AT_API, Name, Tombstone, is_id

UNKNOWN_REASON = "unknown"
VERSION = f"{TOMBSTONES}.json"

_KEY = re.compile(rf"{TOMBSTONES}/(?P<recording_id>[^/]+?)(/(?P<kind>[^/]+)/(?P<artifact_id>[^/]+))?\.json")


class _Content(msgspec.Struct, frozen=True):
    day: date | None = None
    purged_at: datetime | None = None
    reason: str | None = None


def write(raw: RawStore, tombstones: Collection[Tombstone]) -> None:
    """Writes tombstones; existing ones of the same names say the same.

    Raises:
        StoreError: one could not be written.
    """
    for tombstone in tombstones:
        content: dict[str, Any] = {name: value for name, value in tombstone.name._asdict().items() if value}
        content |= {"day": tombstone.day, "purged_at": tombstone.purged_at, "reason": tombstone.reason}
        raw.put(_key(tombstone.name), msgspec.json.encode(content))
    if tombstones:
        _note_changed(raw)


def version(raw: RawStore) -> str:
    """Differs whenever tombstones were written or removed since; a database restored from a backup knows an older one.

    Raises:
        StoreError: the raw store does not answer.
    """
    return (raw.get(VERSION) or b"").decode(errors="replace")


def names(raw: RawStore) -> set[Name]:
    """The names of all tombstones in the raw store; objects that name no recording are left out."""
    return {name for key in raw.keys(f"{TOMBSTONES}/") if (name := _name(key)) is not None}


def read(raw: RawStore, name: Name) -> Tombstone:
    """A tombstone. The object's name counts even where its content is missing or damaged."""
    try:
        content = msgspec.json.decode(raw.get(_key(name)) or b"{}", type=_Content)
    except msgspec.DecodeError:
        content = _Content()
    reason = content.reason or (DELETED_AT_API if name.kind else UNKNOWN_REASON)
    purged_at = utc(content.purged_at) if content.purged_at else now()
    return Tombstone(name, content.day, purged_at, reason)


def remove(raw: RawStore, removed: Collection[Name]) -> None:
    """Removes tombstones.

    Raises:
        StoreError: one could not be removed.
    """
    if removed:
        raw.delete([_key(name) for name in removed])
        _note_changed(raw)


def remove_artifacts_of(raw: RawStore, recording_id: str) -> None:
    """Removes the tombstones of a recording's artifacts, once the recording has one itself."""
    raw.delete(raw.keys(f"{TOMBSTONES}/{recording_id}/"))


def _note_changed(raw: RawStore) -> None:
    raw.put(VERSION, msgspec.json.encode({"version": uuid4().hex}))


def _key(name: Name) -> str:
    rest = f"/{name.kind}/{name.artifact_id}" if name.kind else ""
    return f"{TOMBSTONES}/{name.recording_id}{rest}.json"


def _name(key: str) -> Name | None:
    match = _KEY.fullmatch(key)
    if match is None or not is_id(match["recording_id"]):
        return None
    return Name(match["recording_id"], match["kind"] or "", match["artifact_id"] or "")
