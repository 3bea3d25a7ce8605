"""Rows of `calendar_events` and `calendar_invitees`.

An event and its invitees are replaced in one transaction, and only by a later observation of the event.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, or_, select

from meeting_assets.core.batches import batched
from meeting_assets.schema.calendar import CalendarEvents, CalendarInvitees
from meeting_assets.store.database import insert_into, table_of, upsert
from meeting_assets.store.ledger_states import is_overtaken
from meeting_assets.store.modification import DatabaseNow, update_of

EVENTS = table_of(CalendarEvents)
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
    held = _locked(connection, rows.keys() - new)
    held_invitees = _invitees(connection, held)
    current = [each for each in held if not is_overtaken(rows[each]["observed_at"], held[each]["observed_at"])]
    differing = {each for each in current if _differs(rows[each], held[each])}
    reinvited = {each for each in current if held_invitees.get(each, {}) != _by_address(invitees[each])}
    changed = differing | reinvited
    upsert(connection, CalendarEvents, [rows[each] for each in current])
    only_invitees = EVENTS.c.calendar_event_id.in_(reinvited - differing)
    connection.execute(EVENTS.update().where(only_invitees).values(modified_at=DatabaseNow()))
    _replace_invitees(connection, new | changed, invitees)
    return StoredEvents(frozenset(new), frozenset(changed), {each: held[each] for each in changed})


def events_of(
    connection: Connection, *, bot_ids: Iterable[str] = (), event_ids: Iterable[str] = ()
) -> list[dict[str, Any]]:
    """The events with some ids, or linked to some bots."""
    found: dict[str, dict[str, Any]] = {}
    wanted = {*bot_ids}
    for column, ids in ((EVENTS.c.bot_id, wanted), (EVENTS.c.calendar_event_id, {*event_ids})):
        for batch in batched(sorted(ids), BATCH):
            found |= _by_id(connection, column.in_(batch))
    if wanted:
        several = _by_id(connection, EVENTS.c.other_bot_ids.is_not(None))
        found |= {key: row for key, row in several.items() if wanted & {*row["other_bot_ids"]}}
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


def events_with_several_bots(connection: Connection, *, is_locked: bool = False) -> list[dict[str, Any]]:
    """The events that are linked to more than one bot; locked in the order of their ids if they will be changed."""
    query = select(EVENTS).where(EVENTS.c.other_bot_ids.is_not(None)).order_by(EVENTS.c.calendar_event_id)
    rows = connection.execute(query.with_for_update() if is_locked else query).mappings()
    return [dict(row) for row in rows]


def has_missing_link(values: Any) -> ColumnElement[bool]:
    """Selects rows of `recordings` or `bots`, joined with their event, that lack a value of the event."""
    missing = [values.calendar_event_id.is_(None), values.scheduled_at.is_(None)]
    if "series_id" in values:
        series_id = CALENDAR_SERIES + EVENTS.c.recurring_id
        missing.append(EVENTS.c.recurring_id.is_not(None) & values.series_id.is_distinct_from(series_id))
    return or_(*missing)


def _insert_missing(connection: Connection, rows: Mapping[str, Row]) -> set[str]:
    """Inserts the events that are not stored, in the order of their ids, and returns their ids."""
    statement = insert_into(connection, EVENTS).values(modified_at=DatabaseNow()).on_conflict_do_nothing()
    inserted = connection.execute(
        statement.returning(EVENTS.c.calendar_event_id), [{**rows[each]} for each in sorted(rows)]
    )
    return {*inserted.scalars()}


def _locked(connection: Connection, ids: Collection[str]) -> dict[str, dict[str, Any]]:
    query = select(EVENTS).where(EVENTS.c.calendar_event_id.in_(ids)).order_by(EVENTS.c.calendar_event_id)
    return {row["calendar_event_id"]: dict(row) for row in connection.execute(query.with_for_update()).mappings()}


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


def _replace_invitees(connection: Connection, event_ids: Collection[str], given: Mapping[str, Sequence[Row]]) -> None:
    if event_ids:
        connection.execute(INVITEES.delete().where(INVITEES.c.calendar_event_id.in_(event_ids)))
    rows = [{**row} for each in sorted(event_ids) for row in given[each]]
    if rows:
        connection.execute(INVITEES.insert(), rows)
