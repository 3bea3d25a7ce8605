"""A sandbox with a day of two short meetings. Tests create the Dagster home that they need."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from meeting_assets.sandbox import Sandbox, uniform
from meeting_assets_tests.support.diagnoses import DAY
from meeting_assets_tests.support.environments import use_sandbox
from meeting_assets_tests.support.snapshots import DOWNLOAD_PORT


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(uniform(DAY, recordings=2, words=20), download_port=DOWNLOAD_PORT) as running:
        use_sandbox(running, monkeypatch)
        yield running


@pytest.fixture
def dagster_home() -> None:
    """Each test creates the Dagster home that it needs."""
