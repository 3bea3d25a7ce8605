"""How an artifact's ledger row follows what the API says of it: a pure function, no database.

    absent ──► pending ──► fetched ──► parsed
                 │            └──────► quarantined     superseded: an older object of a kind of which one counts
                 └► failed, deleted: the API says so before we had it

What we have is never unsaid: a row whose bytes are home keeps them when the API fails or deletes the object later.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

ABSENT = "absent"
PENDING = "pending"
FETCHED = "fetched"
PARSED = "parsed"
QUARANTINED = "quarantined"
FAILED = "failed"
SUPERSEDED = "superseded"
DELETED = "deleted"

HOME = frozenset({FETCHED, PARSED, QUARANTINED})
NO_ARTIFACT = ""

LedgerRow = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sighting:
    """One media object as the API listed it. `exists` is False where it came without this artifact."""

    artifact_id: str
    api_status: str
    sub_code: str | None = None
    updated_at: datetime | None = None
    created_at: datetime | None = None
    provider: str | None = None
    exists: bool = True


@dataclass(frozen=True, slots=True)
class Seen:
    """All that a look at the API showed of one kind of one recording."""

    recording_id: str
    kind: str
    sightings: tuple[Sighting, ...]
    is_finished: bool
    is_many: bool


def observed(known: Mapping[str, LedgerRow], seen: Seen) -> dict[str, LedgerRow]:
    """The ledger rows of one (recording, kind) by artifact id, as they should be after a look at the API."""
    rows = {artifact_id: dict(row) for artifact_id, row in known.items() if artifact_id != NO_ARTIFACT}
    for sighting in seen.sightings:
        row = rows.get(sighting.artifact_id)
        if sighting.exists:
            rows[sighting.artifact_id] = _seen_again(row or _blank(seen, sighting.artifact_id), sighting)
        elif row and row["sha256"] is None:
            del rows[sighting.artifact_id]
    if not seen.is_many:
        _supersede(rows.values())
    if not rows and (seen.is_finished or NO_ARTIFACT in known):
        rows[NO_ARTIFACT] = _blank(seen, NO_ARTIFACT) | {"status": ABSENT}
    return rows


def _blank(seen: Seen, artifact_id: str) -> LedgerRow:
    return {
        "recording_id": seen.recording_id,
        "kind": seen.kind,
        "artifact_id": artifact_id,
        "status": None,
        "api_status": None,
        "sub_code": None,
        "api_updated_at": None,
        "api_created_at": None,
        "provider": None,
        "sha256": None,
        "attempts": 0,
    }


def _seen_again(row: LedgerRow, sighting: Sighting) -> LedgerRow:
    return row | {
        "status": _status(row, sighting),
        "api_status": sighting.api_status,
        "sub_code": sighting.sub_code,
        "api_updated_at": sighting.updated_at,
        "api_created_at": sighting.created_at or row["api_created_at"],
        "provider": sighting.provider or row["provider"],
    }


def _status(row: LedgerRow, sighting: Sighting) -> str:
    is_home = row["sha256"] is not None
    status: str | None = row["status"]
    if sighting.api_status in {FAILED, DELETED}:
        if not is_home:
            return sighting.api_status
        # Newer bytes were expected and will not come; the ones at home are still what the tables should hold.
        return FETCHED if status in {None, PENDING} else str(status)
    if status == SUPERSEDED:
        return SUPERSEDED
    is_changed = sighting.updated_at != row["api_updated_at"]
    return str(status) if status in HOME and not is_changed else PENDING


def _supersede(rows: Iterable[LedgerRow]) -> None:
    """Marks the objects that a newer finished one replaces; bytes stay current until the newer ones are home."""
    done = sorted(
        (row for row in rows if row["api_status"] == "done"),
        key=lambda row: (row["api_created_at"] is not None, row["api_created_at"], row["artifact_id"]),
    )
    for row in done[:-1]:
        if row["sha256"] is None or done[-1]["status"] in HOME:
            row["status"] = SUPERSEDED
