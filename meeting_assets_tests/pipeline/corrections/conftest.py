"""Fixtures of recordings with labels."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from meeting_assets.sandbox import Sandbox, uniform
from meeting_assets_tests.support.environments import use_sandbox
from meeting_assets_tests.support.labelled_speakers import DAY, serve_labels
from meeting_assets_tests.support.snapshots import DOWNLOAD_PORT, sync_once


@pytest.fixture
def sandbox(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """Three recordings with labels, synced into each database."""
    with Sandbox(uniform(DAY, recordings=3, words=40), limits=False, download_port=DOWNLOAD_PORT) as running:
        use_sandbox(running, monkeypatch)
        serve_labels(running)
        sync_once("three recordings with labels", [DAY])
        yield running
