"""The ledger: what is known of every artifact and what is to be done about it, one row per (recording, kind, artifact).

An asset that runs for some days does what the ledger says is missing or out of date there; so runs can be repeated,
overlap or be killed anywhere. Its states are those of `store.states`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, case, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from meeting_assets.store.database import table_of
from meeting_assets.store.states import (
    DELETED,
    FAILED,
    FETCHED,
    HOME,
    NO_ARTIFACT,
    PARSED,
    PENDING,
    QUARANTINED,
    SUPERSEDED,
    LedgerRow,
    Seen,
    observed,
)
from meeting_assets.store.tables import Artifacts, Recordings

FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=6)
WAIT_NEAR_EXPIRY = timedelta(minutes=15)
NEAR_EXPIRY = timedelta(hours=24)

LEDGER = table_of(Artifacts)
RECORDINGS = table_of(Recordings)


class Key(NamedTuple):
    """Which artifact."""

    recording_id: str
    kind: str
    artifact_id: str


class Entry(NamedTuple):
    """An artifact that is home, with what parsing it needs to know."""

    key: Key
    day: date
    status: str
    raw_key: str
    sha256: str
    parser_version: str | None
    row_count: int | None
    created_at: datetime | None
    provider: str | None
    bot_name: str | None


def of_days(days: Collection[date]) -> ColumnElement[bool]:
    """The ledger rows of recordings of some days."""
    return LEDGER.c.recording_id.in_(select(RECORDINGS.c.recording_id).where(RECORDINGS.c.day.in_(days)))


def observe(connection: Connection, looks: Sequence[Seen]) -> None:
    """Brings the ledger in line with what the API was seen to have."""
    known = _known(connection, {look.recording_id for look in looks})
    added: list[LedgerRow] = []
    for look in looks:
        before = known[look.recording_id, look.kind]
        after = observed(before, look)
        for artifact_id, row in after.items():
            if artifact_id not in before:
                added.append(row)
            elif row != before[artifact_id]:
                _update(connection, Key(look.recording_id, look.kind, artifact_id), row)
        for artifact_id in before.keys() - after.keys():
            connection.execute(LEDGER.delete().where(_is(Key(look.recording_id, look.kind, artifact_id))))
    if added:
        dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
        # Another run may have added the same row, and be further with it.
        connection.execute(dialect.insert(LEDGER).on_conflict_do_nothing(), added)


def note_deleted(connection: Connection, recording_id: str) -> None:
    """The API has deleted a whole recording: what is home stays, what is not will never come."""
    connection.execute(
        LEDGER.update()
        .where(LEDGER.c.recording_id == recording_id, LEDGER.c.artifact_id != NO_ARTIFACT)
        .values(
            api_status=DELETED,
            status=case(
                (and_(LEDGER.c.sha256.is_(None), LEDGER.c.status.in_([PENDING, FAILED])), DELETED),
                (LEDGER.c.status == PENDING, FETCHED),
                else_=LEDGER.c.status,
            ),
        )
    )


def pending(connection: Connection, recording_ids: Collection[str], kinds: Collection[str]) -> set[Key]:
    """Artifacts that are to be fetched as soon as the API offers them."""
    return _keys(connection, recording_ids, LEDGER.c.kind.in_(kinds) & (LEDGER.c.status == PENDING))


def refetchable(connection: Connection, recording_ids: Collection[str], kinds: Collection[str]) -> set[Key]:
    """Artifacts whose bytes can be asked for again."""
    return _keys(connection, recording_ids, LEDGER.c.kind.in_(kinds) & LEDGER.c.status.in_([PENDING, *HOME]))


def note_fetched(
    connection: Connection,
    key: Key,
    *,
    raw_key: str,
    sha256: str,
    size_bytes: int,
    is_many: bool,
    at: datetime,
) -> str:
    """The newest bytes are in the raw store. Returns whether they are `new`, `changed` or `unchanged`."""
    before = connection.execute(
        select(LEDGER.c.sha256, LEDGER.c.status, LEDGER.c.api_created_at).where(_is(key)).with_for_update()
    ).one()
    is_new = before.sha256 != sha256
    values: dict[str, Any] = {"attempts": 0, "next_attempt_at": None, "fetched_at": at, "raw_key": raw_key}
    if is_new or before.status not in HOME:
        values |= {"status": FETCHED, "sha256": sha256, "size_bytes": size_bytes, "error": None}
    connection.execute(LEDGER.update().where(_is(key)).values(values))
    if not is_many:
        _supersede_older(connection, key, before.api_created_at)
    return "unchanged" if not is_new else "new" if before.sha256 is None else "changed"


def note_failed_attempt(
    connection: Connection, key: Key, error: str, *, at: datetime, expires_at: datetime | None
) -> None:
    """We could not fetch it this time; says when to try again. `error` must hold no secret."""
    attempts = connection.scalar(select(LEDGER.c.attempts).where(_is(key)).with_for_update()) or 0
    wait = min(FIRST_WAIT * 2 ** min(attempts, 10), LONGEST_WAIT)
    if expires_at is not None and expires_at - at < NEAR_EXPIRY:
        wait = min(wait, WAIT_NEAR_EXPIRY)
    connection.execute(
        LEDGER.update()
        .where(_is(key))
        .values(status=PENDING, error=error, attempts=attempts + 1, next_attempt_at=at + wait)
    )


def note_gone(connection: Connection, recording_id: str, artifact_id: str) -> None:
    """The API no longer knows an object that we never had."""
    connection.execute(
        LEDGER.update()
        .where(
            LEDGER.c.recording_id == recording_id,
            LEDGER.c.artifact_id == artifact_id,
            LEDGER.c.sha256.is_(None),
        )
        .values(status=DELETED, api_status=DELETED, error=None, next_attempt_at=None)
    )


def unreadable_raw(connection: Connection, entry: Entry) -> None:
    """The raw store lost or changed the bytes: they are to be fetched again."""
    connection.execute(
        LEDGER.update()
        .where(_is(entry.key), LEDGER.c.sha256 == entry.sha256)
        .values(status=PENDING, error="the raw object is missing or damaged; it will be fetched again")
    )


def to_load(connection: Connection, days: Collection[date], kind: str, parser_version: str) -> list[Entry]:
    """Artifacts of some days whose bytes are home and whose rows are not what this parser makes of them."""
    return _entries(
        connection,
        LEDGER.c.kind == kind,
        RECORDINGS.c.day.in_(days),
        or_(
            LEDGER.c.status == FETCHED,
            and_(
                LEDGER.c.status.in_([PARSED, QUARANTINED]),
                or_(LEDGER.c.parser_version.is_(None), LEDGER.c.parser_version != parser_version),
            ),
        ),
    )


def count_home(connection: Connection, days: Collection[date], kind: str) -> int:
    """How many artifacts of a kind are home for some days."""
    return len(_entries(connection, LEDGER.c.kind == kind, RECORDINGS.c.day.in_(days), LEDGER.c.status.in_(HOME)))


def locked(connection: Connection, entry: Entry) -> Sequence[Any]:
    """Locks all rows of the entry's (recording, kind) until the transaction ends, and returns them.

    All of them, because rows of sibling artifacts are brought in line with each other.
    """
    return (
        connection.execute(
            LEDGER.select()
            .where(LEDGER.c.recording_id == entry.key.recording_id, LEDGER.c.kind == entry.key.kind)
            .order_by(LEDGER.c.artifact_id)
            .with_for_update()
        )
        .mappings()
        .all()
    )


def note_parsed(
    connection: Connection,
    key: Key,
    *,
    parser_version: str,
    row_count: int,
    replaced_rows: int,
    repaired_chars: int,
    at: datetime,
) -> None:
    """The tables hold what the bytes say under this parser."""
    connection.execute(
        LEDGER.update()
        .where(_is(key))
        .values(
            status=PARSED,
            parser_version=parser_version,
            row_count=row_count,
            replaced_rows=replaced_rows,
            repaired_chars=repaired_chars,
            error=None,
            parsed_at=at,
        )
    )


def note_quarantined(connection: Connection, key: Key, *, parser_version: str, error: str, at: datetime) -> None:
    """This parser cannot read the bytes; the tables hold no rows of them."""
    connection.execute(
        LEDGER.update()
        .where(_is(key))
        .values(
            status=QUARANTINED,
            parser_version=parser_version,
            row_count=None,
            replaced_rows=None,
            repaired_chars=None,
            error=error,
            parsed_at=at,
        )
    )


def note_without_rows(connection: Connection, keys: Collection[Key]) -> None:
    """Rows of these artifacts are no longer in the tables."""
    for key in keys:
        connection.execute(LEDGER.update().where(_is(key)).values(row_count=None))


def note_bug(connection: Connection, key: Key, error: str) -> None:
    """Our own fault kept this artifact from its tables; its state stays, so that a fixed version tries again."""
    connection.execute(LEDGER.update().where(_is(key)).values(error=error))


def parse_again(connection: Connection, recording_ids: Collection[str], kinds: Collection[str]) -> None:
    """What rows of these kinds depend on has changed."""
    connection.execute(
        LEDGER.update()
        .where(LEDGER.c.recording_id.in_(recording_ids), LEDGER.c.kind.in_(kinds), LEDGER.c.status == PARSED)
        .values(parser_version=None)
    )


def parse_days_again(connection: Connection, days: Collection[date]) -> None:
    """Everything that is home of some days is to be parsed again."""
    connection.execute(
        LEDGER.update().where(of_days(days), LEDGER.c.status.in_([PARSED, QUARANTINED])).values(parser_version=None)
    )


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
        .where(LEDGER.c.status.in_(HOME), other)
        .distinct()
        .order_by(RECORDINGS.c.day)
    )
    return [*connection.scalars(query)]


def inputs_of(connection: Connection, condition: ColumnElement[bool]) -> dict[str, list[tuple[Any, ...]]]:
    """Per recording that meets the condition its ledger rows as (kind, artifact_id, status, sha256, parser_version)."""
    rows: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    c = LEDGER.c
    query = select(c.recording_id, c.kind, c.artifact_id, c.status, c.sha256, c.parser_version).where(condition)
    for recording_id, *inputs in connection.execute(query):
        rows[recording_id].append(tuple(inputs))
    return rows


def api_side_of(connection: Connection, recording_ids: Collection[str]) -> dict[str, list[dict[str, Any]]]:
    """Per recording what the API said of its artifacts, in a fixed order; absent ones left out."""
    c = LEDGER.c
    columns = (
        c.kind,
        c.artifact_id,
        c.api_status,
        c.sub_code,
        c.api_updated_at,
        c.api_created_at,
        c.provider,
    )
    query = (
        select(c.recording_id, *columns)
        .where(c.recording_id.in_(recording_ids), c.artifact_id != NO_ARTIFACT)
        .order_by(c.recording_id, c.kind, c.artifact_id)
    )
    sides: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in connection.execute(query).mappings():
        sides[row["recording_id"]].append({column.name: row[column.name] for column in columns})
    return sides


def note_listings(connection: Connection, written: Sequence[Mapping[str, str]]) -> None:
    """recording.json was written for these recordings: their `id` and the `sha256` of what it says."""
    connection.execute(
        RECORDINGS.update()
        .where(RECORDINGS.c.recording_id == bindparam("id"))
        .values(listing_sha256=bindparam("sha256")),
        [*written],
    )


def waited_for(connection: Connection, days: Collection[date]) -> tuple[set[str], set[Key]]:
    """What of some days is not finished at the API, or not home: recordings, and artifacts."""
    pending_keys = {
        Key(*row)
        for row in connection.execute(
            select(LEDGER.c.recording_id, LEDGER.c.kind, LEDGER.c.artifact_id).where(
                of_days(days), LEDGER.c.status == PENDING
            )
        )
    }
    unfinished = connection.scalars(
        select(RECORDINGS.c.recording_id).where(
            RECORDINGS.c.day.in_(days), RECORDINGS.c.status.not_in([FAILED, DELETED, "done"])
        )
    )
    return {*unfinished, *(key.recording_id for key in pending_keys)}, pending_keys


def named_bots(connection: Connection, recording_ids: Collection[str]) -> set[str]:
    """Of these recordings those whose bot's name is known."""
    query = select(RECORDINGS.c.recording_id).where(
        RECORDINGS.c.recording_id.in_(recording_ids), RECORDINGS.c.bot_name.is_not(None)
    )
    return set(connection.scalars(query))


def _known(connection: Connection, recording_ids: Collection[str]) -> dict[tuple[str, str], dict[str, LedgerRow]]:
    known: dict[tuple[str, str], dict[str, LedgerRow]] = defaultdict(dict)
    rows = connection.execute(
        LEDGER.select()
        .where(LEDGER.c.recording_id.in_(recording_ids))
        .order_by(LEDGER.c.recording_id, LEDGER.c.kind, LEDGER.c.artifact_id)
        .with_for_update()
    )
    for row in rows.mappings():
        known[row["recording_id"], row["kind"]][row["artifact_id"]] = dict(row)
    return known


def _entries(connection: Connection, *conditions: ColumnElement[bool]) -> list[Entry]:
    query: Select[Any] = (
        select(
            LEDGER.c.recording_id,
            LEDGER.c.kind,
            LEDGER.c.artifact_id,
            RECORDINGS.c.day,
            LEDGER.c.status,
            LEDGER.c.raw_key,
            LEDGER.c.sha256,
            LEDGER.c.parser_version,
            LEDGER.c.row_count,
            LEDGER.c.api_created_at,
            LEDGER.c.provider,
            RECORDINGS.c.bot_name,
        )
        .join(RECORDINGS, RECORDINGS.c.recording_id == LEDGER.c.recording_id)
        .where(*conditions)
        .order_by(LEDGER.c.recording_id, LEDGER.c.artifact_id)
    )
    return [Entry(Key(*row[:3]), *row[3:]) for row in connection.execute(query)]


def _keys(connection: Connection, recording_ids: Collection[str], condition: ColumnElement[bool]) -> set[Key]:
    query = select(LEDGER.c.recording_id, LEDGER.c.kind, LEDGER.c.artifact_id).where(
        LEDGER.c.recording_id.in_(recording_ids), condition
    )
    return {Key(*row) for row in connection.execute(query)}


def _is(key: Key) -> ColumnElement[bool]:
    return and_(
        LEDGER.c.recording_id == key.recording_id,
        LEDGER.c.kind == key.kind,
        LEDGER.c.artifact_id == key.artifact_id,
    )


def _update(connection: Connection, key: Key, row: LedgerRow) -> None:
    connection.execute(LEDGER.update().where(_is(key)).values(row))


def _supersede_older(connection: Connection, key: Key, created_at: datetime | None) -> None:
    connection.execute(
        LEDGER.update()
        .where(
            LEDGER.c.recording_id == key.recording_id,
            LEDGER.c.kind == key.kind,
            LEDGER.c.artifact_id != key.artifact_id,
            LEDGER.c.status.in_(HOME),
            or_(LEDGER.c.api_created_at.is_(None), LEDGER.c.api_created_at <= created_at),
        )
        .values(status=SUPERSEDED)
    )
