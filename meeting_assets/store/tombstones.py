"""Tombstones: recordings and artifacts that were purged and must not be stored again.

A transaction that adds rows of a recording calls `tombstoned_until_commit` first. Until that transaction ends, no
tombstone is added, so no row is written beside a tombstone.

A tombstone is written before anything is removed, here and in the raw store (`store.raw_tombstones`). While
`finished_at` is NULL, the removal may have been interrupted and is repeated.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Table, and_, exists, func, null, select, true

from meeting_assets.core.batches import batched
from meeting_assets.schema.persistent import ArtifactTombstones, Tombstones
from meeting_assets.store import locks
from meeting_assets.store.database import insert_into, table_of
from meeting_assets.store.ledger import LEDGER, RECORDINGS, ArtifactKey
from meeting_assets.store.ledger_states import DELETED
from meeting_assets.store.locks import Lock

ASKED_FOR = "asked for"
DELETED_AT_API = "deleted at the API"
RETENTION = "retention"

TOMBSTONES = table_of(Tombstones)
ARTIFACT_TOMBSTONES = table_of(ArtifactTombstones)
BATCH = 500
"""Ids in one query. Not every SQLite accepts more than 999 parameters."""


class TombstoneName(NamedTuple):
    """The name of a tombstone: a recording, or one artifact of it."""

    recording_id: str
    kind: str = ""
    artifact_id: str = ""


@dataclass(frozen=True, slots=True)
class Tombstone:
    """A purge: its object, time and reason. Day, bot and calendar events are those of the recording, if known."""

    name: TombstoneName
    day: date | None
    purged_at: datetime
    reason: str
    bot_id: str | None = None
    """None for artifacts: their recording, its bot and its calendar events are kept."""
    calendar_event_ids: tuple[str, ...] = ()


def tombstoned_recordings(connection: Connection, recording_ids: Collection[str]) -> set[str]:
    """The purged ones of some recordings. Texts that are no ids are ignored."""
    found: set[str] = set()
    for batch in batched(filter(is_canonical_uuid, recording_ids), BATCH):
        found.update(connection.scalars(select(TOMBSTONES.c.recording_id).where(TOMBSTONES.c.recording_id.in_(batch))))
    return found


def tombstoned_until_commit(connection: Connection, recording_ids: Collection[str]) -> set[str]:
    """The purged ones of some recordings. The result holds until this writing transaction ends."""
    locks.take(connection, Lock.TOMBSTONES, is_shared=True)
    return tombstoned_recordings(connection, recording_ids)


def tombstoned_bots(connection: Connection, bot_ids: Collection[str]) -> set[str]:
    """Those of some bots whose recordings were purged, without bots that have another stored recording."""
    found: set[str] = set()
    purged = select(TOMBSTONES.c.recording_id)
    for batch in batched(bot_ids, BATCH):
        named = {*connection.scalars(select(TOMBSTONES.c.bot_id).where(TOMBSTONES.c.bot_id.in_(batch)))}
        if named:
            is_kept = and_(RECORDINGS.c.bot_id.in_(named), RECORDINGS.c.recording_id.not_in(purged))
            found |= named - {*connection.scalars(select(RECORDINGS.c.bot_id).where(is_kept))}
    return found


def tombstoned_bots_until_commit(connection: Connection, bot_ids: Collection[str]) -> set[str]:
    """As `tombstoned_bots`. The result holds until this writing transaction ends."""
    locks.take(connection, Lock.TOMBSTONES, is_shared=True)
    return tombstoned_bots(connection, bot_ids)


def tombstoned_events(connection: Connection, event_ids: Collection[str]) -> set[str]:
    """Those of some calendar events whose recordings were purged, without events of another stored recording."""
    purged = select(TOMBSTONES.c.recording_id)
    # perf: the database decodes the lists, so that a batch of events does not transfer those of all tombstones
    json_items = func.json_each if connection.dialect.name == "sqlite" else func.json_array_elements_text
    items = json_items(TOMBSTONES.c.calendar_event_ids).table_valued("value", name="items", joins_implicitly=True)
    found: set[str] = set()
    for batch in batched(sorted(event_ids), BATCH):
        is_named = and_(TOMBSTONES.c.calendar_event_ids.is_not(None), items.c.value.in_(batch))
        named = sorted({*connection.scalars(select(items.c.value).select_from(TOMBSTONES, items).where(is_named))})
        if not named:
            continue
        is_kept = and_(RECORDINGS.c.calendar_event_id.in_(named), RECORDINGS.c.recording_id.not_in(purged))
        found |= {*named} - {*connection.scalars(select(RECORDINGS.c.calendar_event_id).where(is_kept))}
    return found


def lock_tombstones(connection: Connection) -> None:
    """Waits for all transactions that called `tombstoned_until_commit`, and excludes new ones until this one ends."""
    locks.take(connection, Lock.TOMBSTONES)


def add(connection: Connection, tombstones: Sequence[Tombstone]) -> None:
    """Adds tombstones; existing ones stay unchanged."""
    for table, is_artifact in ((TOMBSTONES, False), (ARTIFACT_TOMBSTONES, True)):
        rows = [_row(each, is_artifact=is_artifact) for each in tombstones if bool(each.name.kind) == is_artifact]
        if rows:
            connection.execute(insert_into(connection, table).on_conflict_do_nothing(), rows)


def set_bots(connection: Connection, bots: Mapping[str, str]) -> None:
    """Records the bots of purged recordings, by recording id, in tombstones that name no bot."""
    for recording_id in sorted(bots):
        condition = and_(TOMBSTONES.c.recording_id == recording_id, TOMBSTONES.c.bot_id.is_(None))
        connection.execute(TOMBSTONES.update().where(condition).values(bot_id=bots[recording_id]))


def set_events(connection: Connection, events: Mapping[str, Collection[str]]) -> None:
    """Records the calendar events of purged recordings, by recording id, in tombstones that name no event."""
    for recording_id in sorted(events):
        condition = and_(TOMBSTONES.c.recording_id == recording_id, TOMBSTONES.c.calendar_event_ids.is_(None))
        connection.execute(TOMBSTONES.update().where(condition).values(calendar_event_ids=sorted(events[recording_id])))


def names(connection: Connection) -> set[TombstoneName]:
    """The names of all tombstones."""
    return {each.name for each in _found(connection, true(), true())}


def find_tombstones(connection: Connection, wanted: Collection[TombstoneName]) -> list[Tombstone]:
    """The existing tombstones of some names."""
    recording_ids = {name.recording_id for name in wanted}
    found: list[Tombstone] = []
    for batch in batched(sorted(recording_ids), BATCH):
        of_these = [table.c.recording_id.in_(batch) for table in (TOMBSTONES, ARTIFACT_TOMBSTONES)]
        found += [each for each in _found(connection, *of_these) if each.name in wanted]
    return found


def unfinished(connection: Connection, since: datetime | None = None) -> list[Tombstone]:
    """Tombstones of purges that may have been interrupted; of recordings only those since an instant, if given."""
    of_recordings: ColumnElement[bool] = TOMBSTONES.c.finished_at.is_(None)
    if since is not None:
        of_recordings = and_(of_recordings, TOMBSTONES.c.purged_at >= since)
    return _found(connection, of_recordings, ARTIFACT_TOMBSTONES.c.finished_at.is_(None))


def mark_finished(connection: Connection, finished: Collection[TombstoneName], *, at: datetime) -> None:
    """Records that the rows and raw objects of some tombstones are removed."""
    for name in sorted(finished):
        table, condition = _of(name)
        connection.execute(table.update().where(condition, table.c.finished_at.is_(None)).values(finished_at=at))


def purged_artifacts(connection: Connection, recording_ids: Collection[str]) -> set[ArtifactKey]:
    """The purged artifacts of some recordings."""
    found: set[ArtifactKey] = set()
    columns = ARTIFACT_TOMBSTONES.c.recording_id, ARTIFACT_TOMBSTONES.c.kind, ARTIFACT_TOMBSTONES.c.artifact_id
    for batch in batched(recording_ids, BATCH):
        query = select(*columns).where(ARTIFACT_TOMBSTONES.c.recording_id.in_(batch))
        found.update(ArtifactKey(*row) for row in connection.execute(query))
    return found


def lift(connection: Connection, recording_ids: Collection[str]) -> set[TombstoneName]:
    """Removes the tombstones of artifacts that the API shows again, and returns their names."""
    names = [TombstoneName(*key) for key in purged_artifacts(connection, recording_ids)]
    lifted = {name for name in names if not is_deleted_at_api(connection, name)}
    for name in sorted(lifted):
        table, condition = _of(name)
        connection.execute(table.delete().where(condition))
    return lifted


def is_deleted_at_api(connection: Connection, name: TombstoneName) -> bool:
    """True unless the ledger knows that the API still has the artifact."""
    conditions = [LEDGER.c[column] == value for column, value in name._asdict().items()]
    statuses = connection.scalars(select(LEDGER.c.api_status).where(*conditions)).all()
    return statuses in ([], [DELETED])


def is_purged_artifact() -> ColumnElement[bool]:
    """Selects ledger rows of artifacts that were purged after the API had deleted them."""
    return exists().where(*(ARTIFACT_TOMBSTONES.c[name] == LEDGER.c[name] for name in TombstoneName._fields))


def purged_at(connection: Connection, recording_id: str) -> datetime | None:
    """The time at which a recording was purged; None if it was not."""
    if not is_canonical_uuid(recording_id):
        return None
    return connection.scalar(select(TOMBSTONES.c.purged_at).where(TOMBSTONES.c.recording_id == recording_id))


def day_of_tombstoned(connection: Connection, recording_id: str) -> date | None:
    """The day of a purged recording, if known."""
    return connection.scalar(select(TOMBSTONES.c.day).where(TOMBSTONES.c.recording_id == recording_id))


def tombstoned_since(connection: Connection, instant: datetime) -> Mapping[str, date | None]:
    """The recordings purged since an instant, with their days."""
    query = select(TOMBSTONES.c.recording_id, TOMBSTONES.c.day).where(TOMBSTONES.c.purged_at >= instant)
    return dict(connection.execute(query.order_by(TOMBSTONES.c.recording_id)).all())


def count(connection: Connection) -> int:
    """The number of purged recordings."""
    return connection.scalar(select(func.count()).select_from(TOMBSTONES)) or 0


def is_canonical_uuid(text: str) -> bool:
    """True if a text is a UUID in canonical form. PostgreSQL rejects queries for other texts."""
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def _row(tombstone: Tombstone, *, is_artifact: bool) -> dict[str, Any]:
    recording_id, bot_id = tombstone.name.recording_id, tombstone.bot_id
    events = [*tombstone.calendar_event_ids] or None
    of_recording = {"recording_id": recording_id, "bot_id": bot_id, "calendar_event_ids": events}
    name = tombstone.name._asdict() if is_artifact else of_recording
    return {**name, "day": tombstone.day, "purged_at": tombstone.purged_at, "reason": tombstone.reason}


def _found(
    connection: Connection, of_recordings: ColumnElement[bool], of_artifacts: ColumnElement[bool]
) -> list[Tombstone]:
    rest = [[table.c.day, table.c.purged_at, table.c.reason] for table in (TOMBSTONES, ARTIFACT_TOMBSTONES)]
    context = TOMBSTONES.c.bot_id, TOMBSTONES.c.calendar_event_ids
    recordings = select(TOMBSTONES.c.recording_id, *rest[0], *context).where(of_recordings)
    key = ARTIFACT_TOMBSTONES.c.recording_id, ARTIFACT_TOMBSTONES.c.kind, ARTIFACT_TOMBSTONES.c.artifact_id
    artifacts = select(*key, *rest[1], null(), null()).where(of_artifacts)
    return [
        Tombstone(TombstoneName(*name), day, purged_at, reason, bot_id, tuple(event_ids or ()))
        for query in (recordings.order_by(TOMBSTONES.c.recording_id), artifacts.order_by(*key))
        for *name, day, purged_at, reason, bot_id, event_ids in connection.execute(query)
    ]


def _of(name: TombstoneName) -> tuple[Table, ColumnElement[bool]]:
    if not name.kind:
        return TOMBSTONES, TOMBSTONES.c.recording_id == name.recording_id
    return ARTIFACT_TOMBSTONES, and_(
        *(ARTIFACT_TOMBSTONES.c[column] == value for column, value in name._asdict().items())
    )
