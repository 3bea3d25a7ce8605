"""Corrects outcomes of stored bots that change without a new observation of the bot.

A recording can be stored after its bot, or fail after its bot was stored. A bot that never shows a final status is no
longer retrieved after some time.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from functools import partial

from sqlalchemy import ColumnElement, Connection, case, exists, func, or_, select

from meeting_assets.core.batches import batched
from meeting_assets.pipeline.bot_outcomes import HAS_RECORDED, IN_PROGRESS, MISSED, RECORDED, SCHEDULED, UNKNOWN
from meeting_assets.pipeline.bot_status_changes import CHANGES
from meeting_assets.pipeline.bots import BOTS, is_abandoned, lock_rows
from meeting_assets.pipeline.storage import Storage
from meeting_assets.recall.bot_status import FAILED
from meeting_assets.store.connections import retry_on_conflict
from meeting_assets.store.ledger import RECORDINGS
from meeting_assets.store.modification import update_of

BATCH = 500


def correct_outcomes(storage: Storage, at: datetime, bot_ids: Collection[str] | None = None) -> None:
    """Corrects the outcomes of the given bots, or of all, as of an instant. Writes only rows that change."""
    for batch in [None] if bot_ids is None else batched(sorted(bot_ids), BATCH):
        wrong = storage.database.read(partial(wrong_bots, at=at, bot_ids=batch))
        for some in batched(wrong, BATCH):
            _correct_batch(storage, at, some)


def has_usable_recording(bot_id: ColumnElement[str]) -> ColumnElement[bool]:
    """Selects bots with a stored recording that did not fail."""
    return exists().where(RECORDINGS.c.bot_id == bot_id, RECORDINGS.c.status != FAILED)


def wrong_bots(connection: Connection, at: datetime, bot_ids: Collection[str] | None = None) -> list[str]:
    """The bots, among some or all, whose outcomes are wrong as of an instant."""
    query = select(BOTS.c.bot_id).where(_is_wrong(at)).order_by(BOTS.c.bot_id)
    return [*connection.scalars(query if bot_ids is None else query.where(BOTS.c.bot_id.in_(bot_ids)))]


@retry_on_conflict
def _correct_batch(storage: Storage, at: datetime, bot_ids: Collection[str]) -> None:
    with storage.database.writing() as connection:
        lock_rows(connection, bot_ids)
        condition = BOTS.c.bot_id.in_(bot_ids) & _is_wrong(at)
        connection.execute(update_of(BOTS, condition, {"outcome": _corrected()}))


def _is_wrong(at: datetime) -> ColumnElement[bool]:
    outcome, is_recorded = BOTS.c.outcome, has_usable_recording(BOTS.c.bot_id)
    return or_(
        outcome.in_([IN_PROGRESS, SCHEDULED]) & is_abandoned(at),
        outcome.in_([MISSED, UNKNOWN]) & is_recorded,
        (outcome == RECORDED) & ~is_recorded & _have_all_failed(),
    )


def _corrected() -> ColumnElement[str]:
    has_recorded = exists().where(CHANGES.c.bot_id == BOTS.c.bot_id, CHANGES.c.code.in_(HAS_RECORDED))
    return case(
        (has_usable_recording(BOTS.c.bot_id), RECORDED),
        (_have_all_failed(), case((BOTS.c.outcome == RECORDED, MISSED), else_=UNKNOWN)),
        (or_(has_recorded, BOTS.c.recording_count > 0), RECORDED),
        else_=UNKNOWN,
    )


def _have_all_failed() -> ColumnElement[bool]:
    """Selects bots all of whose recordings are stored and failed, without bots that have no recording."""
    failed = select(func.count()).where(RECORDINGS.c.bot_id == BOTS.c.bot_id, RECORDINGS.c.status == FAILED)
    count = failed.correlate(BOTS).scalar_subquery()
    return (count > 0) & (func.coalesce(BOTS.c.recording_count, 0) <= count)
