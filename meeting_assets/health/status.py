"""The status: artifacts per kind and ledger status, missing artifacts, what Recall.ai stores, and the items that need a
person's action.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, true

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.core.instants import now
from meeting_assets.health.media_status import MediaStatus, media_status
from meeting_assets.health.stored_at_api import StoragePrice, StoredAtApi, stored_at_api
from meeting_assets.metrics.tables import MeetingMetrics
from meeting_assets.pipeline.calendar import last_fault
from meeting_assets.pipeline.derive import outdated_metrics_count
from meeting_assets.pipeline.storage import Storage
from meeting_assets.store import (
    tombstones,
    unreadable_objects,
)
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger import LEDGER, RECORDINGS
from meeting_assets.store.ledger_states import DELETED, FETCHED, PARSED, PENDING, QUARANTINED

MANY_ATTEMPTS = 3
EXPIRES_SOON = timedelta(hours=24)
LEDGER_WITH_DAYS = LEDGER.join(RECORDINGS, RECORDINGS.c.recording_id == LEDGER.c.recording_id)


@dataclass(frozen=True, slots=True)
class ActionItem:
    """An artifact that needs a person's action."""

    recording_id: str
    day: date
    kind: str
    artifact_id: str
    problem: str
    advice: str


@dataclass(slots=True)
class Status:
    """Counts of the ledger and the metrics, of all days or of some."""

    recordings: Counter[str] = field(default_factory=Counter)
    artifacts: dict[str, Counter[str]] = field(default_factory=lambda: {kind: Counter() for kind in ARTIFACTS})
    outdated: Counter[str] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)
    repaired_chars: int = 0
    metrics_derived: int = 0
    metrics_outdated: int = 0
    missing: int = 0
    """Artifacts that the API offers and that are not in the tables yet."""
    processing: int = 0
    """Artifacts that the API has not finished yet."""
    next_attempt_at: datetime | None = None
    """The time of the next automatic attempt to fetch a missing artifact."""
    action_items: list[ActionItem] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    """Objects in the API's lists that could not be decoded, of any day."""
    calendar_fault: str | None = None
    """A sentence about the last pass over the calendars, if it failed and calendars are on."""
    purged_artifacts: int = 0
    """Artifacts that were purged because Recall.ai deleted them; their recordings are kept."""
    purged: int = 0
    """Purged recordings, of any day; a tombstone prevents another download."""
    stored_at_api: StoredAtApi = field(default_factory=StoredAtApi)
    media: dict[str, MediaStatus] = field(default_factory=dict)
    """Numbers of media files by kind; empty if MEETING_ASSETS_MEDIA has always been off."""
    price: StoragePrice | None = None
    """The price by which the cost of storage was computed."""


def status_of(storage: Storage, days: Collection[date] | None = None, recording_ids: Collection[str] = ()) -> Status:
    """The status of some days or of all, optionally restricted to some recordings."""
    status = Status()
    with storage.database.reading() as connection:
        of_days: ColumnElement[bool] = RECORDINGS.c.day.in_(days) if days is not None else true()
        if recording_ids:
            of_days = and_(of_days, RECORDINGS.c.recording_id.in_(recording_ids))
        _count_recordings(connection, of_days, status)
        _count_artifacts(connection, of_days, status)
        status.next_attempt_at = _next_attempt_at(connection, of_days)
        status.purged_artifacts = _count_purged_artifacts(connection, of_days)
        status.action_items = _action_items(connection, of_days)
        status.unreadable = [f"{name}: {fault}" for name, fault in unreadable_objects.read_unreadable(connection)]
        status.calendar_fault = last_fault(connection) if storage.has_calendar else None
        status.purged = tombstones.count(connection)
        status.media = media_status(connection, of_days, storage.media_kinds, now())
        status.price = StoragePrice(storage.storage_price, storage.free_storage_days)
        status.stored_at_api = stored_at_api(connection, of_days, now(), status.price)
    status.metrics_outdated = outdated_metrics_count(storage, days)
    return status


def _count_recordings(connection: Connection, of_days: Any, status: Status) -> None:
    query = select(RECORDINGS.c.status, func.count()).where(of_days).group_by(RECORDINGS.c.status)
    status.recordings.update(dict(connection.execute(query).all()))
    metrics = table_of(MeetingMetrics)
    joined = metrics.join(RECORDINGS, RECORDINGS.c.recording_id == metrics.c.recording_id)
    status.metrics_derived = connection.scalar(select(func.count()).select_from(joined).where(of_days)) or 0


def _count_artifacts(connection: Connection, of_days: Any, status: Status) -> None:
    columns = (LEDGER.c.kind, LEDGER.c.status, LEDGER.c.api_status, LEDGER.c.parser_version)
    query = (
        select(*columns, func.count(), func.sum(LEDGER.c.row_count), func.sum(LEDGER.c.repaired_chars))
        .select_from(LEDGER_WITH_DAYS)
        .where(of_days)
        .group_by(*columns)
    )
    for kind, ledger_status, api_status, version, count, rows, repaired in connection.execute(query):
        if kind not in ARTIFACTS:
            continue
        status.artifacts[kind][ledger_status] += count
        status.rows[kind] += int(rows or 0)
        status.repaired_chars += int(repaired or 0)
        if ledger_status in {PARSED, QUARANTINED} and version != ARTIFACTS[kind].parser_version:
            status.outdated[kind] += count
        # Fetched bytes that are not in tables yet count as missing, too.
        if ledger_status == PENDING and api_status == "processing":
            status.processing += count
        elif ledger_status in {FETCHED, PENDING}:
            status.missing += count


def _next_attempt_at(connection: Connection, of_days: Any) -> datetime | None:
    is_offered = and_(LEDGER.c.status == PENDING, LEDGER.c.api_status == "done")
    query = select(func.min(LEDGER.c.next_attempt_at, type_=LEDGER.c.next_attempt_at.type)).select_from(
        LEDGER_WITH_DAYS
    )
    at: datetime | None = connection.scalar(query.where(of_days, is_offered))
    return at


def _count_purged_artifacts(connection: Connection, of_days: Any) -> int:
    is_purged = and_(LEDGER.c.status == DELETED, tombstones.is_purged_artifact())
    return connection.scalar(select(func.count()).select_from(LEDGER_WITH_DAYS).where(of_days, is_purged)) or 0


def _action_items(connection: Connection, of_days: Any) -> list[ActionItem]:
    deadline = now() + EXPIRES_SOON
    needs_action = or_(
        LEDGER.c.status == QUARANTINED,
        and_(LEDGER.c.status == PENDING, LEDGER.c.api_status == "done", LEDGER.c.attempts >= MANY_ATTEMPTS),
        and_(LEDGER.c.status == PENDING, LEDGER.c.api_status == "done", RECORDINGS.c.expires_at < deadline),
    )
    columns = (
        LEDGER.c.recording_id,
        RECORDINGS.c.day,
        LEDGER.c.kind,
        LEDGER.c.artifact_id,
        LEDGER.c.status,
        LEDGER.c.error,
    )
    query = (
        select(*columns)
        .select_from(LEDGER_WITH_DAYS)
        .where(of_days, needs_action)
        .order_by(RECORDINGS.c.day.desc(), *columns[:1])
    )
    return [ActionItem(*row[:4], *_advice(row)) for row in connection.execute(query)]


def _advice(row: Any) -> tuple[str, str]:
    again = f"meeting-assets sync --recording {row.recording_id} --refetch"
    if row.status == QUARANTINED:
        return (
            f"cannot be read: {row.error}",
            f"Its bytes are kept. Regenerate the artifact at Recall.ai or upgrade meeting_assets, then run `{again}`.",
        )
    return (
        f"is not fetched: {row.error or 'no attempt yet'}",
        f"Run `{again}` before the recording expires at Recall.ai.",
    )
