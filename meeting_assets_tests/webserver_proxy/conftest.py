"""A stand-in for the webserver, and a proxy before it."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import httpx
import pytest
import uvicorn

from meeting_assets_tests.support.stand_in_webserver import HOST, TIMEOUT_S, StandIn, proxied, thread_of


@pytest.fixture(scope="module")
def webserver() -> Iterator[StandIn]:
    stand_in = StandIn()
    with socket.create_server((HOST, 0)) as listener:
        stand_in.port = listener.getsockname()[1]
        config = uvicorn.Config(stand_in.asgi(), log_level="critical", ws="websockets-sansio", lifespan="off")
        server = uvicorn.Server(config)
        with thread_of(lambda: server.run([listener]), lambda: setattr(server, "should_exit", True)):
            yield stand_in


@pytest.fixture(scope="module")
def url(webserver: StandIn) -> Iterator[str]:
    with proxied(webserver.port) as url:
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=TIMEOUT_S) as client:
        yield client
