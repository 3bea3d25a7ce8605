"""Purge verification: searches everything this package can reach for remains of purged recordings. It reads only.

- Tables may not contain a row with the recording's id, and the raw store may not contain an object that names it.
  The spool may not contain a partial media file of it.
- The tables of bots, calendars and webhooks may not contain the id of its bot or of its calendar event, unless another
  recording has the same.
- No table, and no recording.json of the same day, may contain a value that only this recording had: customer's
  metadata, titles, addresses of invitees, ids of meetings (`health.meeting_values`).
- The publications store may not contain a file that is named by the recording. No shared file may mention it, or
  contain a fingerprint or such a value (`health.published_remains`).
- `person_aliases` may not contain an alias of its persons that no remaining meeting uses.
- Files may not contain a fingerprint of the recording: the files of a SQLite database, and every other file below our
  home and Dagster's home, such as logs.

A fingerprint in the database's files or in a shared page that rows of other recordings contain, too, proves nothing,
such as the name of a person who attends both meetings. It is skipped.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, FromClause, Text, cast, func, inspect, literal, or_, select
from sqlalchemy import column as any_column
from sqlalchemy import table as any_table
from sqlmodel import AutoString, SQLModel

from meeting_assets.core.errors import NotPublished
from meeting_assets.health.fingerprints import MIN_TEXT_BYTES, Fingerprints
from meeting_assets.health.meeting_values import row_count_with, searched_tables, values_in_raw
from meeting_assets.health.published_remains import published_remains
from meeting_assets.pipeline.deletion.aliases import unused_aliases
from meeting_assets.pipeline.deletion.removal import tables_to_purge
from meeting_assets.pipeline.media.spool import Spool
from meeting_assets.pipeline.storage import Storage
from meeting_assets.schema.columns import Json
from meeting_assets.schema.persistent import Tombstones
from meeting_assets.settings import Settings
from meeting_assets.store.database import Database, table_of
from meeting_assets.store.namespaces import tables_elsewhere
from meeting_assets.store.objects import Objects
from meeting_assets.store.scrub import database_files

EXCERPT_CHARS = 40
"""Length of the excerpts of a long text. The whole text may be split over several database pages."""
VALUE_KINDS = "metadata, a title, an address or an id of the meeting"
CHUNK_BYTES = 16 * 2**20


@dataclass(slots=True)
class Remains:
    """The searched locations and strings, and a sentence for each remain found."""

    locations: int = 0
    strings: int = 0
    deleted_text_count: int = 0
    """Excerpts in the files of a SQLite database that no row contains: unused pages keep deleted rows."""
    found: list[str] = field(default_factory=list)

    def as_sentence(self, *, is_scrubbed: bool) -> str:
        """A sentence for a person; without `is_scrubbed`, files that cannot be searched may contain deleted rows."""
        nothing = "nothing found" if is_scrubbed else "nothing found, but the database may keep deleted rows"
        result = "; ".join(self.found) if self.found else nothing
        return f"Searched {self.locations} locations for {self.strings} strings: {result}."


def find_remains(storage: Storage, settings: Settings, fingerprints: Fingerprints) -> Remains:
    """Searches tables, the raw store and files for purged recordings."""
    strings = {*fingerprints.recording_ids, *fingerprints.texts, *fingerprints.object_ids, *fingerprints.values}
    remains = Remains(strings=len(strings))
    with storage.database.reading() as connection:
        _search_tables(connection, fingerprints, remains)
        _search_values(connection, fingerprints.values, remains)
        if unused := unused_aliases(connection, fingerprints.person_keys):
            remains.found.append(f"{len(unused)} rows of person_aliases name its persons")
    # Every prefix is searched, not only those of the known days: the purge may have missed a prefix.
    remains.locations += 1
    for prefix, count in storage.raw.prefixes_naming(fingerprints.recording_ids).items():
        remains.found.append(f"the raw store keeps {count} objects below {prefix}/")
    for key in values_in_raw(storage, fingerprints.days, fingerprints.values):
        remains.found.append(f"{key} in the raw store contains {VALUE_KINDS}")
    spooled = Spool(settings.home).recordings()
    remains.locations += 1
    for recording_id in sorted(spooled.keys() & fingerprints.recording_ids):
        remains.found.append(f"the spool keeps {spooled[recording_id]} partial media files of {recording_id}")
    excerpts = {excerpt for text in fingerprints.texts for excerpt in _excerpts(text)}
    _search_publications(storage, fingerprints, excerpts, remains)
    values = {each for each in fingerprints.values if len(each.encode(errors="replace")) >= MIN_TEXT_BYTES}
    _search_database_files(storage.database, excerpts | values, remains)
    own_files = {path.resolve() for path in database_files(storage.database)}
    for path in _files(settings, [storage.raw, storage.publications], own_files):
        remains.locations += 1
        try:
            if _found_in_file(path, excerpts):
                remains.found.append(f"{path} contains text of the recording")
        except OSError as error:
            remains.found.append(f"{path} cannot be read: {error.strerror}")
    return remains


def _search_tables(connection: Connection, fingerprints: Fingerprints, remains: Remains) -> None:
    """Searches every table with a `recording_id`, also foreign ones, and all our tables except the tombstones."""
    recording_ids = fingerprints.recording_ids
    all_ids = {*recording_ids, *fingerprints.object_ids}
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
            conditions = [cast(any_column(each), Text()).contains(i) for each in columns for i in all_ids]
        else:
            continue
        remains.locations += 1
        if count := connection.scalar(select(func.count()).select_from(source).where(or_(*conditions))):
            remains.found.append(f"{count} rows of {name} name it")
    if connection.dialect.name != "sqlite":
        _search_other_schemas(connection, recording_ids, remains)


def _search_values(connection: Connection, values: Collection[str], remains: Remains) -> None:
    """Searches our tables, roll-ups included, for values that only the purged recordings had."""
    for table in searched_tables(connection) if values else ():
        if count := row_count_with(connection, table, values):
            remains.found.append(f"{count} rows of {table.name} contain {VALUE_KINDS}")


def _search_other_schemas(connection: Connection, recording_ids: Collection[str], remains: Remains) -> None:
    """Searches tables of other programs in the same PostgreSQL database, such as copies made by analysts."""
    is_named = cast(any_column("recording_id"), Text()).in_(recording_ids)
    for schema, name in tables_elsewhere(connection, "recording_id"):
        remains.locations += 1
        source = any_table(name, schema=schema)
        if count := connection.scalar(select(func.count()).select_from(source).where(is_named)):
            table = name if schema == "public" else f"{schema}.{name}"
            remains.found.append(f"{count} rows of {table} name it")


def _search_publications(
    storage: Storage, fingerprints: Fingerprints, excerpts: Collection[str], remains: Remains
) -> None:
    remains.locations += 1
    try:
        published = published_remains(storage, fingerprints, excerpts)
    except NotPublished as error:
        remains.found.append(f"the publications store could not be searched: {error}")
        return
    remains.found += published.sentences
    gone = _without_row(storage.database, published.keys_by_text)
    for key in sorted({published.keys_by_text[text] for text in gone}):
        remains.found.append(f"{key} in the publications store contains text of the recording")


def _search_database_files(database: Database, excerpts: Collection[str], remains: Remains) -> None:
    files = database_files(database)
    remains.locations += len(files)
    found = {excerpt for path in files for excerpt in _found_in_file(path, excerpts)}
    remains.deleted_text_count = len(_without_row(database, found))
    if remains.deleted_text_count:
        remains.found.append(
            f"the database's files contain {remains.deleted_text_count} texts of deleted rows. Another process may "
            "keep them: run the same purge again when that process has ended"
        )


def _without_row(database: Database, excerpts: Collection[str]) -> list[str]:
    """The excerpts that no row contains."""
    with database.reading() as connection:
        columns = [*_text_columns(connection)] if excerpts else []
        return [each for each in excerpts if not any(_is_contained(connection, column, each) for column in columns)]


def _text_columns(connection: Connection) -> Iterator[Column[Any]]:
    present = set(inspect(connection).get_table_names())
    for table in SQLModel.metadata.sorted_tables:
        if table.name in present:
            yield from (column for column in table.c if isinstance(column.type, (AutoString, Text, Json)))


def _is_contained(connection: Connection, column: Column[Any], excerpt: str) -> bool:
    position_of = func.instr if connection.dialect.name == "sqlite" else func.strpos
    positions = [position_of(cast(column, Text()), variant) for variant in _json_variants(excerpt)]
    is_in_row = or_(*(position > 0 for position in positions))
    return (
        connection.execute(select(literal(1)).select_from(column.table).where(is_in_row).limit(1)).first() is not None
    )


def _files(settings: Settings, stores: Collection[Objects], excluded: Collection[Path]) -> Iterator[Path]:
    """Files below our home and Dagster's home, except those of the stores, which are searched by object names."""
    of_stores = {store.folder.resolve() for store in stores if store.folder is not None}
    visited: set[Path] = set()
    for folder in (settings.home, settings.dagster_home):
        for path in folder.rglob("*"):
            resolved = path.resolve()
            if resolved in visited or resolved in excluded or of_stores & {*resolved.parents} or not path.is_file():
                continue
            visited.add(resolved)
            yield path


def _excerpts(text: str) -> list[str]:
    if len(text) <= 2 * EXCERPT_CHARS:
        return [text]
    middle = (len(text) - EXCERPT_CHARS) // 2
    return [text[:EXCERPT_CHARS], text[middle : middle + EXCERPT_CHARS], text[-EXCERPT_CHARS:]]


def _json_variants(excerpt: str) -> list[str]:
    """The excerpt itself and its JSON encodings, with and without escapes for non-ASCII letters."""
    return [*dict.fromkeys([excerpt, json.dumps(excerpt)[1:-1], json.dumps(excerpt, ensure_ascii=False)[1:-1]])]


def _found_in_file(path: Path, excerpts: Collection[str]) -> set[str]:
    needles = {each.encode(errors="replace"): excerpt for excerpt in excerpts for each in _json_variants(excerpt)}
    overlap = max(map(len, needles), default=1) - 1
    found: set[str] = set()
    try:
        with path.open("rb") as file:
            chunk = b""
            while part := file.read(CHUNK_BYTES):
                chunk = (chunk[-overlap:] if overlap else b"") + part
                found |= {excerpt for needle, excerpt in needles.items() if needle in chunk}
    except FileNotFoundError:
        pass  # a temporary file of another process
    return found
