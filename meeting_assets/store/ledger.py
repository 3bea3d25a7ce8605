"""The ledger: table `artifacts`, one row per (recording, kind, artifact). Keys, conditions, reads and locks.

Assets do the work that the ledger marks as missing or outdated (`store.worklist`). Runs can therefore be repeated,
overlap or be killed at any point. `store.ledger_states` defines the states; `store.ledger_api`, `store.ledger_raw` and
`store.ledger_tables` write them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Table, and_, bindparam, or_, select, true

from meeting_assets.schema.persistent import Artifacts, Recordings
from meeting_assets.store.database import insert_into, table_of
from meeting_assets.store.ledger_states import PENDING, QUARANTINED, LedgerRow
from meeting_assets.store.locks import RowLocks, about_to_lock
from meeting_assets.store.modification import MODIFIED_AT, DatabaseNow

LEDGER = table_of(Artifacts)
RECORDINGS = table_of(Recordings)
KEY_COLUMNS = (LEDGER.c.recording_id, LEDGER.c.kind, LEDGER.c.artifact_id)
"""The primary key of the ledger. All transactions lock its rows in this order."""

# A quarantined artifact that awaits newer bytes has status pending, a parser version and no row count.
IS_QUARANTINED = or_(
    LEDGER.c.status == QUARANTINED,
    and_(
        LEDGER.c.status == PENDING,
        LEDGER.c.sha256.is_not(None),
        LEDGER.c.parser_version.is_not(None),
        LEDGER.c.row_count.is_(None),
    ),
)

# perf: `asdict` copies every value, which takes half of the time of recording an unchanged day (benchmarks idle)
_FIELDS = tuple(field.name for field in fields(LedgerRow))

LedgerRows = defaultdict[tuple[str, str], dict[str, LedgerRow]]
"""Ledger rows by (recording, kind), then by artifact id."""


class ArtifactKey(NamedTuple):
    """The primary key of a ledger row."""

    recording_id: str
    kind: str
    artifact_id: str

    @classmethod
    def of(cls, row: LedgerRow) -> ArtifactKey:
        return cls(row.recording_id, row.kind, row.artifact_id)


def is_artifact(key: ArtifactKey) -> ColumnElement[bool]:
    """Selects the ledger row of one artifact."""
    return and_(
        LEDGER.c.recording_id == key.recording_id,
        LEDGER.c.kind == key.kind,
        LEDGER.c.artifact_id == key.artifact_id,
    )


def is_of_days(days: Collection[date]) -> ColumnElement[bool]:
    """Selects the ledger rows of recordings of some days."""
    return LEDGER.c.recording_id.in_(select(RECORDINGS.c.recording_id).where(RECORDINGS.c.day.in_(days)))


def not_observed_after(table: Table, observed_at: datetime | None) -> ColumnElement[bool]:
    """Selects the rows of a table that no later observation has written."""
    recorded_at = table.c.observed_at
    return true() if observed_at is None else or_(recorded_at.is_(None), recorded_at <= observed_at)


def read_rows(
    connection: Connection, recording_ids: Collection[str], *, kind: str | None = None, is_locking: bool = False
) -> LedgerRows:
    """Reads the ledger rows of some recordings, of one kind if given.

    With `is_locking`, locks them until the transaction ends.
    """
    rows: LedgerRows = defaultdict(dict)
    query = LEDGER.select().where(LEDGER.c.recording_id.in_(recording_ids)).order_by(*KEY_COLUMNS)
    if kind is not None:
        query = query.where(LEDGER.c.kind == kind)
    if is_locking:
        about_to_lock(connection, RowLocks.LEDGER)
        query = query.with_for_update()
    for values in connection.execute(query).mappings():
        row = LedgerRow(**values)
        rows[row.recording_id, row.kind][row.artifact_id] = row
    return rows


def lock_rows(connection: Connection, kind: str, recording_ids: Collection[str]) -> dict[str, dict[str, LedgerRow]]:
    """Locks all rows of one kind of some recordings, and returns them by recording, then by artifact id.

    Rows of one recording and kind are locked together because a change of one artifact may change its siblings.
    """
    rows = read_rows(connection, recording_ids, kind=kind, is_locking=True)
    return {recording_id: rows[recording_id, kind] for recording_id in recording_ids}


def lock_siblings(connection: Connection, key: ArtifactKey) -> dict[str, LedgerRow]:
    """Locks all rows of an artifact's recording and kind, and returns them by artifact id."""
    return lock_rows(connection, key.kind, [key.recording_id])[key.recording_id]


def lock_matching(connection: Connection, condition: ColumnElement[bool]) -> None:
    """Locks rows in key order before an UPDATE of many rows, which alone would lock them in any order."""
    about_to_lock(connection, RowLocks.LEDGER)
    connection.execute(select(*KEY_COLUMNS).where(condition).order_by(*KEY_COLUMNS).with_for_update())


def lock_recordings(connection: Connection, recording_ids: Collection[str]) -> dict[str, dict[str, Any]]:
    """Locks the rows of some recordings until the transaction ends, and returns them by recording id."""
    about_to_lock(connection, RowLocks.RECORDINGS)
    query = RECORDINGS.select().where(RECORDINGS.c.recording_id.in_(recording_ids)).order_by(RECORDINGS.c.recording_id)
    return {row["recording_id"]: dict(row) for row in connection.execute(query.with_for_update()).mappings()}


def recording_days(connection: Connection, recording_ids: Collection[str]) -> dict[str, date]:
    """The days of those recordings that the database knows."""
    query = select(RECORDINGS.c.recording_id, RECORDINGS.c.day).where(RECORDINGS.c.recording_id.in_(recording_ids))
    return dict(connection.execute(query).all())


def update_rows(connection: Connection, rows: Collection[LedgerRow], before: Collection[LedgerRow]) -> None:
    """Writes all columns of existing rows; `before` has the same rows as they are in the database."""
    stored = {ArtifactKey.of(row): row.without_observation_time for row in before}
    changed = [row for row in rows if stored.get(ArtifactKey.of(row)) != row.without_observation_time]
    others = [row for row in rows if stored.get(ArtifactKey.of(row)) == row.without_observation_time]
    _update(connection, [column_values(row) for row in changed], {MODIFIED_AT: DatabaseNow()})
    # perf: a sync updates the observation time of every listed artifact, and mostly nothing else (benchmarks idle)
    _update(connection, [{**ArtifactKey.of(row)._asdict(), "observed_at": row.observed_at} for row in others], {})


def column_values(row: LedgerRow) -> dict[str, Any]:
    """The columns of a row without `modified_at`, which the statement sets."""
    return {name: getattr(row, name) for name in _FIELDS if name != MODIFIED_AT}


def insert_rows(connection: Connection, rows: Collection[LedgerRow]) -> None:
    """Inserts rows in key order, unless another run has added them."""
    if rows:
        insert = insert_into(connection, LEDGER).values({MODIFIED_AT: DatabaseNow()}).on_conflict_do_nothing()
        connection.execute(insert, [column_values(row) for row in sorted(rows, key=ArtifactKey.of)])


def _update(connection: Connection, rows: Sequence[Mapping[str, Any]], values: Mapping[str, Any]) -> None:
    """Updates rows by key in one statement, and sets the same further values in each."""
    keys = [column.name for column in LEDGER.primary_key]
    if rows:
        is_row = and_(*(LEDGER.c[name] == bindparam(f"key_{name}") for name in keys))
        update = LEDGER.update().where(is_row).values(values) if values else LEDGER.update().where(is_row)
        named = {name: f"key_{name}" for name in keys}
        connection.execute(update, [{named.get(name, name): value for name, value in row.items()} for row in rows])
