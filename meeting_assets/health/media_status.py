"""The status of media files: how many are stored, wait, failed or are lost, and which will be lost next."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, select

from meeting_assets.core.media_kinds import MediaKind
from meeting_assets.health.media_checks import EXPIRES_SOON, is_lost
from meeting_assets.store.ledger import RECORDINGS
from meeting_assets.store.ledger_states import FAILED, PENDING, QUARANTINED
from meeting_assets.store.media_ledger import MEDIA_FILES

_FILES = MEDIA_FILES.c


@dataclass(frozen=True, slots=True)
class MediaStatus:
    """Numbers of media files of one kind."""

    stored: int = 0
    stored_bytes: int = 0
    quarantined: int = 0
    """Stored files that cannot be read; `stored` includes them."""
    pending: int = 0
    """Files that wait for their download."""
    pending_bytes: int = 0
    """The announced sizes of waiting files, as far as they are known."""
    failing: int = 0
    """Waiting files whose last attempt failed."""
    failed: int = 0
    """Files that Recall.ai could not produce."""
    lost: int = 0
    """Files that Recall.ai deleted before they were stored."""
    expiring_soon: int = 0
    """Waiting files that Recall.ai deletes within 24 h."""
    earliest_expiry: datetime | None = None
    """When Recall.ai deletes the first waiting file; None if none expires."""


def media_status(
    connection: Connection, of_days: ColumnElement[bool], kinds: Collection[MediaKind], at: datetime
) -> dict[str, MediaStatus]:
    """The numbers by kind, among the recordings that a condition selects; kinds without files are left out.

    Files of kinds that are not downloaded any more do not wait.
    """
    is_stored = _FILES.sha256.is_not(None)
    is_pending = and_(_FILES.status == PENDING, ~is_stored, _FILES.media_kind.in_([*kinds]))
    expires_at = func.min(_FILES.expires_at, type_=_FILES.expires_at.type).filter(is_pending)
    counts = [
        _count(is_stored),
        func.coalesce(func.sum(_FILES.size_bytes).filter(is_stored), 0),
        _count(_FILES.status == QUARANTINED),
        _count(is_pending),
        func.coalesce(func.sum(_FILES.expected_size_bytes).filter(is_pending), 0),
        _count(and_(is_pending, _FILES.attempts > 0)),
        _count(_FILES.status == FAILED),
        _count(is_lost()),
        _count(and_(is_pending, _FILES.expires_at <= at + EXPIRES_SOON)),
    ]
    source = MEDIA_FILES.join(RECORDINGS, RECORDINGS.c.recording_id == _FILES.recording_id)
    query = select(_FILES.media_kind, *counts, expires_at).select_from(source).where(of_days)
    rows = connection.execute(query.group_by(_FILES.media_kind).order_by(_FILES.media_kind))
    return {row[0]: _of_row(row) for row in rows}


def _of_row(row: Any) -> MediaStatus:
    _, *counts, earliest_expiry = row
    # PostgreSQL sums integers to decimal numbers.
    stored, stored_bytes, quarantined, pending, pending_bytes, failing, failed, lost, expiring = map(int, counts)
    return MediaStatus(
        stored, stored_bytes, quarantined, pending, pending_bytes, failing, failed, lost, expiring, earliest_expiry
    )


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count().filter(condition)
