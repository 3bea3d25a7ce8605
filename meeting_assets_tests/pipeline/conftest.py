"""Fixtures of meetings for roll-ups, and the stored fortnight."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from sqlalchemy import Connection

from meeting_assets.sandbox import Recording, Sandbox, combined, uniform
from meeting_assets_tests.conftest import shared_folder
from meeting_assets_tests.support.environments import sync_days, use_sandbox
from meeting_assets_tests.support.rollups import MONDAY, SUNDAY, TUESDAY, Home
from meeting_assets_tests.support.snapshots import fill_once
from meeting_assets_tests.support.stored_fortnight import StoredFortnight, fortnight_at_home


@pytest.fixture
def home_with_meetings(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Four synced meetings; the API is switched off."""
    monkeypatch.setenv("RECALL_BASE_URL", "http://127.0.0.1:9")
    return Home(database_url, fill_once("four meetings", sync_four_meetings))


def sync_four_meetings() -> list[Recording]:
    days = [uniform(SUNDAY, recordings=1), uniform(MONDAY, recordings=2), uniform(TUESDAY, recordings=1)]
    with pytest.MonkeyPatch.context() as monkeypatch, Sandbox(combined(days)) as running:
        use_sandbox(running, monkeypatch)
        sync_days([SUNDAY, MONDAY, TUESDAY])
        return running.world.recordings


@pytest.fixture(scope="module")
def stored_fortnight(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoredFortnight]:
    """The fortnight in SQLite, synced once for all test processes and never changed."""
    with ExitStack() as open_home:
        with shared_folder(tmp_path_factory, "fortnight") as home:
            stored = open_home.enter_context(fortnight_at_home(home, f"sqlite:///{home / 'meetings.db'}"))
        yield stored


@pytest.fixture
def connection(stored_fortnight: StoredFortnight) -> Iterator[Connection]:
    with stored_fortnight.storage.database.reading() as connection:
        yield connection
