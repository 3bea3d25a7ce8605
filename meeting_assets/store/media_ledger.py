"""The ledger of media files: wanted files, attempts, and files stored, failed or gone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from meeting_assets.core.instants import now
from meeting_assets.core.media_kinds import MediaKind
from meeting_assets.schema.media_files import MediaFiles
from meeting_assets.store import tombstones
from meeting_assets.store.connections import retry_on_conflict
from meeting_assets.store.database import Database, insert_into, table_of
from meeting_assets.store.ledger_raw import wait_after
from meeting_assets.store.ledger_states import (
    DELETED,
    ENDED_AT_API,
    FETCHED,
    INTERRUPTED,
    MAX_INTERRUPTIONS,
    MAX_WAIT,
    PENDING,
    QUARANTINED,
)
from meeting_assets.store.modification import MODIFIED_AT, DatabaseNow, update_of

MEDIA_FILES = table_of(MediaFiles)


class MediaIdentity(NamedTuple):
    """The key of a media file."""

    recording_id: str
    media_kind: MediaKind
    part_id: str = ""


@dataclass(frozen=True, slots=True)
class StoredMedia:
    """A media file in the raw store."""

    key: str
    size_bytes: int
    sha256: str
    content_type: str | None = None
    container: str | None = None
    codec: str | None = None
    sample_rate_hz: int | None = None
    channels: int | None = None
    width: int | None = None
    height: int | None = None
    duration_s: float | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A row of the ledger."""

    recording_id: str
    media_kind: MediaKind
    part_id: str
    day: date
    media_object_id: str
    participant_id: int | None = None
    status: str = PENDING
    key: str | None = None
    size_bytes: int | None = None
    sha256: str | None = None
    duration_s: float | None = None
    expected_size_bytes: int | None = None
    expected_duration_s: float | None = None
    expires_at: datetime | None = None
    error: str | None = None
    attempts: int = 0
    next_attempt_at: datetime | None = None
    worker: str | None = None

    @property
    def identity(self) -> MediaIdentity:
        return MediaIdentity(self.recording_id, self.media_kind, self.part_id)


API_FACTS = (
    "media_object_id",
    "participant_id",
    "expected_size_bytes",
    "expected_duration_s",
    "expires_at",
)
"""Columns whose values come from the API."""
COLUMNS = [MEDIA_FILES.c[field.name] for field in fields(MediaFile)]


def expect(connection: Connection, files: Iterable[MediaFile]) -> None:
    """Inserts pending files; of waiting ones, updates what the API says. Stored files stay as they are."""
    for file in sorted(files, key=lambda each: each.identity):
        given = {field.name: getattr(file, field.name) for field in fields(MediaFile)}
        insert = insert_into(connection, MEDIA_FILES).values({**dict.fromkeys(MEDIA_FILES.c.keys()), **given})
        connection.execute(insert.on_conflict_do_nothing())
        facts = {name: given[name] for name in API_FACTS}
        is_waiting = and_(_is(file.identity), MEDIA_FILES.c.status == PENDING)
        connection.execute(update_of(MEDIA_FILES, is_waiting, facts))


def wanted(
    connection: Connection, kinds: Collection[MediaKind], days: Collection[date] | None, at: datetime
) -> list[MediaFile]:
    """Files whose download is due, earliest expiry first."""
    c = MEDIA_FILES.c
    is_due = or_(c.next_attempt_at.is_(None), c.next_attempt_at <= at, c.next_attempt_at > at + MAX_WAIT)
    # An interrupted download continues at once, unless it has ended the process too often.
    is_interrupted = and_(c.error == INTERRUPTED, c.attempts < MAX_INTERRUPTIONS)
    query = select(*COLUMNS).where(c.status == PENDING, c.media_kind.in_([*kinds]), or_(is_due, is_interrupted))
    if days is not None:
        query = query.where(c.day.in_([*days]))
    order = (c.expires_at.is_(None), c.expires_at, c.recording_id, c.media_kind, c.part_id)
    return [_of_row(row) for row in connection.execute(query.order_by(*order))]


def pending_identities(connection: Connection) -> list[MediaIdentity]:
    """All files that are not stored yet, due or not."""
    c = MEDIA_FILES.c
    query = select(c.recording_id, c.media_kind, c.part_id).where(c.status == PENDING)
    return [MediaIdentity(row[0], MediaKind(row[1]), row[2]) for row in connection.execute(query)]


def ended(connection: Connection) -> list[MediaFile]:
    """All files that the API deleted or failed before they were stored."""
    c = MEDIA_FILES.c
    is_ended = and_(c.status.in_(ENDED_AT_API), c.sha256.is_(None), c.missing_since.is_(None))
    return [_of_row(row) for row in connection.execute(select(*COLUMNS).where(is_ended))]


@retry_on_conflict
def reopen(database: Database, identities: Collection[MediaIdentity]) -> None:
    """Lets files wait again that ended at the API before they were stored."""
    with database.writing() as connection:
        for identity in sorted(identities):
            is_ended = and_(_is(identity), MEDIA_FILES.c.status.in_(ENDED_AT_API), MEDIA_FILES.c.sha256.is_(None))
            values = {"status": PENDING, "error": None, "attempts": 0, "next_attempt_at": None}
            connection.execute(update_of(MEDIA_FILES, is_ended, values))


def adopt(connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    """Adds files found in the raw store, given as columns, unless the ledger has stored ones already."""
    for row in sorted(rows, key=lambda each: (each["recording_id"], each["media_kind"], each["part_id"])):
        status = QUARANTINED if row["error"] else FETCHED
        values = {**dict.fromkeys(MEDIA_FILES.c.keys()), "attempts": 0, **row, "status": status}
        values.pop(MODIFIED_AT)
        insert = insert_into(connection, MEDIA_FILES).values({**values, MODIFIED_AT: DatabaseNow()})
        connection.execute(insert.on_conflict_do_nothing())
        identity = MediaIdentity(row["recording_id"], MediaKind(row["media_kind"]), row["part_id"])
        found = {name: value for name, value in values.items() if name not in MEDIA_FILES.primary_key.columns}
        connection.execute(update_of(MEDIA_FILES, and_(_is(identity), MEDIA_FILES.c.sha256.is_(None)), found))


@retry_on_conflict
def begin_attempt(database: Database, identity: MediaIdentity, worker: str) -> bool:
    """Marks that an attempt begins; False if the file is not pending any more."""
    with database.writing() as connection:
        row = connection.execute(select(MEDIA_FILES).where(_is(identity)).with_for_update()).mappings().first()
        if row is None or row["status"] != PENDING:
            return False
        values = {
            "attempts": row["attempts"] + 1,
            "next_attempt_at": now() + wait_after(row["attempts"]),
            "error": INTERRUPTED,
            "worker": worker,
        }
        connection.execute(update_of(MEDIA_FILES, _is(identity), values))
        return True


@retry_on_conflict
def release(database: Database, file: MediaFile) -> None:
    """Removes the mark of an attempt that an error unrelated to the file has stopped."""
    with database.writing() as connection:
        is_marked = and_(_is(file.identity), MEDIA_FILES.c.error == INTERRUPTED)
        values = {"attempts": file.attempts, "next_attempt_at": file.next_attempt_at, "error": file.error}
        connection.execute(update_of(MEDIA_FILES, is_marked, {**values, "worker": None}))


@retry_on_conflict
def record_stored(database: Database, identity: MediaIdentity, stored: StoredMedia) -> bool:
    """Records a stored file; False if the recording was purged, so that the file must be deleted again."""
    with database.writing() as connection:
        if tombstones.tombstoned_recordings(connection, [identity.recording_id]):
            return False
        values = {field.name: getattr(stored, field.name) for field in fields(StoredMedia)}
        values |= {
            "status": QUARANTINED if stored.error else FETCHED,
            "attempts": 0,
            "next_attempt_at": None,
            "worker": None,
            "fetched_at": now(),
        }
        return connection.execute(update_of(MEDIA_FILES, _is(identity), values)).rowcount > 0


@retry_on_conflict
def record_failed(database: Database, identity: MediaIdentity, error: str, *, at: datetime) -> None:
    """Records a failed attempt, which `begin_attempt` has counted, and schedules the next one."""
    with database.writing() as connection:
        row = connection.execute(select(MEDIA_FILES).where(_is(identity)).with_for_update()).mappings().first()
        if row is not None and row["status"] == PENDING:
            wait = wait_after(max(0, row["attempts"] - 1))
            values = {"error": error, "next_attempt_at": at + wait, "worker": None}
            connection.execute(update_of(MEDIA_FILES, _is(identity), values))


@retry_on_conflict
def record_gone(database: Database, identity: MediaIdentity, error: str) -> None:
    """Records that the API no longer has a file that is not stored."""
    with database.writing() as connection:
        is_pending = and_(_is(identity), MEDIA_FILES.c.status == PENDING)
        connection.execute(update_of(MEDIA_FILES, is_pending, {"status": DELETED, "error": error, "worker": None}))


def _is(identity: MediaIdentity) -> ColumnElement[bool]:
    c = MEDIA_FILES.c
    return and_(
        c.recording_id == identity.recording_id,
        c.media_kind == identity.media_kind.value,
        c.part_id == identity.part_id,
    )


def _of_row(row: Iterable[object]) -> MediaFile:
    values = dict(zip((field.name for field in fields(MediaFile)), row, strict=True))
    return MediaFile(**{**values, "media_kind": MediaKind(values["media_kind"])})  # type: ignore[arg-type]
