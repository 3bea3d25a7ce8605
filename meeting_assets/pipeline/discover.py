"""What the API has: the recordings of some days with their media objects, asked for with as few list calls as possible.

By day: the recordings of the days, and the media objects created from then until three days later. By recording: a
retrieve and the lists of that recording. (By arrival: see `arrivals`.) URLs stay in memory.
"""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.core.errors import Gone, PayloadError, SettingsError
from meeting_assets.core.instants import day_of, shifted, start_of
from meeting_assets.pipeline.retrieval import Name, Retrieval, Retrieved
from meeting_assets.recall.client import Access, Query, RecallClient, encode_query
from meeting_assets.recall.objects import Bot, Media, Recording, Thing, decode_object, storable
from meeting_assets.store.observation import ObservationClock

LISTED_COLLECTIONS = tuple(sorted({each.collection for each in ARTIFACTS.values() if each.is_listed}))
ARTIFACTS_COME_WITHIN = timedelta(days=3)
# Whether the API's bounds are inclusive is not documented: a little more is asked for, and filtered here.
MARGIN = timedelta(seconds=1)
# A bot joins around the time its recording is created, at most this much earlier or later.
BOT_MARGIN = timedelta(hours=6)
FEW_BOTS, MANY_BOTS = 5, 100

_ID = re.compile(r"[0-9a-f-]{1,36}")


@dataclass(slots=True)
class Found:
    """A recording with its media objects, as the API has them now."""

    recording: Recording
    listed: dict[str, Any]
    media: dict[str, dict[str, Media]] = field(default_factory=lambda: defaultdict(dict))
    bot: Bot | None = None
    began_at: datetime | None = None
    """When the look began."""
    observed_at: datetime | None = None
    """When the request was sent that showed the recording."""
    media_asked_at: dict[str, datetime] = field(default_factory=dict)
    """When the requests were sent that showed media objects, by their ids, if others than that of the recording."""

    @property
    def last_observed_at(self) -> datetime | None:
        """When the last of these requests was sent."""
        asked = [*self.media_asked_at.values(), *([self.observed_at] if self.observed_at else [])]
        return max(asked, default=None)

    def media_observed_at(self, media: Media) -> datetime | None:
        """When the request was sent that showed a media object."""
        return self.media_asked_at.get(str(media.id), self.observed_at)

    @property
    def recording_id(self) -> str:
        return str(self.recording.id)

    @property
    def day(self) -> date:
        return day_of(self.recording.created_at)


@dataclass(slots=True)
class Discovery:
    """What a look at the API found: recordings by id, what no longer exists, and objects that made no sense."""

    days: tuple[date, ...] = ()
    """Days that were looked at as a whole."""
    found: dict[str, Found] = field(default_factory=dict)
    gone_recordings: set[str] = field(default_factory=set)
    gone_media: set[tuple[str, str]] = field(default_factory=set)
    read: set[str] = field(default_factory=set)
    """Names of the objects that made sense, or do not exist any more."""
    faults: dict[str, str] = field(default_factory=dict)
    """What made no sense in the others, by their names."""
    unclear: set[str] = field(default_factory=set)
    """Collections with such objects: what they do not show may be there all the same."""
    not_given: dict[tuple[str, Name], str] = field(default_factory=dict)
    """Media objects by their recording that a retrieve did not give, and why: nothing is concluded about them."""
    set_aside: list[str] = field(default_factory=list)
    """Sentences about named recordings that do not exist."""
    misplaced: list[str] = field(default_factory=list)
    """Sentences about named recordings of another day."""
    clock: ObservationClock = field(default_factory=ObservationClock)
    """Orders this look among others; started when the look began."""
    asked_at: dict[str, datetime] = field(default_factory=dict)
    """When objects were asked for that are gone, by their ids."""

    def gone_at(self, object_id: str) -> datetime:
        """When the request was sent that showed an object to be gone."""
        return self.asked_at.get(object_id, self.clock.started_at)

    def add(self, document: dict[str, Any], days: Collection[date] | None, asked_at: datetime | None = None) -> None:
        """Takes a recording in if it is of one of the days; None stands for any.

        `asked_at` is when the request was sent; by default when the look began.
        """
        recording = self.decode_object("recording", document, Recording)
        if recording is None or (days is not None and day_of(recording.created_at) not in days):
            return
        began_at = self.clock.started_at
        found = Found(recording, storable(document), began_at=began_at, observed_at=asked_at or began_at)
        for collection in ("transcript", "participant_events"):
            media = getattr(recording.media_shortcuts, collection, None)
            if media is not None:
                found.media[collection][str(media.id)] = media
        self.found[found.recording_id] = found

    def add_media(self, collection: str, document: dict[str, Any], asked_at: datetime | None = None) -> None:
        """Takes a media object in if its recording is; what a list says is newer than a shortcut."""
        media = self.decode_object(collection, document, Media)
        if media is None:
            return
        if media.recording is None:
            self._note_media_of_no_recording(collection, media)
        elif found := self.found.get(str(media.recording.id)):
            found.media[collection][str(media.id)] = media
            found.media_asked_at[str(media.id)] = asked_at or self.clock.started_at

    def decode_object(self, collection: str, document: Any, kind: type[Thing]) -> Thing | None:
        """The object as its class, or None and a fault noted."""
        given = document.get("id")
        # Whatever else stands there would stand in the ledger and in logs.
        is_id = isinstance(given, str) and _ID.fullmatch(given)
        name = f"{collection} {given if is_id else f'{len(self.faults) + 1} without a usable id'}"
        try:
            thing = decode_object(document, kind, name)
        except PayloadError as error:
            self.faults[name] = str(error)
            self.unclear.add(collection)
            return None
        self.read.add(name)
        # A retrieve may give what the list did not.
        self.faults.pop(name, None)
        return thing

    def take(self, name: Name, outcome: Retrieved) -> dict[str, Any] | None:
        """What a retrieve gave; a fault is noted, and where there is nothing more to be given, that is noted, too."""
        if outcome.fault is not None:
            self.faults[str(name)] = outcome.fault
        elif outcome.is_gone:
            self.read.add(str(name))
            self.asked_at[name.object_id] = outcome.asked_at or self.clock.started_at
        return outcome.document

    def _note_media_of_no_recording(self, collection: str, media: Media) -> None:
        """It may belong to any recording, so that none of them is known to have no such object."""
        name = f"{collection} {media.id}"
        self.read.discard(name)
        self.faults[name] = f"{name}: it names no recording"
        self.unclear.add(collection)


async def discover_days(
    client: RecallClient, days: Collection[date], *, clock: ObservationClock | None = None
) -> Discovery:
    """Every recording of some days, with the media objects created until three days after."""
    discovery = Discovery(days=tuple(days), clock=clock or ObservationClock())
    listed = partial(_listed, client, discovery.clock)
    for first, last in _stretches(days):
        recordings, *media = await asyncio.gather(
            listed("recording", _window(start_of(first), shifted(start_of(last), timedelta(days=1)))),
            *(
                listed(name, _window(start_of(first), shifted(start_of(last), ARTIFACTS_COME_WITHIN)))
                for name in LISTED_COLLECTIONS
            ),
        )
        for asked_at, document in recordings:
            discovery.add(document, days, asked_at)
        for name, documents in zip(LISTED_COLLECTIONS, media, strict=True):
            for asked_at, document in documents:
                discovery.add_media(name, document, asked_at)
    return discovery


async def discover_recordings(
    client: RecallClient,
    recording_ids: Sequence[str],
    days: Collection[date],
    *,
    known: Collection[str] = (),
    clock: ObservationClock | None = None,
) -> Discovery:
    """Some recordings of some days; those that were `known` may be gone.

    Raises:
        SettingsError: all of them are unknown to the API or of another day, which is named.
    """
    discovery = Discovery(clock=clock or ObservationClock())
    names = [Name("recording", each) for each in dict.fromkeys(recording_ids)]
    outcomes = await Retrieval(client, discovery.clock).each(names)
    for name, outcome in outcomes.items():
        document = discovery.take(name, outcome)
        if document is not None:
            _add_named(discovery, name, document, days, outcome.asked_at)
        elif outcome.is_gone and name.object_id in known:
            discovery.gone_recordings.add(name.object_id)
        elif outcome.is_gone:
            discovery.set_aside.append(f"The API has no recording {name.object_id}.")
    wrong = discovery.set_aside + discovery.misplaced
    if len(wrong) == len(outcomes):
        raise SettingsError(" ".join(wrong))
    # Those that were not given are listed as well: where the API does not answer at all, the lists say so.
    still_there = [name.object_id for name, outcome in outcomes.items() if not outcome.is_gone]
    for collection in LISTED_COLLECTIONS:
        lists = [_listed(client, discovery.clock, collection, {"recording_id": each}) for each in still_there]
        for documents_of_one in await asyncio.gather(*lists):
            for asked_at, document in documents_of_one:
                discovery.add_media(collection, document, asked_at)
    return discovery


def _add_named(
    discovery: Discovery, name: Name, document: dict[str, Any], days: Collection[date], asked_at: datetime | None
) -> None:
    discovery.add(document, days, asked_at)
    if name.object_id in discovery.found or str(name) in discovery.faults:
        return
    with suppress(PayloadError):
        day = day_of(decode_object(document, Recording, "recording").created_at)
        discovery.misplaced.append(f"Recording {name.object_id} is of {day}: run that day's partition.")


async def retrieve_unfinished(
    client: RecallClient,
    discovery: Discovery,
    *,
    recordings: Collection[str],
    media: Collection[tuple[str, str, str]],
    days: Collection[date],
) -> None:
    """Asks one by one for what the ledger waits for and the lists did not show.

    `media` holds (recording_id, collection, artifact_id).
    """
    retrieval = Retrieval(client, discovery.clock)
    missing = [Name("recording", each) for each in set(recordings) - discovery.found.keys()]
    unasked = [name for name in missing if str(name) not in discovery.faults]
    for name, outcome in (await retrieval.each(unasked)).items():
        if (document := discovery.take(name, outcome)) is not None:
            discovery.add(document, days, outcome.asked_at)
        elif outcome.is_gone:
            discovery.gone_recordings.add(name.object_id)
    holders = {
        Name(collection, artifact_id): recording_id
        for recording_id, collection, artifact_id in media
        if recording_id in discovery.found and artifact_id not in discovery.found[recording_id].media[collection]
    }
    for name, outcome in (await retrieval.each(holders)).items():
        if (document := discovery.take(name, outcome)) is not None:
            discovery.add_media(name.collection, document, outcome.asked_at)
        elif outcome.is_gone:
            discovery.gone_media.add((holders[name], name.object_id))
        elif outcome.was_asked:
            discovery.not_given[holders[name], name] = str(outcome.fault)


async def find_bots(client: RecallClient, discovery: Discovery, known: Collection[str]) -> None:
    """Finds the bots of recordings that are not `known` yet: by list where it is worth it, else one by one."""
    wanted = {
        str(found.recording.bot.id): found.recording.created_at
        for found in discovery.found.values()
        if found.recording.bot is not None and found.recording_id not in known
    }
    bots: dict[str, Bot] = {}
    async for document in _listed_bots(client, wanted.values()):
        if str(document.get("id")) in wanted and (bot := discovery.decode_object("bot", document, Bot)) is not None:
            bots[str(bot.id)] = bot
        if wanted.keys() <= bots.keys():
            break
    missing = [Name("bot", each) for each in wanted.keys() - bots.keys()]
    for name, outcome in (await Retrieval(client).each(missing)).items():
        answer = discovery.take(name, outcome)
        if answer is not None and (bot := discovery.decode_object("bot", answer, Bot)) is not None:
            bots[str(bot.id)] = bot
    for found in discovery.found.values():
        if found.recording.bot is not None:
            found.bot = bots.get(str(found.recording.bot.id))


async def _listed_bots(client: RecallClient, created_at: Collection[datetime]) -> AsyncIterator[dict[str, Any]]:
    """Bots from the API's list: all there are, where that is no more work than to retrieve what a window does not show.

    A window finds half of them: it is one of `join_at`, which the API clears for many once they have joined.
    """
    if len(created_at) >= MANY_BOTS:
        worth_pages = len(created_at) / 2 / client.retrieves_per_list_call
        async for page in client.list_pages("bot"):
            for document in page.results:
                yield document
            if page.page_count is None or page.page_count > worth_pages:
                break
        else:
            return
    if len(created_at) > FEW_BOTS:
        window: Query = {
            "join_at_after": shifted(min(created_at), -BOT_MARGIN),
            "join_at_before": shifted(max(created_at), BOT_MARGIN),
        }
        async for document in client.list_objects("bot", window):
            yield document


def _window(after: datetime, before: datetime) -> Query:
    return {"created_at_after": shifted(after, -MARGIN), "created_at_before": shifted(before, MARGIN)}


def _stretches(days: Collection[date]) -> Iterator[tuple[date, date]]:
    """Days as first and last of runs without a gap."""
    ordered = sorted(days)
    first = last = ordered[0]
    for day in ordered[1:]:
        if day - last > timedelta(days=1):
            yield first, last
            first = day
        last = day
    yield first, last


async def _listed(
    client: RecallClient, clock: ObservationClock, collection: str, query: Query
) -> list[tuple[datetime, dict[str, Any]]]:
    """Every object of a list, with the time at which the request for its page was sent.

    An object that two pages show, because pages shift while they are read, comes twice; the later page is right.
    """
    listed: list[tuple[datetime, dict[str, Any]]] = []
    asked_at = clock.now()
    async for page in client.list_pages(collection, encode_query(query)):
        listed += [(asked_at, document) for document in page.results]
        asked_at = clock.now()
    return listed


async def day_of_recording(access: Access, recording_id: str) -> date:
    """The UTC day of a recording, asked from the API.

    Raises:
        SettingsError: the API has no such recording.
        ObjectRefused, Refused, Transient: see `core.errors`.
    """
    try:
        async with RecallClient(access) as client:
            document = await client.retrieve("recording", recording_id)
    except Gone:
        raise SettingsError(f"The API has no recording {recording_id}.") from None
    return day_of(decode_object(document, Recording, "recording").created_at)
