"""Traces: what was said in a recording, and where any of it is found after a purge.

Before a purge its names, titles, addresses and longest texts are collected, in memory alone. After it

- no table may hold a row with the recording's id, and the raw store nothing below any prefix that names it;
- none of the texts may stand in the bytes of the database's files (SQLite), of Dagster's home or of any other file
  below our home: logs, pages, whatever lies there.

A short or single word proves nothing, it stands in many meetings; nor does a text that rows of other recordings hold by
right, such as the name of somebody who attends those, too. Both are left out, and the rest is counted.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Column, ColumnElement, Connection, FromClause, Text, cast, func, inspect, literal, or_, select
from sqlalchemy import column as any_column
from sqlalchemy import table as any_table
from sqlmodel import AutoString, SQLModel

from meeting_assets.pipeline.deletion.removal import tables_to_purge
from meeting_assets.pipeline.storage import Storage
from meeting_assets.schema.columns import Json
from meeting_assets.schema.persistent import Tombstones
from meeting_assets.settings import Settings
from meeting_assets.store.database import Database, table_of
from meeting_assets.store.ledger import LEDGER
from meeting_assets.store.namespaces import tables_elsewhere
from meeting_assets.store.raw import RawStore
from meeting_assets.store.scrub import files_of, rewrite

LONGEST_PER_COLUMN = 40
DOCUMENTS_PER_COLUMN = 500
LONGEST_PER_PAYLOAD = 10
WHO_AND_WHAT = frozenset({"name", "email", "title"})
"""What payloads call the texts that are looked for however short."""
LARGEST_PAYLOAD_BYTES = 64 * 2**20
SHORTEST_BYTES = 8
PIECE = 40
"""Of a longer text pieces of so many characters are looked for: as a whole it may be spread over pages."""
CHUNK_BYTES = 16 * 2**20


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """What is distinctive of some recordings, and where they were."""

    days: dict[str, list[date]]
    texts: tuple[str, ...]


@dataclass(slots=True)
class Search:
    """What a search has looked at, and where it found something."""

    places: int = 0
    strings: int = 0
    shared: int = 0
    """Pieces of text that were found, and that other recordings hold by right."""
    found: list[str] = field(default_factory=list)
    is_certain: bool = True
    """False if deleted rows may still stand in files of the database that cannot be searched."""

    def as_sentence(self) -> str:
        """For a person."""
        nothing = "nothing found" if self.is_certain else "nothing found, but the database may keep deleted rows"
        result = "; ".join(self.found) if self.found else nothing
        return f"Searched {self.places} places for {self.strings} strings: {result}."


def fingerprints_of(storage: Storage, days: dict[str, date | None]) -> Fingerprints:
    """What is distinctive of some recordings, as the tables and the raw store have it; `days` as far as known."""
    stored = storage.raw.days_of(days)
    known = {
        recording_id: sorted({*stored[recording_id], *([day] if day is not None else [])})
        for recording_id, day in days.items()
    }
    texts: dict[str, None] = {}
    for recording_id in known:
        texts |= dict.fromkeys(_in_rows(storage, recording_id))
        for day in known[recording_id]:
            texts |= dict.fromkeys(_in_raw(storage, day, recording_id))
    return Fingerprints(known, tuple(filter(_is_distinctive, texts)))


def find_remains(storage: Storage, settings: Settings, words: Fingerprints) -> Search:
    """Looks for recordings that were purged, wherever something of them could be."""
    result = Search(strings=len(words.days))
    with storage.database.reading() as connection:
        _search_tables(connection, words.days, result)
    # Every prefix is searched, not only those that the purge has removed: it may have missed one.
    result.places += 1
    for prefix, count in storage.raw.prefixes_naming(words.days).items():
        result.found.append(f"the raw store keeps {count} objects below {prefix}/")
    result.strings += len(words.texts)
    pieces = {piece for text in words.texts for piece in _pieces(text)}
    _search_database_files(storage.database, pieces, result)
    ours = {path.resolve() for path in files_of(storage.database)}
    for path in _files(settings, storage.raw, ours):
        result.places += 1
        try:
            if _found(path, pieces):
                result.found.append(f"text of it stands in {path}")
        except OSError as error:
            result.found.append(f"{path} cannot be read: {error.strerror}")
    return result


def _in_rows(storage: Storage, recording_id: str) -> Iterator[str]:
    with storage.database.reading() as connection:
        for table in tables_to_purge(connection):
            for column in table.c if table is not LEDGER else ():
                if isinstance(column.type, (AutoString, Text)):
                    yield from _texts_in(connection, column, recording_id)
                elif isinstance(column.type, Json):
                    yield from _leaves_in(connection, column, recording_id)


def _texts_in(connection: Connection, column: Column[Any], recording_id: str) -> Iterator[str]:
    query = (
        select(column, func.length(column).label("length"))
        .where(column.table.c.recording_id == recording_id, column.is_not(None))
        .distinct()
        .order_by(func.length(column).desc(), column)
        .limit(LONGEST_PER_COLUMN)
    )
    yield from (row[0] for row in connection.execute(query))


def _leaves_in(connection: Connection, column: Column[Any], recording_id: str) -> Iterable[str]:
    is_its = column.table.c.recording_id == recording_id
    documents = connection.scalars(select(column).where(is_its, column.is_not(None)).limit(DOCUMENTS_PER_COLUMN))
    return _longest((text for _, text in _leaves([*documents])), LONGEST_PER_COLUMN)


def _in_raw(storage: Storage, day: date, recording_id: str) -> Iterator[str]:
    """Texts of what may be in no table: payloads that could not be read, and what the API listed."""
    yield from _in_payload(storage.raw.read_listing(day, recording_id))
    for stored in storage.raw.artifacts(day, recording_id):
        yield from _in_payload(storage.raw.read(stored.key, stored.sha256))


def _in_payload(payload: bytes | None) -> Sequence[str]:
    if payload is None or len(payload) > LARGEST_PAYLOAD_BYTES:
        return ()
    try:
        leaves = [*_leaves(msgspec.json.decode(payload))]
    except (ValueError, RecursionError):
        return ()  # no JSON: nothing of it was ever anywhere but in the raw store
    named = _longest((text for key, text in leaves if key in WHO_AND_WHAT), LONGEST_PER_COLUMN)
    return [*named, *_longest((text for _, text in leaves), LONGEST_PER_PAYLOAD)]


def _leaves(document: Any) -> Iterator[tuple[str, str]]:
    """Every text inside a document, however deep, with the key it stands under."""
    waiting = [("", document)]
    while waiting:
        match waiting.pop():
            case key, str(text):
                yield key, text
            case key, list(items):
                waiting += [(key, item) for item in items]
            case _, dict(items):
                waiting += items.items()


def _is_distinctive(text: str) -> bool:
    """Whether a text says something of a meeting: an address, or more than a word."""
    stripped = text.strip()
    is_long = len(stripped.encode(errors="replace")) >= SHORTEST_BYTES
    return is_long and ("@" in stripped or " " in stripped or not stripped.isascii())


def _longest(texts: Iterable[str], limit: int) -> tuple[str, ...]:
    return tuple(sorted(set(filter(_is_distinctive, texts)), key=lambda text: (-len(text), text))[:limit])


def _search_tables(connection: Connection, recording_ids: Collection[str], result: Search) -> None:
    """By id, in every table that has one, whoever made it, and in ours that have none; tombstones may name it."""
    ours = {table.name: table for table in tables_to_purge(connection)}
    inspector = inspect(connection)
    for name in sorted(set(inspector.get_table_names()) - {table_of(Tombstones).name}):
        columns = [each["name"] for each in inspector.get_columns(name)]
        source: FromClause = ours.get(name, any_table(name))
        if name in ours:
            conditions: list[ColumnElement[bool]] = [ours[name].c.recording_id.in_(recording_ids)]
        elif "recording_id" in columns:
            conditions = [cast(any_column("recording_id"), Text()).in_(recording_ids)]
        elif name in SQLModel.metadata.tables:
            conditions = [cast(any_column(each), Text()).contains(i) for each in columns for i in recording_ids]
        else:
            continue  # of somebody else, about something else
        result.places += 1
        if count := connection.scalar(select(func.count()).select_from(source).where(or_(*conditions))):
            result.found.append(f"{count} rows of {name} name it")
    if connection.dialect.name != "sqlite":
        _search_other_schemas(connection, recording_ids, result)


def _search_other_schemas(connection: Connection, recording_ids: Collection[str], result: Search) -> None:
    """Tables of other programs and people in the same PostgreSQL database, such as copies made by analysts."""
    is_named = cast(any_column("recording_id"), Text()).in_(recording_ids)
    for schema, name in tables_elsewhere(connection, "recording_id"):
        result.places += 1
        source = any_table(name, schema=schema)
        if count := connection.scalar(select(func.count()).select_from(source).where(is_named)):
            place = name if schema == "public" else f"{schema}.{name}"
            result.found.append(f"{count} rows of {place} name it")


def _search_database_files(database: Database, pieces: Collection[str], result: Search) -> None:
    """In the bytes of a SQLite database, which is written anew where pages kept something."""
    result.places += len(files_of(database))
    found = _found_in(database, pieces)
    left = _not_held(database, found)
    result.shared = len(found) - len(left)
    if left and rewrite(database):
        left = _not_held(database, _found_in(database, left))
    if left:
        result.found.append(
            f"text of it stands {len(left)} times in the database's files, where another process may keep it: "
            "run the same purge again when that has ended"
        )


def _found_in(database: Database, pieces: Collection[str]) -> set[str]:
    return {piece for path in files_of(database) for piece in _found(path, pieces)}


def _not_held(database: Database, pieces: Collection[str]) -> list[str]:
    """Those of the pieces that no row holds."""
    with database.reading() as connection:
        columns = [*_text_columns(connection)]
        return [piece for piece in sorted(pieces) if not any(_holds(connection, each, piece) for each in columns)]


def _text_columns(connection: Connection) -> Iterator[Column[Any]]:
    there = set(inspect(connection).get_table_names())
    for table in SQLModel.metadata.sorted_tables:
        if table.name in there:
            yield from (column for column in table.c if isinstance(column.type, (AutoString, Text, Json)))


def _holds(connection: Connection, column: Column[Any], piece: str) -> bool:
    places = [func.instr(cast(column, Text()), spelled) for spelled in _spellings(piece)]
    query = select(literal(1)).select_from(column.table).where(or_(*(place > 0 for place in places))).limit(1)
    return connection.execute(query).first() is not None


def _files(settings: Settings, raw: RawStore, without: Collection[Path]) -> Iterator[Path]:
    """Every file below our home and Dagster's, but for the raw store, whose objects are found by their names."""
    raw_folder = raw.folder.resolve() if raw.folder is not None else None
    seen: set[Path] = set()
    for folder in (settings.home, settings.dagster_home):
        for path in folder.rglob("*"):
            resolved = path.resolve()
            if resolved in seen or resolved in without or raw_folder in resolved.parents or not path.is_file():
                continue
            seen.add(resolved)
            yield path


def _pieces(text: str) -> list[str]:
    if len(text) <= 2 * PIECE:
        return [text]
    middle = (len(text) - PIECE) // 2
    return [text[:PIECE], text[middle : middle + PIECE], text[-PIECE:]]


def _spellings(piece: str) -> list[str]:
    """As it is, and as JSON writes it, with and without escapes for letters that are not ASCII."""
    return [*dict.fromkeys([piece, json.dumps(piece)[1:-1], json.dumps(piece, ensure_ascii=False)[1:-1]])]


def _found(path: Path, pieces: Collection[str]) -> set[str]:
    """The pieces that stand in a file."""
    needles = {each.encode(errors="replace"): piece for piece in pieces for each in _spellings(piece)}
    overlap = max(map(len, needles), default=1) - 1
    found: set[str] = set()
    try:
        with path.open("rb") as file:
            chunk = b""
            while part := file.read(CHUNK_BYTES):
                chunk = (chunk[-overlap:] if overlap else b"") + part
                found |= {piece for needle, piece in needles.items() if needle in chunk}
    except FileNotFoundError:
        pass  # somebody's temporary file
    return found
