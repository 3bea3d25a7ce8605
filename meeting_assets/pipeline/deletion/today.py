"""Today's date, confirmed by clocks that do not depend on each other.

Retention deletes by date, and a computer's clock may be wrong. Its day counts only as far as other clocks agree:

- the Date header of the API, if it answers;
- the clock of a PostgreSQL server;
- if the API does not answer, the newest time that it has given for a recording, or the last retention, plus a day.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, func, select

from meeting_assets.core.instants import day_of, now, utc
from meeting_assets.pipeline.storage import Storage
from meeting_assets.recall.client import Access
from meeting_assets.recall.clock import api_time
from meeting_assets.store.database import META
from meeting_assets.store.ledger import RECORDINGS
from meeting_assets.store.observation import database_now

LAST_RETENTION = "retention_ran_at"
"""The name in `meta` of the time of the last retention that was confirmed."""
STEP = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Today:
    """The earliest day that any clock shows, and what each clock shows."""

    day: date
    clocks: dict[str, date]

    @property
    def is_confirmed(self) -> bool:
        """True if at least two clocks were read."""
        return len(self.clocks) > 1

    def as_sentence(self) -> str:
        """For a person."""
        return ", ".join(f"{clock}: {day}" for clock, day in self.clocks.items())


def confirmed_today(storage: Storage, access: Access | None) -> Today:
    """The earliest of the days that independent clocks show; `access` is None where the API cannot be asked."""
    clocks = {"this computer": day_of(now())}
    if (at := asyncio.run(api_time(access)) if access is not None else None) is not None:
        clocks["the API"] = day_of(at)
    with storage.database.reading() as connection:
        if not storage.database.is_sqlite:
            clocks["the database server"] = day_of(database_now(connection))
        if at is None and (known := _newest_known(connection)) is not None:
            clocks["the newest recording or the last retention, plus a day"] = day_of(known + STEP)
    return Today(min(clocks.values()), clocks)


def _newest_known(connection: Connection) -> datetime | None:
    created_at = connection.scalar(select(func.max(RECORDINGS.c.created_at)))
    ran_at = connection.scalar(select(META.value).where(META.name == LAST_RETENTION))
    return max([utc(each) for each in (created_at, _instant(ran_at)) if each is not None], default=None)


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
