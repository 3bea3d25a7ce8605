"""Retention: what is older than MEETING_ASSETS_RETENTION_DAYS is purged, from the database and from the raw store.

A night purges at most `UNCONFIRMED_DAYS` days that became too old since the last one. More than that looks like a wrong
clock or a mistyped setting: nothing is purged, `meta` says what waits, the check `retention_needs_confirmation` fails,
and `meeting-assets purge --expired` releases it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import islice
from time import monotonic

from sqlalchemy import Connection, select

from meeting_assets.core.instants import start_of
from meeting_assets.pipeline.deletion.recordings import BATCH, purge_batch
from meeting_assets.pipeline.deletion.removal import PurgeReport, scrub_deleted
from meeting_assets.pipeline.deletion.today import LAST_RETENTION, Today
from meeting_assets.pipeline.storage import Storage
from meeting_assets.schema.persistent import Meta
from meeting_assets.store import tombstones
from meeting_assets.store.connections import retry_on_conflict
from meeting_assets.store.database import META, table_of, upsert
from meeting_assets.store.ledger import RECORDINGS

UNCONFIRMED_DAYS = 7
WAITING = "retention_waiting"
"""The name in `meta` of what waits for a confirmation, as a sentence."""
RELEASE = (
    "Correct the clock that is wrong, if one is. `meeting-assets purge --expired` shows what it would purge by the "
    "earliest clock, and asks."
)
CUTOFF = "retention_cutoff"
"""The name in `meta` of the first day that the last retention kept."""
LEFT = "retention_left"
"""The name in `meta` of the number of recordings that the last retention released and did not get to."""


@dataclass(frozen=True, slots=True)
class Expired:
    """Recordings that are too old, with their days, and the first day that is kept."""

    kept_from: date
    recordings: Mapping[str, date] = field(default_factory=dict)

    def as_sentence(self) -> str:
        """For a person, without an id."""
        if not self.recordings:
            return f"No recording is of a day before {self.kept_from}."
        days = sorted(set(self.recordings.values()))
        return (
            f"{len(self.recordings):,} recordings of {len(days):,} days ({days[0]} to {days[-1]}) are older than "
            f"MEETING_ASSETS_RETENTION_DAYS keeps: all before {self.kept_from}."
        )


def expired(storage: Storage, today: date) -> Expired:
    """What is too old at a day: recordings that the database knows, and raw objects that only the raw store has."""
    if storage.retention_days is None:
        return Expired(date.min)
    kept_from = date.fromordinal(max(1, today.toordinal() - storage.retention_days))
    query = select(RECORDINGS.c.recording_id, RECORDINGS.c.day).where(RECORDINGS.c.day < kept_from)
    with storage.database.reading() as connection:
        found: dict[str, date] = dict(connection.execute(query).all())
    found |= _only_in_raw(storage, kept_from, found.keys())
    return Expired(kept_from, dict(sorted(found.items(), key=lambda each: (each[1], each[0]))))


def retain(
    storage: Storage, today: Today, *, limit: int, budget_s: float, is_released: bool = False
) -> tuple[PurgeReport, str | None]:
    """Purges what is too old, the oldest first, as far as limit and budget go; what waits for a confirmation, if any.

    Raises:
        StoreError: database or raw store cannot be written; the next night goes on.
    """
    found = expired(storage, today.day)
    waiting = None if is_released else _waiting(storage, today)
    _note_waiting(storage, waiting)
    if waiting is not None:
        return PurgeReport(left=len(found.recordings)), waiting
    report = purge_expired(storage, found, limit=limit, budget_s=budget_s)
    if storage.retention_days is not None:
        _note_cutoff(storage, found, today, left=report.left, is_released=is_released)
    return report, None


def purge_expired(storage: Storage, found: Expired, *, limit: int, budget_s: float) -> PurgeReport:
    """Purges recordings, the oldest first, as far as limit and budget go."""
    deadline = monotonic() + budget_s
    report = PurgeReport()
    remaining = iter(found.recordings.items())
    while monotonic() < deadline and (batch := dict(islice(remaining, min(BATCH, limit - report.recordings)))):
        purge_batch(storage, batch, tombstones.RETENTION, report)
    report.left = len(found.recordings) - report.recordings
    scrub_deleted(storage, report)
    return report


def _only_in_raw(storage: Storage, kept_from: date, known: Collection[str]) -> dict[str, date]:
    """Recordings of older days in the raw store that the database does not know, or knows only as purged."""
    days: dict[str, date] = {}
    for day in storage.raw.days():
        if day < kept_from:
            days |= {each: day for each in storage.raw.recordings(day) if each not in known and tombstones.is_id(each)}
    if not days:
        return {}
    with storage.database.reading() as connection:
        kept = _known(connection, days)
    stored = storage.raw.days_of(days.keys() - kept)
    # A recording whose time of creation has changed may have objects of an older day, too.
    return {each: days[each] for each, of_each in stored.items() if all(day < kept_from for day in of_each)}


def _known(connection: Connection, recording_ids: Collection[str]) -> set[str]:
    ids = sorted(recording_ids)
    return {
        recording_id
        for start in range(0, len(ids), tombstones.BATCH)
        for recording_id in connection.scalars(
            select(RECORDINGS.c.recording_id).where(
                RECORDINGS.c.recording_id.in_(ids[start : start + tombstones.BATCH])
            )
        )
    }


def _waiting(storage: Storage, today: Today) -> str | None:
    """What waits for a confirmation, if more became too old than a week brings or the date itself is not confirmed.

    The latest clock is asked: one that is years ahead has to be noticed, though the earliest decides what is purged.
    """
    found = expired(storage, max(today.clocks.values()))
    new = [day for day in found.recordings.values() if day >= _released_before(storage)]
    if not new:
        return None
    if min(new) < found.kept_from - timedelta(days=UNCONFIRMED_DAYS):
        reason = f"that is more than the {UNCONFIRMED_DAYS} days that a night purges unasked ({today.as_sentence()})"
    elif not today.is_confirmed:
        reason = f"no second clock confirms the date ({today.as_sentence()})"
    else:
        return None
    return f"{found.as_sentence()} Nothing was purged: {reason}. {RELEASE}"


def _released_before(storage: Storage) -> date:
    """The first day that needs a confirmation: the last cutoff while some that it released are left, else any day.

    Recordings that were stored after a retention had purged all of theirs were never released, however old they are.
    """
    with storage.database.reading() as connection:
        notes = dict(connection.execute(select(META.name, META.value).where(META.name.in_([CUTOFF, LEFT]))).all())
    return date.fromisoformat(notes[CUTOFF]) if notes.get(LEFT, "0") != "0" and CUTOFF in notes else date.min


@retry_on_conflict
def _note_waiting(storage: Storage, waiting: str | None) -> None:
    meta = table_of(Meta)
    with storage.database.writing() as connection:
        if waiting is None:
            connection.execute(meta.delete().where(meta.c.name == WAITING))
        else:
            upsert(connection, Meta, [{"name": WAITING, "value": waiting}])


@retry_on_conflict
def _note_cutoff(storage: Storage, found: Expired, today: Today, *, left: int, is_released: bool) -> None:
    """Notes how far this retention went; a jump that nothing was purged for may come from a wrong clock."""
    with storage.database.writing() as connection:
        last = connection.scalar(select(META.value).where(META.name == CUTOFF))
        week = timedelta(days=UNCONFIRMED_DAYS)
        is_jump = last is not None and found.kept_from - date.fromisoformat(last) > week
        if is_released or found.recordings or not is_jump:
            notes = {CUTOFF: found.kept_from.isoformat(), LAST_RETENTION: start_of(today.day).isoformat()}
            notes |= {LEFT: str(left)}
            upsert(connection, Meta, [{"name": name, "value": value} for name, value in notes.items()])
