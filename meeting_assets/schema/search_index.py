"""The tables of the search index (docs/decisions, "Search index").

PostgreSQL indexes `search_index.tokens`, a `tsvector`, with GIN. On SQLite the column holds the tokens separated by
blanks, and the FTS5 table `search_text` indexes it. `store.search_index` alone writes both: triggers would take seven
times as long.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import BigInteger, Connection, Index, Integer, Table, Text, event, inspect
from sqlalchemy import table as any_table
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlmodel import Field, SQLModel

from meeting_assets.core.errors import StoreRefused
from meeting_assets.schema import fields
from meeting_assets.schema.columns import RecordingRow
from meeting_assets.schema.lineage import derived_from

PASSAGE_BITS = 23
"""The lower bits of a passage's id count the passages of its recording; the upper ones are the recording's slot."""
GIN_INDEX = "search_index_tokens"

# SQLite makes only a column of type INTEGER the row number of its table.
_RowNumber = BigInteger().with_variant(Integer(), "sqlite")
_Tokens = Text().with_variant(TSVECTOR(), "postgresql")


class SearchRecordings(RecordingRow, table=True):
    """The recordings in the search index, and the transcripts that it contains.

    Grain: one row per recording with a primary transcript.
    """

    __tablename__ = "search_recordings"
    __table_args__ = (Index("ix_search_recordings_slot", "slot", unique=True), {"sqlite_with_rowid": False})

    slot: int = fields.integer64(
        "milliseconds from 2020 to recordings.created_at, or the next free number; upper bits of passage_id",
        derived_from="recordings.created_at",
    )
    transcript_id: str = fields.uuid("the primary transcript", derived_from="transcripts.transcript_id")
    parsed_at: datetime | None = fields.instant(
        "parsed_at of the transcript in the ledger when it was indexed", derived_from="artifacts.parsed_at"
    )
    index_version: str = fields.text("version of tokens and passages", derived_from=())
    passage_count: int = fields.count("passages of the recording", derived_from="transcript_utterances.text")


class SearchIndex(SQLModel, table=True):
    """The passages of primary transcripts: utterances with a word, in parts of at most 240 tokens.

    Descending ids are the newest recordings first, and their passages as spoken.

    Grain: one row per passage.
    """

    __tablename__ = "search_index"

    passage_id: int = Field(
        primary_key=True,
        sa_type=_RowNumber,
        description="search_recordings.slot * 2^23 + 2^23 - 1 - position of the passage in the recording",
        sa_column_kwargs=derived_from("recordings.created_at") | {"autoincrement": False},
    )
    utterance_index: int = fields.position("of the utterance", derived_from="transcript_utterances.utterance_index")
    token_offset: int = fields.count("tokens of the utterance before the passage", derived_from=())
    tokens: str = Field(
        sa_type=_Tokens,
        description="words in lower case without accents; Han, Kana and Thai as pairs of characters",
        sa_column_kwargs=derived_from("transcript_utterances.text"),
    )


SEARCH_TABLES: tuple[type[SQLModel], ...] = (SearchRecordings, SearchIndex)

_ON_SQLITE = (
    # The tokenizer `ascii` splits at blanks: tokens have no other ASCII character than letters and digits.
    "CREATE VIRTUAL TABLE search_text USING fts5("
    "tokens, content='search_index', content_rowid='passage_id', tokenize='ascii', columnsize=0)",
)
_FOUND = "SELECT sql FROM sqlite_master WHERE name = 'search_text'"
_ON_POSTGRESQL = (
    f"CREATE INDEX {GIN_INDEX} ON search_index USING gin (tokens)",
    # Statistics would copy words into pg_statistic, where a purge does not reach them. The search plans for itself.
    "ALTER TABLE search_index ALTER COLUMN tokens SET STATISTICS 0",
)


def restore_index(connection: Connection) -> None:
    """Creates the GIN index on PostgreSQL, after a migration has put a copy in the place of `search_index`.

    On SQLite, `search_text` stays: it finds the table by its name, and the rows by their `passage_id`.
    """
    if connection.dialect.name != "sqlite":
        _execute(connection, _ON_POSTGRESQL)


def _create_index(table: Table, connection: Connection, **_options: object) -> None:
    # A migration copies a table under another name, and would create these objects twice.
    if table.name != SearchIndex.__tablename__:
        return
    if connection.dialect.name == "sqlite":
        # Left over if only `search_index` was dropped. A table of another program is left alone.
        found = connection.exec_driver_sql(_FOUND).scalar()
        if found is not None and "content='search_index'" not in found:
            raise StoreRefused("The name search_text is taken. Rename that table, then run the command again.")
        connection.exec_driver_sql("DROP TABLE IF EXISTS search_text")
        _execute(connection, _ON_SQLITE)
    else:
        _execute(connection, _ON_POSTGRESQL)
    # The new table is empty, so all recordings are to be indexed.
    if inspect(connection).has_table(SearchRecordings.__tablename__):
        connection.execute(any_table(SearchRecordings.__tablename__).delete())


def _execute(connection: Connection, statements: Iterable[str]) -> None:
    for statement in statements:
        connection.exec_driver_sql(statement)


event.listen(SearchIndex.__table__, "after_create", _create_index)  # type: ignore[attr-defined]
