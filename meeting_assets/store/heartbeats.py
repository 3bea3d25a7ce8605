"""Heartbeats of runs: the process of each run, and the time of its last report.

One row per run that is in progress or has reported in the last two days. `sync` deletes the rows of its ended runs,
`nightly_run_retention` those whose last heartbeat is two days old.

All instants come from the database's clock, so hosts with different clocks agree.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, delete, func, inspect, literal, select, update

from meeting_assets.core.processes import ProcessIdentity
from meeting_assets.schema.persistent import RunHeartbeats
from meeting_assets.store.database import insert_into, table_of
from meeting_assets.store.observation import database_now

HEARTBEATS = table_of(RunHeartbeats)
C = HEARTBEATS.c


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The heartbeat of one run, with its age."""

    run_id: str
    process: ProcessIdentity
    beat_at: datetime
    silent_for: timedelta
    suspected_for: timedelta | None
    """Time since a process first found the run silent; None if the run has reported since."""
    is_failed: bool
    """True once a process has declared the run orphaned."""


def beat(connection: Connection, run_id: str, process: ProcessIdentity) -> bool:
    """Records that a run is in progress. Writes nothing and returns False if the run was declared orphaned."""
    at = database_now(connection)
    row = {"run_id": run_id, **asdict(process)}
    insert = insert_into(connection, HEARTBEATS).values(**row, started_at=at, beat_at=at)
    upsert = insert.on_conflict_do_update(
        index_elements=[C.run_id],
        set_={**row, "beat_at": insert.excluded.beat_at, "suspected_at": None},
        where=C.failed_at.is_(None),
    )
    return connection.scalar(upsert.returning(C.run_id)) is not None


def heartbeats(connection: Connection, run_ids: Collection[str]) -> list[Heartbeat]:
    """The heartbeats of some runs; none if the table does not exist yet."""
    if not inspect(connection).has_table(HEARTBEATS.name):
        return []
    rows = connection.execute(select(HEARTBEATS).where(C.run_id.in_([*run_ids])).order_by(C.run_id)).mappings().all()
    at = database_now(connection)
    return [
        Heartbeat(
            row["run_id"],
            ProcessIdentity(**{each.name: row[each.name] for each in fields(ProcessIdentity)}),
            beat_at=row["beat_at"],
            silent_for=at - row["beat_at"],
            suspected_for=at - row["suspected_at"] if row["suspected_at"] is not None else None,
            is_failed=row["failed_at"] is not None,
        )
        for row in rows
    ]


def suspect(connection: Connection, heartbeat: Heartbeat) -> None:
    """Records that a run was found silent, unless it has reported since."""
    unchanged = _is_unchanged(heartbeat) & C.suspected_at.is_(None)
    connection.execute(update(HEARTBEATS).where(unchanged).values(suspected_at=database_now(connection)))


def declare_failed(connection: Connection, heartbeat: Heartbeat) -> bool:
    """Declares a run orphaned, after which it cannot report any more. False if it has reported since."""
    values = {"failed_at": func.coalesce(C.failed_at, literal(database_now(connection), C.failed_at.type))}
    return connection.execute(update(HEARTBEATS).where(_is_unchanged(heartbeat)).values(values)).rowcount == 1


def remove(connection: Connection, run_id: str) -> None:
    """Deletes the heartbeat of a run that has ended."""
    connection.execute(delete(HEARTBEATS).where(C.run_id == run_id))


def remove_silent(connection: Connection, longer_than: timedelta) -> int:
    """Deletes heartbeats older than a time span, of runs of any Dagster; returns their number."""
    silent_since = database_now(connection) - longer_than
    return connection.execute(delete(HEARTBEATS).where(C.beat_at < silent_since)).rowcount


def _is_unchanged(heartbeat: Heartbeat) -> ColumnElement[bool]:
    return (C.run_id == heartbeat.run_id) & (C.beat_at == heartbeat.beat_at)
