"""Reads and replaces the stored status changes of bots: table `bot_status_changes`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from meeting_assets.core.urls import HIDDEN
from meeting_assets.recall.bot_status import StatusChange, shows_meeting_secrets, status_changes_of
from meeting_assets.recall.objects import Bot
from meeting_assets.schema.bots import BotStatusChanges
from meeting_assets.store.database import table_of

CHANGES = table_of(BotStatusChanges)


def stored_changes(connection: Connection, bot_ids: Collection[str]) -> dict[str, list[StatusChange]]:
    """The stored status changes of some bots, in the API's order, by bot id."""
    columns = CHANGES.c.change_index, CHANGES.c.code, CHANGES.c.sub_code, CHANGES.c.message, CHANGES.c.at
    query = select(CHANGES.c.bot_id, *columns).where(CHANGES.c.bot_id.in_(bot_ids))
    found: dict[str, list[StatusChange]] = {}
    for bot_id, *change in connection.execute(query.order_by(CHANGES.c.bot_id, CHANGES.c.change_index)):
        found.setdefault(bot_id, []).append(StatusChange(*change))
    return found


def listed_changes(bot: Bot, stored: Sequence[StatusChange], *, is_cleaned: bool) -> list[StatusChange] | None:
    """The status changes of a bot; None if the object does not contain them.

    A message may repeat the meeting's password, which is known only while the API shows the meeting URL. Later the
    stored message of the equal change is kept. Without one, no message is kept, unless the messages are `is_cleaned`:
    those in the raw store have no secrets.
    """
    listed = status_changes_of(bot)
    if listed is None:
        return None
    is_safe = is_cleaned or shows_meeting_secrets(bot.meeting_url)
    former: dict[Any, list[str | None]] = defaultdict(list)
    for change in stored:
        former[_without_message(change)].append(change.message)
    found = []
    for each in listed:
        messages = former[_without_message(each)]
        message = messages.pop(0) if messages else None
        is_kept = not is_safe or (message is not None and HIDDEN in message)
        found.append(each._replace(message=message) if is_kept else each)
    return found


def replace_changes(connection: Connection, given: Mapping[str, Sequence[StatusChange]]) -> None:
    """Replaces the status changes of some bots where they differ from the stored ones."""
    stored = stored_changes(connection, given)
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


def _without_message(change: StatusChange) -> tuple[Any, ...]:
    return change.code, change.sub_code, change.at
