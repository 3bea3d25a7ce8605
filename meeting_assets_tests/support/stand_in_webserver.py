"""A stand-in for Dagster's webserver that records requests, and the real proxy before it; both in threads."""

from __future__ import annotations

import asyncio
import gzip
import multiprocessing
import multiprocessing.process
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket
from websockets.typing import Subprotocol

from meeting_assets.webserver_proxy.server import ProxyServer
from meeting_assets.webserver_proxy.upstream import Upstream

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
    websocket_ended: threading.Event = field(default_factory=threading.Event)

    def asgi(self) -> ASGIApp:
        routes = [
            Route("/page", lambda _: HTMLResponse(f'<a href="{PREFIX}/runs">')),
            Route("/compressed", lambda _: Response(COMPRESSED, headers={"content-encoding": "gzip"})),
            Route("/large", lambda _: StreamingResponse(self._large())),
            Route("/endless", lambda _: StreamingResponse(self._endless())),
            Route("/corrupt", lambda _: HTMLResponse("no gzip", headers={"content-encoding": "gzip"})),
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
        try:
            async for message in page.iter_json():
                self.messages.append(message)
                if message["type"] == "connection_terminate":
                    await page.close(4_400)
                    return
                await page.send_json({"type": "data", "payload": "y" * message.get("payload", {}).get("size", 0)})
        finally:
            self.websocket_ended.set()


@contextmanager
def thread_of(serve: Callable[[], None], stop: Callable[[], None]) -> Iterator[None]:
    """Runs a server until the `with` block ends."""
    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield
    finally:
        stop()
        thread.join(TIMEOUT_S)


@contextmanager
def served(stand_in: StandIn) -> Iterator[None]:
    """Serves a stand-in on a free port in a thread."""
    with socket.create_server((HOST, 0)) as listener:
        stand_in.port = listener.getsockname()[1]
        server = uvicorn.Server(_config(stand_in))
        with thread_of(lambda: server.run([listener]), lambda: setattr(server, "should_exit", True)):
            yield


@contextmanager
def killable_webserver() -> Iterator[tuple[multiprocessing.process.BaseProcess, int]]:
    """A stand-in in a process of its own, and its port."""
    context = multiprocessing.get_context("spawn")
    with socket.create_server((HOST, 0)) as listener:
        process = context.Process(target=_serve_alone, args=(listener,))
        process.start()
        port = listener.getsockname()[1]
    try:
        yield process, port
    finally:
        process.kill()
        process.join()


def _serve_alone(listener: socket.socket) -> None:
    uvicorn.Server(_config(StandIn())).run([listener])


def _config(stand_in: StandIn) -> uvicorn.Config:
    return uvicorn.Config(stand_in.asgi(), log_level="critical", ws="websockets-sansio", lifespan="off")


@contextmanager
def proxied(port: int, path_prefix: str = PREFIX) -> Iterator[str]:
    """The address of a proxy before the webserver on this port."""
    proxy = ProxyServer(Upstream(f"http://{HOST}:{port}", path_prefix), host=HOST, port=0)
    with proxy, thread_of(proxy.serve, proxy.stop):
        yield proxy.url
