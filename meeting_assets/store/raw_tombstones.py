"""Tombstones as objects of the raw store, so that they survive the loss of the database.

    tombstones/{recording_id}.json                       a purged recording
    tombstones/{recording_id}/{kind}/{artifact_id}.json  a purged artifact
    tombstones.json                                      a random value that changes with every write

A tombstone holds the day, the time and the reason of the purge, the ids of the recording's bot and calendar events, and
no content of the meeting.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

import msgspec

from meeting_assets.core.instants import now, utc
from meeting_assets.store.raw import RawStore
from meeting_assets.store.raw_layout import TOMBSTONES
from meeting_assets.store.tombstones import DELETED_AT_API, Tombstone, TombstoneName, is_canonical_uuid

UNKNOWN_REASON = "unknown"
VERSION = f"{TOMBSTONES}.json"

_KEY = re.compile(rf"{TOMBSTONES}/(?P<recording_id>[^/]+?)(/(?P<kind>[^/]+)/(?P<artifact_id>[^/]+))?\.json")


class _Content(msgspec.Struct, frozen=True):
    day: date | None = None
    purged_at: datetime | None = None
    reason: str | None = None
    bot_id: UUID | None = None
    calendar_event_ids: tuple[UUID, ...] = ()


def write(raw: RawStore, tombstones: Collection[Tombstone]) -> None:
    """Writes tombstones. Overwriting one changes nothing: all of one name have the same content."""
    for tombstone in tombstones:
        content: dict[str, Any] = {name: value for name, value in tombstone.name._asdict().items() if value}
        content |= {"day": tombstone.day, "purged_at": tombstone.purged_at, "reason": tombstone.reason}
        content |= {"bot_id": tombstone.bot_id} if tombstone.bot_id is not None else {}
        content |= {"calendar_event_ids": tombstone.calendar_event_ids} if tombstone.calendar_event_ids else {}
        raw.put(_key(tombstone.name), msgspec.json.encode(content))
    if tombstones:
        _change_version(raw)


def version(raw: RawStore) -> str:
    """The version of the set of tombstones. A database restored from a backup has recorded an older one."""
    return (raw.get(VERSION) or b"").decode(errors="replace")


def names(raw: RawStore) -> set[TombstoneName]:
    """The names of all tombstones in the raw store, without objects that name no recording."""
    return {name for key in raw.keys(f"{TOMBSTONES}/") if (name := _name(key)) is not None}


def read(raw: RawStore, name: TombstoneName) -> Tombstone:
    """Reads a tombstone. Missing or damaged content does not invalidate it."""
    try:
        content = msgspec.json.decode(raw.get(_key(name)) or b"{}", type=_Content)
    except msgspec.DecodeError:
        content = _Content()
    reason = content.reason or (DELETED_AT_API if name.kind else UNKNOWN_REASON)
    purged_at = utc(content.purged_at) if content.purged_at else now()
    bot_id = str(content.bot_id) if content.bot_id else None
    return Tombstone(name, content.day, purged_at, reason, bot_id, tuple(map(str, content.calendar_event_ids)))


def remove(raw: RawStore, removed: Collection[TombstoneName]) -> None:
    """Removes tombstones."""
    if removed:
        raw.delete([_key(name) for name in removed])
        _change_version(raw)


def remove_artifacts_of(raw: RawStore, recording_id: str) -> None:
    """Removes the tombstones of a recording's artifacts after the whole recording was purged."""
    raw.delete(raw.keys(f"{TOMBSTONES}/{recording_id}/"))


def _change_version(raw: RawStore) -> None:
    raw.put(VERSION, msgspec.json.encode({"version": uuid4().hex}))


def _key(name: TombstoneName) -> str:
    rest = f"/{name.kind}/{name.artifact_id}" if name.kind else ""
    return f"{TOMBSTONES}/{name.recording_id}{rest}.json"


def _name(key: str) -> TombstoneName | None:
    match = _KEY.fullmatch(key)
    if match is None or not is_canonical_uuid(match["recording_id"]):
        return None
    return TombstoneName(match["recording_id"], match["kind"] or "", match["artifact_id"] or "")
