"""Tombstones: which recordings were purged, and must not come back.

Whoever writes rows of a recording that the database does not have yet asks `kept_out` in the same transaction. From
then to the end of that transaction nobody is buried, so that no row is written beside a tombstone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from itertools import islice
from uuid import UUID

from sqlalchemy import Connection, func, select

from meeting_assets.store import locks
from meeting_assets.store.database import table_of
from meeting_assets.store.locks import Lock
from meeting_assets.store.tables import Tombstones

ASKED_FOR = "asked for"
DELETED_AT_API = "deleted at the API"
RETENTION = "retention"

TOMBSTONES = table_of(Tombstones)
# More parameters than this not every SQLite takes.
BATCH = 500


def buried(connection: Connection, recording_ids: Collection[str]) -> set[str]:
    """Those of the recordings that were purged; what is no id of a recording was not."""
    ids = iter([each for each in recording_ids if is_id(each)])
    found: set[str] = set()
    while batch := list(islice(ids, BATCH)):
        found.update(connection.scalars(select(TOMBSTONES.c.recording_id).where(TOMBSTONES.c.recording_id.in_(batch))))
    return found


def kept_out(connection: Connection, recording_ids: Collection[str]) -> set[str]:
    """Those of the recordings that were purged; none of the others will be before this writing transaction ends."""
    locks.take_shared(connection, Lock.TOMBSTONES)
    return buried(connection, recording_ids)


def close_graveyard(connection: Connection) -> None:
    """Waits for all that asked `kept_out`, and lets no other ask before this writing transaction ends."""
    locks.take(connection, Lock.TOMBSTONES)


def bury(connection: Connection, recording_id: str, *, day: date | None, reason: str, at: datetime) -> None:
    """Notes that a recording is purged; its first tombstone stays."""
    if not buried(connection, [recording_id]):
        row = {"recording_id": recording_id, "day": day, "purged_at": at, "reason": reason}
        connection.execute(TOMBSTONES.insert().values(row))


def purged_at(connection: Connection, recording_id: str) -> datetime | None:
    """When a recording was purged; None if it was not."""
    if not is_id(recording_id):
        return None
    return connection.scalar(select(TOMBSTONES.c.purged_at).where(TOMBSTONES.c.recording_id == recording_id))


def day_of_buried(connection: Connection, recording_id: str) -> date | None:
    """The day of a purged recording, as far as it was known."""
    return connection.scalar(select(TOMBSTONES.c.day).where(TOMBSTONES.c.recording_id == recording_id))


def buried_since(connection: Connection, instant: datetime) -> Mapping[str, date | None]:
    """The recordings that were purged after an instant, with their days."""
    query = select(TOMBSTONES.c.recording_id, TOMBSTONES.c.day).where(TOMBSTONES.c.purged_at >= instant)
    return dict(connection.execute(query.order_by(TOMBSTONES.c.recording_id)).all())


def count(connection: Connection) -> int:
    """How many recordings were purged."""
    return connection.scalar(select(func.count()).select_from(TOMBSTONES)) or 0


def is_id(text: str) -> bool:
    """Whether a text is an id as tables spell it; PostgreSQL refuses to look for others."""
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
