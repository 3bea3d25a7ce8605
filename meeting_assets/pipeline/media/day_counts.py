"""Counts of media files by day: stored, waiting, unreadable and lost."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, select

from meeting_assets.core.media_kinds import MediaKind
from meeting_assets.store.ledger_states import DELETED, FAILED, PENDING, QUARANTINED, STORED
from meeting_assets.store.media_ledger import MEDIA_FILES


@dataclass(slots=True)
class MediaDay:
    """The files of one media kind and day."""

    stored: int = 0
    stored_bytes: int = 0
    stored_s: float = 0.0
    """Duration of all stored files in seconds."""
    waiting: int = 0
    quarantined: int = 0
    """Stored files that cannot be read."""
    lost: int = 0
    """Files that Recall.ai deleted, or whose time there is over, before they were stored."""
    _hashes: list[str] = field(default_factory=list)

    @property
    def version(self) -> str:
        """Changes if and only if the stored files of the day change."""
        return hashlib.sha256("\n".join(sorted(self._hashes)).encode()).hexdigest()

    def add(self, row: Any, at: datetime) -> None:
        """Counts one row of the ledger."""
        if row.status in STORED:
            self.stored += 1
            self.quarantined += row.status == QUARANTINED
            self.stored_bytes += row.size_bytes or 0
            self.stored_s += row.duration_s or 0.0
            self._hashes.append(f"{row.recording_id} {row.part_id} {row.sha256}")
        elif row.status in {DELETED, FAILED} or (row.expires_at is not None and row.expires_at <= at):
            self.lost += 1
        elif row.status == PENDING:
            self.waiting += 1


def media_days(
    connection: Connection, kind: MediaKind, days: Collection[date], *, at: datetime
) -> dict[date, MediaDay]:
    """The counts of each of some days, also of those without files."""
    c = MEDIA_FILES.c
    columns = (c.day, c.recording_id, c.part_id, c.status, c.size_bytes, c.duration_s, c.sha256, c.expires_at)
    query = select(*columns).where(c.media_kind == kind.value, c.day.in_([*days]))
    found: defaultdict[date, MediaDay] = defaultdict(MediaDay)
    for row in connection.execute(query):
        found[row.day].add(row, at)
    return {day: found[day] for day in days}
