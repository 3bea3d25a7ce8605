"""The part of the index that a search considers: recordings of some days or series, and speakers of some name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, exists, select

from meeting_assets.core.batches import batched
from meeting_assets.core.errors import UsageError
from meeting_assets.core.instants import start_of
from meeting_assets.core.search_tokens import search_tokens
from meeting_assets.metrics.series import RecordingSeries
from meeting_assets.metrics.speakers import Speakers
from meeting_assets.publications.search.passages import Span
from meeting_assets.schema.search_index import PASSAGE_BITS
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger import RECORDINGS
from meeting_assets.store.search_index import FIRST_SLOT, LAST_SLOT, first_passage_id, slot_of
from meeting_assets.store.search_index import RECORDINGS as INDEXED

MAX_SPANS = 50
"""Up to this number of recordings, each is searched by itself; a rare recording would be found late among all."""
BATCH = 500
"""Names or ids in one query. Not every SQLite accepts more than 999 parameters."""
_DAY_SLOTS = 86_400_000
_SPEAKERS, _SERIES = table_of(Speakers).c, table_of(RecordingSeries).c


@dataclass(frozen=True, slots=True)
class SearchFilter:
    """Restrictions of a search; None for no restriction. Both days are included."""

    speaker: str | None = None
    """Words of a speaker's name, in any order."""
    series: str | None = None
    """The id of a series, or words of its title."""
    first_day: date | None = None
    last_day: date | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """The spans of passages to search, newest first, and the condition that its utterances meet."""

    spans: Sequence[Span]
    slots: frozenset[int] | None = None
    """The slots of the recordings to search, if the spans contain others, too."""
    speakers: frozenset[str] | None = None
    """The names of the speakers to search."""


def scope_of(connection: Connection, given: SearchFilter) -> Scope:
    """Looks up the recordings and speakers of a filter.

    Raises:
        UsageError: no speaker or series has the name.
    """
    whole = _span_of_days(given)
    if given.speaker is None and given.series is None:
        return Scope([whole])
    names = None if given.speaker is None else _names(connection, given.speaker)
    restrictions: list[set[int]] = []
    if names is not None:
        restrictions.append(_slots(connection, whole, sorted(names), _is_spoken_by))
    if given.series is not None:
        restrictions.append(_slots(connection, whole, _series_ids(connection, given.series), _is_in_series))
    slots = sorted(set.intersection(*restrictions), reverse=True)
    if len(slots) <= MAX_SPANS:
        return Scope([_span(slot, slot) for slot in slots], speakers=names)
    return Scope([_span(slots[-1], slots[0])], frozenset(slots), names)


def _slots(
    connection: Connection, whole: Span, values: Sequence[str], is_one_of: Callable[[list[str]], ColumnElement[bool]]
) -> set[int]:
    """The slots of a span whose recordings have one of some values."""
    is_of_days = INDEXED.c.slot.between(whole.first >> PASSAGE_BITS, whole.last >> PASSAGE_BITS)
    query = select(INDEXED.c.slot).where(is_of_days)
    return {
        slot for batch in batched(values, BATCH) for slot in connection.scalars(query.where(is_one_of(batch))).all()
    }


def _is_spoken_by(names: list[str]) -> ColumnElement[bool]:
    return exists().where(
        _SPEAKERS.recording_id == INDEXED.c.recording_id,
        _SPEAKERS.source == "transcript",
        _SPEAKERS.name.in_(names),
    )


def _is_in_series(series_ids: list[str]) -> ColumnElement[bool]:
    in_series = select(RECORDINGS.c.recording_id).where(RECORDINGS.c.series_id.in_(series_ids))
    return INDEXED.c.recording_id.in_(in_series)


def _span(first_slot: int, last_slot: int) -> Span:
    return Span(first_passage_id(first_slot), first_passage_id(last_slot + 1) - 1)


def _span_of_days(given: SearchFilter) -> Span:
    first = slot_of(start_of(given.first_day)) if given.first_day else FIRST_SLOT
    last = slot_of(start_of(given.last_day)) + _DAY_SLOTS - 1 if given.last_day else LAST_SLOT
    return _span(first, min(last, LAST_SLOT))


def _names(connection: Connection, wanted: str) -> frozenset[str]:
    """The names that contain all words of a name."""
    query = select(_SPEAKERS.name).where(_SPEAKERS.source == "transcript", _SPEAKERS.name.is_not(None)).distinct()
    found = frozenset(name for name in connection.scalars(query) if _contains(name, wanted))
    if not found:
        raise UsageError(f"No speaker has the name {wanted!r}. `meeting-assets people` lists the names.")
    return found


def _series_ids(connection: Connection, wanted: str) -> list[str]:
    rows: Sequence[Any] = connection.execute(select(_SERIES.series_id, _SERIES.title)).all()
    found = [row.series_id for row in rows if row.series_id == wanted]
    found = found or [row.series_id for row in rows if row.title and _contains(row.title, wanted)]
    if not found:
        raise UsageError(
            f"No series has the id or the title {wanted!r}. The table recording_series has the ids and titles."
        )
    return found


def _contains(text: str, wanted: str) -> bool:
    """Whether a text has all words of another one, without regard to case, accents and order."""
    words = search_tokens(wanted)
    return bool(words) and {*words} <= {*search_tokens(text)}
