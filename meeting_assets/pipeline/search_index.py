"""Indexing: brings the search index up to date with the primary transcripts of recordings.

A recording is outdated if its primary transcript is another one, was parsed again, or was indexed by another version of
`core.search_tokens`. Names of speakers are not part of the index, so corrections change nothing here.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from time import monotonic
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, Text, and_, cast, func, or_, select

from meeting_assets.artifacts.transcript import ARTIFACT, Transcripts, TranscriptUtterances
from meeting_assets.core.gc_tuning import paused
from meeting_assets.core.search_tokens import INDEX_VERSION, passages, search_tokens
from meeting_assets.pipeline.storage import Storage
from meeting_assets.store import ledger
from meeting_assets.store.connections import retry_on_conflict
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger import LEDGER
from meeting_assets.store.search_index import (
    RECORDINGS,
    IndexedTranscript,
    Passage,
    delete_passages,
    merge_if_due,
    note_merge_due,
    put_passages,
)

logger = logging.getLogger(__name__)

BATCH_WORDS, BATCH_RECORDINGS = 100_000, 100
"""Words and recordings that share a transaction."""

TRANSCRIPTS, UTTERANCES = table_of(Transcripts), table_of(TranscriptUtterances)
_STORED = ledger.RECORDINGS.c
_IS_PRIMARY = and_(TRANSCRIPTS.c.recording_id == _STORED.recording_id, TRANSCRIPTS.c.is_primary)
_IS_IN_LEDGER = and_(
    LEDGER.c.recording_id == TRANSCRIPTS.c.recording_id,
    LEDGER.c.kind == ARTIFACT.kind,
    # The ledger stores ids of all kinds of objects as text.
    LEDGER.c.artifact_id == cast(TRANSCRIPTS.c.transcript_id, Text),
)
_IS_INDEXED = RECORDINGS.c.recording_id == _STORED.recording_id
_IS_CURRENT = and_(
    RECORDINGS.c.transcript_id == TRANSCRIPTS.c.transcript_id,
    RECORDINGS.c.parsed_at.is_not_distinct_from(LEDGER.c.parsed_at),
    RECORDINGS.c.index_version == INDEX_VERSION,
)
# A recording in the index without a primary transcript is outdated, too.
_IS_OUTDATED = or_(
    and_(TRANSCRIPTS.c.transcript_id.is_not(None), or_(RECORDINGS.c.recording_id.is_(None), ~_IS_CURRENT)),
    and_(TRANSCRIPTS.c.transcript_id.is_(None), RECORDINGS.c.recording_id.is_not(None)),
)


@dataclass(slots=True)
class IndexReport:
    """Counts of recordings that were indexed for the first time, indexed again, removed, or left as they were."""

    new: int = 0
    changed: int = 0
    removed: int = 0
    unchanged: int = 0
    passages: int = 0
    """Passages inserted less passages deleted."""
    index_s: float = 0.0

    def add(self, other: IndexReport) -> None:
        """Adds the counts of a committed transaction."""
        self.new += other.new
        self.changed += other.changed
        self.removed += other.removed
        self.passages += other.passages

    @property
    def has_deleted(self) -> bool:
        """Whether former words were deleted from the index."""
        return self.changed + self.removed > 0


class _Recording(NamedTuple):
    """A recording and its primary transcript; None if it has none, and so has to leave the index."""

    recording_id: str
    transcript: IndexedTranscript | None
    word_count: int
    is_indexed: bool
    is_outdated: bool


def index_days(days: Collection[date], storage: Storage) -> IndexReport:
    """Brings the index of some days up to date.

    On SQLite, words of replaced transcripts are erased from the file, also those of a killed run. PostgreSQL keeps them
    until the next purge, as it keeps dead rows of all tables until a VACUUM.

    Raises:
        StoreError: the database does not answer; recordings indexed before stay indexed.
    """
    started = monotonic()
    found = storage.database.read(lambda connection: _recordings(connection, _STORED.day.in_(days)))
    outdated = [each for each in found if each.is_outdated]
    report = IndexReport(unchanged=len(found) - len(outdated))
    for batch in _batches(outdated):
        report.add(_index(storage, batch))
    merge_if_due(storage.database)
    report.index_s = round(monotonic() - started, 3)
    logger.info("search index: %d recordings indexed, %d unchanged", report.new + report.changed, report.unchanged)
    return report


def days_of_outdated_index(connection: Connection) -> set[date]:
    """Days with recordings whose primary transcript the search index does not contain."""
    return {*connection.scalars(_joined(select(_STORED.day).distinct()).where(_IS_OUTDATED))}


def passage_counts(connection: Connection, days: Collection[date]) -> dict[date, int]:
    """The number of passages in the index by day; days without any are missing."""
    counts = select(_STORED.day, func.sum(RECORDINGS.c.passage_count)).join_from(
        ledger.RECORDINGS, RECORDINGS, _IS_INDEXED
    )
    return {day: int(count) for day, count in connection.execute(counts.where(_STORED.day.in_(days)).group_by("day"))}


def outdated_index_count(connection: Connection) -> int:
    """Number of recordings whose primary transcript the search index does not contain."""
    return connection.scalar(_joined(select(func.count())).where(_IS_OUTDATED)) or 0


def _joined(query: Select[Any]) -> Select[Any]:
    """Joins each recording with its primary transcript, the transcript's ledger row, and its row in the index."""
    return (
        query.select_from(ledger.RECORDINGS)
        .join(TRANSCRIPTS, _IS_PRIMARY, isouter=True)
        .join(LEDGER, _IS_IN_LEDGER, isouter=True)
        .join(RECORDINGS, _IS_INDEXED, isouter=True)
    )


def _recordings(connection: Connection, condition: ColumnElement[bool]) -> list[_Recording]:
    """The recordings with a primary transcript or in the index."""
    columns = (
        *(_STORED.recording_id, TRANSCRIPTS.c.transcript_id, LEDGER.c.parsed_at, TRANSCRIPTS.c.word_count),
        *(RECORDINGS.c.recording_id.is_not(None).label("is_indexed"), _IS_OUTDATED.label("is_outdated")),
    )
    exists = or_(TRANSCRIPTS.c.transcript_id.is_not(None), RECORDINGS.c.recording_id.is_not(None))
    rows = connection.execute(_joined(select(*columns)).where(condition, exists).order_by(_STORED.recording_id))
    return [
        _Recording(
            row.recording_id,
            IndexedTranscript(row.transcript_id, row.parsed_at, INDEX_VERSION) if row.transcript_id else None,
            row.word_count or 0,
            bool(row.is_indexed),
            bool(row.is_outdated),
        )
        for row in rows
    ]


def _batches(recordings: Sequence[_Recording]) -> Iterator[list[_Recording]]:
    """Groups recordings into transactions."""
    batch: list[_Recording] = []
    words = 0
    for recording in recordings:
        if batch and (words + recording.word_count > BATCH_WORDS or len(batch) == BATCH_RECORDINGS):
            yield batch
            batch, words = [], 0
        batch.append(recording)
        words += recording.word_count
    if batch:
        yield batch


# A decorator, so that the batch's tokens are freed before the garbage collector runs again and would visit them.
@paused()
@retry_on_conflict
def _index(storage: Storage, batch: Sequence[_Recording]) -> IndexReport:
    """Replaces the passages of recordings, except those that another run has changed or indexed meanwhile."""
    report = IndexReport()
    with storage.database.reading() as connection:
        passages_of = {each.recording_id: _passages(connection, each) for each in batch}
    ids = [*passages_of]
    with storage.database.writing() as connection:
        # The lock makes two runs that index the same recording, and a purge, wait for each other.
        locked = ledger.lock_recordings(connection, ids)
        ledger.lock_rows(connection, ARTIFACT.kind, [*locked])
        now = {each.recording_id: each for each in _recordings(connection, _STORED.recording_id.in_(locked))}
        due = [each for each in batch if (found := now.get(each.recording_id)) and _is_due(each, found)]
        report.passages -= delete_passages(connection, [each.recording_id for each in due])
        for each in due:
            if each.transcript is not None:
                created_at, rows = locked[each.recording_id]["created_at"], passages_of[each.recording_id]
                put_passages(connection, each.recording_id, created_at, each.transcript, rows)
                report.passages += len(rows)
            had_passages = now[each.recording_id].is_indexed
            report.new += each.transcript is not None and not had_passages
            report.changed += each.transcript is not None and had_passages
            report.removed += each.transcript is None
        if report.has_deleted:
            note_merge_due(connection)
    return report


def _is_due(read: _Recording, found: _Recording) -> bool:
    """Whether a recording is outdated and its transcript is the one that was read."""
    return found.is_outdated and found.transcript == read.transcript


def _passages(connection: Connection, recording: _Recording) -> list[Passage]:
    if recording.transcript is None:
        return []
    of_transcript = and_(
        UTTERANCES.c.recording_id == recording.recording_id,
        UTTERANCES.c.transcript_id == recording.transcript.transcript_id,
    )
    columns = (UTTERANCES.c.utterance_index, UTTERANCES.c.text)
    rows = connection.execute(select(*columns).where(of_transcript).order_by(UTTERANCES.c.utterance_index)).all()
    return [Passage(index, *each) for index, text in rows for each in passages(search_tokens(text))]
