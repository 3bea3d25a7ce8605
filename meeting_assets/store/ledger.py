"""The ledger: what is known of every artifact, one row per (recording, kind, artifact). Here it is written.

An asset that runs for some days does what the ledger says is missing or out of date there (`store.worklist`); so runs
can be repeated, overlap or be killed anywhere. Its states are those of `store.states`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Table,
    and_,
    bindparam,
    case,
    func,
    not_,
    or_,
    select,
    true,
)
from sqlalchemy.dialects import postgresql, sqlite

from meeting_assets.schema.persistent import Artifacts, Meta, Recordings
from meeting_assets.store.database import table_of, upsert
from meeting_assets.store.locks import Rows, about_to_lock
from meeting_assets.store.states import (
    DELETED,
    FAILED,
    FETCHED,
    INTERRUPTED,
    LONGEST_WAIT,
    MOST_DEATHS,
    NO_ARTIFACT,
    PARSED,
    PENDING,
    QUARANTINED,
    STORED,
    LedgerRow,
    Observation,
    is_overtaken,
    reconcile,
    settled,
)

FIRST_WAIT = timedelta(minutes=1)
WAIT_NEAR_EXPIRY = timedelta(minutes=15)
NEAR_EXPIRY = timedelta(hours=24)
UNREADABLE = "unreadable "
"""Begins the names in `meta` of objects that the API lists and that make no sense."""

LEDGER = table_of(Artifacts)
RECORDINGS = table_of(Recordings)


# Of artifacts that the API has deleted: the status of those that were still expected changes.
_WAS_EXPECTED = or_(LEDGER.c.status == PENDING, and_(LEDGER.c.sha256.is_(None), LEDGER.c.status == FAILED))
_WITHOUT_API: dict[str, Any] = {
    "api_status": DELETED,
    "status": case(
        (and_(LEDGER.c.sha256.is_(None), LEDGER.c.status.in_([PENDING, FAILED])), DELETED),
        (LEDGER.c.status == PENDING, FETCHED),
        else_=LEDGER.c.status,
    ),
    # Attempts to fetch say nothing about the artifact in its new status.
    **{name: case((_WAS_EXPECTED, None), else_=LEDGER.c[name]) for name in ("error", "next_attempt_at", "is_waiting")},
    "attempts": case((_WAS_EXPECTED, 0), else_=LEDGER.c.attempts),
}
# While newer bytes are awaited, `error` tells about the attempts to fetch them: loading older bytes keeps it.
_IS_OF_FETCH = and_(LEDGER.c.status == PENDING, LEDGER.c.attempts > 0)


_NOTHING_HOME: LedgerRow = {
    **dict.fromkeys(("raw_key", "sha256", "size_bytes", "row_count", "replaced_rows", "repaired_chars")),
    **dict.fromkeys(("parser_version", "error", "next_attempt_at", "is_waiting", "fetched_at", "parsed_at")),
    "load_attempts": None,
    "worker": None,
    "status": DELETED,
    "attempts": 0,
}

_NO_FAILURE: LedgerRow = {"attempts": 0, "next_attempt_at": None, "is_waiting": None, "worker": None}

Known = defaultdict[tuple[str, str], dict[str, LedgerRow]]
"""Ledger rows by (recording, kind), there by artifact id."""


# Of every artifact that is fetched or parsed: to put such a statement together takes longer than to execute it.
OF_ARTIFACT = and_(
    LEDGER.c.recording_id == bindparam("of"),
    LEDGER.c.kind == bindparam("of_kind"),
    LEDGER.c.artifact_id == bindparam("of_artifact"),
)
_NEW_VALUES: dict[str, Any] = {column.name: bindparam(f"new_{column.name}") for column in LEDGER.columns}
_OBSERVED = LEDGER.update().where(OF_ARTIFACT).values(observed_at=bindparam("at"))
# A parser version has quarantined the bytes; while newer ones are awaited, the row stays pending and has no rows.
IS_QUARANTINED = or_(
    LEDGER.c.status == QUARANTINED,
    and_(
        LEDGER.c.status == PENDING,
        LEDGER.c.sha256.is_not(None),
        LEDGER.c.parser_version.is_not(None),
        LEDGER.c.row_count.is_(None),
    ),
)
# What ended the process waits for other bytes or another parser; to load it again would end the process again.
_IS_DEADLY = and_(IS_QUARANTINED, func.coalesce(LEDGER.c.load_attempts, 0) >= MOST_DEATHS)
_MAY_BE_LOADED = and_(LEDGER.c.sha256.is_not(None), not_(_IS_DEADLY))
_REPLACED = LEDGER.update().where(OF_ARTIFACT).values(_NEW_VALUES)
_LOCKED = (
    LEDGER.select()
    .where(LEDGER.c.recording_id.in_(bindparam("of", expanding=True)), LEDGER.c.kind == bindparam("of_kind"))
    .order_by(LEDGER.c.recording_id, LEDGER.c.artifact_id)
    .with_for_update()
)
_PARSED = (
    LEDGER.update()
    .where(OF_ARTIFACT)
    .values(
        # Older bytes may be parsed while newer ones are waited for.
        status=case((LEDGER.c.status == PENDING, PENDING), else_=PARSED),
        parser_version=bindparam("version"),
        row_count=bindparam("rows"),
        replaced_rows=bindparam("replaced"),
        repaired_chars=bindparam("repaired"),
        error=case((_IS_OF_FETCH, LEDGER.c.error), else_=None),
        load_attempts=None,
        worker=None,
        parsed_at=bindparam("at"),
    )
)


class Key(NamedTuple):
    """Which artifact."""

    recording_id: str
    kind: str
    artifact_id: str


def parameters_of(key: Key) -> dict[str, Any]:
    """The parameters of `OF_ARTIFACT`."""
    return {"of": key.recording_id, "of_kind": key.kind, "of_artifact": key.artifact_id}


def of_days(days: Collection[date]) -> ColumnElement[bool]:
    """The ledger rows of recordings of some days."""
    return LEDGER.c.recording_id.in_(select(RECORDINGS.c.recording_id).where(RECORDINGS.c.day.in_(days)))


def known(connection: Connection, recording_ids: Collection[str], *, is_locking: bool = False) -> Known:
    """The ledger rows of some recordings, which may be locked until the transaction ends."""
    rows: Known = defaultdict(dict)
    query = (
        LEDGER.select()
        .where(LEDGER.c.recording_id.in_(recording_ids))
        .order_by(LEDGER.c.recording_id, LEDGER.c.kind, LEDGER.c.artifact_id)
    )
    if is_locking:
        about_to_lock(connection, Rows.LEDGER)
    for row in connection.execute(query.with_for_update() if is_locking else query).mappings():
        rows[row["recording_id"], row["kind"]][row["artifact_id"]] = dict(row)
    return rows


def observe(connection: Connection, looks: Sequence[Observation]) -> None:
    """Brings the ledger in line with what the API was seen to have."""
    before_by_kind = known(connection, {look.recording_id for look in looks}, is_locking=True)
    added: list[LedgerRow] = []
    unchanged: list[dict[str, Any]] = []
    for look in looks:
        before = before_by_kind[look.recording_id, look.kind]
        after = reconcile(before, look)
        for artifact_id, row in after.items():
            if artifact_id not in before:
                added.append(row)
                continue
            key = Key(look.recording_id, look.kind, artifact_id)
            if row | {"observed_at": None} != before[artifact_id] | {"observed_at": None}:
                _update(connection, key, row)
            elif row["observed_at"] != before[artifact_id]["observed_at"]:
                unchanged.append(parameters_of(key) | {"at": row["observed_at"]})
        for artifact_id in before.keys() - after.keys():
            connection.execute(LEDGER.delete().where(_is(Key(look.recording_id, look.kind, artifact_id))))
    if unchanged:
        connection.execute(_OBSERVED, unchanged)
    if added:
        dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
        # Another run may have added the same row, and be further with it.
        added.sort(key=lambda row: (row["recording_id"], row["kind"], row["artifact_id"]))
        connection.execute(dialect.insert(LEDGER).on_conflict_do_nothing(), added)


def note_deleted(connection: Connection, recording_id: str, *, observed_at: datetime | None = None) -> None:
    """The API has deleted a whole recording: what is home stays, what is not will never come."""
    of_recording = and_(LEDGER.c.recording_id == recording_id, LEDGER.c.artifact_id != NO_ARTIFACT)
    connection.execute(
        LEDGER.update()
        .where(of_recording, follows(LEDGER, observed_at))
        .values(_WITHOUT_API | _observation(observed_at))
    )


def follows(table: Table, observed_at: datetime | None) -> ColumnElement[bool]:
    """The rows of a table that follow no answer whose request was sent later."""
    held = table.c.observed_at
    return true() if observed_at is None else or_(held.is_(None), held <= observed_at)


def note_fetched(
    connection: Connection,
    key: Key,
    *,
    raw_key: str,
    sha256: str,
    size_bytes: int,
    updated_at: datetime | None,
    is_many: bool,
    at: datetime,
    observed_at: datetime | None = None,
) -> str:
    """Bytes are in the raw store, of the object as it was at `updated_at` according to a request of `observed_at`.

    Returns whether they are `new`, `changed` or `unchanged`, or `overtaken`: another run has seen a newer state of the
    object, and these bytes are not what it holds.
    """
    siblings = _siblings(connection, key)
    before = siblings.get(key.artifact_id)
    if before is None:
        return "overtaken"
    if before["api_updated_at"] != updated_at:
        if observed_at is None or is_overtaken(observed_at, before):
            return "overtaken"
        before = before | {"api_updated_at": updated_at, "observed_at": observed_at}
    is_new = before["sha256"] != sha256
    after = before | _NO_FAILURE | {"fetched_at": at, "raw_key": raw_key}
    if is_new:
        after |= {"load_attempts": None}
    if is_new or before["status"] not in STORED:
        after |= {"status": FETCHED, "sha256": sha256, "size_bytes": size_bytes, "error": None}
    rows = {**siblings, key.artifact_id: after}
    for artifact_id, row in (rows if is_many else settled(rows)).items():
        if row != siblings[artifact_id]:
            _update(connection, key._replace(artifact_id=artifact_id), row)
    return "unchanged" if not is_new else "new" if before["sha256"] is None else "changed"


def note_failed_attempt(
    connection: Connection,
    key: Key,
    error: str,
    *,
    updated_at: datetime | None,
    at: datetime,
    expires_at: datetime | None,
    is_missing: bool = False,
    is_refused: bool = False,
    is_too_large: bool = False,
) -> None:
    """The object as it was at `updated_at` could not be fetched this time; says when to try again.

    Bytes that are missing at the API are not asked for before that by a sync of the day, nor are those that were
    refused twice, nor those that exceed the limit of a download, which wait the longest interval at once. Nothing is
    noted where the artifact is home, or was seen anew: another run was luckier. `error` must hold no secret.
    Repeated with the same `at`, the attempt is counted once.
    """
    waiting = and_(_is(key), LEDGER.c.status == PENDING, LEDGER.c.api_updated_at.is_not_distinct_from(updated_at))
    about_to_lock(connection, Rows.LEDGER)
    columns = LEDGER.c.attempts, LEDGER.c.error, LEDGER.c.next_attempt_at
    row = connection.execute(select(*columns).where(waiting).with_for_update()).first()
    if row is None:
        return

    def after(before: int) -> dict[str, Any]:
        wait = wait_after(before)
        if expires_at is not None and expires_at - at < NEAR_EXPIRY:
            wait = min(wait, WAIT_NEAR_EXPIRY)
        if is_too_large:
            wait = LONGEST_WAIT
        is_waiting = is_missing or is_too_large or (is_refused and before > 0)
        values = {"error": error, "attempts": before + 1, "next_attempt_at": at + wait, "worker": None}
        return values | {"is_waiting": is_waiting or None}

    if row.attempts and (row.error, row.next_attempt_at) == (error, after(row.attempts - 1)["next_attempt_at"]):
        return  # this very attempt is noted: the transaction is repeated after its commit
    # An attempt that was marked when it began is counted already.
    before = row.attempts - 1 if row.error == INTERRUPTED and row.attempts else row.attempts
    connection.execute(LEDGER.update().where(waiting).values(after(before)))


def wait_after(attempts: int) -> timedelta:
    """How long to wait after an attempt that follows so many failed ones."""
    wait: timedelta = min(FIRST_WAIT * 2 ** min(attempts, 10), LONGEST_WAIT)
    return wait


def note_gone(
    connection: Connection, recording_id: str, artifact_id: str, *, observed_at: datetime | None = None
) -> None:
    """The API no longer knows an object: what is home stays, what is not will never come."""
    of_object = and_(LEDGER.c.recording_id == recording_id, LEDGER.c.artifact_id == artifact_id)
    _lock(connection, of_object)
    connection.execute(
        LEDGER.update().where(of_object, follows(LEDGER, observed_at)).values(_WITHOUT_API | _observation(observed_at))
    )


def note_deleted_artifacts(connection: Connection, keys: Collection[Key]) -> None:
    """The API had deleted these artifacts; their status stays until their rows and bytes are removed."""
    for key in sorted(keys):
        connection.execute(LEDGER.update().where(_is(key)).values(api_status=DELETED))


def note_purged(connection: Connection, key: Key, *, is_many: bool) -> None:
    """What was home of an artifact that the API has deleted is deleted here, too; an older one may count again."""
    rows = _siblings(connection, key)
    after = rows | {key.artifact_id: rows[key.artifact_id] | _NOTHING_HOME}
    for artifact_id, row in (after if is_many else settled(after)).items():
        if row != rows[artifact_id]:
            _update(connection, key._replace(artifact_id=artifact_id), row)


def note_unreadable(
    connection: Connection, faults: Mapping[str, str], read: Collection[str], days: Collection[date]
) -> None:
    """Objects of the API's lists that make no sense, by name, as a look at all of `days` showed them.

    Forgets those that were `read` meanwhile, and those of the same days that the lists no longer show. `days` is empty
    where the look was at some recordings only.
    """
    meta = table_of(Meta)
    span = f"{min(days)}..{max(days)}" if days else ""
    held = select(meta).where(meta.c.name.startswith(UNREADABLE)).order_by(meta.c.name).with_for_update()
    for name, value in connection.execute(held).all():
        if name.removeprefix(UNREADABLE) in read or (span and value.startswith(f"{span} ")):
            connection.execute(meta.delete().where(meta.c.name == name))
    rows = [{"name": UNREADABLE + name, "value": f"{span} {fault}"} for name, fault in sorted(faults.items())]
    upsert(connection, Meta, rows)


def adopt(connection: Connection, rows: Sequence[LedgerRow]) -> None:
    """Takes in artifacts whose bytes were found in the raw store, where the ledger has none."""
    about_to_lock(connection, Rows.LEDGER)
    for row in rows:
        key = Key(row["recording_id"], row["kind"], row["artifact_id"])
        known = connection.execute(select(LEDGER.c.sha256).where(_is(key)).with_for_update()).first()
        if known is None:
            connection.execute(LEDGER.insert().values(row))
        elif known.sha256 is None:
            _update(connection, key, row)


def note_lost(connection: Connection, key: Key, sha256: str) -> None:
    """The raw store lost or changed the bytes: they are to be fetched again, if the API still has them."""
    connection.execute(
        LEDGER.update()
        .where(_is(key), LEDGER.c.sha256 == sha256)
        .values(
            status=case((LEDGER.c.api_status == DELETED, DELETED), else_=PENDING),
            sha256=None,
            raw_key=None,
            size_bytes=None,
            load_attempts=None,
            worker=None,
            error="the raw object is missing or damaged",
        )
    )


def locked(connection: Connection, kind: str, recording_ids: Collection[str]) -> defaultdict[str, list[RowMapping]]:
    """Locks all rows of one kind of some recordings until the transaction ends, and returns them by recording.

    All of them, because rows of sibling artifacts are brought in line with each other.
    """
    about_to_lock(connection, Rows.LEDGER)
    rows: defaultdict[str, list[RowMapping]] = defaultdict(list)
    for row in connection.execute(_LOCKED, {"of": [*recording_ids], "of_kind": kind}).mappings():
        rows[row["recording_id"]].append(row)
    return rows


class Loaded(NamedTuple):
    """An artifact whose rows are in the tables."""

    key: Key
    row_count: int
    replaced_rows: int
    repaired_chars: int


def note_parsed(connection: Connection, loaded: Sequence[Loaded], parser_version: str, *, at: datetime) -> None:
    """The tables hold what the bytes say under this parser."""
    if not loaded:
        return
    connection.execute(
        _PARSED,
        [
            {
                "of": each.key.recording_id,
                "of_kind": each.key.kind,
                "of_artifact": each.key.artifact_id,
                "version": parser_version,
                "rows": each.row_count,
                "replaced": each.replaced_rows,
                "repaired": each.repaired_chars,
                "at": at,
            }
            for each in loaded
        ],
    )


def note_quarantined(
    connection: Connection, key: Key, *, parser_version: str, error: str, at: datetime, deaths: int | None = None
) -> None:
    """This parser cannot read the bytes, or so many attempts ended the process; the tables hold no rows of them."""
    connection.execute(
        LEDGER.update()
        .where(_is(key))
        .values(
            status=case((LEDGER.c.status == PENDING, PENDING), else_=QUARANTINED),
            parser_version=parser_version,
            row_count=None,
            replaced_rows=None,
            repaired_chars=None,
            error=case((_IS_OF_FETCH, LEDGER.c.error), else_=error),
            load_attempts=deaths,
            worker=None,
            parsed_at=at,
        )
    )


def note_without_rows(connection: Connection, keys: Collection[Key]) -> None:
    """Rows of these artifacts are no longer in the tables."""
    for key in keys:
        connection.execute(LEDGER.update().where(_is(key)).values(row_count=None))


def note_bug(connection: Connection, key: Key, error: str) -> None:
    """Our own fault kept this artifact from its tables; its state stays, so that a fixed version tries again."""
    of_load = case((_IS_OF_FETCH, LEDGER.c.error), else_=error)
    connection.execute(LEDGER.update().where(_is(key)).values(error=of_load, load_attempts=None, worker=None))


def parse_again(connection: Connection, recording_ids: Collection[str], kinds: Collection[str]) -> None:
    """What rows of these kinds depend on has changed."""
    connection.execute(
        LEDGER.update()
        .where(LEDGER.c.recording_id.in_(recording_ids), LEDGER.c.kind.in_(kinds), _MAY_BE_LOADED)
        .values(parser_version=None)
    )


def parse_days_again(connection: Connection, days: Collection[date]) -> None:
    """Everything that is home of some days is to be parsed again."""
    home = and_(of_days(days), _MAY_BE_LOADED)
    _lock(connection, home)
    connection.execute(LEDGER.update().where(home).values(parser_version=None))


def lock_recordings(connection: Connection, recording_ids: Collection[str]) -> dict[str, LedgerRow]:
    """Locks the rows of some recordings until the transaction ends, and returns them by recording."""
    about_to_lock(connection, Rows.RECORDINGS)
    query = RECORDINGS.select().where(RECORDINGS.c.recording_id.in_(recording_ids)).order_by(RECORDINGS.c.recording_id)
    return {row["recording_id"]: dict(row) for row in connection.execute(query.with_for_update()).mappings()}


def note_listings(connection: Connection, written: Sequence[Mapping[str, str | None]]) -> None:
    """Notes the `sha256` of each recording.json that was written, by the `id` of its recording.

    `former_sha256` was noted when the file's content was put together. If another run has noted another one since,
    either content may be in the raw store: none is noted, so that the next run writes the file again.
    """
    held = RECORDINGS.c.listing_sha256
    is_alone = or_(held.is_not_distinct_from(bindparam("former_sha256", type_=held.type)), held == bindparam("sha256"))
    connection.execute(
        RECORDINGS.update()
        .where(RECORDINGS.c.recording_id == bindparam("id"))
        .values(listing_sha256=case((is_alone, bindparam("sha256", type_=held.type)), else_=None)),
        sorted(written, key=lambda each: str(each["id"])),
    )


def _siblings(connection: Connection, key: Key) -> dict[str, LedgerRow]:
    """The artifact's row and those of others of its recording and kind, locked."""
    rows = locked(connection, key.kind, [key.recording_id])[key.recording_id]
    return {row["artifact_id"]: dict(row) for row in rows}


def _observation(observed_at: datetime | None) -> dict[str, Any]:
    return {} if observed_at is None else {"observed_at": observed_at}


def _is(key: Key) -> ColumnElement[bool]:
    return and_(
        LEDGER.c.recording_id == key.recording_id,
        LEDGER.c.kind == key.kind,
        LEDGER.c.artifact_id == key.artifact_id,
    )


def _lock(connection: Connection, condition: ColumnElement[bool]) -> None:
    """Locks rows in the order of all others; an update of several locks them as they come, and may meet itself."""
    about_to_lock(connection, Rows.LEDGER)
    key = LEDGER.c.recording_id, LEDGER.c.kind, LEDGER.c.artifact_id
    connection.execute(select(*key).where(condition).order_by(*key).with_for_update())


def _update(connection: Connection, key: Key, row: LedgerRow) -> None:
    if row.keys() == _NEW_VALUES.keys():
        connection.execute(_REPLACED, parameters_of(key) | {f"new_{name}": value for name, value in row.items()})
    else:
        connection.execute(LEDGER.update().where(_is(key)).values(row))
