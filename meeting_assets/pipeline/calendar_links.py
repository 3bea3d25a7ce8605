"""Links calendar events to the recordings and bots of their meetings.

A value of an event fills a column of `recordings` or `bots` only where the row's own value is missing. Of a recording's
title, a meeting code counts as missing. If an event moves, times that came from it move with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, Connection, Table, Text, bindparam, or_, select
from sqlalchemy import cast as sql_cast

from meeting_assets.core.batches import batched
from meeting_assets.core.instants import day_of
from meeting_assets.pipeline.titles import usable_title
from meeting_assets.schema.bots import Bots
from meeting_assets.store import calendar_events, ledger
from meeting_assets.store.calendar_events import CALENDAR_SERIES, EVENT_BOTS, EVENTS, Row, linked_bots
from meeting_assets.store.database import table_of
from meeting_assets.store.modification import update_of
from meeting_assets.store.tombstones import is_canonical_uuid

BOTS = table_of(Bots)
RECORDINGS = ledger.RECORDINGS
BATCH = 500

_FILLED = {
    RECORDINGS: ("calendar_event_id", "series_id", "display_title", "scheduled_at", "scheduled_end_at"),
    BOTS: ("calendar_event_id", "scheduled_at", "scheduled_end_at", "day"),
}
"""The columns that events fill."""


def with_calendar_values(
    connection: Connection, rows: Sequence[Row], former: Mapping[str, Row] | None = None
) -> list[dict[str, Any]]:
    """Rows of `recordings` or `bots` in which values of calendar events replace missing ones.

    Only columns that a row has are filled. `former` are the rows of changed events before the change, by id: a time
    that equals the former one moves with the event.
    """
    named = {str(row.get("calendar_event_id")) for row in rows}
    events = calendar_events.events_of(
        connection,
        bot_ids={row["bot_id"] for row in rows if row["bot_id"] is not None},
        event_ids=filter(is_canonical_uuid, named),
    )
    # Several calendars can contain the meeting. One order for all meetings keeps the occurrences of a series together.
    ordered = sorted(events, key=lambda each: (each["is_deleted"], each["calendar_id"] or "", _id(each)))
    by_id: dict[Any, Row] = {_id(each): each for each in ordered}
    by_bot = {bot_id: each for each in reversed(ordered) for bot_id in linked_bots(each)}
    completed = []
    for row in rows:
        event = by_id.get(row.get("calendar_event_id")) or by_bot.get(row["bot_id"])
        completed.append(dict(row) if event is None else _completed(row, event, (former or {}).get(_id(event), {})))
    return completed


def link_bots(
    connection: Connection,
    bot_ids: Iterable[str],
    recording_ids: Iterable[str],
    *,
    former: Mapping[str, Row] | None = None,
) -> tuple[int, int]:
    """Links bots and their recordings, which are locked. Returns how many recordings and bots changed."""
    counts = []
    for table, ids in ((RECORDINGS, recording_ids), (BOTS, bot_ids)):
        rows = _locked_rows(connection, table, ids)
        counts.append(_update_changed(connection, table, rows, with_calendar_values(connection, rows, former)))
    return counts[0], counts[1]


def lock_recordings_of(connection: Connection, bot_ids: Iterable[str]) -> dict[str, str]:
    """Locks the recordings of some bots, and returns their bots by recording id."""
    recorded = _recordings_of(connection, bot_ids)
    if recorded:
        ledger.lock_recordings(connection, sorted(recorded))
    return recorded


def choose_bots(connection: Connection) -> None:
    """Makes a bot with a recording the first bot of each event that has several bots."""
    of_first = RECORDINGS.alias()
    is_first_recorded = select(of_first.c.recording_id).where(of_first.c.bot_id == EVENTS.c.bot_id).exists()
    joined = EVENT_BOTS.join(EVENTS, EVENTS.c.calendar_event_id == EVENT_BOTS.c.calendar_event_id).join(
        RECORDINGS, RECORDINGS.c.bot_id == EVENT_BOTS.c.bot_id
    )
    query = select(EVENTS.c.calendar_event_id).select_from(joined).where(~is_first_recorded).distinct()
    for batch in batched(sorted(connection.scalars(query)), BATCH):
        # The rows may have changed since they were read without a lock.
        events = calendar_events.lock_events(connection, batch).values()
        recorded = {*_recordings_of(connection, {each for event in events for each in linked_bots(event)}).values()}
        for event in events:
            bots = sorted(linked_bots(event), key=lambda each: each not in recorded)
            if bots and bots[0] != event["bot_id"]:
                calendar_events.set_bots(connection, _id(event), bots)


def unlinked_bots(connection: Connection) -> set[str]:
    """Bots with an event whose recordings or rows lack a value of it: the event was stored before them."""
    found: set[str] = set()
    for table in _FILLED:
        row = table.c
        own = table.join(EVENTS, sql_cast(EVENTS.c.calendar_event_id, Text) == row.calendar_event_id)
        queries = [select(row.bot_id).select_from(own).where(row.bot_id.is_not(None), _lacks_value(row))]
        for linked in (EVENTS, EVENT_BOTS):
            joined = table.join(linked, linked.c.bot_id == row.bot_id)
            queries.append(select(row.bot_id).select_from(joined).where(row.calendar_event_id.is_(None)))
        for query in queries:
            found.update(connection.scalars(query.distinct()))
    return found


def _lacks_value(row: Any) -> ColumnElement[bool]:
    """Selects rows of `recordings` or `bots`, joined with their own event, that lack a value of it."""
    if "series_id" not in row:
        return cast("ColumnElement[bool]", row.scheduled_at.is_(None))
    series_id = CALENDAR_SERIES + EVENTS.c.recurring_id
    return or_(
        row.scheduled_at.is_(None), EVENTS.c.recurring_id.is_not(None) & row.series_id.is_distinct_from(series_id)
    )


def _recordings_of(connection: Connection, bot_ids: Iterable[str]) -> dict[str, str]:
    """The bots of recordings, by recording id."""
    found: dict[str, str] = {}
    for batch in batched(sorted(bot_ids), BATCH):
        query = select(RECORDINGS.c.recording_id, RECORDINGS.c.bot_id).where(RECORDINGS.c.bot_id.in_(batch))
        found |= dict(connection.execute(query).all())
    return found


def _completed(row: Row, event: Row, former: Row) -> dict[str, Any]:
    values = {**row, "calendar_event_id": row.get("calendar_event_id") or event["calendar_event_id"]}
    if event["recurring_id"] is not None:
        values["series_id"] = f"{CALENDAR_SERIES}{event['recurring_id']}"
    title = usable_title(event["title"], row.get("meeting_id"))
    if title is not None and usable_title(row.get("title"), row.get("meeting_id")) is None:
        values["display_title"] = title
    values["scheduled_at"] = _moved(row, "scheduled_at", event["start_at"], former.get("start_at"))
    if values["scheduled_at"] == event["start_at"]:
        values["scheduled_end_at"] = _moved(row, "scheduled_end_at", event["end_at"], former.get("end_at"))
    if "outcome" in row and row["day"] is None and values["scheduled_at"] is not None:
        values["day"] = day_of(values["scheduled_at"])
    return {name: values[name] for name in row}


def _moved(row: Row, name: str, current: datetime | None, former: datetime | None) -> datetime | None:
    held: datetime | None = row.get(name)
    return current if held is None or held == former else held


def _locked_rows(connection: Connection, table: Table, ids: Iterable[str]) -> list[dict[str, Any]]:
    """Rows of a table with a key of one column, locked in the order of the key until the transaction ends."""
    (key,) = table.primary_key
    queries = (
        select(table).where(key.in_(batch)).order_by(key).with_for_update() for batch in batched(sorted(ids), BATCH)
    )
    return [dict(row) for query in queries for row in connection.execute(query).mappings()]


def _id(event: Row) -> str:
    event_id: str = event["calendar_event_id"]
    return event_id


def _update_changed(connection: Connection, table: Table, rows: Sequence[Row], completed: Sequence[Row]) -> int:
    """Writes the rows that differ, and returns their number."""
    changed = [new for old, new in zip(rows, completed, strict=True) if new != old]
    (key,) = table.primary_key
    if changed:
        values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in _FILLED[table]}
        statement = update_of(table, key == bindparam("row_key"), values)
        given = [{f"new_{name}": row[name] for name in _FILLED[table]} | {"row_key": row[key.name]} for row in changed]
        connection.execute(statement, given)
    return len(changed)
