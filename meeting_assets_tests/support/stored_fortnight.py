"""The sandbox's fortnight in a database: bots, calendars, days and roll-ups, in the order of a sync."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from meeting_assets.pipeline.bots_pass import sync_bots
from meeting_assets.pipeline.rollup import roll_up, roll_up_people
from meeting_assets.pipeline.series_rollup import roll_up_series
from meeting_assets.pipeline.storage import Storage, access_of, open_storage
from meeting_assets.sandbox import Sandbox, World, fortnight
from meeting_assets.sandbox.world import PASSWORD
from meeting_assets.settings import read_settings
from meeting_assets_tests.support.calendars import read_calendar
from meeting_assets_tests.support.environments import days_of_world, free_port, sync_days, use_home, use_sandbox

LAST_DAY = date(2026, 1, 18)


@dataclass(frozen=True)
class StoredFortnight:
    """The stored fortnight, with the port of its download URLs: manifests contain it."""

    world: World
    storage: Storage
    download_port: int


def with_equal_tokens(world: World) -> World:
    """The world with tokens in its meeting URLs that are equal in every sandbox. Webex ids depend on them."""
    for bot in world.bots:
        if isinstance(bot.meeting_url, dict):
            bot.meeting_url = {
                name: value.replace(PASSWORD, "token") if isinstance(value, str) else value
                for name, value in bot.meeting_url.items()
            }
    return world


@contextmanager
def fortnight_at_home(home: Path, database_url: str, download_port: int | None = None) -> Iterator[StoredFortnight]:
    """The fortnight in a home; synced if it is not there yet, with download URLs of a port that the home records."""
    world, mark = with_equal_tokens(fortnight(LAST_DAY)), home / "download_port"
    with ExitStack() as stack:
        monkeypatch = stack.enter_context(pytest.MonkeyPatch.context())
        use_home(home, monkeypatch)
        monkeypatch.setenv("MEETING_ASSETS_DATABASE_URL", database_url)
        if not mark.exists():
            port = download_port or free_port()
            with Sandbox(world, download_port=port) as sandbox:
                use_sandbox(sandbox, monkeypatch)
                _sync(sandbox)
            mark.write_text(str(port))
        storage = stack.enter_context(open_storage(read_settings()))
        monkeypatch.undo()
        yield StoredFortnight(world, storage, int(mark.read_text()))


def _sync(sandbox: Sandbox) -> None:
    with open_storage(read_settings()) as storage:
        asyncio.run(sync_bots(storage, access_of(read_settings())))
    read_calendar()
    sync_days(days_of_world(sandbox))
    with open_storage(read_settings()) as storage:
        roll_up(storage)
        roll_up_people(storage)
        roll_up_series(storage)
