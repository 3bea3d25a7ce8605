"""The proxy relays messages of the protocol `graphql-ws` between a page and the webserver, and no others."""

from __future__ import annotations

import json
import socket
import struct
from contextlib import suppress
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from meeting_assets.webserver_proxy.server import MAX_MESSAGE_BYTES
from meeting_assets.webserver_proxy.websocket_relay import RefusedMessage, checked_message
from meeting_assets_tests.support.environments import free_port
from meeting_assets_tests.support.stand_in_webserver import (
    PROTOCOL,
    TIMEOUT_S,
    StandIn,
    killable_webserver,
    proxied,
    served,
)


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
    with proxied(free_port()) as url, pytest.raises(InvalidStatus) as refused:
        websocket(url)

    assert refused.value.response.status_code == 502
    assert b"Start it, or correct the address." in (refused.value.response.body or b"")


def test_page_learns_that_the_webserver_was_killed(caplog: pytest.LogCaptureFixture) -> None:
    with killable_webserver() as (process, port), proxied(port) as url, websocket(url) as page:
        page.send('{"type": "connection_init"}')
        page.recv(TIMEOUT_S)
        process.kill()
        with pytest.raises(ConnectionClosed) as closed:
            page.recv(TIMEOUT_S)

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1001
    assert caplog.records == []


def test_closed_tab_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    stand_in = StandIn()
    start = {"type": "start", "id": "1", "payload": {"query": "{a}", "size": 5_000_000}}
    with served(stand_in), proxied(stand_in.port) as url, websocket(url) as page:
        page.send(json.dumps(start))
        # The reset arrives while the answer is sent.
        page.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        page.socket.close()
        assert stand_in.websocket_ended.wait(TIMEOUT_S)

    assert caplog.records == []


@pytest.mark.parametrize("depth", range(200, 2_000, 20))
def test_deeply_nested_messages_are_encoded_or_refused(depth: int) -> None:
    text = '{"type": "stop", "id": ' + "[" * depth + "]" * depth + "}"

    with suppress(RefusedMessage):
        assert checked_message(text) == text
