"""Retention of the meetings' context: bots, calendar events and webhook messages from before the retention period.

Rows of stored recordings are kept as long as the recording: the purge of the recording deletes them. The passes over
bots and calendars do not store rows from before the retention period (`pipeline.bots`, `pipeline.calendar`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from time import monotonic

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from meeting_assets.core.instants import day_of, start_of
from meeting_assets.pipeline.bots import BOTS
from meeting_assets.pipeline.bots_pass import note_deleted_bots
from meeting_assets.pipeline.deletion.context import OBJECT_INBOX, delete_bots
from meeting_assets.pipeline.deletion.removal import PurgeReport, delete_rows, note_scrub_due
from meeting_assets.pipeline.storage import Storage
from meeting_assets.store.calendar_events import EVENT_BOTS, EVENTS, INVITEES, lock_events
from meeting_assets.store.connections import retry_on_conflict
from meeting_assets.store.ledger import RECORDINGS

BATCH = 500
"""Rows of one transaction."""


@dataclass(frozen=True, slots=True)
class ExpiredContext:
    """Numbers of expired bots and calendar events by day. Webhook messages, which name no meeting, are not counted."""

    days: Counter[date] = field(default_factory=Counter)

    def as_sentence(self) -> str:
        """A sentence for a person; empty if nothing is expired."""
        if not self.days:
            return ""
        rows, days = self.days.total(), sorted(self.days)
        return f"{rows:,} bots and calendar events without a stored recording ({days[0]} to {days[-1]}) are older, too."


def expired_context(connection: Connection, kept_from: date) -> ExpiredContext:
    """The bots and calendar events that expired before a day."""
    bots = select(BOTS.c.day, func.count()).where(_is_expired_bot(kept_from)).group_by(BOTS.c.day)
    days: Counter[date] = Counter(dict(connection.execute(bots).all()))
    kept = _kept_events(connection)
    for event_id, start_at in connection.execute(
        select(EVENTS.c.calendar_event_id, EVENTS.c.start_at).where(_is_expired_event(kept_from))
    ):
        days[day_of(start_at)] += event_id not in kept
    return ExpiredContext(+days)


def delete_expired_context(storage: Storage, kept_from: date, report: PurgeReport, *, deadline_s: float) -> int:
    """Deletes expired rows batch by batch until a time of the monotonic clock; returns the number of expired rows left.

    Each batch is a transaction, so a killed retention continues where it ended.
    """
    for delete in (_delete_events, _delete_bots, _delete_messages):
        while monotonic() < deadline_s and _delete_batch(storage, delete, kept_from, report):
            pass
    return storage.database.read(partial(expired_context, kept_from=kept_from)).days.total()


@retry_on_conflict
def _delete_batch(
    storage: Storage, delete: Callable[[Connection, date, PurgeReport], int], kept_from: date, report: PurgeReport
) -> bool:
    """Deletes up to `BATCH` rows; False if none was left."""
    deleted = PurgeReport(scrub_ids={*report.scrub_ids})
    with storage.database.writing() as connection:
        count = delete(connection, kept_from, deleted)
        if count:
            note_scrub_due(connection, deleted)
    report.add(deleted)
    return bool(count)


def _delete_events(connection: Connection, kept_from: date, report: PurgeReport) -> int:
    kept = _kept_events(connection)
    query = select(EVENTS.c.calendar_event_id).where(_is_expired_event(kept_from)).order_by(EVENTS.c.calendar_event_id)
    doomed = [each for each in connection.scalars(query) if each not in kept][:BATCH]
    lock_events(connection, doomed)
    for table in (EVENTS, EVENT_BOTS, INVITEES):
        delete_rows(connection, table, table.c.calendar_event_id.in_(doomed), report)
    return len(doomed)


def _delete_bots(connection: Connection, kept_from: date, report: PurgeReport) -> int:
    query = select(BOTS.c.bot_id).where(_is_expired_bot(kept_from)).order_by(BOTS.c.bot_id).limit(BATCH)
    count = delete_bots(connection, connection.scalars(query).all(), report)
    note_deleted_bots(connection, count)
    return count


def _delete_messages(connection: Connection, kept_from: date, report: PurgeReport) -> int:
    is_expired = OBJECT_INBOX.c.received_at < start_of(kept_from)
    query = select(OBJECT_INBOX.c.message_id).where(is_expired).order_by(OBJECT_INBOX.c.message_id).limit(BATCH)
    doomed = connection.scalars(query).all()
    delete_rows(connection, OBJECT_INBOX, OBJECT_INBOX.c.message_id.in_(doomed), report)
    return len(doomed)


def _is_expired_bot(kept_from: date) -> ColumnElement[bool]:
    """Selects bots without a stored recording. A bot without any time has no day, and is kept."""
    is_recorded = select(RECORDINGS.c.recording_id).where(RECORDINGS.c.bot_id == BOTS.c.bot_id).exists()
    return and_(BOTS.c.day < kept_from, ~is_recorded)


def _is_expired_event(kept_from: date) -> ColumnElement[bool]:
    """Selects events that began before a day and whose first bot has no stored recording."""
    is_recorded = select(RECORDINGS.c.recording_id).where(RECORDINGS.c.bot_id == EVENTS.c.bot_id).exists()
    return and_(EVENTS.c.start_at < start_of(kept_from), or_(EVENTS.c.bot_id.is_(None), ~is_recorded))


def _kept_events(connection: Connection) -> Collection[str]:
    """Events of which a bot other than the first has a stored recording."""
    recorded = EVENT_BOTS.join(RECORDINGS, RECORDINGS.c.bot_id == EVENT_BOTS.c.bot_id)
    return {*connection.scalars(select(EVENT_BOTS.c.calendar_event_id).select_from(recorded).distinct())}
