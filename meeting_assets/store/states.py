"""How an artifact's ledger row follows what the API says of it: a pure function, no database.

    absent ──► pending ──► fetched ──► parsed
                 │            └──────► quarantined     superseded: an older object of a kind of which one counts
                 └► failed, deleted: the API says so before we had it

Observations are ordered by the time of their request, not by write order or API time: the API's instants come from
many hosts. A changed `updated_at`, later or earlier, means other bytes.

What we have is never unsaid: a row whose bytes are home keeps them when the API fails or deletes the object later.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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
NEVER_TO_COME = frozenset({FAILED, DELETED})
NO_ARTIFACT = ""

LedgerRow = dict[str, Any]

LONGEST_WAIT = timedelta(hours=6)
"""Between two attempts to fetch."""
INTERRUPTED = "an attempt to fetch it began and has not ended: its process is at work, or was killed"
MOST_DEATHS = 3
"""Attempts that may end the process before the artifact is set aside."""

_NO_ATTEMPT: LedgerRow = {"error": None, "attempts": 0, "next_attempt_at": None, "is_waiting": None, "worker": None}


@dataclass(frozen=True, slots=True)
class ObservedArtifact:
    """One media object as the API listed it. `exists` is False where it came without this artifact.

    `observed_at` is when the request was sent; without it, the sighting counts as later than every other.
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
    """All that a look at the API showed of one kind of one recording; `observed_at` is when the look began."""

    recording_id: str
    kind: str
    sightings: tuple[ObservedArtifact, ...]
    is_finished: bool
    is_many: bool
    observed_at: datetime | None = None


def reconcile(known: Mapping[str, LedgerRow], seen: Observation) -> dict[str, LedgerRow]:
    """The ledger rows of one (recording, kind) by artifact id, as they should be after a look at the API."""
    rows = {artifact_id: dict(row) for artifact_id, row in known.items() if artifact_id != NO_ARTIFACT}
    absent = known.get(NO_ARTIFACT)
    for sighting in seen.sightings:
        row = rows.get(sighting.artifact_id)
        if is_overtaken(sighting.observed_at, row or absent):
            continue
        if sighting.exists:
            rows[sighting.artifact_id] = _seen_again(
                row or blank_row(seen.recording_id, seen.kind, sighting.artifact_id), sighting
            )
        elif row and not _is_home(row):
            del rows[sighting.artifact_id]
    if not seen.is_many:
        rows = settled(rows)
    if not rows and (seen.is_finished or NO_ARTIFACT in known):
        rows[NO_ARTIFACT] = _absent(absent or blank_row(seen.recording_id, seen.kind, NO_ARTIFACT), seen)
    return rows


def is_overtaken(observed_at: datetime | None, row: Mapping[str, Any] | None) -> bool:
    """Whether a row follows an answer whose request was sent later than this one."""
    held = row["observed_at"] if row is not None else None
    return held is not None and observed_at is not None and observed_at < held


def is_fetchable(row: LedgerRow, at: datetime) -> bool:
    """Whether newer bytes than ours can be had at an instant, as far as the API and our last attempt tell."""
    is_offered = row["status"] == PENDING and row["api_status"] == "done"
    return is_offered and is_due(row["next_attempt_at"], at)


def is_due(next_attempt_at: datetime | None, at: datetime) -> bool:
    """Whether the next attempt may begin at an instant.

    An attempt further ahead than any wait is long was noted by a clock that was wrong, and is due.
    """
    return next_attempt_at is None or not at < next_attempt_at <= at + LONGEST_WAIT


def blank_row(recording_id: str, kind: str, artifact_id: str) -> LedgerRow:
    """A ledger row of which nothing is known yet."""
    return {
        "recording_id": recording_id,
        "kind": kind,
        "artifact_id": artifact_id,
        "status": None,
        "api_status": None,
        "sub_code": None,
        "api_updated_at": None,
        "api_created_at": None,
        "provider": None,
        "sha256": None,
        **_NO_ATTEMPT,
        "observed_at": None,
    }


def _absent(row: LedgerRow, seen: Observation) -> LedgerRow:
    """The row of no artifact; an object that was listed before this look does not take its place any more."""
    observed_at = row["observed_at"] if is_overtaken(seen.observed_at, row) else seen.observed_at
    return row | {"status": ABSENT, "observed_at": observed_at or row["observed_at"]}


def _seen_again(row: LedgerRow, sighting: ObservedArtifact) -> LedgerRow:
    is_changed = sighting.updated_at != row["api_updated_at"]
    status = _status(row, sighting, is_changed=is_changed)
    if is_changed and status == PENDING:
        row = row | _NO_ATTEMPT  # what went wrong with the object as it was says nothing about the object as it is
    return _moved(row, status) | {
        "api_status": sighting.api_status,
        "sub_code": sighting.sub_code,
        "api_updated_at": sighting.updated_at,
        "api_created_at": sighting.created_at or row["api_created_at"],
        "provider": sighting.provider or row["provider"],
        "observed_at": sighting.observed_at or row["observed_at"],
    }


def _status(row: LedgerRow, sighting: ObservedArtifact, *, is_changed: bool) -> str:
    status: str | None = row["status"]
    if sighting.api_status in NEVER_TO_COME:
        if not _is_home(row):
            return sighting.api_status
        # Newer bytes were expected and will not come; the ones at home are still what the tables should hold.
        return FETCHED if status == PENDING else str(status)
    if status == SUPERSEDED:
        return SUPERSEDED
    return str(status) if status in STORED and not is_changed else PENDING


def settled(rows: Mapping[str, LedgerRow]) -> dict[str, LedgerRow]:
    """Leaves one object current where only one counts: the newest whose bytes are home, until newer ones are.

    older                                                                    newer
    superseded ─── current (home) ─── superseded ─── awaited (done) ─── processing, failed or deleted
    """
    ordered = sorted(rows.values(), key=_age)
    current = max((i for i, row in enumerate(ordered) if _is_home(row)), default=-1)
    awaited = max((i for i, row in enumerate(ordered) if _is_home(row) or row["api_status"] == "done"), default=-1)
    return {
        row["artifact_id"]: _moved(row, _settled(row, is_current=i == current, is_older=i < awaited))
        for i, row in enumerate(ordered)
    }


def _settled(row: LedgerRow, *, is_current: bool, is_older: bool) -> str:
    status = str(row["status"])
    if is_older and not is_current:
        return SUPERSEDED
    if is_older and status == PENDING:
        return FETCHED  # newer bytes of this object do not matter any more, those of the newer object do
    if status != SUPERSEDED:
        return status
    # What was to replace it will not come.
    if _is_home(row):
        return FETCHED
    return str(row["api_status"]) if row["api_status"] in NEVER_TO_COME else PENDING


def _moved(row: LedgerRow, status: str) -> LedgerRow:
    """The row in another state, where former attempts say nothing any more."""
    return row if status == row["status"] else row | _NO_ATTEMPT | {"status": status}


def _is_home(row: LedgerRow) -> bool:
    return row["sha256"] is not None


def _age(row: LedgerRow) -> tuple[bool, Any, str]:
    """The order of creation, for which the API's own instants are the only evidence.

    When we first saw an object says nothing: one look mostly shows both. Two API hosts whose clocks differ may swap
    objects made within that difference; the choice is then arbitrary, but the same in every run and after a rebuild.
    """
    return row["api_created_at"] is not None, row["api_created_at"] or 0, row["artifact_id"]
