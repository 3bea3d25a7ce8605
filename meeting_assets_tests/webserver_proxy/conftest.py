"""A stand-in for the webserver, and a proxy before it."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from meeting_assets_tests.support.stand_in_webserver import TIMEOUT_S, StandIn, proxied, served


@pytest.fixture(scope="module")
def webserver() -> Iterator[StandIn]:
    stand_in = StandIn()
    with served(stand_in):
        yield stand_in


@pytest.fixture(scope="module")
def url(webserver: StandIn) -> Iterator[str]:
    with proxied(webserver.port) as url:
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=TIMEOUT_S) as client:
        yield client
