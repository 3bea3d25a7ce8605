"""The proxy relays messages of the protocol `graphql-ws` between a page and the webserver, and no others."""

from __future__ import annotations

import json
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from meeting_assets.webserver_proxy.server import MAX_MESSAGE_BYTES
from meeting_assets_tests.support.environments import free_port
from meeting_assets_tests.support.stand_in_webserver import PROTOCOL, TIMEOUT_S, StandIn, proxied


def websocket(url: str) -> Any:
    address = url.replace("http", "ws", 1) + "/graphql"
    return connect(address, subprotocols=[PROTOCOL], proxy=None, max_size=None, open_timeout=TIMEOUT_S)


def test_messages_of_both_directions_are_relayed(url: str, webserver: StandIn) -> None:
    start = {"type": "start", "id": "1", "payload": {"query": "subscription { a }", "size": 5_000_000}}

    with websocket(url) as page:
        page.send(json.dumps(start))
        answer = json.loads(page.recv(TIMEOUT_S))

    assert page.subprotocol == PROTOCOL
    assert webserver.messages[-1] == start
    assert len(answer["payload"]) == 5_000_000


def test_close_of_the_webserver_reaches_the_page(url: str) -> None:
    with websocket(url) as page:
        page.send('{"type": "connection_terminate"}')
        with pytest.raises(ConnectionClosed) as closed:
            page.recv(TIMEOUT_S)

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4_400


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ('{"type": "start", "payload": {"query": "mutation { report\\u0052unlessAssetEvents }"}}', 1008),
        ('{"type": "start"}', 1008),
        ('{"type": "start", "payload": {"query": null}}', 1008),
        ('{"type": "unheard of"}', 1008),
        ('{"type": ["start"]}', 1008),
        ("[]", 1008),
        ("{", 1008),
        (b'{"type": "stop"}', 1008),
        ("x" * (MAX_MESSAGE_BYTES + 1), 1009),
    ],
    ids=[
        "report field",
        "no payload",
        "no document",
        "type",
        "type that is a list",
        "list",
        "cut",
        "binary",
        "too long",
    ],
)
def test_unacceptable_messages_close_the_websocket(
    url: str, webserver: StandIn, message: str | bytes, code: int
) -> None:
    webserver.messages.clear()

    with websocket(url) as page:
        page.send(message)
        with pytest.raises(ConnectionClosed) as closed:
            page.recv(TIMEOUT_S)

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == code
    assert webserver.messages == []


def test_websocket_to_an_ended_webserver_is_refused() -> None:
    with proxied(free_port()) as url, pytest.raises(InvalidStatus):
        websocket(url)
