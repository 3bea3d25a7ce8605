"""Discovers recordings and their media objects at the API, with as few list calls as possible.

By day: the recordings of the days, and the media objects created from then until three days later. By recording: a
retrieve and the lists of that recording. (By arrival: see `arrivals`.) URLs stay in memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.core.errors import Gone, PayloadError, UsageError
from meeting_assets.core.instants import day_of, shifted, start_of
from meeting_assets.pipeline.discovered import Discovery
from meeting_assets.pipeline.retrieval import Name, Retrieval
from meeting_assets.recall.client import Access, Query, RecallClient, encode_query
from meeting_assets.recall.objects import RECORDING, Recording, decode_object
from meeting_assets.store.observation import ObservationClock

LISTED_COLLECTIONS = tuple(sorted({each.collection for each in ARTIFACTS.values() if each.is_listed}))
ARTIFACTS_COME_WITHIN = timedelta(days=3)
# The API does not document whether its bounds are inclusive: queries ask for a little more, and results are filtered.
MARGIN = timedelta(seconds=1)


async def discover_days(
    client: RecallClient, days: Collection[date], *, clock: ObservationClock | None = None
) -> Discovery:
    """Lists every recording of some days, with the media objects created until three days after."""
    discovery = Discovery(days=tuple(days), clock=clock or ObservationClock())
    listed = partial(_listed, client, discovery.clock)
    for first, last in _consecutive(days):
        recordings, *media = await asyncio.gather(
            listed(RECORDING, _window(start_of(first), shifted(start_of(last), timedelta(days=1)))),
            *(
                listed(name, _window(start_of(first), shifted(start_of(last), ARTIFACTS_COME_WITHIN)))
                for name in LISTED_COLLECTIONS
            ),
        )
        for requested_at, document in recordings:
            discovery.add(document, days, requested_at)
        for name, documents in zip(LISTED_COLLECTIONS, media, strict=True):
            for requested_at, document in documents:
                discovery.add_media(name, document, requested_at)
    return discovery


async def discover_recordings(
    client: RecallClient,
    recording_ids: Sequence[str],
    days: Collection[date],
    *,
    known: Collection[str] = (),
    clock: ObservationClock | None = None,
) -> Discovery:
    """Retrieves named recordings of some days, and lists their media objects.

    A `known` recording that no longer exists is recorded as gone; an unknown one is an error.

    Raises:
        UsageError: all of them are unknown to the API or belong to another day, which the message names.
    """
    discovery = Discovery(clock=clock or ObservationClock())
    names = [Name(RECORDING, each) for each in dict.fromkeys(recording_ids)]
    outcomes = await Retrieval(client, discovery.clock).each(names)
    for name, outcome in outcomes.items():
        document = discovery.add_retrieved(name, outcome)
        if document is not None:
            _add_named(discovery, name, document, days, outcome.requested_at)
        elif outcome.is_gone and name.object_id in known:
            discovery.gone_recordings.add(name.object_id)
        elif outcome.is_gone:
            discovery.unknown.append(f"The API has no recording {name.object_id}.")
    errors = discovery.unknown + discovery.misplaced
    if len(errors) == len(outcomes):
        raise UsageError(" ".join(errors))
    # Includes recordings whose retrieve failed: if the API is down, the list call says so.
    existing = [name.object_id for name, outcome in outcomes.items() if not outcome.is_gone]
    for collection in LISTED_COLLECTIONS:
        lists = [_listed(client, discovery.clock, collection, {"recording_id": each}) for each in existing]
        for documents in await asyncio.gather(*lists):
            for requested_at, document in documents:
                discovery.add_media(collection, document, requested_at)
    return discovery


async def retrieve_unfinished(
    client: RecallClient,
    discovery: Discovery,
    *,
    recordings: Collection[str],
    media: Collection[tuple[str, str, str]],
    days: Collection[date],
) -> None:
    """Retrieves recordings and media objects that the ledger expects and the lists did not show.

    `media` holds (recording_id, collection, artifact_id).
    """
    retrieval = Retrieval(client, discovery.clock)
    missing = [Name(RECORDING, each) for each in set(recordings) - discovery.found.keys()]
    unrequested = [name for name in missing if str(name) not in discovery.faults]
    for name, outcome in (await retrieval.each(unrequested)).items():
        if (document := discovery.add_retrieved(name, outcome)) is not None:
            discovery.add(document, days, outcome.requested_at)
        elif outcome.is_gone:
            discovery.gone_recordings.add(name.object_id)
    holders = {
        Name(collection, artifact_id): recording_id
        for recording_id, collection, artifact_id in media
        if recording_id in discovery.found and artifact_id not in discovery.found[recording_id].media[collection]
    }
    for name, outcome in (await retrieval.each(holders)).items():
        if (document := discovery.add_retrieved(name, outcome)) is not None:
            discovery.add_media(name.collection, document, outcome.requested_at)
        elif outcome.is_gone:
            discovery.gone_media.add((holders[name], name.object_id))
        elif outcome.was_requested:
            discovery.not_given[holders[name], name] = str(outcome.fault)


async def day_of_recording(access: Access, recording_id: str) -> date:
    """Retrieves a recording and returns its UTC day; raises what `recording_at_api` raises."""
    return day_of((await recording_at_api(access, recording_id)).created_at)


async def recording_at_api(access: Access, recording_id: str) -> Recording:
    """Retrieves a recording.

    Raises:
        UsageError: the API has no such recording.
        ObjectRefused, Refused, Transient: see `core.errors`.
    """
    try:
        async with RecallClient(access) as client:
            document = await client.retrieve(RECORDING, recording_id)
    except Gone:
        raise UsageError(f"The API has no recording {recording_id}.") from None
    return decode_object(document, Recording, RECORDING)


def _add_named(
    discovery: Discovery, name: Name, document: dict[str, Any], days: Collection[date], requested_at: datetime | None
) -> None:
    discovery.add(document, days, requested_at)
    if name.object_id in discovery.found or str(name) in discovery.faults:
        return
    with suppress(PayloadError):
        day = day_of(decode_object(document, Recording, RECORDING).created_at)
        discovery.misplaced.append(f"Recording {name.object_id} is of {day}: run that day's partition.")


async def _listed(
    client: RecallClient, clock: ObservationClock, collection: str, query: Query
) -> list[tuple[datetime, dict[str, Any]]]:
    """Every object of a list, with the time at which the request for its page was sent.

    Pages may shift while they are read. An object on two pages is returned twice; the later one is right.
    """
    listed: list[tuple[datetime, dict[str, Any]]] = []
    requested_at = clock.now()
    async for page in client.list_pages(collection, encode_query(query)):
        listed += [(requested_at, document) for document in page.results]
        requested_at = clock.now()
    return listed


def _window(after: datetime, before: datetime) -> Query:
    return {"created_at_after": shifted(after, -MARGIN), "created_at_before": shifted(before, MARGIN)}


def _consecutive(days: Collection[date]) -> Iterator[tuple[date, date]]:
    """First and last day of each range of consecutive days."""
    ordered = sorted(days)
    first = last = ordered[0]
    for day in ordered[1:]:
        if day - last > timedelta(days=1):
            yield first, last
            first = day
        last = day
    yield first, last
