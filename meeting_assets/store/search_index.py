"""Writes of the search index: passages of recordings, and the merge that removes deleted words from SQLite's files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, NamedTuple
from uuid import uuid4

from sqlalchemy import Connection, and_, func, select

from meeting_assets.core.instants import utc
from meeting_assets.schema.search_index import PASSAGE_BITS, SearchIndex, SearchRecordings
from meeting_assets.store.bulk import insert_rows
from meeting_assets.store.database import META, Database, delete_meta, insert_into, meta_value, put_meta, table_of

RECORDINGS, PASSAGES = table_of(SearchRecordings), table_of(SearchIndex)
PASSAGES_PER_SLOT = 1 << PASSAGE_BITS
LAST_SLOT = 2**40 - 2
FIRST_SLOT = -LAST_SLOT
MERGED_PAGES = 500
"""Pages of the FTS5 index that one transaction merges, so that other processes can write in between."""
MERGE_DUE = "search_merge_due"
"""Name in `meta` of the random value that says that `merge_index` has deleted words to remove."""
_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
_NEARBY_SLOTS = 1000
_RESERVED_SLOTS = 2**20
_OF_SLOT = "FROM search_index WHERE passage_id BETWEEN ? AND ?"
_INDEX = f"INSERT INTO search_text (rowid, tokens) SELECT passage_id, tokens {_OF_SLOT}"
_UNINDEX = f"INSERT INTO search_text (search_text, rowid, tokens) SELECT 'delete', passage_id, tokens {_OF_SLOT}"


class Passage(NamedTuple):
    """A passage of an utterance; `token_offset` is the number of tokens of the utterance before it."""

    utterance_index: int
    token_offset: int
    tokens: Sequence[str]


class IndexedTranscript(NamedTuple):
    """A primary transcript, as its rows in the tables of transcripts and of the ledger identify it."""

    transcript_id: str
    parsed_at: datetime | None
    index_version: str


def slot_of(created_at: datetime) -> int:
    """The slot of a recording created at that time, if no other recording has it: milliseconds since 2020.

    Ids have 63 bits, so recordings after 2054 share the last slots.
    """
    milliseconds = (utc(created_at) - _EPOCH) // timedelta(milliseconds=1)
    return min(max(milliseconds, FIRST_SLOT), LAST_SLOT - _RESERVED_SLOTS)


def first_passage_id(slot: int) -> int:
    """The smallest id that a passage of the slot can have; that of the next slot follows its largest one."""
    return slot << PASSAGE_BITS


def put_passages(
    connection: Connection,
    recording_id: str,
    created_at: datetime,
    transcript: IndexedTranscript,
    passages: Sequence[Passage],
) -> None:
    """Inserts a recording's passages, which must have been deleted before. The recording's row must be locked."""
    passages = passages[:PASSAGES_PER_SLOT]
    values = {"recording_id": recording_id, **transcript._asdict(), "passage_count": len(passages)}
    slot = _take_slot(connection, slot_of(created_at), values)
    last = first_passage_id(slot + 1) - 1
    if connection.dialect.name == "sqlite":
        joined = ((last - n, each[0], each[1], " ".join(each.tokens)) for n, each in enumerate(passages))
        insert_rows(connection, SearchIndex, [*joined])
        # perf: one statement takes a seventh of the time of one per row, as of a trigger (benchmarks search)
        _execute(connection, _INDEX, slot)
    else:
        _copy(connection, ((last - n, each[0], each[1], tsvector(each.tokens)) for n, each in enumerate(passages)))


def delete_passages(connection: Connection, recording_ids: Collection[str]) -> int:
    """Removes recordings from the index; returns the number of deleted passages."""
    of_recordings = RECORDINGS.c.recording_id.in_(recording_ids)
    deleted = 0
    for slot in connection.scalars(select(RECORDINGS.c.slot).where(of_recordings).order_by(RECORDINGS.c.slot)).all():
        if connection.dialect.name == "sqlite":
            _execute(connection, _UNINDEX, slot)
        of_slot = PASSAGES.c.passage_id.between(first_passage_id(slot), first_passage_id(slot + 1) - 1)
        deleted += connection.execute(PASSAGES.delete().where(of_slot)).rowcount
    connection.execute(RECORDINGS.delete().where(of_recordings))
    return deleted


def tsvector(tokens: Iterable[str]) -> str:
    """The tokens as PostgreSQL writes a `tsvector`. Tokens have no character that needs an escape.

    >>> tsvector(["no", "no", "yes"])
    "'no':1,2 'yes':3"
    """
    positions: dict[str, list[str]] = defaultdict(list)
    for position, token in enumerate(tokens, 1):
        positions[token].append(str(position))
    return " ".join([f"'{token}':{','.join(places)}" for token, places in positions.items()])


def merge_index(database: Database) -> None:
    """Merges all segments of SQLite's FTS5 index into one, in short transactions.

    FTS5 keeps deleted words until then; its option `secure-delete` needs SQLite 3.42.
    """
    # A negative number starts a merge of all segments (https://sqlite.org/fts5.html, "The 'merge' command").
    pages = -MERGED_PAGES
    while database.write(lambda connection, given=pages: _merge(connection, given)):  # type: ignore[misc]
        pages = MERGED_PAGES


def note_merge_due(connection: Connection) -> None:
    """Records in `meta` that SQLite's index contains deleted words, in the transaction that deletes them.

    Each record has a new value: a merge that began before this transaction must not delete its record.
    """
    if connection.dialect.name == "sqlite":
        put_meta(connection, {MERGE_DUE: uuid4().hex})


def merge_if_due(database: Database) -> None:
    """Merges SQLite's index if a transaction has deleted words since the last merge, also one of a killed run."""
    due = database.read(lambda connection: meta_value(connection, MERGE_DUE)) if database.is_sqlite else None
    if due is not None:
        merge_index(database)
        database.write(lambda connection: delete_meta(connection, and_(META.name == MERGE_DUE, META.value == due)))


def _merge(connection: Connection, pages: int) -> bool:
    """Merges about that many pages; False if nothing was left to merge."""
    driver: Any = connection.connection.driver_connection
    before = driver.total_changes
    driver.execute("INSERT INTO search_text (search_text, rank) VALUES ('merge', ?)", [pages])
    return bool(driver.total_changes - before >= 2)


def _execute(connection: Connection, statement: str, slot: int) -> None:
    """Executes a statement of SQLite for the passages of a slot."""
    connection.exec_driver_sql(statement, (first_passage_id(slot), first_passage_id(slot + 1) - 1))


def _take_slot(connection: Connection, wanted: int, values: dict[str, Any]) -> int:
    """Inserts the recording's row with the first free slot that is found."""
    insert = insert_into(connection, RECORDINGS).on_conflict_do_nothing(index_elements=["slot"])
    for slot in _candidates(connection, wanted):
        given = values | {"slot": slot}
        # Without this option, SQLAlchemy does not keep the row count of an INSERT.
        if connection.execute(insert, given, execution_options={"preserve_rowcount": True}).rowcount == 1:
            return slot
    raise AssertionError("unreachable: the candidates never end")


def _candidates(connection: Connection, wanted: int) -> Iterator[int]:
    yield wanted
    nearby = RECORDINGS.c.slot.between(wanted, wanted + _NEARBY_SLOTS)
    yield from count((connection.scalar(select(func.max(RECORDINGS.c.slot)).where(nearby)) or wanted) + 1)


def _copy(connection: Connection, rows: Iterable[tuple[int, int, int, str]]) -> None:
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {PASSAGES.name} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
