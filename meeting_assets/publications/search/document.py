"""The JSON document of a search. docs/search.md describes it; `SCHEMA` names its version."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from meeting_assets.publications.search.finding import Hit, SearchResult

SCHEMA = "meeting_assets/search/1"
"""A removed or renamed field, or another meaning of one, requires a new number; a new field does not."""


def search_document(query: str, result: SearchResult, page_of: Callable[[Hit], str | None]) -> dict[str, Any]:
    """The result of a search for machines."""
    return {
        "schema": SCHEMA,
        "query": query,
        "hits": [_hit_document(each, page_of(each)) for each in result.hits],
        "has_more": result.has_more,
        "unindexed_recordings": result.unindexed_recordings,
    }


def _hit_document(hit: Hit, page: str | None) -> dict[str, Any]:
    return {
        "recording_id": hit.recording_id,
        "day": hit.day.isoformat(),
        "title": hit.title,
        "utterance_index": hit.utterance_index,
        "speaker": hit.speaker,
        "at_s": hit.at_s,
        "at": hit.at.isoformat() if hit.at is not None else None,
        "snippet": hit.snippet.text,
        "marks": [list(each) for each in hit.snippet.marks],
        "page": page,
    }
