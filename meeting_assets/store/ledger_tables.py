"""Ledger writes about the tables: rows parsed, quarantined, failed by a bug, or outdated."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import Connection, and_, case, func, not_

from meeting_assets.store.ledger import IS_QUARANTINED, LEDGER, ArtifactKey, is_artifact, is_of_days, lock_matching
from meeting_assets.store.ledger_states import MAX_INTERRUPTIONS, PARSED, PENDING, QUARANTINED
from meeting_assets.store.modification import update_of

# While newer bytes are awaited, `error` describes the attempts to fetch them. Loading the older bytes keeps it.
_IS_FETCH_ERROR = and_(LEDGER.c.status == PENDING, LEDGER.c.attempts > 0)
# An artifact that ended the process is loaded again only with new bytes or another parser version.
_IS_SET_ASIDE = and_(IS_QUARANTINED, func.coalesce(LEDGER.c.load_attempts, 0) >= MAX_INTERRUPTIONS)
_IS_LOADABLE = and_(LEDGER.c.sha256.is_not(None), not_(_IS_SET_ASIDE))


class Loaded(NamedTuple):
    """An artifact whose bytes were parsed, with counts for the ledger; None if it has no rows."""

    key: ArtifactKey
    row_count: int | None = None
    replaced_rows: int | None = None
    repaired_chars: int | None = None


def mark_parsed(connection: Connection, loaded: Sequence[Loaded], parser_version: str, *, at: datetime) -> None:
    """Records that the tables hold the rows which this parser version makes from the bytes."""
    for each in loaded:
        _mark(connection, each, PARSED, parser_version, at)


def mark_quarantined(
    connection: Connection,
    key: ArtifactKey,
    *,
    parser_version: str,
    error: str,
    at: datetime,
    load_attempts: int | None = None,
) -> None:
    """Records that this parser version cannot read the bytes, and that the tables hold no rows of them.

    `load_attempts` is the number of attempts that ended the process, if that is the reason.
    """
    _mark(connection, Loaded(key), QUARANTINED, parser_version, at, error=error, load_attempts=load_attempts)


def _mark(
    connection: Connection,
    loaded: Loaded,
    status: str,
    parser_version: str,
    at: datetime,
    *,
    error: str | None = None,
    load_attempts: int | None = None,
) -> None:
    values = {
        # Older bytes may be parsed while newer ones are awaited.
        "status": case((LEDGER.c.status == PENDING, PENDING), else_=status),
        "parser_version": parser_version,
        "row_count": loaded.row_count,
        "replaced_rows": loaded.replaced_rows,
        "repaired_chars": loaded.repaired_chars,
        "error": case((_IS_FETCH_ERROR, LEDGER.c.error), else_=error),
        "load_attempts": load_attempts,
        "worker": None,
        "parsed_at": at,
    }
    connection.execute(update_of(LEDGER, is_artifact(loaded.key), values))


def mark_without_rows(connection: Connection, keys: Collection[ArtifactKey]) -> None:
    """Records that the rows of these artifacts were deleted from the tables."""
    for key in keys:
        connection.execute(update_of(LEDGER, is_artifact(key), {"row_count": None}))


def mark_bug(connection: Connection, key: ArtifactKey, error: str) -> None:
    """Records a failure that is our bug. The state stays, so a fixed version tries again."""
    kept = case((_IS_FETCH_ERROR, LEDGER.c.error), else_=error)
    values = {"error": kept, "load_attempts": None, "worker": None}
    connection.execute(update_of(LEDGER, is_artifact(key), values))


def mark_outdated(connection: Connection, recording_ids: Collection[str], kinds: Collection[str]) -> None:
    """Has the next run parse artifacts of these kinds again, because an input of their rows changed."""
    affected = and_(LEDGER.c.recording_id.in_(recording_ids), LEDGER.c.kind.in_(kinds), _IS_LOADABLE)
    connection.execute(update_of(LEDGER, affected, {"parser_version": None}))


def mark_days_outdated(connection: Connection, days: Collection[date]) -> None:
    """Has the next run parse all stored artifacts of some days again."""
    stored = and_(is_of_days(days), _IS_LOADABLE)
    lock_matching(connection, stored)
    connection.execute(update_of(LEDGER, stored, {"parser_version": None}))
