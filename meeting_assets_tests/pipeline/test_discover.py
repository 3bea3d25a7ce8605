"""Bots are found by whatever takes the API the least time: a window, all of them, one by one."""

from __future__ import annotations

import asyncio
from datetime import date

import pytest

from meeting_assets.pipeline.discover import MANY_BOTS, Discovery, discover_days, find_bots
from meeting_assets.recall.client import Access, RecallClient
from meeting_assets.sandbox import Sandbox, uniform

DAY = date(2026, 3, 2)


def discovered(sandbox: Sandbox) -> Discovery:
    """A day with its bots, none of which is known."""

    async def discover() -> Discovery:
        async with RecallClient(Access(sandbox.url, sandbox.api_key)) as client:
            discovery = await discover_days(client, [DAY])
            sandbox.stats.reset()
            await find_bots(client, discovery, known=())
        return discovery

    return asyncio.run(discover())


@pytest.mark.parametrize(
    ("recordings", "page_size", "pages", "are_retrieved"),
    [
        (MANY_BOTS, 50, 1 + 2, False),  # all bots are two pages, which the first one says
        (MANY_BOTS - 1, 50, 1, True),  # not worth the question: a window shows half of them
        (MANY_BOTS, 8, 1 + 7, True),  # all bots are 13 pages, which take longer than retrieving half of them
    ],
)
def test_bots_are_found_with_few_calls(recordings: int, page_size: int, pages: int, are_retrieved: bool) -> None:
    with Sandbox(uniform(DAY, recordings=recordings, words=1), limits=False) as sandbox:
        sandbox.habits.page_size = page_size

        discovery = discovered(sandbox)

        retrieved = sandbox.stats.retrieve_calls_by_collection["bot"]
        assert sandbox.stats.list_calls["bot"] == pytest.approx(pages, abs=1 if are_retrieved else 0)
        assert (0 < retrieved < recordings) if are_retrieved else retrieved == 0
    names = {found.recording.bot.id: found.bot for found in discovery.found.values() if found.recording.bot}
    assert len(names) == recordings
    assert all(names.values())
