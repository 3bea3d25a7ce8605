"""Ledger states: how one ledger row changes when the API's state of its artifact is observed. No I/O.

    absent ──► pending ──► fetched ──► parsed
                 │            └──────► quarantined     superseded: an older object of a kind that allows one
                 └► failed, deleted at the API before it was fetched

Observations are ordered by the time of their request, not by write order or API time: the API's instants come from
many hosts. Any change of `updated_at`, forward or backward, means that the bytes changed.

A row keeps its stored bytes when the API fails or deletes the object later.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

ABSENT = "absent"
PENDING = "pending"
FETCHED = "fetched"
PARSED = "parsed"
QUARANTINED = "quarantined"
FAILED = "failed"
SUPERSEDED = "superseded"
DELETED = "deleted"

STORED = frozenset({FETCHED, PARSED, QUARANTINED})
ENDED_AT_API = frozenset({FAILED, DELETED})
NO_ARTIFACT = ""

MAX_WAIT = timedelta(hours=6)
"""The longest wait between two attempts to fetch."""
INTERRUPTED = "a fetch is in progress, or its process was killed"
MAX_INTERRUPTIONS = 3
"""Attempts that may end the process before the artifact is set aside."""

NO_ATTEMPT: dict[str, Any] = {
    "error": None,
    "attempts": 0,
    "next_attempt_at": None,
    "is_waiting": None,
    "worker": None,
}
"""Values of the columns that describe attempts, before the first attempt."""


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One row of `artifacts`. The fields are the columns of that table, which documents them."""

    recording_id: str
    kind: str
    artifact_id: str
    status: str = PENDING
    api_status: str | None = None
    sub_code: str | None = None
    api_updated_at: datetime | None = None
    api_created_at: datetime | None = None
    missing_since: datetime | None = None
    provider: str | None = None
    raw_key: str | None = None
    sha256: str | None = None
    size_bytes: int | None = None
    row_count: int | None = None
    replaced_rows: int | None = None
    repaired_chars: int | None = None
    parser_version: str | None = None
    error: str | None = None
    attempts: int = 0
    next_attempt_at: datetime | None = None
    is_waiting: bool | None = None
    worker: str | None = None
    load_attempts: int | None = None
    fetched_at: datetime | None = None
    parsed_at: datetime | None = None
    observed_at: datetime | None = None
    modified_at: datetime | None = None

    @property
    def has_bytes(self) -> bool:
        """True if the raw store has bytes of the artifact, current or outdated."""
        return self.sha256 is not None

    @property
    def without_observation_time(self) -> LedgerRow:
        """The row without its observation time, to compare contents."""
        return replace(self, observed_at=None)

    def with_status(self, status: str) -> LedgerRow:
        """The row in another state. Former attempts do not matter in the new state, so they are cleared."""
        return self if status == self.status else replace(self, **NO_ATTEMPT, status=status)


@dataclass(frozen=True, slots=True)
class ObservedArtifact:
    """One artifact of a media object as the API listed it.

    `exists` is False if the media object was listed without this artifact. `observed_at` is the time of the request; an
    artifact without it counts as observed later than every other.
    """

    artifact_id: str
    api_status: str
    sub_code: str | None = None
    updated_at: datetime | None = None
    created_at: datetime | None = None
    provider: str | None = None
    exists: bool = True
    observed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Observation:
    """All artifacts of one kind that the API showed of one recording; `observed_at` is the start of the listing."""

    recording_id: str
    kind: str
    artifacts: tuple[ObservedArtifact, ...]
    is_finished: bool
    allows_multiple: bool
    observed_at: datetime | None = None


def reconcile(rows: Mapping[str, LedgerRow], seen: Observation) -> dict[str, LedgerRow]:
    """The new ledger rows of one (recording, kind), by artifact id, after an observation."""
    after = {artifact_id: row for artifact_id, row in rows.items() if artifact_id != NO_ARTIFACT}
    absent = rows.get(NO_ARTIFACT)
    for artifact in seen.artifacts:
        row = after.get(artifact.artifact_id)
        latest = row or absent
        if latest is not None and is_overtaken(artifact.observed_at, latest.observed_at):
            continue
        if artifact.exists:
            row = row or LedgerRow(seen.recording_id, seen.kind, artifact.artifact_id)
            after[artifact.artifact_id] = _after_observation(row, artifact)
        elif row is not None and not row.has_bytes:
            del after[artifact.artifact_id]
    if not seen.allows_multiple:
        after = supersede_older(after)
    if not after and (seen.is_finished or absent is not None):
        row = absent or LedgerRow(seen.recording_id, seen.kind, NO_ARTIFACT)
        after[NO_ARTIFACT] = _absent(row, seen.observed_at)
    return after


def is_overtaken(observed_at: datetime | None, recorded_at: datetime | None) -> bool:
    """True if an observation is older than the one already recorded."""
    return recorded_at is not None and observed_at is not None and observed_at < recorded_at


def is_fetchable(row: LedgerRow, at: datetime) -> bool:
    """True if the API offers newer bytes than the stored ones and the next attempt is due."""
    return row.status == PENDING and row.api_status == "done" and is_due(row.next_attempt_at, at)


def is_due(next_attempt_at: datetime | None, at: datetime) -> bool:
    """True if the next attempt may begin at an instant.

    An attempt scheduled further ahead than the longest wait was written with a wrong clock, and is due.
    """
    return next_attempt_at is None or not at < next_attempt_at <= at + MAX_WAIT


def supersede_older(rows: Mapping[str, LedgerRow]) -> dict[str, LedgerRow]:
    """The rows of a kind that allows one artifact: the newest one with bytes stays current until newer bytes arrive.

    older                                                                          newer
    superseded ─── current (has bytes) ─── superseded ─── awaited (done) ─── processing, failed or deleted
    """
    ordered = sorted(rows.values(), key=_age)
    current = max((i for i, row in enumerate(ordered) if row.has_bytes), default=-1)
    awaited = max((i for i, row in enumerate(ordered) if row.has_bytes or row.api_status == "done"), default=-1)
    return {
        row.artifact_id: row.with_status(_status_by_age(row, is_current=i == current, is_older=i < awaited))
        for i, row in enumerate(ordered)
    }


def _absent(row: LedgerRow, observed_at: datetime | None) -> LedgerRow:
    """The row of a missing artifact. Objects listed before `observed_at` no longer replace it."""
    is_old = observed_at is None or is_overtaken(observed_at, row.observed_at)
    return replace(row, status=ABSENT, observed_at=row.observed_at if is_old else observed_at)


def _after_observation(row: LedgerRow, artifact: ObservedArtifact) -> LedgerRow:
    is_changed = artifact.updated_at != row.api_updated_at
    status = _status_after(row, artifact, is_changed=is_changed)
    if is_changed and status == PENDING:
        row = replace(row, **NO_ATTEMPT)  # failures of the former bytes say nothing about the new ones
    return replace(
        row.with_status(status),
        api_status=artifact.api_status,
        sub_code=artifact.sub_code,
        api_updated_at=artifact.updated_at,
        api_created_at=artifact.created_at or row.api_created_at,
        provider=artifact.provider or row.provider,
        observed_at=artifact.observed_at or row.observed_at,
    )


def _status_after(row: LedgerRow, artifact: ObservedArtifact, *, is_changed: bool) -> str:
    if artifact.api_status in ENDED_AT_API:
        if not row.has_bytes:
            return artifact.api_status
        # The API has no newer bytes any more; the stored ones count again.
        return FETCHED if row.status == PENDING else row.status
    if row.status == SUPERSEDED:
        return SUPERSEDED
    return row.status if row.status in STORED and not is_changed else PENDING


def _status_by_age(row: LedgerRow, *, is_current: bool, is_older: bool) -> str:
    if is_older and not is_current:
        return SUPERSEDED
    if is_older and row.status == PENDING:
        return FETCHED  # newer bytes of this object are not needed: a newer object replaces it
    if row.status != SUPERSEDED:
        return row.status
    # The newer object will never arrive.
    if row.has_bytes:
        return FETCHED
    return row.api_status if row.api_status in ENDED_AT_API else PENDING


def _age(row: LedgerRow) -> tuple[bool, Any, str]:
    """Sorts by creation, for which the API's own instants are the only evidence.

    The time of the first observation does not help: one listing usually shows both objects. Two API hosts whose clocks
    differ may swap objects created within that difference. The choice is then arbitrary, but the same in every run and
    after a rebuild.
    """
    return row.api_created_at is not None, row.api_created_at or 0, row.artifact_id
