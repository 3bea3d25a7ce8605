"""Observation times: the one clock that orders what was observed at the API, whichever process observed it.

The instants that the API states come from many hosts, and workers have clocks of their own; neither decides which of
two observations is the later one. The database's clock does, read once at the start of a look:

    observation time = the database's clock + a correction + the time passed since it was read

The correction is zero until the database's clock is set back. Then it grows by as much, so that an observation made
now is later than every observation recorded before, even one recorded while the clock was years ahead.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Self, cast

from sqlalchemy import ColumnElement, Connection, func, select

from meeting_assets.core.clocks import elapsed_s
from meeting_assets.core.instants import now
from meeting_assets.schema.persistent import Meta
from meeting_assets.store.connections import retry_on_conflict
from meeting_assets.store.database import META, Database, upsert

LAST = "observation_last"
"""Name in `meta` of the latest recorded observation time."""
CORRECTION = "observation_correction_us"
"""Name in `meta` of the correction, in microseconds."""
TICK = timedelta(microseconds=1)


class ObservationClock:
    """Times of requests to the API, from one look on; compare them with those of any other look."""

    def __init__(
        self, started_at: datetime | None = None, correction: timedelta = timedelta(0), started_s: float | None = None
    ) -> None:
        self.started_at = started_at or now()
        """Not later than any request of the look."""
        self._correction = correction
        self._started_s = elapsed_s() if started_s is None else started_s

    @classmethod
    def of(cls, database: Database) -> Self:
        """The clock of a look that starts now.

        Raises:
            StoreError: the database does not answer.
        """
        with database.reading() as connection:
            read = _read(connection)
        if not read.is_later:
            read = _corrected(database)
        return cls(read.at + read.correction, read.correction, read.read_s)

    def now(self) -> datetime:
        """The time of a request that is sent now."""
        return self.started_at + timedelta(seconds=elapsed_s() - self._started_s)

    def wall_clock(self) -> datetime:
        """What the database's clock shows now, for instants that people read and that other processes wait for."""
        return self.now() - self._correction


@retry_on_conflict
def note_recorded(database: Database, instant: datetime) -> None:
    """Notes, before observations up to an instant are recorded, that later looks must be later than these."""
    with database.writing() as connection:
        upsert(connection, Meta, [{"name": LAST, "value": _text(instant)}], only_if=_is_later)


def database_now(connection: Connection) -> datetime:
    """The database's clock, also inside a transaction that began earlier. SQLite's is that of this process.

    SQLite's own functions count milliseconds, which is too coarse to order requests.
    """
    if connection.dialect.name == "sqlite":
        return now()
    at: datetime = connection.scalar(select(func.clock_timestamp()))  # type: ignore[assignment]
    return at.astimezone(UTC)


class _Reading(NamedTuple):
    """The database's clock, the correction it needs, and the latest recorded observation time."""

    at: datetime
    read_s: float
    """When that was, by the clock that measures durations."""
    correction: timedelta
    last: datetime | None

    @property
    def is_later(self) -> bool:
        return self.last is None or self.at + self.correction > self.last


def _read(connection: Connection) -> _Reading:
    query = select(META.name, META.value).where(META.name.in_([LAST, CORRECTION]))
    noted = dict(connection.execute(query).all())
    last = datetime.fromisoformat(noted[LAST]) if LAST in noted else None
    asked_s = elapsed_s()
    at = database_now(connection)
    # Half of the time it took is the answer's.
    return _Reading(at, (asked_s + elapsed_s()) / 2, int(noted.get(CORRECTION, "0")) * TICK, last)


@retry_on_conflict
def _corrected(database: Database) -> _Reading:
    """The clock with a correction that makes it later than all that is recorded; one process at a time corrects."""
    with database.writing() as connection:
        connection.execute(select(META.value).where(META.name == LAST).with_for_update())
        read = _read(connection)
        if read.last is not None and not read.is_later:
            read = read._replace(correction=read.last - read.at + TICK)
            upsert(connection, Meta, [{"name": CORRECTION, "value": str(read.correction // TICK)}])
    return read


def _is_later(held: Any, given: Any) -> ColumnElement[bool]:
    return cast("ColumnElement[bool]", given.value > held.value)


def _text(instant: datetime) -> str:
    """Of one length, so that the order of texts is that of instants."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds")
