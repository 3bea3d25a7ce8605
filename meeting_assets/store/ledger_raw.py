"""Ledger writes about the raw store: bytes fetched, not fetched, found again, lost, or removed by a purge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, case

from meeting_assets.store.ledger import LEDGER, ArtifactKey, insert_rows, is_artifact, lock_siblings, update_rows
from meeting_assets.store.ledger_states import (
    DELETED,
    FETCHED,
    INTERRUPTED,
    MAX_WAIT,
    NO_ATTEMPT,
    PENDING,
    STORED,
    LedgerRow,
    is_overtaken,
    supersede_older,
)
from meeting_assets.store.locks import RowLocks, about_to_lock
from meeting_assets.store.modification import update_of

FIRST_WAIT = timedelta(minutes=1)
WAIT_NEAR_EXPIRY = timedelta(minutes=15)
NEAR_EXPIRY = timedelta(hours=24)

_NO_BYTES: dict[str, Any] = {
    **NO_ATTEMPT,
    **dict.fromkeys(("raw_key", "sha256", "size_bytes", "row_count", "replaced_rows", "repaired_chars")),
    **dict.fromkeys(("parser_version", "load_attempts", "fetched_at", "parsed_at")),
}


def mark_fetched(
    connection: Connection,
    key: ArtifactKey,
    *,
    raw_key: str,
    sha256: str,
    size_bytes: int,
    updated_at: datetime | None,
    allows_multiple: bool,
    at: datetime,
    observed_at: datetime | None = None,
) -> str:
    """Records that the raw store has the bytes of an object as it was at `updated_at`, observed at `observed_at`.

    Returns `new`, `changed` or `unchanged`; or `overtaken` if another run has observed a newer state of the object, to
    which these bytes do not belong.
    """
    siblings = lock_siblings(connection, key)
    before = siblings.get(key.artifact_id)
    if before is None:
        return "overtaken"
    if before.api_updated_at != updated_at:
        if observed_at is None or is_overtaken(observed_at, before.observed_at):
            return "overtaken"
        before = replace(before, api_updated_at=updated_at, observed_at=observed_at)
    is_new = before.sha256 != sha256
    no_failure: dict[str, Any] = {"attempts": 0, "next_attempt_at": None, "is_waiting": None, "worker": None}
    after = replace(before, **no_failure, fetched_at=at, raw_key=raw_key)
    if is_new:
        after = replace(after, load_attempts=None)
    if is_new or before.status not in STORED:
        after = replace(after, status=FETCHED, sha256=sha256, size_bytes=size_bytes, error=None)
    _update_siblings(connection, siblings, after, allows_multiple=allows_multiple)
    if not is_new:
        return "unchanged"
    return "changed" if before.has_bytes else "new"


def mark_attempt_failed(
    connection: Connection,
    key: ArtifactKey,
    error: str,
    *,
    updated_at: datetime | None,
    at: datetime,
    expires_at: datetime | None,
    is_missing: bool = False,
    is_refused: bool = False,
    is_too_large: bool = False,
) -> None:
    """Records a failed attempt to fetch the object as it was at `updated_at`, and schedules the next one.

    A sync of the day does not fetch the artifact before that time if its bytes are missing at the API, were refused
    twice, or exceed the size limit. Nothing is recorded if another run has fetched the artifact or observed a change.
    `error` must hold no secret. A call repeated with the same `at` counts once.
    """
    waiting = and_(
        is_artifact(key), LEDGER.c.status == PENDING, LEDGER.c.api_updated_at.is_not_distinct_from(updated_at)
    )
    about_to_lock(connection, RowLocks.LEDGER)
    row = connection.execute(LEDGER.select().where(waiting).with_for_update()).first()
    if row is None:
        return

    longest_wait = WAIT_NEAR_EXPIRY if expires_at is not None and expires_at - at < NEAR_EXPIRY else MAX_WAIT

    def next_attempt_at(failures: int) -> datetime:
        return at + (MAX_WAIT if is_too_large else min(wait_after(failures), longest_wait))

    if row.attempts and (row.error, row.next_attempt_at) == (error, next_attempt_at(row.attempts - 1)):
        return  # already recorded: the transaction is repeated after its commit
    # An attempt is counted when it begins.
    failures = row.attempts - 1 if row.error == INTERRUPTED and row.attempts else row.attempts
    values = {
        "error": error,
        "attempts": failures + 1,
        "next_attempt_at": next_attempt_at(failures),
        "is_waiting": is_missing or is_too_large or (is_refused and failures > 0) or None,
        "worker": None,
    }
    connection.execute(update_of(LEDGER, waiting, values))


def wait_after(failures: int) -> timedelta:
    """The wait after an attempt that follows so many failed ones."""
    wait: timedelta = min(FIRST_WAIT * 2 ** min(failures, 10), MAX_WAIT)
    return wait


def mark_lost(connection: Connection, key: ArtifactKey, sha256: str) -> None:
    """Records that the raw store lost or damaged the bytes; they are fetched again if the API still has them."""
    values = {
        "status": case((LEDGER.c.api_status == DELETED, DELETED), else_=PENDING),
        **dict.fromkeys(("sha256", "raw_key", "size_bytes", "load_attempts", "worker")),
        "error": "the raw object is missing or damaged",
    }
    connection.execute(update_of(LEDGER, and_(is_artifact(key), LEDGER.c.sha256 == sha256), values))


def mark_purged(connection: Connection, key: ArtifactKey, *, allows_multiple: bool) -> None:
    """Records that the bytes and rows of an artifact were removed; an older artifact may become current again."""
    siblings = lock_siblings(connection, key)
    purged = replace(siblings[key.artifact_id], **_NO_BYTES, status=DELETED)
    _update_siblings(connection, siblings, purged, allows_multiple=allows_multiple)


def adopt(connection: Connection, rows: Sequence[LedgerRow]) -> None:
    """Adds artifacts found in the raw store, unless the ledger has bytes of them."""
    for row in rows:
        held = lock_siblings(connection, ArtifactKey.of(row)).get(row.artifact_id)
        if held is None:
            insert_rows(connection, [row])
        elif not held.has_bytes:
            # Rows parsed from lost bytes may still be in the tables; the columns about them stay.
            loaded = ("row_count", "replaced_rows", "repaired_chars", "parser_version", "load_attempts", "parsed_at")
            kept = {name: getattr(held, name) for name in (*loaded, "missing_since")}
            update_rows(connection, [replace(row, **kept)], [held])


def _update_siblings(
    connection: Connection, siblings: Mapping[str, LedgerRow], changed: LedgerRow, *, allows_multiple: bool
) -> None:
    rows = {**siblings, changed.artifact_id: changed}
    rows = rows if allows_multiple else supersede_older(rows)
    after = [row for artifact_id, row in rows.items() if row != siblings[artifact_id]]
    update_rows(connection, after, siblings.values())
