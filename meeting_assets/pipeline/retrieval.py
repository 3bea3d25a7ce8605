"""Retrieves single objects of the API. An error belongs to the requested object and does not stop the others.

A wrong key (`Refused`) concerns all objects and is raised. If many retrieves in a row fail, as while the API is down,
the rest is not requested: nothing is concluded about those objects, and the next run requests them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from random import sample
from typing import Any, NamedTuple

from meeting_assets.core.errors import Gone, ObjectRefused, Transient
from meeting_assets.recall.client import RecallClient
from meeting_assets.store.observation import ObservationClock

CONCURRENT_RETRIEVES = 16
MAX_FAILURES_IN_A_ROW = 20
NOT_REQUESTED = (
    f"not requested, because {MAX_FAILURES_IN_A_ROW} retrieves in a row had failed; the next run requests it"
)

OTHER = "the API answered with another object"


class Name(NamedTuple):
    """Collection and id of an object of the API."""

    collection: str
    object_id: str

    def __str__(self) -> str:
        return f"{self.collection} {self.object_id}"


@dataclass(frozen=True, slots=True)
class Retrieved:
    """The outcome of a retrieve: the object, a fault, or neither if the object does not exist (any more)."""

    document: dict[str, Any] | None = None
    fault: str | None = None
    is_refused: bool = False
    """True if the API refuses this object, so that a retry is useless."""
    requested_at: datetime | None = None
    """When the request was sent, by the clock that orders observations; None without such a clock."""

    @property
    def was_requested(self) -> bool:
        """False if no request was sent, because many retrieves before it had failed."""
        return self.fault != NOT_REQUESTED

    @property
    def is_gone(self) -> bool:
        """True if the API says that there is no such object."""
        return self.document is None and self.fault is None


class Retrieval:
    """The retrieves of one task; stops sending requests after many failures in a row."""

    def __init__(self, client: RecallClient, clock: ObservationClock | None = None) -> None:
        self._client = client
        self._clock = clock
        self._slots = asyncio.Semaphore(CONCURRENT_RETRIEVES)
        self._failures = 0

    async def one(self, collection: str, object_id: str) -> Retrieved:
        """Retrieves one object.

        Raises:
            Refused: the key is wrong.
        """
        async with self._slots:
            if self._failures >= MAX_FAILURES_IN_A_ROW:
                return Retrieved(fault=NOT_REQUESTED)
            return await self._retrieve(collection, object_id)

    async def each(self, names: Collection[Name]) -> dict[Name, Retrieved]:
        """Retrieves several objects concurrently; results are sorted by name.

        Raises:
            Refused: the key is wrong.
        """
        # In random order: if the API fails halfway, the next run starts with other objects.
        order = sample([*names], len(names))
        outcomes = await asyncio.gather(*(self.one(*name) for name in order))
        found = dict(zip(order, outcomes, strict=True))
        return {name: found[name] for name in sorted(found)}

    async def _retrieve(self, collection: str, object_id: str) -> Retrieved:
        requested_at = self._clock.now() if self._clock else None
        try:
            document = await self._client.retrieve(collection, object_id)
            is_meant = comparable_id(document.get("id")) == comparable_id(object_id)
            fault = None if is_meant else f"{OTHER} for {collection} {object_id}"
            outcome = Retrieved(document if is_meant else None, fault, requested_at=requested_at)
        except Gone:
            outcome = Retrieved(requested_at=requested_at)
        except ObjectRefused as error:
            outcome = Retrieved(fault=str(error), is_refused=True)
        except Transient as error:
            self._failures += 1
            return Retrieved(fault=str(error))
        self._failures = 0
        return outcome


def comparable_id(object_id: object) -> str:
    """An id without dashes and in lower case, so that equal UUIDs compare equal."""
    return str(object_id).replace("-", "").lower()
