"""Recordings that Recall.ai stores now: their media hours, expiry, size and the monthly cost of their storage.

Recall.ai stores a recording free of charge for some days after its end, then for a price per hour of media and 30 days
(https://docs.recall.ai/docs/storage-and-playback). Recordings shorter than 10 s are padded to 10 s. Recordings that
have not ended, were deleted, or have expired do not count.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Float, and_, case, cast, func, or_, select

from meeting_assets.core.instants import shifted
from meeting_assets.pipeline.media_objects import MEDIA
from meeting_assets.recall.objects import DELETED
from meeting_assets.store.ledger import RECORDINGS

MIN_MEDIA_S = 10.0
SOON_DAYS = 7
S_PER_HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class StoragePrice:
    """The price of storage at Recall.ai."""

    per_hour: float
    """The price of an hour of media for 30 days, in any currency."""
    free_days: int
    """Days after the end of a recording that cost nothing."""


@dataclass(frozen=True, slots=True)
class StoredAtApi:
    """Numbers of the recordings that Recall.ai stores now."""

    recordings: int = 0
    media_hours: float = 0.0
    size_bytes: int | None = None
    """The sum of the known sizes of media objects; None if no size is known."""
    earliest_expiry: datetime | None = None
    """The first time at which Recall.ai deletes a recording or a media object; None if nothing expires."""
    expiring_soon: int = 0
    """Recordings of which Recall.ai deletes something within `SOON_DAYS` days."""
    paid_hours: float = 0.0
    """Media hours of recordings older than the free days."""
    monthly_cost: float = 0.0
    """`paid_hours` times the price: the cost of 30 days if nothing is added or deleted."""


def stored_at_api(
    connection: Connection, of_days: ColumnElement[bool], at: datetime, price: StoragePrice
) -> StoredAtApi:
    """The recordings that Recall.ai stores at an instant, among those that a condition selects."""
    c = RECORDINGS.c
    media_hours = case((c.duration_s < MIN_MEDIA_S, MIN_MEDIA_S), else_=c.duration_s) / S_PER_HOUR
    is_paid = c.completed_at < shifted(at, -timedelta(days=price.free_days))
    soon = shifted(at, timedelta(days=SOON_DAYS))
    expires_soon = or_(c.expires_at <= soon, _has_medium(_is_stored_medium(at), MEDIA.c.expires_at <= soon))
    is_stored = and_(of_days, _is_stored(at))
    query = select(
        func.count(),
        func.coalesce(func.sum(cast(media_hours, Float)), 0.0),
        func.min(c.expires_at, type_=c.expires_at.type),
        func.coalesce(func.sum(case((expires_soon, 1), else_=0)), 0),
        func.coalesce(func.sum(case((is_paid, media_hours), else_=0.0)), 0.0),
    ).where(is_stored)
    recordings, hours, expiry, expiring_soon, paid_hours = connection.execute(query).one()
    media = select(func.sum(MEDIA.c.size_bytes), func.min(MEDIA.c.expires_at, type_=MEDIA.c.expires_at.type))
    of_media = media.join_from(MEDIA, RECORDINGS, _is_stored_medium(at)).where(is_stored)
    size_bytes, media_expiry = connection.execute(of_media).one()
    return StoredAtApi(
        recordings,
        float(hours),
        int(size_bytes) if size_bytes is not None else None,
        min([each for each in (expiry, media_expiry) if each is not None], default=None),
        int(expiring_soon),
        float(paid_hours),
        float(paid_hours) * price.per_hour,
    )


def _is_stored(at: datetime) -> ColumnElement[bool]:
    """Selects recordings that have ended and are neither deleted nor expired, nor all of their media objects."""
    c = RECORDINGS.c
    has_media = _has_medium(MEDIA.c.recording_id == c.recording_id)
    return and_(
        c.duration_s.is_not(None),
        c.status != DELETED,
        c.deleted_at.is_(None),
        c.missing_since.is_(None),
        or_(c.expires_at.is_(None), c.expires_at > at),
        or_(~has_media, _has_medium(_is_stored_medium(at))),
    )


def _has_medium(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return select(MEDIA.c.media_object_id).where(*conditions).correlate(RECORDINGS).exists()


def _is_stored_medium(at: datetime) -> ColumnElement[bool]:
    """Joins a media object that is neither deleted nor expired to its recording."""
    is_deleted = and_(MEDIA.c.status.is_not(None), MEDIA.c.status == DELETED)
    is_expired = and_(MEDIA.c.expires_at.is_not(None), MEDIA.c.expires_at <= at)
    return and_(MEDIA.c.recording_id == RECORDINGS.c.recording_id, ~is_deleted, ~is_expired)
