"""Today's date, confirmed by independent clocks.

Retention deletes by date, and the clock of this computer may be wrong. The earliest date of these clocks counts:

- the clock of this computer;
- the Date header of the API, if it answers;
- the clock of a PostgreSQL server;
- if the API does not answer, the newest `created_at` of a recording or the last retention, plus a day.
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
from meeting_assets.store.database import meta_value
from meeting_assets.store.ledger import RECORDINGS
from meeting_assets.store.observation import database_now

LAST_RETENTION = "retention_ran_at"
"""The record in `meta` of the time of the last confirmed retention."""
STEP = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Today:
    """The earliest date of all clocks, and the date of each clock."""

    day: date
    clocks: dict[str, date]

    @property
    def is_confirmed(self) -> bool:
        """True if at least two clocks were read."""
        return len(self.clocks) > 1

    def as_sentence(self) -> str:
        """The date of each clock, for a person."""
        return ", ".join(f"{clock}: {day}" for clock, day in self.clocks.items())


def confirmed_today(storage: Storage, access: Access | None) -> Today:
    """Reads the clocks; `access` is None if the API must not be called."""
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
    ran_at = meta_value(connection, LAST_RETENTION)
    known = [created_at, datetime.fromisoformat(ran_at) if ran_at else None]
    return max([utc(each) for each in known if each is not None], default=None)
