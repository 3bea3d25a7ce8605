"""Retries without waits, every log level captured, and the request logs of HTTP libraries suppressed."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
import stamina

from meeting_assets.recall.log_filters import suppress_request_logs


@pytest.fixture(autouse=True)
def _no_waits() -> Iterator[None]:
    with stamina.set_testing(True, attempts=1000, cap=True):
        yield


@pytest.fixture(autouse=True)
def _all_logs(caplog: pytest.LogCaptureFixture) -> None:
    suppress_request_logs()
    for name in (None, "httpx", "httpcore", "httpcore.http11", "stamina", "meeting_assets"):
        caplog.set_level(logging.DEBUG, logger=name)
