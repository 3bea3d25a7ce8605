"""The document of `search --json`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Struct

from meeting_assets.cli.documents.values import Day, Instant
from meeting_assets.core.instants import to_iso8601

if TYPE_CHECKING:
    from meeting_assets.publications.search.finding import Hit, SearchResult


class SearchHit(Struct, frozen=True):
    """An utterance that matches the query."""

    recording_id: Annotated[str, Meta(description="id of the recording")]
    day: Annotated[Day, Meta(description="the recording's day")]
    title: Annotated[str | None, Meta(description="title of the meeting")]
    utterance_index: Annotated[int, Meta(description="with `recording_id`, the key of the view `utterances`")]
    speaker: Annotated[str | None, Meta(description="display name of the speaker; null if unknown")]
    at_s: Annotated[float | None, Meta(description="s; start of the first word found, from the start of the recording")]
    at: Annotated[Instant | None, Meta(description="the same as an instant")]
    snippet: Annotated[str, Meta(description="the words found, and the words around them")]
    marks: Annotated[
        list[list[int]], Meta(description="for each word found, its first character in `snippet`, and its end")
    ]
    page: Annotated[
        str | None, Meta(description="path or URL of the meeting's page with the moment; null if there is no page")
    ]


class SearchDocument(Struct, frozen=True, tag_field="schema", tag="meeting_assets/search/1"):
    """The result of a search: `search --json`."""

    query: Annotated[str, Meta(description="the query as given")]
    hits: Annotated[list[SearchHit], Meta(description="the first utterances found, newest meeting first")]
    has_more: Annotated[bool, Meta(description="whether more utterances match than `hits` contains")]
    total: Annotated[int, Meta(description="number of utterances that match; a lower bound if not exact")]
    is_total_exact: Annotated[
        bool, Meta(description="whether `total` is exact; if not, more utterances than `total` match")
    ]
    unindexed_recordings: Annotated[int, Meta(description="recordings whose transcript the index does not contain yet")]


def search_document(query: str, result: SearchResult, page_of: Callable[[Hit], str | None]) -> SearchDocument:
    """The document of a search; `page_of` gives the link to a hit."""
    hits = [_hit(each, page_of(each)) for each in result.hits]
    return SearchDocument(
        query, hits, result.has_more, result.total, result.is_total_exact, result.unindexed_recordings
    )


def _hit(hit: Hit, page: str | None) -> SearchHit:
    return SearchHit(
        hit.recording_id,
        hit.day.isoformat(),
        hit.title,
        hit.utterance_index,
        hit.speaker,
        hit.at_s,
        to_iso8601(hit.at) if hit.at is not None else None,
        hit.snippet.text,
        [[*each] for each in hit.snippet.marks],
        page,
    )
