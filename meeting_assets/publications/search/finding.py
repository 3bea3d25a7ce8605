"""Finding: the utterances that match a query, newest meeting first, within a meeting as spoken.

The index gives candidates. The text of each is compared with the query again, which also gives the places of the words:
a transcript may have been replaced since it was indexed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, select

from meeting_assets.artifacts.transcript import Transcripts, TranscriptWords
from meeting_assets.core.batches import batched
from meeting_assets.core.search_tokens import PASSAGE_TOKENS, located_tokens, search_tokens
from meeting_assets.pipeline.search_index import outdated_index_count
from meeting_assets.pipeline.search_view import searchable_utterances
from meeting_assets.publications.search.passages import matching_passages
from meeting_assets.publications.search.query import Query, parse_query
from meeting_assets.publications.search.scope import BATCH, Scope, SearchFilter, scope_of
from meeting_assets.publications.search.snippets import Snippet, snippet_of
from meeting_assets.schema.search_index import PASSAGE_BITS
from meeting_assets.store.database import table_of
from meeting_assets.store.search_index import PASSAGES
from meeting_assets.store.search_index import RECORDINGS as INDEXED

FIRST_PAGE, RESTRICTED_PAGE, MAX_PAGE = 250, 1_000, 5_000
"""Candidates of the first query of the index, of the first one if speakers or recordings leave out most of them, and of
the largest one."""
READ_AT_ONCE = 50
MOST_COUNTED = 100
"""Utterances up to which a search counts, if its limit is lower."""
COUNTED_BATCHES = 2
"""Batches of `READ_AT_ONCE` passages that a search reads only to count.

perf: counting all utterances with a common word would read all their passages (benchmarks search)
"""
LONG_UTTERANCE_S = 10.0
"""In longer utterances the word's own time is looked up, which reads all words of the transcript."""

_FOUND = searchable_utterances()
_WORDS, _TRANSCRIPTS = table_of(TranscriptWords).c, table_of(Transcripts).c


@dataclass(frozen=True, slots=True)
class Hit:
    """An utterance that matches. Seconds are those of the recording; None without a time."""

    recording_id: str
    day: date
    title: str | None
    utterance_index: int
    speaker: str | None
    at_s: float | None
    """The start of the first word found."""
    at: datetime | None
    """The same as clock time."""
    snippet: Snippet


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The first hits, and the number of all."""

    hits: list[Hit] = field(default_factory=list)
    total: int = 0
    """The utterances that match; if the total is not exact, more than this match."""
    is_total_exact: bool = True
    unindexed_recordings: int = 0
    """Recordings whose transcript the index does not contain yet."""

    @property
    def has_more(self) -> bool:
        """Whether more utterances match than `hits` contains."""
        return not self.is_total_exact or self.total > len(self.hits)


def search(connection: Connection, text: str, restriction: SearchFilter, limit: int) -> SearchResult:
    """Searches for a query in the primary transcripts.

    Raises:
        UsageError: the query has no word to find, or no speaker or series has the name.
    """
    query = parse_query(text)
    scope = scope_of(connection, restriction)
    matches, total, is_exact = _counted(_batches(connection, query, scope), limit)
    located = [(row, _spans(query, row)) for row in matches[:limit]]
    found = [(row, snippet_of(row.text, spans), spans[0][0]) for row, spans in located]
    times = _times_of_words(connection, found)
    hits = [_hit(row, snippet, times.get(_key(row), row.start_s)) for row, snippet, _ in found]
    return SearchResult(hits, total, is_exact, outdated_index_count(connection))


def _counted(batches: Iterable[list[Any]], limit: int) -> tuple[list[Any], int, bool]:
    """The first matching rows, their number, and whether the number is exact; more match if it is not."""
    found: list[Any] = []
    most, surplus_batches = max(limit, MOST_COUNTED), 0
    for batch in batches:
        found += batch
        surplus_batches += len(found) > limit
        if len(found) > most:
            return found, most, False
        if surplus_batches > COUNTED_BATCHES:
            return found, len(found) - 1, False
    return found, len(found), True


def _batches(connection: Connection, query: Query, scope: Scope) -> Iterator[list[Any]]:
    """The matching rows of each batch of candidates. An utterance counts once."""
    former = None
    for passage_ids in batched(_candidates(connection, query, scope), READ_AT_ONCE):
        matches: list[Any] = []
        for row in _rows(connection, passage_ids, scope):
            if _key(row) == former:
                continue  # passages of one utterance follow one another
            if _is_match(query, row):
                former = _key(row)
                matches.append(row)
        yield matches


def _rows(connection: Connection, passage_ids: Sequence[int], scope: Scope) -> Iterable[Any]:
    """The rows of some passages in descending order, of the speakers to search."""
    # perf: without the slots, PostgreSQL joins each recording of a table that it has not analyzed (benchmarks search)
    slots = dict.fromkeys(each >> PASSAGE_BITS for each in passage_ids)
    is_candidate = and_(PASSAGES.c.passage_id.in_(passage_ids), INDEXED.c.slot.in_([*slots]))
    query = _FOUND.where(is_candidate).order_by(PASSAGES.c.passage_id.desc())
    if scope.speakers is None:
        return connection.execute(query)
    batches = batched(sorted(scope.speakers), BATCH)
    rows = [
        row for names in batches for row in connection.execute(query.where(_FOUND.selected_columns.speaker.in_(names)))
    ]
    return sorted(rows, key=lambda row: row.passage_id, reverse=True)


def _candidates(connection: Connection, query: Query, scope: Scope) -> Iterator[int]:
    """The ids of passages that the index names, in descending order."""
    size = FIRST_PAGE if scope.slots is None else RESTRICTED_PAGE
    for whole in scope.spans:
        span = whole
        while True:
            passage_ids = matching_passages(connection, query, span, size)
            slots = scope.slots
            yield from (each for each in passage_ids if slots is None or each >> PASSAGE_BITS in slots)
            if len(passage_ids) < size:
                break
            span = span._replace(last=passage_ids[-1] - 1)
            size = min(4 * size, MAX_PAGE)


def _is_match(query: Query, row: Any) -> bool:
    """Whether the passage, as the utterance's text now reads, matches the query."""
    # perf: locating tokens takes several times as long, and only the hits need places (benchmarks search)
    tokens = search_tokens(row.text)[row.token_offset : row.token_offset + PASSAGE_TOKENS]
    return query.places(tokens) is not None


def _spans(query: Query, row: Any) -> list[tuple[int, int]]:
    """The places of the words found in the text of an utterance that matches."""
    tokens = located_tokens(row.text)[row.token_offset : row.token_offset + PASSAGE_TOKENS]
    places = query.places([each.text for each in tokens]) or []
    return _merged([(tokens[each.start].start, tokens[each.stop - 1].end) for each in places])


def _merged(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The spans without overlaps. They are in the order of their starts."""
    merged: list[tuple[int, int]] = []
    for start, end in spans:
        if merged and start < merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def _hit(row: Any, snippet: Snippet, at_s: float | None) -> Hit:
    later = timedelta(seconds=round(at_s - row.start_s, 3)) if at_s is not None and row.start_s is not None else None
    at = row.started_at + later if row.started_at is not None and later is not None else row.started_at
    return Hit(row.recording_id, row.day, row.title, row.utterance_index, row.speaker, at_s, at, snippet)


def _key(row: Any) -> tuple[str, int]:
    return row.recording_id, row.utterance_index


def _times_of_words(connection: Connection, found: Sequence[tuple[Any, Snippet, int]]) -> dict[tuple[str, int], float]:
    """The start of the first word found in each long utterance, of those that have a time."""
    places = {_key(row): position for row, _, position in found if position and _is_long(row)}
    times: dict[tuple[str, int], float] = {}
    for recording_id in dict.fromkeys(each for each, _ in places):
        ends = dict.fromkeys((index for each, index in places if each == recording_id), 0)
        is_primary = and_(_TRANSCRIPTS.recording_id == recording_id, _TRANSCRIPTS.is_primary)
        words = select(_WORDS.utterance_index, _WORDS.text, _WORDS.start_s).where(
            _WORDS.recording_id == recording_id,
            _WORDS.transcript_id == select(_TRANSCRIPTS.transcript_id).where(is_primary).scalar_subquery(),
            _WORDS.utterance_index.in_([*ends]),
        )
        # An utterance's text is its words, joined with blanks.
        for index, word, start_s in connection.execute(words.order_by(_WORDS.word_index)):
            if ends[index] <= places[recording_id, index] and start_s is not None:
                times[recording_id, index] = start_s
            ends[index] += len(word) + 1
    return times


def _is_long(row: Any) -> bool:
    return row.start_s is not None and row.end_s is not None and row.end_s - row.start_s > LONG_UTTERANCE_S
