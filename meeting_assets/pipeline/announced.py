"""Announced: what messages in the inbox mean, as recordings with their days. What they say is not believed.

The day is known from the tables, or asked from the API, once. So is whether a recording still exists of which a
message says that it was deleted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Connection, select

from meeting_assets.core.errors import PayloadError, Transient
from meeting_assets.core.instants import day_of, now
from meeting_assets.pipeline.discover import Discovery, retrieved
from meeting_assets.pipeline.record import record
from meeting_assets.pipeline.warehouse import Warehouse
from meeting_assets.recall.client import Access, RecallClient
from meeting_assets.recall.objects import DELETED, Recording, understood
from meeting_assets.recall.webhooks import RECORDING, RECORDING_DELETED
from meeting_assets.store.inbox import Message
from meeting_assets.store.ledger import RECORDINGS


@dataclass(slots=True)
class Days:
    """What is known of announced recordings."""

    known: dict[str, date] = field(default_factory=dict)
    asked: dict[str, date] = field(default_factory=dict)
    """Those of `known` that the API was asked for."""
    gone: set[str] = field(default_factory=set)
    senseless: set[str] = field(default_factory=set)
    """Recordings that the API has and that make no sense: polling names them."""
    fault: str | None = None
    """Why the API could not be asked for the others."""


def days_of(
    warehouse: Warehouse, access: Access, messages: Collection[Message], asked: Mapping[str, date], *, budget_s: float
) -> Days:
    """The days of announced recordings, as far as they could be had in the time; `asked` before are not asked again.

    A recording that is gone is noted as deleted.

    Raises:
        Refused: see `core.errors`.
    """
    announced = {message.recording_id for message in messages}
    doubtful = {message.recording_id for message in messages if message.event == RECORDING_DELETED}
    with warehouse.database.reading() as connection:
        stored = _stored(connection, announced)
    days = Days(asked={each: day for each, day in asked.items() if each in announced})
    days.known = {each: day for each, day in stored.items() if each not in doubtful} | days.asked
    asyncio.run(_ask(access, sorted(announced - days.known.keys()), days, budget_s=budget_s))
    if days.gone:
        record(warehouse, Discovery(gone_recordings=set(days.gone)), now())
    return days


def _stored(connection: Connection, recording_ids: Collection[str]) -> dict[str, date]:
    """The days of recordings in the tables that were not deleted."""
    columns = RECORDINGS.c.recording_id, RECORDINGS.c.day
    query = select(*columns).where(RECORDINGS.c.recording_id.in_(recording_ids), RECORDINGS.c.status != DELETED)
    return dict(connection.execute(query).all())


async def _ask(access: Access, recording_ids: Collection[str], days: Days, *, budget_s: float) -> None:
    if not recording_ids:
        return
    try:
        async with asyncio.timeout(budget_s), RecallClient(access) as client:
            for recording_id in recording_ids:
                _note(recording_id, await retrieved(client, RECORDING, recording_id), days)
    except TimeoutError:
        pass  # the others have their turn the next time
    except Transient as error:
        days.fault = str(error)


def _note(recording_id: str, document: dict[str, Any] | None, days: Days) -> None:
    if document is None:
        days.gone.add(recording_id)
        return
    try:
        created_at = understood(document, Recording, RECORDING).created_at
    except PayloadError:
        days.senseless.add(recording_id)
    else:
        days.known[recording_id] = days.asked[recording_id] = day_of(created_at)
