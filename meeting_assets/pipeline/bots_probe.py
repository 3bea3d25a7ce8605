"""Finds out, with one list call or none, whether a pass over the bots would store anything."""

from __future__ import annotations

import asyncio
from datetime import datetime
from functools import partial

from sqlalchemy import Connection

from meeting_assets.core.errors import ApiError
from meeting_assets.pipeline.bot_corrections import wrong_bots
from meeting_assets.pipeline.bots import unfinished_bots
from meeting_assets.pipeline.bots_pass import BotsPass
from meeting_assets.pipeline.storage import Storage
from meeting_assets.recall.client import Access, RecallClient

BUDGET_S = 5.0
"""Seconds of the list call with its retries. If the API does not answer by then, the pass waits for it anyway."""


async def are_bots_current(storage: Storage, access: Access, *, budget_s: float = BUDGET_S) -> bool:
    """True if a pass would store nothing: all stored bots have ended, and the list is that of the last complete pass.

    False also if one page does not show that. An error of the API, or no answer within `budget_s`, counts
    as False, because the pass retries and reports it.
    """
    bots_pass = BotsPass(storage)
    if storage.database.read(partial(_are_some_unsettled, at=bots_pass.clock.wall_clock())):
        return False
    try:
        async with asyncio.timeout(budget_s), RecallClient(access) as client:
            return await bots_pass.is_list_unchanged(client)
    except (ApiError, TimeoutError):
        return False


def _are_some_unsettled(connection: Connection, at: datetime) -> bool:
    """True if a pass would retrieve stored bots or correct their outcomes."""
    return bool(unfinished_bots(connection, at) or wrong_bots(connection, at))
