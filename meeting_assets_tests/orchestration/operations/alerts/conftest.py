"""A receiver of alerts, and the sensors of failed runs and checks."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg
import pytest

from meeting_assets.orchestration.operations.alerts import failed_checks, failed_runs
from meeting_assets.sandbox import Sandbox, uniform
from meeting_assets_tests.support.alerts import DAY, Receiver, Watch
from meeting_assets_tests.support.environments import free_port, use_sandbox


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(uniform(DAY, recordings=2, words=20)) as running:
        use_sandbox(running, monkeypatch)
        yield running


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    with Receiver(free_port()) as running:
        monkeypatch.setenv("MEETING_ASSETS_ALERT_URL", running.url)
        yield running


@pytest.fixture
def runs(defs: dg.Definitions) -> Watch:
    """The sensor of failed runs after its first tick."""
    watch = Watch(failed_runs(), defs)
    watch.tick()
    return watch


@pytest.fixture
def checks(defs: dg.Definitions) -> Watch:
    return Watch(failed_checks(), defs)
