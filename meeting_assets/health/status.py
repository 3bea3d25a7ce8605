"""The ledger in numbers: what is home, what is waited for, what needs a person. For the terminal and for machines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, true

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.core.instants import now, to_iso8601
from meeting_assets.metrics.tables import MeetingMetrics
from meeting_assets.pipeline.derive import outdated_metrics
from meeting_assets.pipeline.storage import Storage
from meeting_assets.store import tombstones
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger import LEDGER, RECORDINGS
from meeting_assets.store.states import DELETED, FETCHED, PARSED, PENDING, QUARANTINED
from meeting_assets.store.unreadable_objects import read_unreadable

MANY_ATTEMPTS = 3
SOON = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class ActionItem:
    """Something a person should look at."""

    recording_id: str
    day: date
    kind: str
    artifact_id: str
    what: str
    advice: str


@dataclass(slots=True)
class Status:
    """The ledger of all days, or of some."""

    recordings: Counter[str] = field(default_factory=Counter)
    artifacts: dict[str, Counter[str]] = field(default_factory=lambda: {kind: Counter() for kind in ARTIFACTS})
    outdated: Counter[str] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)
    repaired_chars: int = 0
    metrics_derived: int = 0
    metrics_outdated: int = 0
    left: int = 0
    """Artifacts that the API offers and we do not have: what should have come."""
    processing: int = 0
    """Artifacts that the API is still making."""
    next_attempt_at: datetime | None = None
    """When the first artifact that failed to come is tried again."""
    needs: list[ActionItem] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    """Objects in the API's lists that make no sense, of whatever day."""
    purged_artifacts: int = 0
    """Artifacts that were purged because Recall.ai deleted them; their recordings are still here."""
    purged: int = 0
    """Recordings that were purged and are kept out, of whatever day."""

    def as_json(self) -> dict[str, Any]:
        """For machines; keys stay."""
        return {
            "recordings": dict(self.recordings),
            "artifacts": {kind: {**counts, "outdated": self.outdated[kind]} for kind, counts in self.artifacts.items()},
            "rows": dict(self.rows),
            "repaired_chars": self.repaired_chars,
            "metrics": {"derived": self.metrics_derived, "outdated": self.metrics_outdated},
            "left": self.left,
            "processing": self.processing,
            "next_attempt_at": to_iso8601(self.next_attempt_at) if self.next_attempt_at else None,
            "unreadable_objects": self.unreadable,
            "purged": self.purged,
            "purged_artifacts": self.purged_artifacts,
            "needs_a_person": [
                {
                    "recording_id": need.recording_id,
                    "day": need.day.isoformat(),
                    "kind": need.kind,
                    "artifact_id": need.artifact_id,
                    "what": need.what,
                    "advice": need.advice,
                }
                for need in self.needs
            ],
        }


def status_of(storage: Storage, days: Collection[date] | None = None, recording_ids: Collection[str] = ()) -> Status:
    """What the ledger says of some days, or of all; of some recordings there, or of all."""
    seen = Status()
    with storage.database.reading() as connection:
        of_days: ColumnElement[bool] = RECORDINGS.c.day.in_(days) if days is not None else true()
        if recording_ids:
            of_days = and_(of_days, RECORDINGS.c.recording_id.in_(recording_ids))
        _count_recordings(connection, of_days, seen)
        _count_artifacts(connection, of_days, seen)
        seen.next_attempt_at = _next_attempt_at(connection, of_days)
        seen.purged_artifacts = _count_purged_artifacts(connection, of_days)
        seen.needs = _needs(connection, of_days)
        seen.unreadable = [f"{name}: {fault}" for name, fault in read_unreadable(connection)]
        seen.purged = tombstones.count(connection)
    seen.metrics_outdated = outdated_metrics(storage, days)
    return seen


def _count_recordings(connection: Connection, of_days: Any, seen: Status) -> None:
    query = select(RECORDINGS.c.status, func.count()).where(of_days).group_by(RECORDINGS.c.status)
    seen.recordings.update(dict(connection.execute(query).all()))
    metrics = table_of(MeetingMetrics)
    joined = metrics.join(RECORDINGS, RECORDINGS.c.recording_id == metrics.c.recording_id)
    seen.metrics_derived = connection.scalar(select(func.count()).select_from(joined).where(of_days)) or 0


def _count_artifacts(connection: Connection, of_days: Any, seen: Status) -> None:
    joined = LEDGER.join(RECORDINGS, RECORDINGS.c.recording_id == LEDGER.c.recording_id)
    columns = (LEDGER.c.kind, LEDGER.c.status, LEDGER.c.api_status, LEDGER.c.parser_version)
    query = (
        select(*columns, func.count(), func.sum(LEDGER.c.row_count), func.sum(LEDGER.c.repaired_chars))
        .select_from(joined)
        .where(of_days)
        .group_by(*columns)
    )
    for kind, status, api_status, version, count, rows, repaired in connection.execute(query):
        if kind not in ARTIFACTS:
            continue
        seen.artifacts[kind][status] += count
        seen.rows[kind] += int(rows or 0)
        seen.repaired_chars += int(repaired or 0)
        if status in {PARSED, QUARANTINED} and version != ARTIFACTS[kind].parser_version:
            seen.outdated[kind] += count
        # Bytes that are home but not in tables yet should have come, too.
        if status == PENDING and api_status == "processing":
            seen.processing += count
        elif status in {FETCHED, PENDING}:
            seen.left += count


def _next_attempt_at(connection: Connection, of_days: Any) -> datetime | None:
    joined = LEDGER.join(RECORDINGS, RECORDINGS.c.recording_id == LEDGER.c.recording_id)
    is_offered = and_(LEDGER.c.status == PENDING, LEDGER.c.api_status == "done")
    query = select(func.min(LEDGER.c.next_attempt_at, type_=LEDGER.c.next_attempt_at.type)).select_from(joined)
    at: datetime | None = connection.scalar(query.where(of_days, is_offered))
    return at


def _count_purged_artifacts(connection: Connection, of_days: Any) -> int:
    joined = LEDGER.join(RECORDINGS, RECORDINGS.c.recording_id == LEDGER.c.recording_id)
    is_purged = and_(LEDGER.c.status == DELETED, tombstones.is_purged_artifact())
    return connection.scalar(select(func.count()).select_from(joined).where(of_days, is_purged)) or 0


def _needs(connection: Connection, of_days: Any) -> list[ActionItem]:
    joined = LEDGER.join(RECORDINGS, RECORDINGS.c.recording_id == LEDGER.c.recording_id)
    soon = now() + SOON
    worrying = or_(
        LEDGER.c.status == QUARANTINED,
        and_(LEDGER.c.status == PENDING, LEDGER.c.api_status == "done", LEDGER.c.attempts >= MANY_ATTEMPTS),
        and_(LEDGER.c.status == PENDING, LEDGER.c.api_status == "done", RECORDINGS.c.expires_at < soon),
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
        select(*columns).select_from(joined).where(of_days, worrying).order_by(RECORDINGS.c.day.desc(), *columns[:1])
    )
    return [ActionItem(*row[:4], *_advice(row)) for row in connection.execute(query)]


def _advice(row: Any) -> tuple[str, str]:
    again = f"meeting-assets sync --recording {row.recording_id} --refetch"
    if row.status == QUARANTINED:
        return (
            f"cannot be read: {row.error}",
            f"its bytes are kept; after a re-issue at Recall.ai or an upgrade run `{again}`",
        )
    return f"does not come: {row.error or 'not fetched yet'}", f"run `{again}`; URLs stop working when it expires"
