"""Ids of the passages that match a query, newest recordings first: the part of the search that differs by database.

Both databases sort by `passage_id`, whose descending order is the order of the results (`schema.search_index`). So a
search for a common word ends after the newest passages.
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection, text

from meeting_assets.publications.search.query import Query

PROBED_PASSAGES = 2_000
"""The newest passages that PostgreSQL compares with the query one by one, before it uses the index.

perf: GIN cannot return rows in order, so it would visit every row with a common word (benchmarks search)
"""

_ON_SQLITE = text(
    "SELECT rowid FROM search_text WHERE search_text MATCH :query AND rowid BETWEEN :first AND :last "
    "ORDER BY rowid DESC LIMIT :limit"
)
_NEWEST = text("""
    SELECT array_agg(passage_id ORDER BY passage_id DESC) FILTER (WHERE tokens @@ CAST(:query AS tsquery)) AS found,
        min(passage_id) AS last, count(*) AS probed
    FROM (
        SELECT passage_id, tokens FROM search_index WHERE passage_id BETWEEN :first AND :last
        ORDER BY passage_id DESC LIMIT :probed
    ) AS newest
""")
# Materialized, or PostgreSQL might walk the primary key, which takes seconds for a rare word.
_ON_INDEX = text("""
    WITH matches AS MATERIALIZED (
        SELECT passage_id FROM search_index
        WHERE tokens @@ CAST(:query AS tsquery) AND passage_id BETWEEN :first AND :last
    )
    SELECT passage_id FROM matches ORDER BY passage_id DESC LIMIT :limit
""")


class Span(NamedTuple):
    """Ids of passages from the first to the last, both included."""

    first: int
    last: int


def matching_passages(connection: Connection, query: Query, span: Span, limit: int) -> list[int]:
    """The ids of up to `limit` matching passages of a span, in descending order."""
    given = span._asdict() | {"limit": limit}
    if connection.dialect.name == "sqlite":
        return [*connection.scalars(_ON_SQLITE, given | {"query": query.as_fts5()})]
    given["query"] = query.as_tsquery()
    newest = connection.execute(_NEWEST, given | {"probed": PROBED_PASSAGES}).one()
    found = [*(newest.found or ())][:limit]
    if len(found) == limit or newest.probed < PROBED_PASSAGES:
        return found
    given |= {"last": newest.last - 1, "limit": limit - len(found)}
    return [*found, *connection.scalars(_ON_INDEX, given)]
