"""Resolves the recordings in inbox messages to days: from the tables, else from the API.

The content of a message is not trusted. Its recording's status is determined later, by the run of the day.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from random import sample

from meeting_assets.core.errors import PayloadError
from meeting_assets.core.instants import day_of
from meeting_assets.pipeline.listing_pass import recording_days
from meeting_assets.pipeline.retrieval import Retrieval, Retrieved
from meeting_assets.pipeline.storage import Storage
from meeting_assets.recall.client import Access, RecallClient
from meeting_assets.recall.objects import RECORDING, Recording, decode_object
from meeting_assets.webhooks.inbox import Message


@dataclass(slots=True)
class ResolvedDays:
    """Days of recordings, by recording id."""

    stored: dict[str, date]
    retrieved: dict[str, date]
    """Days from the API."""
    unresolvable: set[str] = field(default_factory=set)
    """Recordings that the API refuses, no longer has, or describes without a valid `created_at`."""
    error: str | None = None
    """A transient error of the API; unresolved recordings are retried."""

    def day(self, recording_id: str) -> date | None:
        """The day of a recording; None if it is not resolved."""
        return self.stored.get(recording_id) or self.retrieved.get(recording_id)


def resolve_days(
    storage: Storage, access: Access, messages: Collection[Message], retrieved: Mapping[str, date], *, budget_s: float
) -> ResolvedDays:
    """Resolves as many recordings as `budget_s` allows; those `retrieved` earlier are not retrieved again.

    Raises:
        Refused: see `core.errors`.
    """
    recording_ids = {message.recording_id for message in messages}
    with storage.database.reading() as connection:
        stored = recording_days(connection, recording_ids)
    unstored = recording_ids - stored.keys()
    days = ResolvedDays(stored, {each: day for each, day in retrieved.items() if each in unstored})
    asyncio.run(_retrieve(access, sorted(unstored - days.retrieved.keys()), days, budget_s=budget_s))
    return days


async def _retrieve(access: Access, recording_ids: Sequence[str], days: ResolvedDays, *, budget_s: float) -> None:
    if not recording_ids:
        return
    try:
        async with asyncio.timeout(budget_s), RecallClient(access) as client:
            retrieval = Retrieval(client)
            # In random order, so that a short budget does not always exclude the same recordings.
            for recording_id in sample(recording_ids, len(recording_ids)):
                _add(recording_id, await retrieval.one(RECORDING, recording_id), days)
    except TimeoutError:
        pass


def _add(recording_id: str, outcome: Retrieved, days: ResolvedDays) -> None:
    if outcome.fault is not None and not outcome.is_refused:
        days.error = outcome.fault
        return
    document = outcome.document
    try:
        created_at = decode_object(document, Recording, RECORDING).created_at if document is not None else None
    except PayloadError:
        created_at = None
    if created_at is None:
        days.unresolvable.add(recording_id)
    else:
        days.retrieved[recording_id] = day_of(created_at)
