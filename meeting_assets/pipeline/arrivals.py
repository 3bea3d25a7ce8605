"""Late arrivals: artifacts made long after their recording's day, which the lists by day do not show."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection
from datetime import date, datetime

from sqlalchemy import select

from meeting_assets.core.instants import start_of, utc
from meeting_assets.pipeline.discover import Discovery, arrivals
from meeting_assets.pipeline.warehouse import Warehouse
from meeting_assets.recall.client import Access, RecallClient
from meeting_assets.recall.objects import Media
from meeting_assets.store.ledger import LEDGER, RECORDINGS
from meeting_assets.store.ledger import of_days as of_ledger


def late_arrivals(
    warehouse: Warehouse, access: Access, days: Collection[date], *, listed_until: datetime, until: datetime
) -> dict[date, list[str]]:
    """Recordings of some days that have artifacts the ledger does not know as they are now, by day.

    Asks the artifact lists from the first of the days until `until`; nothing where `listed_until` is as late.

    Raises:
        Refused, Transient: see `core.errors`.
    """
    if listed_until >= until:
        return {}
    return asyncio.run(_late_arrivals(warehouse, access, days, until))


async def _late_arrivals(
    warehouse: Warehouse, access: Access, days: Collection[date], until: datetime
) -> dict[date, list[str]]:
    async with RecallClient(access) as client:
        documents = await arrivals(client, start_of(min(days)), until)
    reader = Discovery()
    media = [reader.understood(name, each, Media) for name, listed in documents.items() for each in listed]
    seen = {
        (str(each.recording.id), str(each.id)): utc(each.status.updated_at) if each.status.updated_at else None
        for each in media
        if each is not None and each.recording is not None
    }
    with warehouse.database.reading() as connection:
        of_days = select(RECORDINGS.c.recording_id, RECORDINGS.c.day).where(RECORDINGS.c.day.in_(days))
        day_of = dict(connection.execute(of_days).all())
        known = {
            (recording_id, artifact_id): updated_at
            for recording_id, artifact_id, updated_at in connection.execute(
                select(LEDGER.c.recording_id, LEDGER.c.artifact_id, LEDGER.c.api_updated_at).where(of_ledger(days))
            )
        }
    late: dict[date, set[str]] = defaultdict(set)
    for (recording_id, artifact_id), updated_at in seen.items():
        unlike = (recording_id, artifact_id) not in known or known[recording_id, artifact_id] != updated_at
        if recording_id in day_of and unlike:
            late[day_of[recording_id]].add(recording_id)
    return {day: sorted(ids) for day, ids in sorted(late.items())}
