"""A sandbox without meetings, to which tests add meetings of the last 40 days."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from meeting_assets.core.instants import now
from meeting_assets.sandbox import Sandbox, empty
from meeting_assets_tests.support.environments import use_sandbox
from meeting_assets_tests.support.webhook_sender import SECRET


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(empty(), limits=False) as running:
        use_sandbox(running, monkeypatch)
        monkeypatch.setenv("MEETING_ASSETS_FIRST_DAY", (now() - timedelta(days=40)).date().isoformat())
        yield running


@pytest.fixture
def with_webhooks(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sets `RECALL_WEBHOOK_SECRETS`, as in a deployment that receives webhooks."""
    monkeypatch.setenv("RECALL_WEBHOOK_SECRETS", SECRET)
