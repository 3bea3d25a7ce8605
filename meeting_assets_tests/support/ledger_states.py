"""Observations and ledger rows of one recording and kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from meeting_assets.store.ledger_states import PARSED, QUARANTINED, STORED, LedgerRow, Observation, ObservedArtifact

T0 = datetime(2026, 3, 2, 10, tzinfo=UTC)
LATER = T0 + timedelta(minutes=5)
SHA = "5" * 64
A, B, C = "artifact-a", "artifact-b", "artifact-c"


def at(minutes: int) -> datetime:
    return T0 + timedelta(minutes=minutes)


def listed(artifact_id: str = A, code: str = "done", **more: Any) -> ObservedArtifact:
    return ObservedArtifact(artifact_id, code, **{"updated_at": T0, "created_at": T0} | more)


def observation(*artifacts: ObservedArtifact, is_finished: bool = True, allows_multiple: bool = False) -> Observation:
    return Observation("recording", "transcript", artifacts, is_finished=is_finished, allows_multiple=allows_multiple)


def ledger_rows(status: str, sha256: str | None = None, artifact_id: str = A, **more: Any) -> dict[str, LedgerRow]:
    """A ledger row after earlier observations and fetches, by artifact id."""
    sha256 = sha256 or (SHA if status in STORED else None)
    row = LedgerRow(
        "recording",
        "transcript",
        artifact_id,
        status,
        api_status="done",
        api_updated_at=T0,
        api_created_at=T0,
        raw_key=sha256 and f"key/{sha256}",
        sha256=sha256,
        row_count=7 if status == PARSED else None,
        parser_version="1" if status in {PARSED, QUARANTINED} else None,
    )
    return {artifact_id: replace(row, **more)}


def statuses(rows: Mapping[str, LedgerRow]) -> dict[str, str]:
    return {artifact_id: row.status for artifact_id, row in rows.items()}
