"""Bots are found with the fewest calls: by time window, from the whole list, or one by one."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from uuid import UUID

import pytest

from meeting_assets.pipeline.discover import discover_days
from meeting_assets.pipeline.discover_bots import MANY_BOTS, find_bots
from meeting_assets.pipeline.discovered import Discovery
from meeting_assets.recall.client import Access, RecallClient
from meeting_assets.recall.objects import Bot
from meeting_assets.sandbox import Sandbox, combined, uniform

DAY = date(2026, 3, 2)


def discovered(sandbox: Sandbox) -> Discovery:
    """A discovery of a day with its bots, none of which is known before."""

    async def discover() -> Discovery:
        async with RecallClient(Access(sandbox.url, sandbox.api_key)) as client:
            discovery = await discover_days(client, [DAY])
            sandbox.stats.reset()
            await find_bots(client, discovery, known=())
        return discovery

    return asyncio.run(discover())


@pytest.mark.parametrize(
    ("recordings", "page_size", "list_calls", "are_retrieved"),
    [
        (MANY_BOTS, 50, 2, False),  # all bots are two pages, which the first one says
        (MANY_BOTS - 1, 50, 1, True),  # too few to look at that page: a window shows half of them
        (MANY_BOTS, 8, 1 + 7, True),  # all bots are 13 pages, which take longer than retrieving half of them
    ],
)
def test_bots_are_found_with_few_calls(recordings: int, page_size: int, list_calls: int, are_retrieved: bool) -> None:
    with Sandbox(uniform(DAY, recordings=recordings, words=1), limits=False) as sandbox:
        sandbox.habits.page_size = page_size

        discovery = discovered(sandbox)

        retrieved = sandbox.stats.retrieve_calls_by_collection["bot"]
        assert sandbox.stats.list_calls["bot"] == pytest.approx(list_calls, abs=1 if are_retrieved else 0)
        assert (0 < retrieved < recordings) if are_retrieved else retrieved == 0
    assert len(bots_of(discovery)) == recordings
    assert all(bots_of(discovery).values())


def test_bots_of_other_days_are_neither_awaited_nor_decoded() -> None:
    """The sandbox lists the newest bots first. The id of a bot of the other day is malformed."""
    days = [uniform(DAY, recordings=MANY_BOTS, words=1), uniform(DAY - timedelta(days=1), recordings=100, words=1)]
    with Sandbox(combined(days), limits=False) as sandbox:
        other = next(each for each in sandbox.world.bots if each.id not in bots_needed(sandbox))
        other.id = "not an id"

        discovery = discovered(sandbox)

        assert sandbox.stats.list_calls["bot"] == 2
    assert all(bots_of(discovery).values())
    assert not discovery.faults


def bots_needed(sandbox: Sandbox) -> set[str]:
    return {each.bot_id for each in sandbox.world.recordings if each.day == DAY and each.bot_id}


def bots_of(discovery: Discovery) -> dict[UUID, Bot | None]:
    """The bots that recordings refer to; None if not found."""
    return {found.recording.bot.id: found.bot for found in discovery.found.values() if found.recording.bot}
