"""Announced: what messages in the inbox mean, as recordings with their days. What they say is not believed.

The day is known from the tables, or asked from the API, once. What has become of a recording, its run sees.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from random import sample

from sqlalchemy import Connection, select

from meeting_assets.core.errors import PayloadError
from meeting_assets.core.instants import day_of
from meeting_assets.pipeline.retrieval import Name, Retrieval, Retrieved
from meeting_assets.pipeline.storage import Storage
from meeting_assets.recall.client import Access, RecallClient
from meeting_assets.recall.objects import DELETED, Recording, decode_object
from meeting_assets.store.ledger import RECORDINGS
from meeting_assets.webhooks.inbox import Message
from meeting_assets.webhooks.message import RECORDING


@dataclass(slots=True)
class Days:
    """What is known of announced recordings."""

    known: dict[str, date] = field(default_factory=dict)
    asked: dict[str, date] = field(default_factory=dict)
    """Those of `known` that the API was asked for."""
    none: set[str] = field(default_factory=set)
    """Recordings that the API does not have any more or refuses, or that make no sense, which polling names."""
    fault: str | None = None
    """Why the API did not give one of the others; each is asked for again."""


def resolve_days(
    storage: Storage, access: Access, messages: Collection[Message], asked: Mapping[str, date], *, budget_s: float
) -> Days:
    """The days of announced recordings, as far as they could be had in the time; `asked` before are not asked again.

    Raises:
        Refused: see `core.errors`.
    """
    announced = {message.recording_id for message in messages}
    with storage.database.reading() as connection:
        stored = _stored(connection, announced)
    days = Days(asked={each: day for each, day in asked.items() if each in announced - stored.keys()})
    days.known = stored | days.asked
    asyncio.run(_ask(access, sorted(announced - days.known.keys()), days, budget_s=budget_s))
    return days


def _stored(connection: Connection, recording_ids: Collection[str]) -> dict[str, date]:
    """The days of recordings in the tables that were not deleted."""
    columns = RECORDINGS.c.recording_id, RECORDINGS.c.day
    query = select(*columns).where(RECORDINGS.c.recording_id.in_(recording_ids), RECORDINGS.c.status != DELETED)
    return dict(connection.execute(query).all())


async def _ask(access: Access, recording_ids: Sequence[str], days: Days, *, budget_s: float) -> None:
    if not recording_ids:
        return
    try:
        async with asyncio.timeout(budget_s), RecallClient(access) as client:
            retrieval = Retrieval(client)
            # In random order: those that the time does not suffice for have their turn the next time.
            for recording_id in sample(recording_ids, len(recording_ids)):
                _note(recording_id, await retrieval.one(*Name(RECORDING, recording_id)), days)
    except TimeoutError:
        pass


def _note(recording_id: str, outcome: Retrieved, days: Days) -> None:
    if outcome.fault is not None and not outcome.is_refused:
        days.fault = outcome.fault
        return
    document = outcome.document
    try:
        created_at = decode_object(document, Recording, RECORDING).created_at if document is not None else None
    except PayloadError:
        created_at = None
    if created_at is None:
        days.none.add(recording_id)
    else:
        days.known[recording_id] = days.asked[recording_id] = day_of(created_at)
