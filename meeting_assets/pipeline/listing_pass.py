"""Reads the API's lists by creation time: recordings of any day.

Reading stops when the time budget or the page budget is used up; `ListingPass` continues it later.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Collection, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from random import shuffle
from typing import Any

from sqlalchemy import Connection, select

from meeting_assets.core.batches import batched
from meeting_assets.core.errors import Transient
from meeting_assets.core.instants import shifted
from meeting_assets.pipeline.discover import LISTED_COLLECTIONS, MARGIN
from meeting_assets.pipeline.discovered import Discovery
from meeting_assets.pipeline.retrieval import Name, Retrieval
from meeting_assets.pipeline.storage import Storage
from meeting_assets.recall.client import Access, RecallClient, encode_query
from meeting_assets.recall.objects import DELETED, RECORDING, Media
from meeting_assets.store import tombstones
from meeting_assets.store.ledger import RECORDINGS
from meeting_assets.store.observation import ObservationClock

QUERY_SIZE = 500
"""Recordings in one query."""
LISTS_SHARE = 0.7
"""Share of the time budget for lists; the rest is for retrieving recordings one by one."""


@dataclass(frozen=True, slots=True)
class ListingPass:
    """A pass through lists, in one step or several: per list the query of its next page."""

    pages: Mapping[str, str]

    @classmethod
    def since(cls, instant: datetime, collections: Iterable[str] = (RECORDING, *LISTED_COLLECTIONS)) -> ListingPass:
        """A new pass through everything created since an instant, without an upper bound because clocks differ."""
        query = encode_query({"created_at_after": shifted(instant, -MARGIN)})
        return cls(dict.fromkeys(collections, query))


@dataclass(slots=True)
class Arrivals:
    """Objects that one step of a listing pass showed."""

    discovery: Discovery = field(default_factory=Discovery)
    elsewhere: dict[str, list[tuple[str, Media]]] = field(default_factory=lambda: defaultdict(list))
    """Media objects, with their collections, of recordings that were not listed."""
    rest: ListingPass | None = None
    """The unread rest of the pass; None if the lists were read to their end."""


async def read_pass(storage: Storage, access: Access, listing: ListingPass, *, budget_s: float) -> Arrivals:
    """Reads a listing pass as far as the time budget allows.

    Raises:
        Refused, Transient: see `core.errors`; nothing can be concluded from the lists then.
    """
    listed: dict[str, list[dict[str, Any]]] = {name: [] for name in listing.pages}
    left: dict[str, str | None] = dict(listing.pages)

    async def read(name: str) -> None:
        async for page in client.list_pages(name, listing.pages[name]):
            listed[name] += page.results
            left[name] = page.next_query

    clock = ObservationClock.of(storage.database)
    async with RecallClient(access) as client:
        await _within(_all(map(read, listing.pages)), budget_s * LISTS_SHARE)
        if left == listing.pages:
            # No page at all is not the same as an empty list.
            raise Transient(f"the lists gave no page within {budget_s} s")
        arrivals = _grouped(storage, listed, clock)
        await _within(_retrieve_unknown(client, storage, arrivals), budget_s * (1 - LISTS_SHARE))
    rest = {name: query for name, query in left.items() if query is not None}
    arrivals.rest = ListingPass(rest) if rest else None
    return arrivals


async def read_for(storage: Storage, access: Access, since: datetime, recording_ids: Sequence[str]) -> Arrivals:
    """Reads media objects created since an instant, at least those of some recordings.

    The page budget of a list is the number of recordings. A longer list, such as that of an old day among busy ones,
    is read per recording, so that the cost of a day does not depend on the days after it.

    Raises:
        Refused, Transient: see `core.errors`.
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
    return _grouped(storage, listed, clock)


def recording_days(connection: Connection, recording_ids: Collection[str]) -> dict[str, date]:
    """The days of recordings that the database knows and the API has not deleted."""
    days: dict[str, date] = {}
    for batch in batched(recording_ids, QUERY_SIZE):
        query = select(RECORDINGS.c.recording_id, RECORDINGS.c.day).where(
            RECORDINGS.c.recording_id.in_(batch), RECORDINGS.c.status != DELETED
        )
        days |= dict(connection.execute(query).all())
    return days


async def _all(readings: Iterable[Coroutine[Any, Any, None]]) -> None:
    try:
        async with asyncio.TaskGroup() as tasks:
            for reading in readings:
                tasks.create_task(reading)
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from None


async def _within(work: Awaitable[None], budget_s: float) -> None:
    """Cancels work when its time budget is used up; its results so far are kept."""
    try:
        async with asyncio.timeout(budget_s):
            await work
    except TimeoutError:
        pass


def _grouped(storage: Storage, listed: Mapping[str, list[dict[str, Any]]], clock: ObservationClock) -> Arrivals:
    """Recordings with their media objects, and media objects of unlisted recordings, without purged ones.

    `clock` was started before the lists were read.
    """
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
    with storage.database.reading() as connection:
        purged = tombstones.tombstoned_recordings(connection, [*arrivals.discovery.found, *arrivals.elsewhere])
    for recording_id in purged:
        arrivals.discovery.found.pop(recording_id, None)
        arrivals.elsewhere.pop(recording_id, None)
    return arrivals


async def _retrieve_unknown(client: RecallClient, storage: Storage, arrivals: Arrivals) -> None:
    """Retrieves the recordings of finished media objects that the database does not know, to learn their days."""
    finished = {
        recording_id
        for recording_id, media in arrivals.elsewhere.items()
        if any(each.status.code == "done" for _, each in media)
    }
    with storage.database.reading() as connection:
        unknown = [*finished - recording_days(connection, finished).keys()]
    # In random order: time may run out, and some recordings can never be retrieved.
    shuffle(unknown)
    retrieval = Retrieval(client)
    for recording_id in unknown:
        name = Name(RECORDING, recording_id)
        document = arrivals.discovery.add_retrieved(name, await retrieval.one(*name))
        if document is None:
            continue
        arrivals.discovery.add(document, None)
        if found := arrivals.discovery.found.get(recording_id):
            for collection, media in arrivals.elsewhere.pop(recording_id):
                found.media[collection][str(media.id)] = media
