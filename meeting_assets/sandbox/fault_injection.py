"""ASGI middleware of both origins: counts requests and applies injected faults."""

import asyncio
import gzip
from collections.abc import Callable, MutableMapping
from email.utils import format_datetime
from functools import partial
from typing import Any
from urllib.parse import parse_qs

from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .faults import Ending, Fault
from .faulty_stream import FaultyStream, set_headers, set_length
from .sent_bytes import counted
from .state import State
from .urls import ForgedUrlError, expired_xml, file_label, token_id

HangUp = Callable[[Scope, Ending], None]
"""Closes the connection of a scope."""
MOVED = "moved=1"
"""Marks a redirected request, to which no further fault is applied."""


class FaultInjector:
    """Wraps the app of an origin and applies the faults of the sandbox."""

    def __init__(self, app: ASGIApp, state: State, hang_up: HangUp) -> None:
        self._app = app
        self._state = state
        self._hang_up = hang_up

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        send = counted(self._dated(send), scope, self._state.stats)
        with self._state.lock:
            self._state.stats.count_request(scope["method"], scope["path"])
            fault = None if _is_moved(scope) else self._state.faults.take(scope["path"], _label(scope))
            self._state.stats.faulted += fault is not None
        if fault is None:
            await self._app(scope, receive, send)
            return
        await asyncio.sleep(fault.delay_s)
        await self._send_with_fault(fault, scope, receive, send)

    def _dated(self, send: Send) -> Send:
        """Adds the `Date` header unless a fault has set one."""

        async def send_dated(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start" and not _has_date(message):
                date = format_datetime(self._state.clock.now(), usegmt=True).encode()
                message["headers"] = [*message["headers"], (b"date", date)]
            await send(message)

        return send_dated

    async def _send_with_fault(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        if fault.reset:
            await self._close(scope, "abort")
            return
        app = self._response(fault, scope) if fault.replaces_response else self._app
        if not fault.collects_body:
            await FaultyStream(fault, self._state, partial(self._close, scope)).send_response(app, scope, receive, send)
            return
        messages = await _messages_of(app, scope, receive)
        start, body = messages[0], b"".join(m.get("body", b"") for m in messages[1:])
        if fault.truncate_to_bytes is not None:
            body = body[: fault.truncate_to_bytes]
        if fault.edit is not None:
            body = fault.edit(body)
        set_headers(start, fault.edited_headers)
        if fault.gzip:
            body = gzip.compress(body)
            start["headers"] = [*start["headers"], (b"content-encoding", b"gzip")]
        if fault.pieces > 1:
            await self._send_in_pieces(fault, start, body, send)
            return
        set_length(start, len(body))
        await send(start)
        await send({"type": "http.response.body", "body": body})

    async def _send_in_pieces(self, fault: Fault, start: Message, body: bytes, send: Send) -> None:
        """Sends the body in chunks; without a Content-Length the server uses chunked encoding."""
        set_length(start, None)
        await send(start)
        size = -(-len(body) // fault.pieces) or 1
        for first in range(0, len(body), size):
            await asyncio.sleep(fault.pause_s)
            await send({"type": "http.response.body", "body": body[first : first + size], "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    def _response(self, fault: Fault, scope: Scope) -> Response:
        if fault.moved:
            query = scope["query_string"].decode()
            return RedirectResponse(f"{self._state.url_signer.origin}{scope['path']}?{query}&{MOVED}", 302)
        if fault.expired:
            self._state.stats.expired += 1
            return Response(expired_xml(self._state.clock.now()), 403, media_type="application/xml")
        return Response(fault.content, fault.status or 200, dict(fault.headers), media_type=fault.content_type)

    async def _close(self, scope: Scope, ending: Ending) -> None:
        self._hang_up(scope, ending)
        # The server must see the lost connection before the app returns, or it would answer 500.
        await asyncio.sleep(0.01)


async def _messages_of(app: ASGIApp, scope: Scope, receive: Receive) -> list[Message]:
    messages: list[Message] = []

    async def collect(message: MutableMapping[str, Any]) -> None:
        messages.append(message)

    await app(scope, receive, collect)
    return messages


def _has_date(start: MutableMapping[str, Any]) -> bool:
    return any(name.lower() == b"date" for name, _ in start["headers"])


def _is_moved(scope: Scope) -> bool:
    return MOVED.encode() in scope["query_string"].split(b"&")


def _label(scope: Scope) -> str | None:
    """Label of a download (`kind:artifact_id`) or media file."""
    path: str = scope["path"]
    if path.startswith("/api/v1/download/"):
        token = parse_qs(scope["query_string"].decode()).get("token", [""])[0]
        try:
            return f"{path.rsplit('/', 1)[1]}:{token_id(token)}"
        except ForgedUrlError:
            return None
    if path.startswith("/_workspace"):
        return ":".join(file_label(path))
    return None
