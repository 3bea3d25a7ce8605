"""Arrivals: what the API has made lately, whatever day its recording is of, held against the ledger.

The lists by day do not show what was made long after its day, and a sensor cannot ask for every day. Here the lists are
asked for what was created since an instant, and the ledger says what of it is not home. A reading may be cut by its
time budget; the next one goes on where it ended.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Collection, Coroutine, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice
from random import shuffle
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, select

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.core.errors import Transient
from meeting_assets.core.instants import now, shifted
from meeting_assets.pipeline.discover import LISTED_COLLECTIONS, MARGIN, Discovery
from meeting_assets.pipeline.record import observations, observed_artifact
from meeting_assets.pipeline.retrieval import Name, Retrieval
from meeting_assets.pipeline.storage import Storage
from meeting_assets.recall.client import Access, RecallClient, encode_query
from meeting_assets.recall.objects import DELETED, FINISHED, Media
from meeting_assets.store import ledger, tombstones
from meeting_assets.store.ledger import RECORDINGS, Known
from meeting_assets.store.observation import ObservationClock, database_now
from meeting_assets.store.states import LedgerRow, Observation, is_fetchable, reconcile

RECORDING = "recording"
BATCH = 500
LISTS_SHARE = 0.7
"""Of the time for a portion; the rest is for asking one by one."""


class PendingRecording(NamedTuple):
    """A recording of which something can be brought home now."""

    day: date
    recording_id: str
    changed_at: datetime | None = None
    """When it was noticed, by a clock of ours, if no run has recorded it yet: only a run that starts later sees it for
    certain. Never an instant that the API states: its clocks are not those of the runs."""
    is_told_once: bool = False
    """Whether nobody will say so again: then a run that has looked before is none that will bring it."""


@dataclass(frozen=True, slots=True)
class ListingPass:
    """A reading of lists, in one portion or several: per list the query of its next page."""

    pages: Mapping[str, str]

    @classmethod
    def since(cls, instant: datetime, collections: Iterable[str] = (RECORDING, *LISTED_COLLECTIONS)) -> ListingPass:
        """A new round over everything created since an instant; its end is open, since clocks differ."""
        query = encode_query({"created_at_after": shifted(instant, -MARGIN)})
        return cls(dict.fromkeys(collections, query))


@dataclass(slots=True)
class Arrivals:
    """What one portion of a round showed."""

    discovery: Discovery = field(default_factory=Discovery)
    elsewhere: dict[str, list[tuple[str, Media]]] = field(default_factory=lambda: defaultdict(list))
    """Media objects by their recording, where that was not listed."""
    rest: ListingPass | None = None
    """What is left of the round; None when it was read to its end."""


def list_arrivals(
    storage: Storage, access: Access, portion: ListingPass, *, budget_s: float
) -> tuple[list[PendingRecording], ListingPass | None]:
    """Recordings with something to bring home now, as far as the lists could be read in the time; and what is left.

    Raises:
        Refused, Transient: see `core.errors`; nothing can be concluded from the lists then.
    """
    noticed_at = now()
    arrivals = asyncio.run(_read(storage, access, portion, budget_s=budget_s))
    with storage.database.reading() as connection:
        at = database_now(connection)
        due = [
            PendingRecording(day, recording_id, None if _is_recorded(before, after) else noticed_at)
            for day, recording_id, before, after in _compared(connection, arrivals)
            if day >= storage.oldest_day
            and (any(is_fetchable(row, at) for row in after) or _is_over(arrivals, recording_id, before))
        ]
    return due, arrivals.rest


def late_arrivals(
    storage: Storage, access: Access, days: Collection[date], *, since: datetime
) -> dict[date, list[str]]:
    """Recordings of some days that have artifacts the ledger does not know as they are now, by day.

    Asks the artifact lists for what was created `since` an instant, the first that no list of one of the days reached.

    Raises:
        Refused, Transient: see `core.errors`.
    """
    with storage.database.reading() as connection:
        still_there = and_(RECORDINGS.c.day.in_(days), RECORDINGS.c.status != DELETED)
        recording_ids = connection.scalars(select(RECORDINGS.c.recording_id).where(still_there)).all()
    if not recording_ids:
        return {}
    arrivals = asyncio.run(_read_for(storage, access, since, sorted(recording_ids)))
    late: dict[date, list[str]] = defaultdict(list)
    with storage.database.reading() as connection:
        for day, recording_id, before, after in _compared(connection, arrivals):
            if day in days and not _is_recorded(before, after):
                late[day].append(recording_id)
    return {day: sorted(late[day]) for day in sorted(late)}


async def _read_for(storage: Storage, access: Access, since: datetime, recording_ids: Sequence[str]) -> Arrivals:
    """What was made since an instant, for some recordings at least.

    A list is read for as many pages as there are these. If it is longer, which it is for an old day among busy ones,
    each of them is asked for by itself: else the cost of a day would be that of all after it.
    """
    listed: dict[str, list[dict[str, Any]]] = {name: [] for name in LISTED_COLLECTIONS}
    query = encode_query({"created_at_after": shifted(since, -MARGIN)})

    async def read(name: str) -> None:
        pages = 0
        async for page in client.list_pages(name, query):
            listed[name] += page.results
            pages += 1
            if page.next_query is not None and pages >= len(recording_ids):
                break
        else:
            return
        listed[name].clear()
        for recording_id in recording_ids:
            listed[name] += [document async for document in client.list_objects(name, {"recording_id": recording_id})]

    clock = ObservationClock.of(storage.database)
    async with RecallClient(access) as client:
        await _all(map(read, LISTED_COLLECTIONS))
    arrivals = _sorted(listed, clock)
    _leave_out_purged(storage, arrivals)
    return arrivals


async def _read(storage: Storage, access: Access, portion: ListingPass, *, budget_s: float) -> Arrivals:
    listed: dict[str, list[dict[str, Any]]] = {name: [] for name in portion.pages}
    left: dict[str, str | None] = dict(portion.pages)

    async def read(name: str) -> None:
        async for page in client.list_pages(name, portion.pages[name]):
            listed[name] += page.results
            left[name] = page.next_query

    clock = ObservationClock.of(storage.database)
    async with RecallClient(access) as client:
        await _in_time(_all(map(read, portion.pages)), budget_s * LISTS_SHARE)
        if left == portion.pages:
            # No answer at all is not an empty one.
            raise Transient(f"the lists gave no page within {budget_s} s")
        arrivals = _sorted(listed, clock)
        _leave_out_purged(storage, arrivals)
        await _in_time(_look_up_unknown(client, storage, arrivals), budget_s * (1 - LISTS_SHARE))
    rest = {name: query for name, query in left.items() if query is not None}
    arrivals.rest = ListingPass(rest) if rest else None
    return arrivals


async def _all(readings: Iterable[Coroutine[Any, Any, None]]) -> None:
    try:
        async with asyncio.TaskGroup() as tasks:
            for reading in readings:
                tasks.create_task(reading)
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from None


async def _in_time(work: Awaitable[None], budget_s: float) -> None:
    """Waits for work as long as there is time; what it has done until then stays done."""
    try:
        async with asyncio.timeout(budget_s):
            await work
    except TimeoutError:
        pass


def _sorted(listed: Mapping[str, list[dict[str, Any]]], clock: ObservationClock) -> Arrivals:
    """Recordings with their media, and media of recordings that were not listed; `clock` was started before."""
    arrivals = Arrivals(Discovery(clock=clock))
    for document in listed.get(RECORDING, ()):
        arrivals.discovery.add(document, None)
    for name, documents in listed.items():
        if name == RECORDING:
            continue
        for document in documents:
            media = arrivals.discovery.decode_object(name, document, Media)
            if media is None or media.recording is None:
                continue
            if found := arrivals.discovery.found.get(str(media.recording.id)):
                found.media[name][str(media.id)] = media
            else:
                arrivals.elsewhere[str(media.recording.id)].append((name, media))
    return arrivals


def _leave_out_purged(storage: Storage, arrivals: Arrivals) -> None:
    with storage.database.reading() as connection:
        purged = tombstones.is_tombstoned(connection, [*arrivals.discovery.found, *arrivals.elsewhere])
    for recording_id in purged:
        arrivals.discovery.found.pop(recording_id, None)
        arrivals.elsewhere.pop(recording_id, None)


async def _look_up_unknown(client: RecallClient, storage: Storage, arrivals: Arrivals) -> None:
    """Asks for the recordings of finished media that nobody has seen: their day is not known otherwise."""
    finished = {
        recording_id
        for recording_id, media in arrivals.elsewhere.items()
        if any(each.status.code == "done" for _, each in media)
    }
    with storage.database.reading() as connection:
        unknown = [*finished - _days_of(connection, finished).keys()]
    # Each time in another order: there may be more than there is time for, and some that will never be known.
    shuffle(unknown)
    retrieval = Retrieval(client)
    for recording_id in unknown:
        asked = Name(RECORDING, recording_id)
        document = arrivals.discovery.take(asked, await retrieval.one(*asked))
        if document is None:
            continue
        arrivals.discovery.add(document, None)
        if found := arrivals.discovery.found.get(recording_id):
            for name, media in arrivals.elsewhere.pop(recording_id):
                found.media[name][str(media.id)] = media


def _compared(
    connection: Connection, arrivals: Arrivals
) -> Iterator[tuple[date, str, list[LedgerRow], list[LedgerRow]]]:
    """Per recording its ledger rows as they are, and as they would be after what was listed; both in one order."""
    for found in _batches(arrivals.discovery.found):
        known = ledger.known(connection, found)
        for recording_id in found:
            each = arrivals.discovery.found[recording_id]
            yield each.day, recording_id, *_before_and_after(known, observations(each, arrivals.discovery.unclear))
    for elsewhere in _batches(arrivals.elsewhere):
        known = ledger.known(connection, elsewhere)
        for recording_id, day in _days_of(connection, elsewhere).items():
            yield day, recording_id, *_before_and_after(known, _partial_looks(recording_id, arrivals))


def _batches(recording_ids: Iterable[str]) -> Iterator[list[str]]:
    remaining = iter(sorted(recording_ids))
    while batch := list(islice(remaining, BATCH)):
        yield batch


def _before_and_after(known: Known, seen: Iterable[Observation]) -> tuple[list[LedgerRow], list[LedgerRow]]:
    before: list[LedgerRow] = []
    after: list[LedgerRow] = []
    for look in seen:
        rows = known[look.recording_id, look.kind]
        changed = reconcile(rows, look)
        before += [rows[artifact_id] for artifact_id in sorted(rows)]
        after += [changed[artifact_id] for artifact_id in sorted(changed)]
    return before, after


def _partial_looks(recording_id: str, arrivals: Arrivals) -> Iterator[Observation]:
    """What some of a recording's media objects say; of the others nothing is known."""
    for artifact in ARTIFACTS.values():
        media = [each for name, each in arrivals.elsewhere[recording_id] if name == artifact.collection]
        began_at = arrivals.discovery.clock.started_at
        if sightings := tuple(observed_artifact(artifact, each, began_at) for each in media):
            yield Observation(
                recording_id, artifact.kind, sightings, is_finished=False, is_many=artifact.allows_multiple
            )


def _is_recorded(before: Sequence[LedgerRow], after: Sequence[LedgerRow]) -> bool:
    """Whether the ledger says what was listed, but for when it was last observed."""
    return [row | {"observed_at": None} for row in before] == [row | {"observed_at": None} for row in after]


def _is_over(arrivals: Arrivals, recording_id: str, before: list[LedgerRow]) -> bool:
    """Whether a recording has ended of which nothing is known, and nothing more is to come."""
    found = arrivals.discovery.found.get(recording_id)
    if found is None or before or found.recording.status.code not in FINISHED:
        return False
    return all(media.status.code != "processing" for of_kind in found.media.values() for media in of_kind.values())


def _days_of(connection: Connection, recording_ids: Collection[str]) -> dict[str, date]:
    """The days of those recordings that are known and not deleted."""
    days: dict[str, date] = {}
    for batch in _batches(recording_ids):
        query = select(RECORDINGS.c.recording_id, RECORDINGS.c.day).where(
            RECORDINGS.c.recording_id.in_(batch), RECORDINGS.c.status != DELETED
        )
        days |= dict(connection.execute(query).all())
    return days
