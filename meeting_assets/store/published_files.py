"""The table of published files, and the protocol of their writers.

    1. `begin` marks the rows of some files with the writer's own text, unless their recording was purged.
    2. The writer puts the files into the publications store.
    3. `finish` replaces the mark by the hash of the inputs, if the mark is still there.

A row without the mark at step 3 was deleted by a purge or a removal, so the file is to be deleted again; or another
writer has marked it, so the content of the file is unknown. Its hash becomes empty then, and the next run writes the
file again. A killed writer leaves its mark, which equals no hash. Several runs may therefore publish one day at once.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, select

from meeting_assets.core.batches import batched
from meeting_assets.core.instants import now
from meeting_assets.schema.published_files import PublishedFiles
from meeting_assets.store import tombstones
from meeting_assets.store.database import table_of, upsert

PUBLISHED = table_of(PublishedFiles)
BATCH = 500
"""Keys in one query. Not every SQLite accepts more than 999 parameters."""
UNKNOWN = ""
"""The hash of a file whose content is unknown."""


class PublishedFile(NamedTuple):
    """A row of `published_files` without the time."""

    key: str
    recording_id: str | None
    inputs_hash: str
    size_bytes: int | None


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file to publish; `content` is None if its recording has nothing for it, so that there is no file."""

    key: str
    recording_id: str | None
    inputs_hash: str
    content: bytes | None
    mentions: frozenset[str]
    """The recordings that the file mentions."""
    version: str
    """The version of the code that renders the file."""


def read_published(connection: Connection, condition: ColumnElement[bool]) -> dict[str, PublishedFile]:
    """The rows that meet a condition, by key."""
    columns = [PUBLISHED.c[name] for name in PublishedFile._fields]
    return {row.key: PublishedFile(*row) for row in connection.execute(select(*columns).where(condition))}


def new_mark() -> str:
    """A text for `begin` and `finish` that no other writer has."""
    return f"writing {uuid4()}"


def begin(connection: Connection, files: Sequence[NewFile], mark: str) -> list[NewFile]:
    """Marks the rows of some files; returns the files without those that mention a purged recording."""
    purged = _purged(connection, files)
    kept = [each for each in files if purged.isdisjoint(each.mentions)]
    rows = [{"key": each.key, "recording_id": each.recording_id, "inputs_hash": mark} for each in _sorted(kept)]
    upsert(connection, PublishedFiles, rows)
    return kept


def finish(connection: Connection, files: Sequence[NewFile], mark: str) -> list[NewFile]:
    """Records written files; returns those that are to be deleted again, because a purge or a removal overtook them."""
    purged = _purged(connection, files)
    held = _hashes(connection, [each.key for each in files])
    lost: list[NewFile] = []
    for each in _sorted(files):
        is_row = PUBLISHED.c.key == each.key
        if each.key not in held or not purged.isdisjoint(each.mentions):
            connection.execute(PUBLISHED.delete().where(is_row))
            lost.append(each)
        elif held[each.key] != mark:
            connection.execute(PUBLISHED.update().where(is_row).values(inputs_hash=UNKNOWN))
        else:
            connection.execute(PUBLISHED.update().where(is_row).values(**_values(each)))
    return lost


def forget(connection: Connection, keys: Collection[str]) -> None:
    """Deletes the rows of some files."""
    for batch in batched(sorted(keys), BATCH):
        connection.execute(PUBLISHED.delete().where(PUBLISHED.c.key.in_(batch)))


def _values(file: NewFile) -> dict[str, Any]:
    size_bytes = None if file.content is None else len(file.content)
    return {
        "inputs_hash": file.inputs_hash,
        "size_bytes": size_bytes,
        "version": file.version,
        "written_at": now(),
    }


def _hashes(connection: Connection, keys: Sequence[str]) -> dict[str, str]:
    """The hashes of some rows. The rows are locked in the order of their keys until the transaction ends."""
    found: dict[str, str] = {}
    for batch in batched(sorted(keys), BATCH):
        query = select(PUBLISHED.c.key, PUBLISHED.c.inputs_hash).where(PUBLISHED.c.key.in_(batch))
        found |= dict(connection.execute(query.order_by(PUBLISHED.c.key).with_for_update()).all())
    return found


def _purged(connection: Connection, files: Sequence[NewFile]) -> set[str]:
    """The purged recordings that some files mention. No other is purged until the transaction ends."""
    mentioned = frozenset[str]().union(*(each.mentions for each in files))
    return tombstones.tombstoned_until_commit(connection, mentioned)


def _sorted(files: Sequence[NewFile]) -> list[NewFile]:
    """In the order in which all writers lock rows."""
    return sorted(files, key=lambda each: each.key)
