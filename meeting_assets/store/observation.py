"""Observation times: one clock orders the observations of all processes.

The API's instants come from many hosts, and workers have clocks of their own, so neither can order observations. The
database's clock does. It is read once at the start of a listing:

    observation time = the database's clock + a correction + the time passed since it was read

The correction is zero until the database's clock is set back. Then it grows by the same amount. A new observation is
therefore later than every recorded one, even one recorded while the clock was years ahead.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Self, cast

from sqlalchemy import ColumnElement, Connection, func, select

from meeting_assets.core.clocks import elapsed_s
from meeting_assets.core.instants import now
from meeting_assets.schema.persistent import Meta
from meeting_assets.store.connections import retry_on_conflict
from meeting_assets.store.database import META, Database, put_meta, upsert

LAST = "observation_last"
"""Name in `meta` of the latest recorded observation time."""
CORRECTION = "observation_correction_us"
"""Name in `meta` of the correction, in microseconds."""
TICK = timedelta(microseconds=1)


class ObservationClock:
    """Observation times from the start of one listing. They can be compared with those of any other listing."""

    def __init__(
        self, started_at: datetime | None = None, correction: timedelta = timedelta(0), started_s: float | None = None
    ) -> None:
        self.started_at = started_at or now()
        """Not later than any request of the listing."""
        self._correction = correction
        self._started_s = elapsed_s() if started_s is None else started_s

    @classmethod
    def of(cls, database: Database) -> Self:
        """Starts a clock.

        Raises:
            StoreError: the database does not answer.
        """
        with database.reading() as connection:
            read = _read(connection)
        if not read.is_later:
            read = _read_with_new_correction(database)
        return cls(read.at + read.correction, read.correction, read.read_s)

    def now(self) -> datetime:
        """The observation time of a request sent now."""
        return self.started_at + timedelta(seconds=elapsed_s() - self._started_s)

    def wall_clock(self) -> datetime:
        """The database's clock, for instants that people read or other processes wait for."""
        return self.now() - self._correction


def record_observation_time(database: Database, instant: datetime) -> None:
    """Records an observation time before its observations are stored. Clocks that start later are ahead of it."""
    row = {"name": LAST, "value": _text(instant)}
    database.write(lambda connection: upsert(connection, Meta, [row], only_if=_is_later))


def database_now(connection: Connection) -> datetime:
    """The database's clock, which advances within a transaction. On SQLite, the clock of this process.

    SQLite's own functions have a resolution of 1 ms, which is too coarse to order requests.
    """
    if connection.dialect.name == "sqlite":
        return now()
    at: datetime = connection.scalar(select(func.clock_timestamp()))  # type: ignore[assignment]
    return at.astimezone(UTC)


class _Reading(NamedTuple):
    """One reading of the database's clock, with the correction and the latest recorded observation time."""

    at: datetime
    read_s: float
    """The time of the reading, by the clock that measures durations."""
    correction: timedelta
    last: datetime | None

    @property
    def is_later(self) -> bool:
        return self.last is None or self.at + self.correction > self.last


def _read(connection: Connection) -> _Reading:
    query = select(META.name, META.value).where(META.name.in_([LAST, CORRECTION]))
    recorded = dict(connection.execute(query).all())
    last = datetime.fromisoformat(recorded[LAST]) if LAST in recorded else None
    asked_s = elapsed_s()
    at = database_now(connection)
    # The clock was read about halfway between request and response.
    return _Reading(at, (asked_s + elapsed_s()) / 2, int(recorded.get(CORRECTION, "0")) * TICK, last)


@retry_on_conflict
def _read_with_new_correction(database: Database) -> _Reading:
    """Reads the clock and corrects it to be later than all recorded times. One process at a time corrects."""
    with database.writing() as connection:
        connection.execute(select(META.value).where(META.name == LAST).with_for_update())
        read = _read(connection)
        if read.last is not None and not read.is_later:
            read = read._replace(correction=read.last - read.at + TICK)
            put_meta(connection, {CORRECTION: str(read.correction // TICK)})
    return read


def _is_later(held: Any, given: Any) -> ColumnElement[bool]:
    return cast("ColumnElement[bool]", given.value > held.value)


def _text(instant: datetime) -> str:
    """An instant as text of fixed length, so that texts sort like instants."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds")
