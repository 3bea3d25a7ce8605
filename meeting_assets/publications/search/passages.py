"""Ids of the passages that match a query, newest recordings first: the part of the search that differs by database.

Both databases sort by `passage_id`, whose descending order is the order of the results (`schema.search_index`). So a
search for a common word ends after the newest passages.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from meeting_assets.publications.search.query import Query

PROBED_PASSAGES = 8_000
"""The newest passages that PostgreSQL compares with the query one by one, before it uses the index.

perf: GIN cannot return rows in order, so it would visit every row with a common word (benchmarks search)
"""
MOST_SORTED = 10_000
"""Matches that PostgreSQL takes from the index to sort them."""
WIDER_PROBE = 32_000
"""The newest passages that it compares if more match, before it sorts all matches.

perf: comparing a passage takes a third of the time of a match from the index, or less (benchmarks search)
"""

_ON_SQLITE = text(
    "SELECT rowid FROM search_text WHERE search_text MATCH :query AND rowid BETWEEN :first AND :last "
    "ORDER BY rowid DESC LIMIT :limit"
)
_NEWEST = text("""
    SELECT array_agg(passage_id ORDER BY passage_id DESC) FILTER (WHERE tokens @@ CAST(:query AS tsquery)) AS found,
        count(*) AS probed
    FROM (
        SELECT passage_id, tokens FROM search_index WHERE passage_id BETWEEN :first AND :last
        ORDER BY passage_id DESC LIMIT :count
    ) AS newest
""")
# Materialized and with `+ 0`, or PostgreSQL might walk the primary key, which takes seconds for a rare word. The limit
# still ends the search in the index.
_ON_INDEX = text("""
    WITH matches AS MATERIALIZED (
        SELECT passage_id FROM search_index
        WHERE tokens @@ CAST(:query AS tsquery) AND passage_id + 0 BETWEEN :first AND :last
    )
    SELECT array_agg(passage_id ORDER BY passage_id DESC) AS found, max(counted) AS counted
    FROM (
        SELECT passage_id, count(*) OVER () AS counted
        FROM (SELECT passage_id FROM matches LIMIT :most) AS some_matches
        ORDER BY passage_id DESC LIMIT :limit
    ) AS newest
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
    if (found := _probed(connection, given, PROBED_PASSAGES)) is not None:
        return found
    matches = connection.execute(_ON_INDEX, given | {"most": MOST_SORTED + 1}).one()
    if (matches.counted or 0) <= MOST_SORTED:
        return matches.found or []
    if (found := _probed(connection, given, WIDER_PROBE)) is not None:
        return found
    return connection.execute(_ON_INDEX, given | {"most": None}).one().found or []


def _probed(connection: Connection, given: dict[str, Any], count: int) -> list[int] | None:
    """The first matches if the newest passages of a span contain them all; None if older ones may belong to them."""
    newest = connection.execute(_NEWEST, given | {"count": count}).one()
    found = [*(newest.found or ())][: given["limit"]]
    return found if len(found) == given["limit"] or newest.probed < count else None
