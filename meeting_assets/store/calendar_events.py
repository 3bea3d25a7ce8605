"""Rows of `calendar_events`, `calendar_event_bots` and `calendar_invitees`.

An event, its bots and its invitees are replaced in one transaction, and only by a later observation of the event.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, bindparam, func, select

from meeting_assets.core.batches import batched
from meeting_assets.schema.calendar import CalendarEventBots, CalendarEvents, CalendarInvitees
from meeting_assets.store.database import insert_into, table_of, upsert
from meeting_assets.store.ledger_states import is_overtaken
from meeting_assets.store.modification import DatabaseNow, update_of

EVENTS = table_of(CalendarEvents)
EVENT_BOTS = table_of(CalendarEventBots)
INVITEES = table_of(CalendarInvitees)
CALENDAR_SERIES = "calendar:"
"""The start of the `series_id` of recurring calendar events."""
BATCH = 500
"""Ids in one query. Not every SQLite accepts more than 999 parameters."""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StoredEvents:
    """The effect of storing some events."""

    new: frozenset[str] = frozenset()
    changed: frozenset[str] = frozenset()
    """Events with another value or another invitee than before."""
    before: Mapping[str, Row] = field(default_factory=dict)
    """The former rows of the changed events."""


def store_events(
    connection: Connection, rows: Mapping[str, Row], invitees: Mapping[str, Sequence[Row]]
) -> StoredEvents:
    """Stores events by id, with their invitees, unless a later observation of an event is stored already.

    `rows` have all columns but `modified_at`, which is set for new and changed events. At most `BATCH` events.
    """
    if not rows:
        return StoredEvents()
    # Inserts come first: they wait for a transaction that inserts the same events, and then these rows can be locked.
    new = _insert_missing(connection, rows)
    held = lock_events(connection, rows.keys() - new)
    held_invitees = _invitees(connection, held)
    current = [each for each in held if not is_overtaken(rows[each]["observed_at"], held[each]["observed_at"])]
    differing = {each for each in current if _differs(rows[each], held[each])}
    reinvited = {each for each in current if held_invitees.get(each, {}) != _by_address(invitees[each])}
    changed = differing | reinvited
    upsert(connection, CalendarEvents, [rows[each] for each in current])
    only_invitees = EVENTS.c.calendar_event_id.in_(reinvited - differing)
    connection.execute(EVENTS.update().where(only_invitees).values(modified_at=DatabaseNow()))
    _replace_bots(connection, {each: rows[each] for each in (*new, *current)})
    _replace_invitees(connection, new | changed, invitees)
    return StoredEvents(frozenset(new), frozenset(changed), {each: held[each] for each in changed})


def events_of(
    connection: Connection, *, bot_ids: Iterable[str] = (), event_ids: Iterable[str] = ()
) -> list[dict[str, Any]]:
    """The events with some ids, or linked to some bots."""
    found: dict[str, dict[str, Any]] = {}
    for batch in batched(sorted({*bot_ids}), BATCH):
        others = select(EVENT_BOTS.c.calendar_event_id).where(EVENT_BOTS.c.bot_id.in_(batch))
        found |= _by_id(connection, EVENTS.c.bot_id.in_(batch))
        found |= _by_id(connection, EVENTS.c.calendar_event_id.in_(others))
    for batch in batched(sorted({*event_ids}), BATCH):
        found |= _by_id(connection, EVENTS.c.calendar_event_id.in_(batch))
    return list(found.values())


def linked_bots(event: Row) -> list[str]:
    """The bots linked to an event."""
    return [each for each in (event["bot_id"], *(event["other_bot_ids"] or ())) if each is not None]


def newest_change(connection: Connection) -> datetime | None:
    """The latest `updated_at` of the stored events."""
    newest: datetime | None = connection.scalar(select(func.max(EVENTS.c.updated_at, type_=EVENTS.c.updated_at.type)))
    return newest


def set_bots(connection: Connection, event_id: str, bot_ids: Sequence[str]) -> None:
    """Changes the bots of an event, or their order."""
    chosen = {"bot_id": next(iter(bot_ids), None), "other_bot_ids": [*bot_ids[1:]] or None}
    connection.execute(update_of(EVENTS, EVENTS.c.calendar_event_id == event_id, chosen))
    _replace_bots(connection, {event_id: chosen})


def lock_events(connection: Connection, ids: Collection[str]) -> dict[str, dict[str, Any]]:
    """Locks some events in the order of their ids until the transaction ends, and returns them by id."""
    query = select(EVENTS).where(EVENTS.c.calendar_event_id.in_(ids)).order_by(EVENTS.c.calendar_event_id)
    return {row["calendar_event_id"]: dict(row) for row in connection.execute(query.with_for_update()).mappings()}


def _insert_missing(connection: Connection, rows: Mapping[str, Row]) -> set[str]:
    """Inserts the events that are not stored, in the order of their ids, and returns their ids."""
    statement = insert_into(connection, EVENTS).values(modified_at=DatabaseNow()).on_conflict_do_nothing()
    inserted = connection.execute(
        statement.returning(EVENTS.c.calendar_event_id), [{**rows[each]} for each in sorted(rows)]
    )
    return {*inserted.scalars()}


def _by_id(connection: Connection, condition: ColumnElement[bool]) -> dict[str, dict[str, Any]]:
    rows = connection.execute(select(EVENTS).where(condition)).mappings()
    return {row["calendar_event_id"]: dict(row) for row in rows}


def _invitees(connection: Connection, event_ids: Collection[str]) -> dict[str, dict[str, Row]]:
    """The stored invitees by event and address."""
    found: dict[str, dict[str, Row]] = {}
    query = select(INVITEES).where(INVITEES.c.calendar_event_id.in_(event_ids))
    for row in connection.execute(query).mappings():
        found.setdefault(row["calendar_event_id"], {})[row["email"]] = dict(row)
    return found


def _by_address(invitees: Sequence[Row]) -> dict[str, Row]:
    return {row["email"]: dict(row) for row in invitees}


def _differs(row: Row, held: Row) -> bool:
    return any(row[name] != held[name] for name in row if name != "observed_at")


def _replace_bots(connection: Connection, events: Mapping[str, Row]) -> None:
    """Makes the rows of `calendar_event_bots` those of some events, which are locked."""
    query = select(EVENT_BOTS).where(EVENT_BOTS.c.calendar_event_id.in_(events))
    held = {(row.calendar_event_id, row.bot_id) for row in connection.execute(query)}
    given = {(event_id, bot_id) for event_id, event in events.items() for bot_id in event["other_bot_ids"] or ()}
    columns = ("calendar_event_id", "bot_id")
    is_gone = and_(*(EVENT_BOTS.c[name] == bindparam(f"old_{name}") for name in columns))
    if gone := sorted(held - given):
        old = [{f"old_{name}": value for name, value in zip(columns, each, strict=True)} for each in gone]
        connection.execute(EVENT_BOTS.delete().where(is_gone), old)
    if added := sorted(given - held):
        connection.execute(EVENT_BOTS.insert(), [dict(zip(columns, each, strict=True)) for each in added])


def _replace_invitees(connection: Connection, event_ids: Collection[str], given: Mapping[str, Sequence[Row]]) -> None:
    if event_ids:
        connection.execute(INVITEES.delete().where(INVITEES.c.calendar_event_id.in_(event_ids)))
    rows = [{**row} for each in sorted(event_ids) for row in given[each]]
    if rows:
        connection.execute(INVITEES.insert(), rows)
