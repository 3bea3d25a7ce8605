"""What is to be done: the questions that each step asks the ledger. Nothing is written here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, or_, select

from meeting_assets.schema.persistent import Meta
from meeting_assets.store.attempts import Wanted, is_at_work
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger import IS_QUARANTINED, LEDGER, RECORDINGS, UNREADABLE, Key, of_days
from meeting_assets.store.locks import Rows, about_to_lock
from meeting_assets.store.states import (
    DELETED,
    FAILED,
    FETCHED,
    LONGEST_WAIT,
    MOST_DEATHS,
    NO_ARTIFACT,
    PARSED,
    PENDING,
    QUARANTINED,
    STORED,
)
from meeting_assets.store.tombstones import is_id

# Between fetching and parsing no run of a day rests that long.
LEFT_AFTER = timedelta(minutes=5)


class LoadTask(NamedTuple):
    """An artifact that is home, with what parsing it needs to know."""

    key: Key
    day: date
    status: str
    raw_key: str
    sha256: str
    size_bytes: int | None
    parser_version: str | None
    row_count: int | None
    created_at: datetime | None
    provider: str | None
    bot_name: str | None
    load_attempts: int | None = None
    """Of loading these bytes, that ended the process."""
    is_quarantined: bool = False
    """Whether another parser version has quarantined these bytes."""

    @property
    def is_deadly(self) -> bool:
        """Whether the process ended so often that this parser version does not try again."""
        return (self.load_attempts or 0) >= MOST_DEATHS and not self.is_quarantined


def pending(connection: Connection, days: Collection[date]) -> set[Key]:
    """Artifacts of some days that are to be fetched as soon as the API offers them."""
    return _keys(connection, *_is_expected(days))


def refetchable(connection: Connection, days: Collection[date]) -> set[Key]:
    """Artifacts of some days whose bytes can be asked for again."""
    return _keys(connection, *_is_expected(days, refetch=True))


def to_fetch(connection: Connection, days: Collection[date], *, refetch: bool = False) -> list[Wanted]:
    """Artifacts of some days that are pending, or with `refetch` all whose bytes can be asked for again."""
    c = LEDGER.c
    query = select(
        c.recording_id,
        c.kind,
        c.artifact_id,
        c.api_updated_at,
        c.attempts,
        c.error,
        c.next_attempt_at,
        c.is_waiting,
        c.worker,
    ).where(*_is_expected(days, refetch=refetch))
    return [Wanted.of(Key(*row[:3]), *row[3:-1], worker=row[-1]) for row in connection.execute(query)]


def to_load(connection: Connection, days: Collection[date], kind: str, parser_version: str) -> list[LoadTask]:
    """Artifacts of some days whose bytes are home and whose rows are not what this parser makes of them."""
    return _entries(
        connection,
        LEDGER.c.kind == kind,
        RECORDINGS.c.day.in_(days),
        or_(
            LEDGER.c.status == FETCHED,
            and_(
                LEDGER.c.sha256.is_not(None),
                LEDGER.c.status.in_([PARSED, QUARANTINED, PENDING]),
                or_(LEDGER.c.parser_version.is_(None), LEDGER.c.parser_version != parser_version),
            ),
        ),
    )


def stored_count(connection: Connection, days: Collection[date], kind: str) -> int:
    """How many artifacts of a kind are home for some days."""
    query = select(func.count()).where(of_days(days), LEDGER.c.kind == kind, LEDGER.c.status.in_(STORED))
    return connection.scalar(query) or 0


def awaited_count(connection: Connection, days: Collection[date]) -> tuple[set[str], set[Key]]:
    """What of some days is not finished at the API, or not home: recordings, and artifacts."""
    keys = pending(connection, days)
    unfinished = connection.scalars(
        select(RECORDINGS.c.recording_id).where(
            RECORDINGS.c.day.in_(days), RECORDINGS.c.status.not_in([FAILED, DELETED, "done"])
        )
    )
    return {*unfinished, *(key.recording_id for key in keys)}, keys


def statuses(connection: Connection, days: Collection[date]) -> dict[str, str]:
    """The recordings of some days with their status at the API when it was last asked."""
    query = select(RECORDINGS.c.recording_id, RECORDINGS.c.status).where(RECORDINGS.c.day.in_(days))
    return dict(connection.execute(query).all())


def day_of(connection: Connection, recording_id: str) -> date | None:
    """The day of a recording; None where it is not known."""
    query = select(RECORDINGS.c.day).where(RECORDINGS.c.recording_id == recording_id)
    return connection.scalar(query) if is_id(recording_id) else None


def bots_of(connection: Connection, recording_ids: Collection[str]) -> dict[str, str | None]:
    """The recordings with their bots."""
    query = select(RECORDINGS.c.recording_id, RECORDINGS.c.bot_id).where(RECORDINGS.c.recording_id.in_(recording_ids))
    return dict(connection.execute(query).all())


def newest_without_bot(connection: Connection, besides: Collection[str], limit: int) -> list[str]:
    """The newest recordings without a bot that are not known to be deleted at the API."""
    query = select(RECORDINGS.c.recording_id).where(
        RECORDINGS.c.status != DELETED, RECORDINGS.c.bot_id.is_(None), RECORDINGS.c.recording_id.not_in(besides)
    )
    return [*connection.scalars(query.order_by(RECORDINGS.c.day.desc(), RECORDINGS.c.recording_id).limit(limit))]


def fetchable(connection: Connection, at: datetime) -> list[tuple[date, str]]:
    """Recordings of which something can be done at an instant, as the ledger knows them, whatever their day.

    Artifacts that can be fetched, and bytes that a run fetched and left, unless it was our fault that it did. Per
    recording its day; the newest day first.
    """
    c = LEDGER.c
    # An instant that cannot be was noted by a clock that was wrong; see `states.is_due`.
    is_due = or_(c.next_attempt_at.is_(None), c.next_attempt_at <= at, c.next_attempt_at > at + LONGEST_WAIT)
    is_offered = and_(c.status == PENDING, c.api_status == "done", is_due)
    is_at_rest = or_(c.fetched_at < at - LEFT_AFTER, c.fetched_at > at + LEFT_AFTER)
    is_left = and_(c.status == FETCHED, c.error.is_(None), is_at_rest)
    query = (
        select(RECORDINGS.c.day, RECORDINGS.c.recording_id)
        .join(LEDGER, LEDGER.c.recording_id == RECORDINGS.c.recording_id)
        .where(or_(is_offered, is_left))
        .group_by(RECORDINGS.c.day, RECORDINGS.c.recording_id)
        .order_by(RECORDINGS.c.day.desc(), RECORDINGS.c.recording_id)
    )
    return [(row[0], row[1]) for row in connection.execute(query)]


def unfinished(connection: Connection) -> set[tuple[date, str]]:
    """Recordings, with their days, that go on, or of which something is being made, or has come and is in no table."""
    columns = RECORDINGS.c.day, RECORDINGS.c.recording_id
    going_on = select(*columns).where(RECORDINGS.c.status.not_in([FAILED, DELETED, "done"]))
    joined = RECORDINGS.join(LEDGER, LEDGER.c.recording_id == RECORDINGS.c.recording_id)
    waiting = select(*columns).select_from(joined).where(LEDGER.c.status.in_([PENDING, FETCHED]))
    return {(day, recording_id) for query in (going_on, waiting) for day, recording_id in connection.execute(query)}


def outdated_days(connection: Connection, versions: Mapping[str, str]) -> list[date]:
    """Days with artifacts that another parser than that of `versions` (by kind) has read, the oldest first."""
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
    """Per recording that meets the condition its ledger rows as (kind, artifact_id, status, sha256, parser_version).

    The rows may be locked until the transaction ends.
    """
    rows: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    c = LEDGER.c
    query = select(c.recording_id, c.kind, c.artifact_id, c.status, c.sha256, c.parser_version).where(condition)
    if is_locking:
        about_to_lock(connection, Rows.LEDGER)
        query = query.order_by(c.recording_id, c.kind, c.artifact_id).with_for_update()
    for recording_id, *inputs in connection.execute(query):
        rows[recording_id].append(tuple(inputs))
    return rows


def api_side_of(connection: Connection, recording_ids: Collection[str]) -> dict[str, list[dict[str, Any]]]:
    """Per recording what the API said of its artifacts, and the hash of what is home of them as they are now.

    In a fixed order; absent ones are left out.
    """
    c = LEDGER.c
    said = (c.kind, c.artifact_id, c.api_status, c.sub_code, c.api_updated_at, c.api_created_at, c.provider)
    query = (
        select(c.recording_id, *said, case((c.status.in_(STORED), c.sha256), else_=None).label("sha256"))
        .where(c.recording_id.in_(recording_ids), c.artifact_id != NO_ARTIFACT)
        .order_by(c.recording_id, c.kind, c.artifact_id)
    )
    sides: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in connection.execute(query).mappings():
        sides[row["recording_id"]].append({name: value for name, value in row.items() if name != "recording_id"})
    return sides


def named_bots(connection: Connection, days: Collection[date]) -> set[str]:
    """Recordings of some days whose bot's name is known."""
    query = select(RECORDINGS.c.recording_id).where(RECORDINGS.c.day.in_(days), RECORDINGS.c.bot_name.is_not(None))
    return set(connection.scalars(query))


def unreadable(connection: Connection) -> list[tuple[str, str]]:
    """Objects of the API's lists that make no sense: name and fault."""
    meta = table_of(Meta)
    rows = connection.execute(select(meta).where(meta.c.name.startswith(UNREADABLE)).order_by(meta.c.name))
    return [(name.removeprefix(UNREADABLE), value.partition(" ")[2]) for name, value in rows]


def _is_expected(days: Collection[date], *, refetch: bool = False) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """The artifacts of some days that are to be fetched, or with `refetch` may be fetched again."""
    return of_days(days), LEDGER.c.status.in_([PENDING, *STORED] if refetch else [PENDING])


def _entries(connection: Connection, *conditions: ColumnElement[bool]) -> list[LoadTask]:
    query: Select[Any] = (
        select(
            LEDGER.c.recording_id,
            LEDGER.c.kind,
            LEDGER.c.artifact_id,
            RECORDINGS.c.day,
            LEDGER.c.status,
            LEDGER.c.raw_key,
            LEDGER.c.sha256,
            LEDGER.c.size_bytes,
            LEDGER.c.parser_version,
            LEDGER.c.row_count,
            LEDGER.c.api_created_at,
            LEDGER.c.provider,
            RECORDINGS.c.bot_name,
            LEDGER.c.load_attempts,
            IS_QUARANTINED.label("is_quarantined"),
            LEDGER.c.worker,
        )
        .join(RECORDINGS, RECORDINGS.c.recording_id == LEDGER.c.recording_id)
        .where(*conditions)
        .order_by(LEDGER.c.recording_id, LEDGER.c.artifact_id)
    )
    return [_entry(*row) for row in connection.execute(query)]


def _entry(recording_id: str, kind: str, artifact_id: str, *columns: Any) -> LoadTask:
    """A row as an entry. A load that another process is at now has not ended that process."""
    entry = LoadTask(Key(recording_id, kind, artifact_id), *columns[:-1])
    if not entry.load_attempts or not is_at_work(columns[-1]):
        return entry
    return entry._replace(load_attempts=entry.load_attempts - 1 or None)


def _keys(connection: Connection, *conditions: ColumnElement[bool]) -> set[Key]:
    query = select(LEDGER.c.recording_id, LEDGER.c.kind, LEDGER.c.artifact_id).where(*conditions)
    return {Key(*row) for row in connection.execute(query)}
