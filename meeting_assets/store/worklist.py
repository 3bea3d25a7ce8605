"""The worklist: ledger queries that find the artifacts and recordings each step has to process. Nothing is written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, or_, select

from meeting_assets.store.ledger import IS_QUARANTINED, KEY_COLUMNS, LEDGER, RECORDINGS, ArtifactKey, is_of_days
from meeting_assets.store.ledger_states import (
    DELETED,
    FAILED,
    FETCHED,
    MAX_WAIT,
    NO_ARTIFACT,
    PARSED,
    PENDING,
    QUARANTINED,
    STORED,
)
from meeting_assets.store.locks import RowLocks, about_to_lock
from meeting_assets.store.tasks import FetchTask, LoadTask
from meeting_assets.store.tombstones import is_canonical_uuid

LEFT_AFTER = timedelta(minutes=5)
"""A run parses fetched bytes sooner than this; later, the run was interrupted."""


def to_fetch(connection: Connection, days: Collection[date], *, refetch: bool = False) -> list[FetchTask]:
    """Pending artifacts of some days; with `refetch`, stored ones too."""
    c = LEDGER.c
    attempt = (c.attempts, c.error, c.next_attempt_at, c.is_waiting, c.worker)
    query = select(*KEY_COLUMNS, c.api_updated_at, *attempt).where(
        is_of_days(days), c.status.in_([PENDING, *STORED] if refetch else [PENDING])
    )
    tasks = (FetchTask(ArtifactKey(*row[:3]), *row[3:]) for row in connection.execute(query))
    return [task.without_running_attempt() for task in tasks]


def to_load(connection: Connection, days: Collection[date], kind: str, parser_version: str) -> list[LoadTask]:
    """Stored artifacts of some days whose rows are missing or were made by another parser version."""
    c = LEDGER.c
    is_outdated = or_(c.parser_version.is_(None), c.parser_version != parser_version)
    is_loaded = and_(c.sha256.is_not(None), c.status.in_([PARSED, QUARANTINED, PENDING]))
    query: Select[Any] = (
        select(
            *KEY_COLUMNS,
            RECORDINGS.c.day,
            c.status,
            c.raw_key,
            c.sha256,
            c.size_bytes,
            c.parser_version,
            c.row_count,
            c.api_created_at,
            c.provider,
            RECORDINGS.c.bot_name,
            c.load_attempts,
            IS_QUARANTINED.label("is_quarantined"),
            c.worker,
        )
        .join(RECORDINGS, RECORDINGS.c.recording_id == c.recording_id)
        .where(c.kind == kind, RECORDINGS.c.day.in_(days), or_(c.status == FETCHED, and_(is_loaded, is_outdated)))
        .order_by(c.recording_id, c.artifact_id)
    )
    tasks = (LoadTask(ArtifactKey(*row[:3]), *row[3:]) for row in connection.execute(query))
    return [task.without_running_attempt() for task in tasks]


def stored_count(connection: Connection, days: Collection[date], kind: str) -> int:
    """The number of stored artifacts of a kind for some days."""
    query = select(func.count()).where(is_of_days(days), LEDGER.c.kind == kind, LEDGER.c.status.in_(STORED))
    return connection.scalar(query) or 0


def recording_statuses(connection: Connection, days: Collection[date]) -> dict[str, str]:
    """The recordings of some days with their last observed status at the API."""
    query = select(RECORDINGS.c.recording_id, RECORDINGS.c.status).where(RECORDINGS.c.day.in_(days))
    return dict(connection.execute(query).all())


def day_of(connection: Connection, recording_id: str) -> date | None:
    """The day of a recording; None if the database does not have it."""
    query = select(RECORDINGS.c.day).where(RECORDINGS.c.recording_id == recording_id)
    return connection.scalar(query) if is_canonical_uuid(recording_id) else None


def bots_of(connection: Connection, recording_ids: Collection[str]) -> dict[str, str | None]:
    """The bot of each recording."""
    query = select(RECORDINGS.c.recording_id, RECORDINGS.c.bot_id).where(RECORDINGS.c.recording_id.in_(recording_ids))
    return dict(connection.execute(query).all())


def newest_without_bot(connection: Connection, besides: Collection[str], limit: int) -> list[str]:
    """The newest recordings without a bot that are not known to be deleted at the API."""
    query = select(RECORDINGS.c.recording_id).where(
        RECORDINGS.c.status != DELETED, RECORDINGS.c.bot_id.is_(None), RECORDINGS.c.recording_id.not_in(besides)
    )
    return [*connection.scalars(query.order_by(RECORDINGS.c.day.desc(), RECORDINGS.c.recording_id).limit(limit))]


def fetchable_recordings(connection: Connection, at: datetime) -> list[tuple[date, str]]:
    """Recordings of any day, with their days, that have work to do at an instant; the newest day first.

    That is: artifacts the API offers and whose next attempt is due, and fetched bytes that an interrupted run did not
    parse. Bytes that a bug kept from being parsed do not count.
    """
    c = LEDGER.c
    # The same rule as `ledger_states.is_due`.
    is_due = or_(c.next_attempt_at.is_(None), c.next_attempt_at <= at, c.next_attempt_at > at + MAX_WAIT)
    is_offered = and_(c.status == PENDING, c.api_status == "done", is_due)
    is_old = or_(c.fetched_at < at - LEFT_AFTER, c.fetched_at > at + LEFT_AFTER)
    is_left = and_(c.status == FETCHED, c.error.is_(None), is_old)
    query = (
        select(RECORDINGS.c.day, RECORDINGS.c.recording_id)
        .join(LEDGER, LEDGER.c.recording_id == RECORDINGS.c.recording_id)
        .where(or_(is_offered, is_left))
        .group_by(RECORDINGS.c.day, RECORDINGS.c.recording_id)
        .order_by(RECORDINGS.c.day.desc(), RECORDINGS.c.recording_id)
    )
    return [(row[0], row[1]) for row in connection.execute(query)]


def unfinished_recordings(connection: Connection) -> set[tuple[date, str]]:
    """Recordings, with their days, that have not ended, or that have artifacts to fetch or to parse."""
    columns = RECORDINGS.c.day, RECORDINGS.c.recording_id
    ongoing = select(*columns).where(RECORDINGS.c.status.not_in([FAILED, DELETED, "done"]))
    joined = RECORDINGS.join(LEDGER, LEDGER.c.recording_id == RECORDINGS.c.recording_id)
    waiting = select(*columns).select_from(joined).where(LEDGER.c.status.in_([PENDING, FETCHED]))
    return {(day, recording_id) for query in (ongoing, waiting) for day, recording_id in connection.execute(query)}


def outdated_days(connection: Connection, versions: Mapping[str, str]) -> list[date]:
    """Days with artifacts parsed by other versions than `versions` (by kind), the oldest first."""
    other = or_(
        *(
            and_(
                LEDGER.c.kind == kind,
                or_(LEDGER.c.parser_version.is_(None), LEDGER.c.parser_version != version),
            )
            for kind, version in versions.items()
        )
    )
    query = (
        select(RECORDINGS.c.day)
        .join(LEDGER, LEDGER.c.recording_id == RECORDINGS.c.recording_id)
        .where(LEDGER.c.status.in_(STORED), other)
        .distinct()
        .order_by(RECORDINGS.c.day)
    )
    return [*connection.scalars(query)]


def inputs_of(
    connection: Connection, condition: ColumnElement[bool], *, is_locking: bool = False
) -> dict[str, list[tuple[Any, ...]]]:
    """Ledger rows that meet a condition, by recording, as (kind, artifact_id, status, sha256, parser_version).

    With `is_locking`, locks the rows until the transaction ends.
    """
    rows: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    c = LEDGER.c
    query = select(*KEY_COLUMNS, c.status, c.sha256, c.parser_version).where(condition)
    if is_locking:
        about_to_lock(connection, RowLocks.LEDGER)
        query = query.order_by(*KEY_COLUMNS).with_for_update()
    for recording_id, *inputs in connection.execute(query):
        rows[recording_id].append(tuple(inputs))
    return rows


def api_states_of(connection: Connection, recording_ids: Collection[str]) -> dict[str, list[dict[str, Any]]]:
    """Artifacts by recording: their state at the API, and the hash of their current bytes if those are stored.

    The order is fixed. Absent artifacts are left out.
    """
    c = LEDGER.c
    api_columns = (c.kind, c.artifact_id, c.api_status, c.sub_code, c.api_updated_at, c.api_created_at, c.provider)
    query = (
        select(c.recording_id, *api_columns, case((c.status.in_(STORED), c.sha256), else_=None).label("sha256"))
        .where(c.recording_id.in_(recording_ids), c.artifact_id != NO_ARTIFACT)
        .order_by(*KEY_COLUMNS)
    )
    sides: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in connection.execute(query).mappings():
        sides[row["recording_id"]].append({name: value for name, value in row.items() if name != "recording_id"})
    return sides


def recordings_with_bot_name(connection: Connection, days: Collection[date]) -> set[str]:
    """Recordings of some days that have a bot name."""
    query = select(RECORDINGS.c.recording_id).where(RECORDINGS.c.day.in_(days), RECORDINGS.c.bot_name.is_not(None))
    return set(connection.scalars(query))
