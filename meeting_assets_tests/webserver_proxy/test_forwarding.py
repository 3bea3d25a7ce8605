"""The proxy forwards bytes, headers and paths unchanged, streamed and within bounds; the webserver is a stand-in."""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import uvicorn
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from meeting_assets.core.errors import SettingsError
from meeting_assets.webserver_proxy.application import MAX_BODY_BYTES
from meeting_assets.webserver_proxy.server import MAX_MESSAGE_BYTES, ProxyServer
from meeting_assets.webserver_proxy.upstream import Upstream
from meeting_assets_tests.support.environments import free_port

HOST = "127.0.0.1"
PREFIX = "//:/secret"
TIMEOUT_S = 10.0
PART, PARTS = b"x" * 65_536, 1_000
COMPRESSED = gzip.compress(b"words " * 1_000)
PROTOCOL = Subprotocol("graphql-ws")


@dataclass
class StandIn:
    """A webserver below the prefix that records requests."""

    port: int = 0
    paths: list[str] = field(default_factory=list)
    queries: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    messages: list[Any] = field(default_factory=list)
    first_part_received: threading.Event = field(default_factory=threading.Event)
    stopped_streaming: threading.Event = field(default_factory=threading.Event)

    def asgi(self) -> ASGIApp:
        routes = [
            Route("/page", lambda _: HTMLResponse(f'<a href="{PREFIX}/runs">')),
            Route("/compressed", lambda _: Response(COMPRESSED, headers={"content-encoding": "gzip"})),
            Route("/large", lambda _: StreamingResponse(self._large())),
            Route("/endless", lambda _: StreamingResponse(self._endless())),
            Route("/moved", lambda _: RedirectResponse(f"{PREFIX}/runs")),
            WebSocketRoute("/graphql", self._websocket),
            Route("/{path:path}", self._record, methods=["GET", "POST"]),
        ]
        return Starlette(routes=[Mount(PREFIX, routes=routes)])

    async def _record(self, request: Request) -> Response:
        self.paths.append(request.scope["path"].removeprefix(PREFIX))
        self.queries.append(request.scope["query_string"].decode())
        self.headers.append(dict(request.headers))
        self.bodies.append(await request.body())
        return Response(b"recorded")

    async def _large(self) -> AsyncIterator[bytes]:
        for _ in range(PARTS):
            yield PART

    async def _endless(self) -> AsyncIterator[bytes]:
        try:
            yield b"first"
            await asyncio.to_thread(self.first_part_received.wait, TIMEOUT_S)
            while True:
                yield PART
                await asyncio.sleep(0)
        finally:
            self.stopped_streaming.set()

    async def _websocket(self, page: WebSocket) -> None:
        await page.accept(subprotocol=PROTOCOL)
        async for message in page.iter_json():
            self.messages.append(message)
            if message["type"] == "connection_terminate":
                await page.close(4_400)
                return
            await page.send_json({"type": "data", "payload": "y" * message.get("payload", {}).get("size", 0)})


@contextmanager
def thread_of(serve: Any, stop: Any) -> Iterator[None]:
    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield
    finally:
        stop()
        thread.join(TIMEOUT_S)


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


@contextmanager
def proxied(port: int) -> Iterator[str]:
    """The address of a proxy before the webserver on this port."""
    proxy = ProxyServer(Upstream(f"http://{HOST}:{port}", PREFIX), host=HOST, port=0)
    with proxy, thread_of(proxy.serve, proxy.stop):
        yield proxy.url


@pytest.fixture(scope="module")
def browser() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=TIMEOUT_S) as client:
        yield client


@given(st.text(max_size=20))
def test_webserver_receives_exactly_the_path_that_was_checked(
    url: str, webserver: StandIn, browser: httpx.Client, text: str
) -> None:
    webserver.paths.clear()
    path = f"/{text}".encode("utf-8", "replace")

    target = "/" + "".join(f"%{byte:02x}" for byte in path[1:])
    answer = browser.send(httpx.Request("GET", url, extensions={"target": target.encode()}))

    assert webserver.paths == ([path.decode()] if answer.is_success else [])
    # The router takes no path with a line break.
    assert answer.is_success or {".", ".."}.intersection(text.split("/")) or answer.status_code == 404


def test_query_string_and_headers_are_forwarded(url: str, webserver: StandIn, browser: httpx.Client) -> None:
    browser.get(f"{url}/logs?a=%20b&c", headers={"x-mine": "kept", "connection": "close, x-hop", "x-hop": "dropped"})

    assert webserver.queries[-1] == "a=%20b&c"
    assert webserver.headers[-1]["x-mine"] == "kept"
    assert webserver.headers[-1]["host"] == url.removeprefix("http://")
    assert "x-hop" not in webserver.headers[-1]


def test_compressed_response_stays_compressed(url: str, browser: httpx.Client) -> None:
    with browser.stream("GET", f"{url}/compressed") as answer:
        received = b"".join(answer.iter_raw())

    assert answer.headers["content-encoding"] == "gzip"
    assert received == COMPRESSED


def test_large_response_is_complete(url: str, browser: httpx.Client) -> None:
    with browser.stream("GET", f"{url}/large") as answer:
        size = sum(map(len, answer.iter_raw()))

    assert size == len(PART) * PARTS


def test_response_is_streamed_and_ends_with_the_browsers_connection(
    url: str, webserver: StandIn, browser: httpx.Client
) -> None:
    with browser.stream("GET", f"{url}/endless") as answer:
        first = next(answer.iter_raw())
        webserver.first_part_received.set()

    assert first == b"first"
    assert webserver.stopped_streaming.wait(TIMEOUT_S)


def test_pages_and_redirects_have_no_prefix(url: str, browser: httpx.Client) -> None:
    page, moved = browser.get(f"{url}/page"), browser.get(f"{url}/moved")

    assert page.text == '<a href="/runs">'
    assert moved.headers["location"] == "/runs"


def test_pages_cannot_be_framed(url: str, browser: httpx.Client) -> None:
    page = browser.get(f"{url}/page")

    assert "frame-ancestors 'self'" in page.headers["content-security-policy"]
    assert page.headers["x-frame-options"] == "SAMEORIGIN"


def test_body_is_forwarded_as_the_document_that_was_checked(
    url: str, webserver: StandIn, browser: httpx.Client
) -> None:
    twice = '{"query": "mutation { reportRunlessAssetEvents }", "query": "{version}", "variables": {"a": 1.5}}'

    browser.post(f"{url}/graphql?op=Version", content=twice, headers={"content-type": "application/json"})

    assert json.loads(webserver.bodies[-1]) == {"query": "{version}", "variables": {"a": 1.5}}
    assert webserver.bodies[-1].count(b"query") == 1
    assert webserver.queries[-1] == ""


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"query": "' + b"x" * MAX_BODY_BYTES + b'"}', 413),
        (b'{"query": "mutation { report\\u0052unlessAssetEvents }"}', 403),
        ('{"query": "mutation { reportRunlessAssetEvents }"}'.encode("utf-16"), 403),
        (b"{", 400),
        (b"[" * 100_000, 400),
        (b'{"query": ' + b"9" * 10_000 + b"}", 400),
        (b"\xff\xfe\xff", 400),
        (b"", 400),
    ],
    ids=["too long", "escaped field", "UTF-16", "cut", "deep", "large number", "no text", "empty"],
)
def test_unacceptable_bodies_are_refused(
    url: str, webserver: StandIn, body: bytes, status: int, browser: httpx.Client
) -> None:
    webserver.bodies.clear()

    answer = browser.post(f"{url}/graphql", content=body, headers={"content-type": "application/json"})

    assert answer.status_code == status
    assert webserver.bodies == []


def test_ended_webserver_is_reported(browser: httpx.Client) -> None:
    with proxied(free_port()) as url:
        answer = browser.get(url)

        assert answer.status_code == 502
        assert "does not respond" in answer.text


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


@pytest.mark.parametrize(
    ("url", "prefix", "message"),
    [
        ("https://127.0.0.1:3001", "", "--webserver must be"),
        ("127.0.0.1:3001", "", "--webserver must be"),
        ("http://127.0.0.1:3001/secret", "", "--webserver must be"),
        ("http://127.0.0.1:x", "", "--webserver must be"),
        ("http://127.0.0.1:3001", "secret", "--path-prefix must begin with /"),
        ("http://127.0.0.1:3001", "/secret/", "--path-prefix must begin with /"),
    ],
)
def test_unusable_address_of_the_webserver_is_named(url: str, prefix: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Upstream(url, prefix)
