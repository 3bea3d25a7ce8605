"""Stores bots with their status changes. `record_bots` is the only function that adds or changes rows of both tables.

A bot is stored as last observed: a request sent earlier never overwrites the result of a later one. An observation
without a time comes from the raw store: of two such observations, that with the later status is stored. A bot whose
recording was purged is not stored again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from meeting_assets.core.batches import batched
from meeting_assets.core.instants import shifted
from meeting_assets.pipeline.bot_outcomes import ABANDONED_AFTER, IN_PROGRESS, SCHEDULED
from meeting_assets.pipeline.bot_rows import Row, StoredRecordings, bot_document, bot_row
from meeting_assets.pipeline.bot_status_changes import CHANGES, listed_changes, replace_changes, stored_changes
from meeting_assets.pipeline.calendar_links import with_calendar_values
from meeting_assets.pipeline.storage import Storage
from meeting_assets.recall.bot_status import FAILED, status_changes_of
from meeting_assets.recall.dashboard import dashboard_url
from meeting_assets.recall.objects import Bot
from meeting_assets.schema.bots import Bots
from meeting_assets.store import tombstones
from meeting_assets.store.connections import retry_on_conflict
from meeting_assets.store.database import API_ORIGIN, insert_into, meta_value, table_of, upsert
from meeting_assets.store.ledger import RECORDINGS

BOTS = table_of(Bots)
BATCH = 100
MAX_UNFINISHED = 500
"""Bots in one pass that are retrieved because they had not ended."""
JOINS_SOON = timedelta(minutes=10)
_RECENCY = ("observed_at", "status_at")
"""Columns that say which of two observations is later."""
_EARLIEST = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ObservedBot:
    """A bot, and when the request was sent that showed it; None for a bot from the raw store."""

    bot: Bot
    observed_at: datetime | None
    kept: Row = field(default_factory=dict)
    """Former values of `BOT_COLUMNS`, for those that the API no longer shows; a stored row has precedence."""

    @property
    def bot_id(self) -> str:
        return str(self.bot.id)


def record_bots(storage: Storage, observations: Iterable[ObservedBot], at: datetime) -> None:
    """Inserts and updates bots, with their status changes, as of an instant.

    Bots that were observed later, bots of purged recordings, and bots without a stored recording from before the
    retention period are left out.
    """
    newest: dict[str, ObservedBot] = {}
    for each in observations:
        former = newest.get(each.bot_id)
        if former is None or _recency(each) >= _recency(former):
            newest[each.bot_id] = each
    # All runs use one order, so that two runs that write the same bots cannot deadlock.
    for batch in batched((newest[bot_id] for bot_id in sorted(newest)), BATCH):
        _record_batch(storage, batch, at)


def delete_cancelled_bots(storage: Storage, gone: Mapping[str, datetime]) -> int:
    """Deletes bots that were deleted at Recall.ai before they joined, and returns their number.

    Their meetings were not missed. `gone` has the time of each request that showed a bot to be gone. Other bots keep
    their rows.
    """
    return sum(
        _delete_batch(storage, {bot_id: gone[bot_id] for bot_id in batch}) for batch in batched(sorted(gone), BATCH)
    )


def unknown_bots(connection: Connection, bot_ids: Collection[str]) -> set[str]:
    """The given bots that are neither stored nor purged."""
    stored = set(connection.scalars(select(BOTS.c.bot_id).where(BOTS.c.bot_id.in_(bot_ids))))
    return {*bot_ids} - stored - tombstones.tombstoned_bots(connection, bot_ids)


def stored_documents(connection: Connection, bot_ids: Collection[str]) -> dict[str, dict[str, Any]]:
    """The given bots as objects in the API's form, if they are stored with a name."""
    found: dict[str, dict[str, Any]] = {}
    for batch in batched(sorted(bot_ids), BATCH):
        query = BOTS.select().where(BOTS.c.bot_id.in_(batch), BOTS.c.bot_name.is_not(None))
        changes = stored_changes(connection, batch)
        rows = connection.execute(query).mappings()
        found |= {row["bot_id"]: bot_document(dict(row), changes.get(row["bot_id"], ())) for row in rows}
    return found


def bot_count(connection: Connection) -> int:
    """The number of stored bots."""
    return connection.scalar(select(func.count()).select_from(BOTS)) or 0


def change_count(connection: Connection) -> int:
    """The number of stored status changes."""
    return connection.scalar(select(func.count()).select_from(CHANGES)) or 0


def unfinished_bots(connection: Connection, at: datetime) -> list[str]:
    """Bots whose state may have changed since they were stored, those first that were observed longest ago.

    Bots that join later than soon, or that have been without a final status for a month, are left out.
    """
    c = BOTS.c
    planned_at = func.coalesce(c.join_at, c.scheduled_at)
    is_due = or_(planned_at.is_(None), planned_at <= shifted(at, JOINS_SOON))
    is_unfinished = or_(c.outcome == IN_PROGRESS, and_(c.outcome == SCHEDULED, is_due))
    query = select(c.bot_id).where(is_unfinished, ~is_abandoned(at))
    return [*connection.scalars(query.order_by(c.observed_at.asc().nulls_first(), c.bot_id).limit(MAX_UNFINISHED))]


def is_abandoned(at: datetime) -> ColumnElement[bool]:
    """Selects bots whose last status change, and whose time to join, are longer ago than `ABANDONED_AFTER`."""
    since = shifted(at, -ABANDONED_AFTER)
    planned_at = func.coalesce(BOTS.c.join_at, BOTS.c.scheduled_at)
    is_known = func.coalesce(BOTS.c.status_at, planned_at).is_not(None)
    is_old = [or_(each.is_(None), each < since) for each in (BOTS.c.status_at, planned_at)]
    return and_(is_known, *is_old)


def lock_rows(connection: Connection, bot_ids: Collection[str]) -> dict[str, Row]:
    """The stored rows of some bots, locked in the order of their ids until the transaction ends."""
    query = BOTS.select().where(BOTS.c.bot_id.in_(bot_ids)).order_by(BOTS.c.bot_id).with_for_update()
    return {row["bot_id"]: dict(row) for row in connection.execute(query).mappings()}


@retry_on_conflict
def _record_batch(storage: Storage, batch: Sequence[ObservedBot], at: datetime) -> None:
    with storage.database.writing() as connection:
        purged = tombstones.tombstoned_bots_until_commit(connection, [each.bot_id for each in batch])
        kept = {each.bot_id: each for each in batch if each.bot_id not in purged}
        if not kept:
            return
        inserted = _insert_placeholders(connection, kept)
        former = lock_rows(connection, kept)
        recordings = _stored_recordings(connection, kept)
        stored = stored_changes(connection, kept)
        listed = {
            bot_id: listed_changes(each.bot, stored.get(bot_id, ()), is_cleaned=each.observed_at is None)
            for bot_id, each in kept.items()
        }
        origin = meta_value(connection, API_ORIGIN)
        rows = []
        for bot_id, each in kept.items():
            changes = listed[bot_id] or stored.get(bot_id) or []
            row = bot_row(each.bot, changes, former[bot_id], each.kept, recordings.get(bot_id, StoredRecordings()), at)
            if bot_id in recordings or not _is_expired(row["day"], storage.oldest_day):
                rows.append(row | {"observed_at": each.observed_at, "dashboard_url": dashboard_url(origin, bot_id)})
        upsert(connection, Bots, with_calendar_values(connection, rows), only_if=_is_not_older)
        unused = inserted - {row["bot_id"] for row in rows}
        connection.execute(BOTS.delete().where(BOTS.c.bot_id.in_(unused)))
        written = lock_rows(connection, kept)
        current = {row["bot_id"] for row in rows if all(written[row["bot_id"]][name] == row[name] for name in _RECENCY)}
        replace_changes(connection, {each: given for each in current if (given := listed[each])})


def _insert_placeholders(connection: Connection, bot_ids: Collection[str]) -> set[str]:
    """Inserts rows of bots that are not stored, without values, and returns their ids.

    On PostgreSQL a row that does not exist cannot be locked. Two runs that insert the same bot would both compute its
    row without the values of the other one, and values that the API has cleared in between would be lost.
    """
    statement = insert_into(connection, BOTS).on_conflict_do_nothing().returning(BOTS.c.bot_id)
    return {*connection.scalars(statement, [{"bot_id": bot_id} for bot_id in bot_ids])}


def _stored_recordings(connection: Connection, bot_ids: Collection[str]) -> dict[str, StoredRecordings]:
    """The stored recordings of the given bots that have any."""
    c = RECORDINGS.c
    found: defaultdict[str, StoredRecordings] = defaultdict(StoredRecordings)
    query = select(c.bot_id, c.recording_id, c.status).where(c.bot_id.in_(bot_ids))
    for bot_id, recording_id, status in connection.execute(query):
        former = found[bot_id]
        if status == FAILED:
            found[bot_id] = StoredRecordings(former.usable, former.failed | {recording_id})
        else:
            found[bot_id] = StoredRecordings(former.usable | {recording_id}, former.failed)
    return found


@retry_on_conflict
def _delete_batch(storage: Storage, gone: Mapping[str, datetime]) -> int:
    with storage.database.writing() as connection:
        former = lock_rows(connection, gone)
        cancelled = [
            bot_id
            for bot_id, row in former.items()
            if row["outcome"] == SCHEDULED and not _is_overtaken(gone[bot_id], row["observed_at"])
        ]
        connection.execute(CHANGES.delete().where(CHANGES.c.bot_id.in_(cancelled)))
        connection.execute(BOTS.delete().where(BOTS.c.bot_id.in_(cancelled)))
    return len(cancelled)


def _recency(observation: ObservedBot) -> tuple[bool, datetime]:
    """Sort key of two observations of one bot: the time of the request, else that of the latest status."""
    changes = status_changes_of(observation.bot) or ()
    changed_at = max((each.at for each in changes if each.at is not None), default=_EARLIEST)
    return observation.observed_at is not None, observation.observed_at or changed_at


def _is_expired(day: date | None, oldest_day: date) -> bool:
    """True for a bot from before the retention period. A bot without any time never expires."""
    return day is not None and day < oldest_day


def _is_overtaken(observed_at: datetime | None, recorded_at: datetime | None) -> bool:
    """True if an observation is older than the one already recorded. One without a time is older than any other."""
    return recorded_at is not None and (observed_at is None or observed_at < recorded_at)


def _is_not_older(held: Any, given: Any) -> ColumnElement[bool]:
    """SQL condition: the stored observation is not later than the given one."""
    is_later_status = or_(held.status_at.is_(None), held.status_at <= given.status_at)
    is_newer_than_raw = and_(held.observed_at.is_(None), or_(given.observed_at.is_not(None), is_later_status))
    return or_(held.observed_at <= given.observed_at, is_newer_than_raw)
