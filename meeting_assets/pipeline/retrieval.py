"""Retrieves single objects of the API: an error belongs to the object that was asked for, and the others go on.

A wrong key (`Refused`) concerns all of them and is raised. If many retrieves in a row fail as they do while the API is
down, the rest is not asked: nothing is concluded about those, and the next run asks again.
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

AT_ONCE = 16
MOST_FAILURES_IN_A_ROW = 20
NOT_ASKED = f"not asked, since {MOST_FAILURES_IN_A_ROW} retrieves in a row had failed; the next run asks again"

OTHER = "the API answered with another object"


class Name(NamedTuple):
    """Which object of the API."""

    collection: str
    object_id: str

    def __str__(self) -> str:
        return f"{self.collection} {self.object_id}"


@dataclass(frozen=True, slots=True)
class Retrieved:
    """The outcome of a retrieve: the object, or that it does not exist (any more), or why it was not given."""

    document: dict[str, Any] | None = None
    fault: str | None = None
    is_refused: bool = False
    """Whether the API refuses this object, so that asking again soon is useless."""
    asked_at: datetime | None = None
    """When the request was sent, by the clock that orders observations; None without such a clock."""

    @property
    def was_asked(self) -> bool:
        """False if no request was sent, since many retrieves before it had failed."""
        return self.fault != NOT_ASKED

    @property
    def is_gone(self) -> bool:
        """Whether the API says that there is no such object."""
        return self.document is None and self.fault is None


class Retrieval:
    """The retrieves of one task, as far as the API answers."""

    def __init__(self, client: RecallClient, clock: ObservationClock | None = None) -> None:
        self._client = client
        self._clock = clock
        self._places = asyncio.Semaphore(AT_ONCE)
        self._failures = 0

    async def one(self, collection: str, object_id: str) -> Retrieved:
        """One object.

        Raises:
            Refused: the key is wrong.
        """
        async with self._places:
            if self._failures >= MOST_FAILURES_IN_A_ROW:
                return Retrieved(fault=NOT_ASKED)
            return await self._asked(collection, object_id)

    async def each(self, names: Collection[Name]) -> dict[Name, Retrieved]:
        """Several objects at once, in the order of their names.

        Raises:
            Refused: the key is wrong.
        """
        # Asked in random order: where the API gives up halfway, other objects have their turn the next time.
        asked = sample([*names], len(names))
        outcomes = await asyncio.gather(*(self.one(*name) for name in asked))
        found = dict(zip(asked, outcomes, strict=True))
        return {name: found[name] for name in sorted(found)}

    async def _asked(self, collection: str, object_id: str) -> Retrieved:
        asked_at = self._clock.now() if self._clock else None
        try:
            document = await self._client.retrieve(collection, object_id)
            is_meant = comparable_id(document.get("id")) == comparable_id(object_id)
            fault = None if is_meant else f"{OTHER} for {collection} {object_id}"
            outcome = Retrieved(document if is_meant else None, fault, asked_at=asked_at)
        except Gone:
            outcome = Retrieved(asked_at=asked_at)
        except ObjectRefused as error:
            outcome = Retrieved(fault=str(error), is_refused=True)
        except Transient as error:
            self._failures += 1
            return Retrieved(fault=str(error))
        self._failures = 0
        return outcome


def comparable_id(object_id: object) -> str:
    """An id in the one spelling that all spellings of a UUID share."""
    return str(object_id).replace("-", "").lower()
