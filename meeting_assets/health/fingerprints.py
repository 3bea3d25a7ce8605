"""Fingerprints of recordings: distinctive texts that a purge must remove everywhere.

They are collected before a purge and kept in memory only: names, e-mail addresses, titles and the longest texts of the
tables and of the raw store, and the aliases of their persons. Short texts and single words are skipped, because they
occur in many meetings. Values that identify a meeting, such as the customer's metadata and ids of meetings, are
collected if no other meeting has them (`health.meeting_values`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec
from sqlalchemy import Column, Connection, Text, func, select
from sqlmodel import AutoString

from meeting_assets.health.meeting_values import meeting_values, values_in_raw
from meeting_assets.pipeline.deletion.aliases import aliased_keys, connected_aliases
from meeting_assets.pipeline.deletion.context import context_of, known_bots
from meeting_assets.pipeline.deletion.removal import tables_to_purge
from meeting_assets.pipeline.storage import Storage
from meeting_assets.schema.columns import Json
from meeting_assets.store.ledger import LEDGER
from meeting_assets.store.raw_layout import corrections_key

TEXTS_PER_COLUMN = 40
DOCUMENTS_PER_COLUMN = 500
TEXTS_PER_PAYLOAD = 10
IDENTIFYING_KEYS = frozenset({"name", "email", "title"})
"""Texts under these keys of a payload are collected even if it contains longer texts."""
MAX_PAYLOAD_BYTES = 64 * 2**20
MIN_TEXT_BYTES = 8


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """Ids and distinctive texts of recordings."""

    recording_ids: Collection[str]
    texts: tuple[str, ...]
    person_keys: Collection[str] = ()
    """The keys of the recordings' participants, by which `person_aliases` may contain them."""
    object_ids: Collection[str] = ()
    """The ids of bots and calendar events that belong to these recordings only."""
    values: tuple[str, ...] = ()
    """Values that no other meeting has (`health.meeting_values`)."""
    days: Collection[date] = ()


def fingerprints_of(
    storage: Storage, days: dict[str, date | None], bots: Mapping[str, str] | None = None
) -> Fingerprints:
    """Collects fingerprints from the tables and the raw store.

    `days` maps the ids of recordings to their days, None if unknown. `bots` has the bots of recordings that are not
    stored.
    """
    stored_days = storage.raw.days_of(days)
    texts: dict[str, None] = {}
    for recording_id, known_day in days.items():
        texts |= dict.fromkeys(_texts_of_rows(storage, recording_id))
        for day in sorted({*stored_days[recording_id], *filter(None, [known_day])}):
            texts |= dict.fromkeys(_texts_of_raw_objects(storage, day, recording_id))
    with storage.database.reading() as connection:
        keys = {key for recording_id in days for key in aliased_keys(connection, recording_id)}
        aliases = connected_aliases(connection, keys)
        context = context_of(connection, days, (bots or known_bots(storage, days)).values())
        values = meeting_values(connection, days, context)
    texts |= dict.fromkeys(text for each in aliases for text in (each.person_key, each.target, each.note or ""))
    texts |= dict.fromkeys(values)
    all_days = {day for of_each in stored_days.values() for day in of_each} | {*filter(None, days.values())}
    elsewhere = values_in_raw(storage, all_days, values, without=days)
    return Fingerprints(
        days.keys(),
        tuple(filter(_is_distinctive, texts)),
        keys,
        object_ids=context.bot_ids | context.event_ids,
        values=tuple(each for each in values if not any(each in found for found in elsewhere.values())),
        days=all_days,
    )


def _texts_of_rows(storage: Storage, recording_id: str) -> Iterator[str]:
    with storage.database.reading() as connection:
        for table in tables_to_purge(connection):
            for column in table.c if table is not LEDGER else ():
                if isinstance(column.type, (AutoString, Text)):
                    yield from _texts_of_column(connection, column, recording_id)
                elif isinstance(column.type, Json):
                    yield from _texts_of_json_column(connection, column, recording_id)


def _texts_of_column(connection: Connection, column: Column[Any], recording_id: str) -> Iterator[str]:
    query = (
        select(column, func.length(column).label("length"))
        .where(column.table.c.recording_id == recording_id, column.is_not(None))
        .distinct()
        .order_by(func.length(column).desc(), column)
        .limit(TEXTS_PER_COLUMN)
    )
    yield from (row[0] for row in connection.execute(query))


def _texts_of_json_column(connection: Connection, column: Column[Any], recording_id: str) -> Iterable[str]:
    is_its = column.table.c.recording_id == recording_id
    documents = connection.scalars(select(column).where(is_its, column.is_not(None)).limit(DOCUMENTS_PER_COLUMN))
    return _longest((text for _, text in _leaves([*documents])), TEXTS_PER_COLUMN)


def _texts_of_raw_objects(storage: Storage, day: date, recording_id: str) -> Iterator[str]:
    """Texts that may be in no table: those of quarantined payloads, list responses, and unconfirmed corrections."""
    yield from _texts_of_payload(storage.raw.read_listing(day, recording_id))
    yield from _texts_of_payload(storage.raw.get(corrections_key(day, recording_id)))
    for stored in storage.raw.artifacts(day, recording_id):
        yield from _texts_of_payload(storage.raw.read(stored.key, stored.sha256))


def _texts_of_payload(payload: bytes | None) -> Sequence[str]:
    if payload is None or len(payload) > MAX_PAYLOAD_BYTES:
        return ()
    try:
        leaves = [*_leaves(msgspec.json.decode(payload))]
    except (ValueError, RecursionError):
        return ()  # a payload that is not JSON never left the raw store
    identifying = _longest((text for key, text in leaves if key in IDENTIFYING_KEYS), TEXTS_PER_COLUMN)
    return [*identifying, *_longest((text for _, text in leaves), TEXTS_PER_PAYLOAD)]


def _leaves(document: Any) -> Iterator[tuple[str, str]]:
    """Every text in a JSON document at any depth, with the key of the object that contains it."""
    remaining = [("", document)]
    while remaining:
        match remaining.pop():
            case key, str(text):
                yield key, text
            case key, list(items):
                remaining += [(key, item) for item in items]
            case _, dict(items):
                remaining += items.items()


def _is_distinctive(text: str) -> bool:
    """True for e-mail addresses and for texts longer than one word."""
    stripped = text.strip()
    is_long = len(stripped.encode(errors="replace")) >= MIN_TEXT_BYTES
    return is_long and ("@" in stripped or " " in stripped or not stripped.isascii())


def _longest(texts: Iterable[str], limit: int) -> tuple[str, ...]:
    return tuple(sorted(set(filter(_is_distinctive, texts)), key=lambda text: (-len(text), text))[:limit])
