"""The SQL view `searchable_utterances`. docs/search.md has examples."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, and_, literal_column

from meeting_assets.pipeline.everyday_views import EVERYDAY_VIEWS, UTTERANCES
from meeting_assets.schema.search_index import PASSAGE_BITS
from meeting_assets.store.search_index import PASSAGES, RECORDINGS


def searchable_utterances() -> Select[Any]:
    """One row per passage of the search index, with the columns of the view `utterances`.

    Passages of a transcript that is no longer the primary one have no row.
    """
    is_of_transcript = and_(
        RECORDINGS.c.recording_id == UTTERANCES.c.recording_id,
        RECORDINGS.c.transcript_id == UTTERANCES.c.transcript_id,
    )
    is_of_utterance = and_(
        PASSAGES.c.passage_id.op(">>")(literal_column(str(PASSAGE_BITS))) == RECORDINGS.c.slot,
        PASSAGES.c.utterance_index == UTTERANCES.c.utterance_index,
    )
    utterances = EVERYDAY_VIEWS["utterances"].join(RECORDINGS, is_of_transcript).join(PASSAGES, is_of_utterance)
    return utterances.add_columns(PASSAGES.c.passage_id, PASSAGES.c.token_offset, PASSAGES.c.tokens)
