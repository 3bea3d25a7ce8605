"""Nobody waits between attempts, and everything that is logged is seen."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
import stamina


@pytest.fixture(autouse=True)
def _impatience() -> Iterator[None]:
    with stamina.set_testing(True, attempts=1000, cap=True):
        yield


@pytest.fixture(autouse=True)
def _everything_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    for name in (None, "httpx", "httpcore", "httpcore.http11", "stamina", "meeting_assets"):
        caplog.set_level(logging.DEBUG, logger=name)
