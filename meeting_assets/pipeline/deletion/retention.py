"""Retention: purges recordings that are older than MEETING_ASSETS_RETENTION_DAYS, then bots and calendar events.

A nightly retention purges at most `UNCONFIRMED_DAYS` days that expired since the last one. More days may be caused by a
wrong clock or a mistyped setting: nothing is purged, a record in `meta` explains why, and the check
`retention_needs_confirmation` fails until a person runs `meeting-assets purge --expired`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from itertools import islice
from time import monotonic

from sqlalchemy import Connection, select

from meeting_assets.core.batches import batched
from meeting_assets.core.instants import start_of
from meeting_assets.pipeline.deletion.confirmed_date import LAST_RETENTION, Today
from meeting_assets.pipeline.deletion.expired_context import ExpiredContext, delete_expired_context, expired_context
from meeting_assets.pipeline.deletion.recordings import BATCH, finish_removal, purge_batch
from meeting_assets.pipeline.deletion.removal import PurgeReport, scrub_deleted
from meeting_assets.pipeline.storage import Storage
from meeting_assets.store import tombstones
from meeting_assets.store.connections import retry_on_conflict
from meeting_assets.store.database import META, delete_meta, meta_value, put_meta
from meeting_assets.store.ledger import RECORDINGS
from meeting_assets.store.tombstones import Tombstone

UNCONFIRMED_DAYS = 7
WAITING = "retention_waiting"
"""The record in `meta` of a retention that waits for a confirmation, as a sentence."""
RELEASE = (
    "If a clock is wrong, correct it. Otherwise run `meeting-assets purge --expired`: it lists the recordings that are "
    "expired by the earliest clock, and asks for a confirmation."
)
CUTOFF = "retention_cutoff"
"""The record in `meta` of the first day that the last retention kept."""
REMAINING = "retention_left"
"""The record in `meta` of the number of expired recordings that the last retention had no time to purge."""


@dataclass(frozen=True, slots=True)
class Expired:
    """Expired recordings with their days, other expired rows, and the first day that is kept."""

    kept_from: date
    recordings: Mapping[str, date] = field(default_factory=dict)
    context: ExpiredContext = field(default_factory=ExpiredContext)

    @property
    def days(self) -> set[date]:
        return {*self.recordings.values(), *self.context.days}

    def as_sentence(self) -> str:
        """Sentences for a person, without ids."""
        days = sorted(set(self.recordings.values()))
        recordings = (
            f"{len(self.recordings):,} recordings of {len(days):,} days ({days[0]} to {days[-1]}) are older than "
            f"{self.kept_from}, the first day to keep by MEETING_ASSETS_RETENTION_DAYS."
            if days
            else f"No recording is older than {self.kept_from}, the first day to keep."
        )
        return " ".join(filter(None, [recordings, self.context.as_sentence()]))


def expired(storage: Storage, today: date) -> Expired:
    """The recordings that are expired on a day, in the database or only in the raw store, and the expired context."""
    if storage.retention_days is None:
        return Expired(date.min)
    kept_from = date.fromordinal(max(1, today.toordinal() - storage.retention_days))
    query = select(RECORDINGS.c.recording_id, RECORDINGS.c.day).where(RECORDINGS.c.day < kept_from)
    with storage.database.reading() as connection:
        found: dict[str, date] = dict(connection.execute(query).all())
        context = expired_context(connection, kept_from)
    found |= _only_in_raw(storage, kept_from, found.keys())
    return Expired(kept_from, dict(sorted(found.items(), key=lambda each: (each[1], each[0]))), context)


def retain(
    storage: Storage, today: Today, *, limit: int, budget_s: float, is_released: bool = False
) -> tuple[PurgeReport, str | None]:
    """Purges expired recordings, the oldest first, within a limit and a time budget.

    Returns the report, and the sentence about a retention that waits for a confirmation, if any.

    Raises:
        StoreError: database or raw store cannot be written. The next retention continues.
    """
    found = expired(storage, today.day)
    waiting = None if is_released else _waiting(storage, today)
    if waiting is None:
        storage.database.write(lambda connection: delete_meta(connection, META.name == WAITING))
    else:
        storage.database.write(partial(put_meta, values={WAITING: waiting}))
        return PurgeReport(remaining=len(found.recordings)), waiting
    report, remaining_context = purge_expired(storage, found, limit=limit, budget_s=budget_s)
    if storage.retention_days is not None:
        remaining = report.remaining + remaining_context
        _note_cutoff(storage, found, today, remaining=remaining, is_released=is_released)
    return report, None


def purge_expired(storage: Storage, found: Expired, *, limit: int, budget_s: float) -> tuple[PurgeReport, int]:
    """Purges recordings, the oldest first, and then their context, within a limit and a time budget.

    Returns the report, and the number of expired bots and calendar events left.
    """
    deadline = monotonic() + budget_s
    report = PurgeReport()
    queue = iter(found.recordings.items())
    removed: list[Tombstone] = []
    while monotonic() < deadline and (batch := dict(islice(queue, min(BATCH, limit - report.recordings)))):
        removed += purge_batch(storage, batch, tombstones.RETENTION, report)
    finish_removal(storage, removed, report)
    report.remaining = len(found.recordings) - report.recordings
    remaining_context = 0
    if storage.retention_days is not None:
        remaining_context = delete_expired_context(storage, found.kept_from, report, deadline_s=deadline)
    scrub_deleted(storage, report)
    return report, remaining_context


def _only_in_raw(storage: Storage, kept_from: date, known: Collection[str]) -> dict[str, date]:
    """Recordings of older days in the raw store without a row in `recordings`."""
    days = {
        each: day
        for day in storage.raw.days()
        if day < kept_from
        for each in storage.raw.recordings(day)
        if each not in known and tombstones.is_canonical_uuid(each)
    }
    if not days:
        return {}
    kept = storage.database.read(lambda connection: _known(connection, days))
    stored = storage.raw.days_of(days.keys() - kept)
    # A recording whose `created_at` has changed may have objects of several days; it expires with the last day.
    return {each: days[each] for each, of_each in stored.items() if all(day < kept_from for day in of_each)}


def _known(connection: Connection, recording_ids: Collection[str]) -> set[str]:
    ids = RECORDINGS.c.recording_id
    batches = batched(recording_ids, tombstones.BATCH)
    return {each for batch in batches for each in connection.scalars(select(ids).where(ids.in_(batch)))}


def _waiting(storage: Storage, today: Today) -> str | None:
    """The reason to wait for a confirmation: more than a week of days expired, or no second clock confirms the date.

    The latest clock decides about the confirmation, so that a clock that is years ahead is noticed. The earliest clock
    decides about the purge.
    """
    found = expired(storage, max(today.clocks.values()))
    new = [day for day in found.days if day >= _released_before(storage)]
    if not new:
        return None
    if min(new) < found.kept_from - timedelta(days=UNCONFIRMED_DAYS):
        reason = f"more than {UNCONFIRMED_DAYS} days need a confirmation ({today.as_sentence()})"
    elif not today.is_confirmed:
        reason = f"no second clock confirms the date ({today.as_sentence()})"
    else:
        return None
    return f"{found.as_sentence()} Nothing was purged: {reason}. {RELEASE}"


def _released_before(storage: Storage) -> date:
    """The first day that needs a confirmation: the last cutoff if its recordings are not all purged, else any day.

    Old recordings that were stored after a finished retention were never confirmed.
    """
    with storage.database.reading() as connection:
        cutoff, remaining = meta_value(connection, CUTOFF), meta_value(connection, REMAINING)
    return date.fromisoformat(cutoff) if cutoff is not None and remaining not in {None, "0"} else date.min


@retry_on_conflict
def _note_cutoff(storage: Storage, found: Expired, today: Today, *, remaining: int, is_released: bool) -> None:
    """Records the cutoff of this retention, except for a jump without a purge, which may come from a wrong clock."""
    with storage.database.writing() as connection:
        last = meta_value(connection, CUTOFF)
        largest_step = timedelta(days=UNCONFIRMED_DAYS)
        is_jump = last is not None and found.kept_from - date.fromisoformat(last) > largest_step
        if is_released or found.days or not is_jump:
            last_retention = start_of(today.day).isoformat()
            cutoff = found.kept_from.isoformat()
            put_meta(connection, {CUTOFF: cutoff, LAST_RETENTION: last_retention, REMAINING: str(remaining)})
