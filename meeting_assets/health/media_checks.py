"""Checks of the ledger of media files: loss, readability, and agreement with what Recall.ai announces."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Float, Select, and_, case, cast, func, literal, or_, select

from meeting_assets.core.media_kinds import MediaKind
from meeting_assets.health.check import Check
from meeting_assets.health.stored_at_api import MIN_MEDIA_S
from meeting_assets.schema.columns import Instant
from meeting_assets.store.ledger import RECORDINGS
from meeting_assets.store.ledger_states import DELETED, PENDING, QUARANTINED
from meeting_assets.store.media_ledger import MEDIA_FILES

EXPIRES_SOON = timedelta(hours=24)
LOSS_REPORTED_FOR = timedelta(days=7)
TOLERANCE_S = 5.0
TOLERANCE_SHARE = 0.05
MIXED = (MediaKind.AUDIO_MIXED.value, MediaKind.VIDEO_MIXED.value)
_FILES = MEDIA_FILES.c


def media_checks(kinds: Collection[MediaKind]) -> list[Check]:
    """All checks of media files. They pass where MEETING_ASSETS_MEDIA has always been off.

    `kinds` are those that are downloaded: files of other kinds do not wait.
    """
    return [
        Check(
            name="no_media_expires_unfetched",
            description=(
                "Recall.ai deletes no media file before it is stored. Fails for waiting files that expire within 24 h, "
                "and for 7 days after a file was lost. To fix it, run `meeting-assets sync` for the day, raise "
                "MEETING_ASSETS_MEDIA_MAX_GB_PER_RUN or MEETING_ASSETS_MEDIA_MAX_MBIT_PER_S, or lengthen the "
                "retention at Recall.ai. A lost file cannot be recovered."
            ),
            table=RECORDINGS.name,
            is_error=True,
            violating_rows=partial(_expiring, kinds),
            location_of=_loss,
        ),
        Check(
            name="every_media_file_can_be_read",
            description=(
                "Every stored media file can be read. An unreadable file stays stored as Recall.ai sent it. To fix it, "
                "play it at Recall.ai; if it is damaged there too, send the recording's id to their support."
            ),
            table=RECORDINGS.name,
            is_error=False,
            violating_rows=_unreadable,
        ),
        Check(
            name="media_lasts_as_long_as_expected",
            description=(
                f"The duration of every stored media file differs by at most {TOLERANCE_S:.0f} s or "
                f"{TOLERANCE_SHARE:.0%} from the one that Recall.ai announces; of mixed media, from that of the "
                f"recording. Recall.ai pads media to {MIN_MEDIA_S:.0f} s. To fix it, compare the file with the "
                "recording in the Recall.ai dashboard."
            ),
            table=RECORDINGS.name,
            is_error=False,
            violating_rows=_of_other_duration,
            location_of=lambda row: f"{row.part}{row.duration_s:.1f} s instead of {row.expected_s:.1f} s",
        ),
    ]


def is_lost() -> ColumnElement[bool]:
    """Selects files that Recall.ai deleted before they were stored; not those that a purge removed."""
    return and_(_FILES.status == DELETED, _FILES.sha256.is_(None), _FILES.missing_since.is_(None))


def _expiring(kinds: Collection[MediaKind], at: datetime) -> Select[Any]:
    since = literal(at - LOSS_REPORTED_FOR, Instant)
    is_waiting = and_(_FILES.status == PENDING, _FILES.media_kind.in_([*kinds]))
    is_expiring = and_(is_waiting, _FILES.expires_at.between(since, literal(at + EXPIRES_SOON, Instant)))
    is_newly_lost = and_(is_lost(), _FILES.modified_at >= since)
    return _of_files(_FILES.status, _FILES.expires_at).where(or_(is_expiring, is_newly_lost))


def _loss(row: Any) -> str:
    if row.status == DELETED:
        return f"{row.part}deleted at the API before it was stored"
    return f"{row.part}not stored, expires at {row.expires_at:%Y-%m-%d %H:%M} UTC"


def _unreadable(_at: datetime) -> Select[Any]:
    return _of_files(_FILES.error.label("location")).where(_FILES.status == QUARANTINED)


def _of_other_duration(_at: datetime) -> Select[Any]:
    of_recording = case((_FILES.media_kind.in_(MIXED), RECORDINGS.c.duration_s), else_=None)
    expected_s = cast(func.coalesce(_FILES.expected_duration_s, of_recording), Float)
    padded_s = case((expected_s < MIN_MEDIA_S, MIN_MEDIA_S), else_=expected_s)
    tolerance_s = case((expected_s * TOLERANCE_SHARE > TOLERANCE_S, expected_s * TOLERANCE_SHARE), else_=TOLERANCE_S)
    is_other = or_(_FILES.duration_s < expected_s - tolerance_s, _FILES.duration_s > padded_s + tolerance_s)
    return _of_files(_FILES.duration_s, expected_s.label("expected_s")).where(_FILES.sha256.is_not(None), is_other)


def _of_files(*columns: Any) -> Select[Any]:
    """Media files with their recordings; `part` names the part of separate media, followed by a colon."""
    part = case((_FILES.part_id == "", ""), else_=_FILES.part_id + ": ").label("part")
    source = MEDIA_FILES.join(RECORDINGS, RECORDINGS.c.recording_id == _FILES.recording_id)
    row = (_FILES.recording_id, _FILES.day, _FILES.media_kind.label("source"), part)
    return select(*row, *columns).select_from(source)
