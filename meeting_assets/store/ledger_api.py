"""Ledger writes about the API: new, changed and deleted recordings and artifacts, as observed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, or_

from meeting_assets.store.ledger import (
    LEDGER,
    RECORDINGS,
    ArtifactKey,
    insert_rows,
    is_artifact,
    lock_matching,
    not_observed_after,
    read_rows,
    update_rows,
)
from meeting_assets.store.ledger_states import (
    DELETED,
    FAILED,
    FETCHED,
    NO_ARTIFACT,
    PENDING,
    LedgerRow,
    Observation,
    reconcile,
)
from meeting_assets.store.modification import update_of

_HAS_NO_BYTES = LEDGER.c.sha256.is_(None)
_WAS_EXPECTED = or_(LEDGER.c.status == PENDING, and_(_HAS_NO_BYTES, LEDGER.c.status == FAILED))
_DELETED_AT_API: dict[str, Any] = {
    "api_status": DELETED,
    "status": case(
        (and_(_HAS_NO_BYTES, LEDGER.c.status.in_([PENDING, FAILED])), DELETED),
        (LEDGER.c.status == PENDING, FETCHED),
        else_=LEDGER.c.status,
    ),
    # Attempts to fetch do not matter in the new status.
    **{name: case((_WAS_EXPECTED, None), else_=LEDGER.c[name]) for name in ("error", "next_attempt_at", "is_waiting")},
    "attempts": case((_WAS_EXPECTED, 0), else_=LEDGER.c.attempts),
}


def observe(connection: Connection, observations: Sequence[Observation]) -> None:
    """Updates the ledger to match what the API showed."""
    rows = read_rows(connection, {seen.recording_id for seen in observations}, is_locking=True)
    added: list[LedgerRow] = []
    changed: list[LedgerRow] = []
    for seen in observations:
        before = rows[seen.recording_id, seen.kind]
        after = reconcile(before, seen)
        added += [row for artifact_id, row in after.items() if artifact_id not in before]
        changed += [row for artifact_id, row in after.items() if row != before.get(artifact_id, row)]
        for artifact_id in before.keys() - after.keys():
            connection.execute(LEDGER.delete().where(is_artifact(ArtifactKey.of(before[artifact_id]))))
    update_rows(connection, changed, [row for before in rows.values() for row in before.values()])
    # Another run may have added the same row, and may already have fetched the artifact.
    insert_rows(connection, added)


def mark_recording_deleted(connection: Connection, recording_id: str, *, observed_at: datetime | None = None) -> None:
    """Records that the API deleted a whole recording. Stored bytes stay; other artifacts become `deleted`."""
    _mark_deleted(
        connection, and_(LEDGER.c.recording_id == recording_id, LEDGER.c.artifact_id != NO_ARTIFACT), observed_at
    )


def mark_object_deleted(
    connection: Connection, recording_id: str, artifact_id: str, *, observed_at: datetime | None = None
) -> None:
    """Records that the API deleted a media object. Stored bytes stay; other artifacts become `deleted`."""
    of_object = and_(LEDGER.c.recording_id == recording_id, LEDGER.c.artifact_id == artifact_id)
    lock_matching(connection, of_object)
    _mark_deleted(connection, of_object, observed_at)


def mark_deleted_at_api(connection: Connection, keys: Collection[ArtifactKey]) -> None:
    """Sets `api_status` of artifacts to `deleted`; their status stays until their rows and bytes are removed."""
    for key in sorted(keys):
        connection.execute(update_of(LEDGER, is_artifact(key), {"api_status": DELETED}))


def mark_listings_written(connection: Connection, written: Sequence[Mapping[str, str | None]]) -> None:
    """Records the `sha256` of each written recording.json, by the `id` of its recording.

    `former_sha256` is the recorded hash at the time the content was composed. If another run has recorded another hash
    since, the raw store may hold either content. Then no hash is recorded, and the next run writes the file again.
    """
    recorded = RECORDINGS.c.listing_sha256
    for each in sorted(written, key=lambda each: str(each["id"])):
        is_only_writer = or_(recorded.is_not_distinct_from(each["former_sha256"]), recorded == each["sha256"])
        values = {"listing_sha256": case((is_only_writer, each["sha256"]), else_=None)}
        connection.execute(update_of(RECORDINGS, RECORDINGS.c.recording_id == each["id"], values))


def _mark_deleted(connection: Connection, condition: ColumnElement[bool], observed_at: datetime | None) -> None:
    values = _DELETED_AT_API if observed_at is None else _DELETED_AT_API | {"observed_at": observed_at}
    connection.execute(update_of(LEDGER, and_(condition, not_observed_after(LEDGER, observed_at)), values))
