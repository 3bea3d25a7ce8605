"""Stores bots with their status changes. `record_bots` is the only function that adds or changes rows of both tables.

A bot is stored as last observed: a request sent earlier never overwrites the result of a later one. An observation
without a time comes from the raw store: of two such observations, that with the later status is stored. A bot whose
recording was purged is not stored again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from meeting_assets.core.batches import batched
from meeting_assets.core.instants import day_of, shifted, to_iso8601
from meeting_assets.core.urls import HIDDEN
from meeting_assets.pipeline.bot_outcomes import IN_PROGRESS, READY, RECORDED, SCHEDULED, outcome_of, reason_of
from meeting_assets.pipeline.calendar_links import with_calendar_values
from meeting_assets.pipeline.storage import Storage
from meeting_assets.recall.bot_status import StatusChange, recording_ids_of, status_changes_of
from meeting_assets.recall.dashboard import dashboard_url
from meeting_assets.recall.objects import Bot
from meeting_assets.schema.bots import Bots, BotStatusChanges
from meeting_assets.store import tombstones
from meeting_assets.store.connections import retry_on_conflict
from meeting_assets.store.database import API_ORIGIN, meta_value, table_of, upsert
from meeting_assets.store.ledger import RECORDINGS

BOTS, CHANGES = table_of(Bots), table_of(BotStatusChanges)
BATCH = 100
MAX_UNENDED = 500
"""Bots in one pass that are retrieved because they had not ended."""
ABANDONED_AFTER = timedelta(days=30)
"""Age at which a bot without a final status is no longer retrieved."""
JOINS_SOON = timedelta(minutes=10)
_RECENCY = ("observed_at", "status_at")
"""Columns that say which of two observations is later."""
_EARLIEST = datetime.min.replace(tzinfo=UTC)

INSTANTS = ("join_at", "scheduled_at", "scheduled_end_at")

Row = Mapping[str, Any]


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


def remove_unjoined(storage: Storage, gone: Mapping[str, datetime]) -> None:
    """Removes bots that were deleted at Recall.ai before they joined: their meetings were not missed.

    `gone` has the time of each request that showed a bot to be gone. Other bots keep their rows.
    """
    for batch in batched(sorted(gone), BATCH):
        _remove_batch(storage, {bot_id: gone[bot_id] for bot_id in batch})


def unknown_bots(connection: Connection, bot_ids: Collection[str]) -> set[str]:
    """Those of some bots that are neither stored nor purged."""
    stored = set(connection.scalars(select(BOTS.c.bot_id).where(BOTS.c.bot_id.in_(bot_ids))))
    return {*bot_ids} - stored - tombstones.tombstoned_bots(connection, bot_ids)


def stored_documents(connection: Connection, bot_ids: Collection[str]) -> dict[str, dict[str, Any]]:
    """Those of some bots that are stored with a name, as objects in the API's form."""
    found: dict[str, dict[str, Any]] = {}
    for batch in batched(sorted(bot_ids), BATCH):
        query = BOTS.select().where(BOTS.c.bot_id.in_(batch), BOTS.c.bot_name.is_not(None))
        changes = _stored_changes(connection, batch)
        rows = connection.execute(query).mappings()
        found |= {row["bot_id"]: _document(row, changes.get(row["bot_id"], ())) for row in rows}
    return found


def bot_count(connection: Connection) -> int:
    """The number of stored bots."""
    return connection.scalar(select(func.count()).select_from(BOTS)) or 0


def change_count(connection: Connection) -> int:
    """The number of stored status changes."""
    return connection.scalar(select(func.count()).select_from(CHANGES)) or 0


def unended_bots(connection: Connection, at: datetime) -> list[str]:
    """Bots whose state may have changed since they were stored, the latest first.

    Bots that join later than soon, or that have been without a final status for a month, are left out.
    """
    planned_at = func.coalesce(BOTS.c.join_at, BOTS.c.scheduled_at)
    latest_at = func.coalesce(BOTS.c.status_at, planned_at, BOTS.c.observed_at)
    is_due = or_(planned_at.is_(None), planned_at <= shifted(at, JOINS_SOON))
    is_unended = or_(BOTS.c.outcome == IN_PROGRESS, and_(BOTS.c.outcome == SCHEDULED, is_due))
    query = select(BOTS.c.bot_id).where(is_unended, latest_at >= shifted(at, -ABANDONED_AFTER))
    return [*connection.scalars(query.order_by(latest_at.desc(), BOTS.c.bot_id).limit(MAX_UNENDED))]


@retry_on_conflict
def _record_batch(storage: Storage, batch: Sequence[ObservedBot], at: datetime) -> None:
    with storage.database.writing() as connection:
        purged = tombstones.tombstoned_bots_until_commit(connection, [each.bot_id for each in batch])
        kept = {each.bot_id: each for each in batch if each.bot_id not in purged}
        former = _lock_rows(connection, kept)
        recorded = set(connection.scalars(select(RECORDINGS.c.bot_id).where(RECORDINGS.c.bot_id.in_(kept))))
        stored = _stored_changes(connection, kept)
        listed = {bot_id: _listed_changes(each.bot, stored.get(bot_id, ())) for bot_id, each in kept.items()}
        origin = meta_value(connection, API_ORIGIN)
        rows = [
            _row(each, former.get(bot_id, {}), listed[bot_id] or stored.get(bot_id, []), bot_id in recorded, at)
            | {"dashboard_url": dashboard_url(origin, bot_id)}
            for bot_id, each in kept.items()
        ]
        rows = [
            row for row in rows if row["bot_id"] in recorded or row["day"] is None or row["day"] >= storage.oldest_day
        ]
        upsert(connection, Bots, with_calendar_values(connection, rows), only_if=_is_not_older)
        # Another run may have inserted some of these bots in between, with a later observation.
        written = _lock_rows(connection, kept)
        current = {row["bot_id"] for row in rows if all(written[row["bot_id"]][name] == row[name] for name in _RECENCY)}
        _replace_changes(connection, {each: changes for each in current if (changes := listed[each])})


@retry_on_conflict
def _remove_batch(storage: Storage, gone: Mapping[str, datetime]) -> None:
    with storage.database.writing() as connection:
        former = _lock_rows(connection, gone)
        unjoined = [
            bot_id
            for bot_id, row in former.items()
            if row["outcome"] == SCHEDULED and not _is_overtaken(gone[bot_id], row["observed_at"])
        ]
        connection.execute(CHANGES.delete().where(CHANGES.c.bot_id.in_(unjoined)))
        connection.execute(BOTS.delete().where(BOTS.c.bot_id.in_(unjoined)))


def _row(
    observation: ObservedBot, former: Row, changes: Sequence[StatusChange], is_recording_stored: bool, at: datetime
) -> dict[str, Any]:
    """The row of a bot. Values that the API clears, such as the meeting and `join_at`, keep their former values."""
    columns = {
        name: next((each for each in (value, former.get(name), observation.kept.get(name)) if each is not None), None)
        for name, value in observation.bot.columns.items()
    }
    listed = recording_ids_of(observation.bot)
    recording_count = former.get("recording_count") if listed is None else len(listed)
    has_recording = (
        is_recording_stored
        or bool(recording_count or former.get("recording_count"))
        or former.get("outcome") == RECORDED
    )
    first = next((each for each in changes if each.code != READY), None)
    began_at = (first.at if first else None) or columns["join_at"] or columns["scheduled_at"]
    return {
        "bot_id": observation.bot_id,
        **columns,
        "day": day_of(began_at) if began_at else None,
        "status": changes[-1].code if changes else None,
        "status_at": changes[-1].at if changes else None,
        "first_status_at": first.at if first else None,
        "sub_code": reason_of(changes),
        "recording_count": recording_count,
        "outcome": outcome_of(changes, has_recording=has_recording, at=at),
        "observed_at": observation.observed_at,
    }


def _document(row: Mapping[Any, Any], changes: Sequence[StatusChange]) -> dict[str, Any]:
    instants = {name: to_iso8601(row[name]) if row[name] else None for name in INSTANTS}
    event = {
        "id": row["calendar_event_id"],
        "start_time": instants["scheduled_at"],
        "end_time": instants["scheduled_end_at"],
        "calendar_user": {"id": row["calendar_user_id"]},
    }
    return {
        "id": row["bot_id"],
        "bot_name": row["bot_name"],
        "meeting_url": {"platform": row["platform"], "meeting_id": row["meeting_id"]},
        "metadata": row["bot_metadata"],
        "join_at": instants["join_at"],
        "calendar_meetings": [event] if event["id"] or event["start_time"] else [],
        "status_changes": [
            {
                "code": each.code,
                "sub_code": each.sub_code,
                "message": each.message,
                "created_at": to_iso8601(each.at) if each.at else None,
            }
            for each in changes
        ],
    }


def _lock_rows(connection: Connection, bot_ids: Collection[str]) -> dict[str, Row]:
    query = BOTS.select().where(BOTS.c.bot_id.in_(bot_ids)).order_by(BOTS.c.bot_id).with_for_update()
    return {row["bot_id"]: dict(row) for row in connection.execute(query).mappings()}


def _stored_changes(connection: Connection, bot_ids: Collection[str]) -> dict[str, list[StatusChange]]:
    columns = CHANGES.c.change_index, CHANGES.c.code, CHANGES.c.sub_code, CHANGES.c.message, CHANGES.c.at
    query = select(CHANGES.c.bot_id, *columns).where(CHANGES.c.bot_id.in_(bot_ids))
    found: dict[str, list[StatusChange]] = {}
    for bot_id, *change in connection.execute(query.order_by(CHANGES.c.bot_id, CHANGES.c.change_index)):
        found.setdefault(bot_id, []).append(StatusChange(*change))
    return found


def _listed_changes(bot: Bot, stored: Sequence[StatusChange]) -> list[StatusChange] | None:
    """The status changes of a bot; None if the object does not contain them.

    A stored message without its secrets stays: once the API clears the meeting URL, the secrets are unknown.
    """
    listed = status_changes_of(bot)
    if listed is None:
        return None
    cleaned = {each.position: each for each in stored if each.message is not None and HIDDEN in each.message}
    return [
        former
        if (former := cleaned.get(each.position)) and former._replace(message=None) == each._replace(message=None)
        else each
        for each in listed
    ]


def _replace_changes(connection: Connection, given: Mapping[str, Sequence[StatusChange]]) -> None:
    stored = _stored_changes(connection, given)
    different = [bot_id for bot_id, changes in given.items() if changes != stored.get(bot_id)]
    if not different:
        return
    connection.execute(CHANGES.delete().where(CHANGES.c.bot_id.in_(different)))
    rows = [
        {
            "bot_id": bot_id,
            "change_index": each.position,
            "code": each.code,
            "sub_code": each.sub_code,
            "message": each.message,
            "at": each.at,
        }
        for bot_id in different
        for each in given[bot_id]
    ]
    if rows:
        connection.execute(CHANGES.insert(), rows)


def _recency(observation: ObservedBot) -> tuple[bool, datetime]:
    """Sort key of two observations of one bot: the time of the request, else that of the latest status."""
    changes = status_changes_of(observation.bot) or ()
    changed_at = max((each.at for each in changes if each.at is not None), default=_EARLIEST)
    return observation.observed_at is not None, observation.observed_at or changed_at


def _is_overtaken(observed_at: datetime | None, recorded_at: datetime | None) -> bool:
    """True if an observation is older than the one already recorded. One without a time is older than any other."""
    return recorded_at is not None and (observed_at is None or observed_at < recorded_at)


def _is_not_older(held: Any, given: Any) -> ColumnElement[bool]:
    """SQL condition: the stored observation is not later than the given one."""
    is_later_status = or_(held.status_at.is_(None), held.status_at <= given.status_at)
    is_newer_than_raw = and_(held.observed_at.is_(None), or_(given.observed_at.is_not(None), is_later_status))
    return or_(held.observed_at <= given.observed_at, is_newer_than_raw)
