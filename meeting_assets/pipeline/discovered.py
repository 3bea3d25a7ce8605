"""Results of listing and retrieving objects of the API: recordings with media objects, gone and faulty objects."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from meeting_assets.core.errors import PayloadError
from meeting_assets.core.instants import day_of
from meeting_assets.pipeline.bots import ObservedBot
from meeting_assets.pipeline.retrieval import Name, Retrieved
from meeting_assets.recall.objects import RECORDING, Bot, Media, ObjectT, Recording, decode_object, without_secrets
from meeting_assets.store.observation import ObservationClock

_ID = re.compile(r"[0-9a-f-]{1,36}")


@dataclass(slots=True)
class Found:
    """A recording with its media objects, as the API shows them now."""

    recording: Recording
    listed: dict[str, Any]
    """The recording object as JSON, without URLs and passwords."""
    media: dict[str, dict[str, Media]] = field(default_factory=lambda: defaultdict(dict))
    """Media objects by collection and id, of collections with artifacts."""
    listed_media: dict[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)
    """Media objects from lists of their own, as JSON with URLs, by collection and id."""
    bot: Bot | None = None
    bot_object: dict[str, Any] | None = None
    """The bot object as JSON, without URLs, secrets and recordings."""
    began_at: datetime | None = None
    """Observation time at which the discovery began."""
    observed_at: datetime | None = None
    """When the request was sent that showed the recording."""
    media_requested_at: dict[str, datetime] = field(default_factory=dict)
    """When the requests were sent that showed media objects, by media id; missing ids came with the recording."""

    @property
    def last_observed_at(self) -> datetime | None:
        """When the last of these requests was sent."""
        times = [*self.media_requested_at.values(), *([self.observed_at] if self.observed_at else [])]
        return max(times, default=None)

    def media_observed_at(self, media: Media) -> datetime | None:
        """When the request was sent that showed a media object."""
        return self.media_requested_at.get(str(media.id), self.observed_at)

    @property
    def recording_id(self) -> str:
        return str(self.recording.id)

    @property
    def day(self) -> date:
        return day_of(self.recording.created_at)


@dataclass(slots=True)
class Discovery:
    """Recordings found at the API, objects that no longer exist, and objects that could not be decoded."""

    days: tuple[date, ...] = ()
    """Days whose lists were read completely."""
    found: dict[str, Found] = field(default_factory=dict)
    bots: list[ObservedBot] = field(default_factory=list)
    """Bots of found recordings that the API showed."""
    gone_recordings: set[str] = field(default_factory=set)
    gone_media: set[tuple[str, str]] = field(default_factory=set)
    """Media objects that no longer exist, as (recording id, media id)."""
    read: set[str] = field(default_factory=set)
    """Names of the objects that were decoded, or no longer exist."""
    faults: dict[str, str] = field(default_factory=dict)
    """Errors of the other objects, by name."""
    unclear: set[str] = field(default_factory=set)
    """Collections with undecodable objects: an artifact that they do not show may exist all the same."""
    not_given: dict[tuple[str, Name], str] = field(default_factory=dict)
    """Errors of media objects that could not be retrieved, by recording and object; they are not concluded missing."""
    unknown: list[str] = field(default_factory=list)
    """Messages about named recordings that do not exist."""
    misplaced: list[str] = field(default_factory=list)
    """Messages about named recordings of another day."""
    clock: ObservationClock = field(default_factory=ObservationClock)
    """Gives the observation times; started when the discovery began."""
    requested_at: dict[str, datetime] = field(default_factory=dict)
    """When the requests were sent that showed objects to be gone, by object id."""

    def gone_at(self, object_id: str) -> datetime:
        """When the request was sent that showed an object to be gone."""
        return self.requested_at.get(object_id, self.clock.started_at)

    def add(
        self, document: dict[str, Any], days: Collection[date] | None, requested_at: datetime | None = None
    ) -> None:
        """Adds a recording if it belongs to one of the days; None accepts any day.

        `requested_at` is the time of the request; by default the time at which the discovery began.
        """
        recording = self.decode_object(RECORDING, document, Recording)
        if recording is None or (days is not None and day_of(recording.created_at) not in days):
            return
        began_at = self.clock.started_at
        found = Found(recording, without_secrets(document), began_at=began_at, observed_at=requested_at or began_at)
        for collection in ("transcript", "participant_events"):
            media = getattr(recording.media_shortcuts, collection, None)
            if media is not None:
                found.media[collection][str(media.id)] = media
        self.found[found.recording_id] = found

    def add_media(self, collection: str, document: dict[str, Any], requested_at: datetime | None = None) -> None:
        """Adds a media object to its recording, if that was found; it replaces the recording's shortcut to it."""
        media = self.decode_object(collection, document, Media)
        if media is None:
            return
        if media.recording is None:
            self._add_orphaned_media(collection, media)
        elif found := self.found.get(str(media.recording.id)):
            found.media[collection][str(media.id)] = media
            found.listed_media[collection, str(media.id)] = document
            found.media_requested_at[str(media.id)] = requested_at or self.clock.started_at

    def decode_object(self, collection: str, document: Any, kind: type[ObjectT]) -> ObjectT | None:
        """Decodes an object; on failure it records a fault and returns None."""
        object_id = document.get("id")
        # Anything but an id could be confidential, and names appear in the ledger and in logs.
        is_id = isinstance(object_id, str) and _ID.fullmatch(object_id)
        name = f"{collection} {object_id if is_id else f'{len(self.faults) + 1} without a usable id'}"
        try:
            thing = decode_object(document, kind, name)
        except PayloadError as error:
            self.faults[name] = str(error)
            self.unclear.add(collection)
            return None
        self.read.add(name)
        # A retrieve may succeed after the list showed an undecodable object.
        self.faults.pop(name, None)
        return thing

    def add_retrieved(self, name: Name, outcome: Retrieved) -> dict[str, Any] | None:
        """Records the fault or absence that a retrieve shows, and returns the object if it gave one."""
        if outcome.fault is not None:
            self.faults[str(name)] = outcome.fault
        elif outcome.is_gone:
            self.read.add(str(name))
            self.requested_at[name.object_id] = outcome.requested_at or self.clock.started_at
        return outcome.document

    def _add_orphaned_media(self, collection: str, media: Media) -> None:
        """The media object may belong to any recording, so none is known to lack such an object."""
        name = f"{collection} {media.id}"
        self.read.discard(name)
        self.faults[name] = f"{name}: it names no recording"
        self.unclear.add(collection)
