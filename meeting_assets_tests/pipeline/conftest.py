"""Fixtures of meetings for roll-ups."""

from __future__ import annotations

import pytest

from meeting_assets.sandbox import Recording, Sandbox, combined, uniform
from meeting_assets_tests.support.environments import sync_days, use_sandbox
from meeting_assets_tests.support.rollups import MONDAY, SUNDAY, TUESDAY, Home
from meeting_assets_tests.support.snapshots import fill_once


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
