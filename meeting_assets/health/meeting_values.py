"""Values that identify a meeting: metadata of the customer, titles, addresses of invitees, ids of meetings and series.

Purge verification searches for those that no other meeting has. It compares whole values, and texts inside JSON
documents; addresses and texts of several words are also found inside other texts. Short values are skipped: `true` or
`42` identify nothing.

Tables of transcripts, events and speech are searched by id only: they have a row per word or event, and none of these
values. The ledger, too.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Table, Text, cast, false, func, inspect, literal, or_, select
from sqlmodel import AutoString, SQLModel

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.pipeline.bot_status_changes import CHANGES
from meeting_assets.pipeline.bots import BOTS
from meeting_assets.pipeline.deletion.context import Context
from meeting_assets.pipeline.media_objects import METADATA
from meeting_assets.pipeline.storage import Storage
from meeting_assets.schema.columns import Json
from meeting_assets.store.calendar_events import EVENT_BOTS, EVENTS, INVITEES
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger import LEDGER, RECORDINGS
from meeting_assets.store.raw_layout import listing_key
from meeting_assets.store.tombstones import TOMBSTONES

MIN_VALUE_CHARS = 6
MAX_VALUES = 200
VALUES: Mapping[Table, tuple[str, ...]] = {
    RECORDINGS: (
        *("recording_metadata", "bot_metadata", "title", "display_title"),
        *("meeting_id", "meeting_uuid", "series_id"),
    ),
    METADATA: ("title", "meeting_uuid", "data"),
    BOTS: ("bot_metadata", "meeting_id"),
    EVENTS: ("title", "organizer_email", "recurring_id", "ical_uid"),
    INVITEES: ("email", "name"),
}
"""Columns with values that identify a meeting."""
SEARCHED_KIND = "participants"
"""The kind of artifact whose tables are searched: they contain names and addresses."""


def meeting_values(connection: Connection, recording_ids: Collection[str], context: Context) -> tuple[str, ...]:
    """The values of some recordings that no row of another meeting contains, the longest first."""
    found: set[str] = set()
    for table, names in VALUES.items():
        is_theirs = _is_theirs(table, recording_ids, context)
        rows = connection.execute(select(*(table.c[name] for name in names)).where(is_theirs))
        found.update(text for row in rows for value in row for text in leaf_texts(value))
    values = sorted({each for each in found if len(each) >= MIN_VALUE_CHARS}, key=lambda each: (-len(each), each))
    exclusive = values[:MAX_VALUES]
    for table in searched_tables(connection):
        if table in OWNED or "recording_id" in table.c:
            others = ~_is_theirs(table, recording_ids, context)
            shared = values_in(connection, table, exclusive, others)
            exclusive = [each for each in exclusive if each not in shared]
    return tuple(exclusive)


def searched_tables(connection: Connection) -> list[Table]:
    """Our tables in which values are searched."""
    left_out = {LEDGER.name, TOMBSTONES.name} | {
        table_of(model).name
        for artifact in ARTIFACTS.values()
        if artifact.kind != SEARCHED_KIND
        for model in artifact.tables
    }
    present = set(inspect(connection).get_table_names()) - left_out
    return [table for table in SQLModel.metadata.sorted_tables if table.name in present]


def values_in(
    connection: Connection, table: Table, values: Collection[str], condition: ColumnElement[bool] | None = None
) -> set[str]:
    """Those of some values that rows of a table contain."""
    if not values or not row_count_with(connection, table, values, condition):
        return set()
    return {each for each in values if row_count_with(connection, table, [each], condition)}


def row_count_with(
    connection: Connection, table: Table, values: Collection[str], condition: ColumnElement[bool] | None = None
) -> int:
    """The number of rows of a table that contain one of some values."""
    columns = [column for column in table.c if isinstance(column.type, (AutoString, Text, Json))]
    matches = [each for column in columns for each in _matches(connection, column, values)]
    query = select(func.count()).select_from(table).where(or_(false(), *matches))
    return connection.scalar(query if condition is None else query.where(condition)) or 0


def values_in_raw(
    storage: Storage, days: Collection[date], values: Collection[str], *, without: Collection[str] = ()
) -> dict[str, set[str]]:
    """Those of some values that recording.json of recordings of some days contain, by key; only keys with values.

    Recordings in `without` are not read.
    """
    if not values:
        return {}
    keys = [listing_key(day, each) for day in days for each in storage.raw.recordings(day) if each not in without]
    found = {key: _contained(storage.raw.get(key) or b"", values) for key in keys}
    return {key: contained for key, contained in found.items() if contained}


def leaf_texts(value: Any) -> Iterator[str]:
    """The texts in a value of a column: the value itself, or the texts of a JSON document at any depth."""
    remaining = [value]
    while remaining:
        match remaining.pop():
            case str(text):
                yield text
            case list(items):
                remaining += items
            case dict(items):
                remaining += items.values()


def is_phrase(value: str) -> bool:
    """True for an address and for a text of several words, which may be a part of other texts."""
    return "@" in value or " " in value.strip()


def _contained(content: bytes, values: Collection[str]) -> set[str]:
    return {each for each in values if any(variant.encode() in content for variant in _in_json(each))}


def _in_json(value: str) -> set[str]:
    """The value in a JSON document, with and without escapes for other letters than ASCII; a whole text has quotes."""
    variants = {json.dumps(value), json.dumps(value, ensure_ascii=False)}
    return {each[1:-1] for each in variants} if is_phrase(value) else variants


def _matches(connection: Connection, column: Column[Any], values: Iterable[str]) -> Iterator[ColumnElement[bool]]:
    plain: list[str] = []
    for value in values:
        if isinstance(column.type, Json):
            for variant in _in_json(value):
                yield _position(connection, column, variant) > 0
        elif is_phrase(value):
            yield _position(connection, column, value) > 0
        else:
            plain.append(value)
    if plain:
        yield column.in_(plain)


def _position(connection: Connection, column: Column[Any], text: str) -> ColumnElement[int]:
    find = func.instr if connection.dialect.name == "sqlite" else func.strpos
    return func.coalesce(find(cast(column, Text()), literal(text)), 0)


OWNED = {BOTS: "bot_ids", CHANGES: "bot_ids", EVENTS: "event_ids", EVENT_BOTS: "event_ids", INVITEES: "event_ids"}
"""Tables whose rows belong to a recording by another id: the name of these ids in `Context`."""


def _is_theirs(table: Table, recording_ids: Collection[str], context: Context) -> ColumnElement[bool]:
    """Selects the rows of some recordings, their bots and their events."""
    if table not in OWNED:
        return table.c.recording_id.in_(recording_ids)
    key = table.c.bot_id if OWNED[table] == "bot_ids" else table.c.calendar_event_id
    return key.in_(getattr(context, OWNED[table]))
