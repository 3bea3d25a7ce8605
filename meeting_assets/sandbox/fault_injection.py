"""ASGI middleware of both origins: counts requests and applies injected faults."""

import asyncio
import gzip
from collections.abc import Callable, Mapping, MutableMapping
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs

from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .faults import Fault
from .state import State
from .urls import ForgedUrlError, expired_xml, token_id

HangUp = Callable[[Scope, bool], None]
"""Closes the connection of a scope: at once if the flag is True, otherwise after sending buffered bytes."""
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
        send = self._dated(send)
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
            await self._close(scope, at_once=True)
            return
        app = self._response(fault, scope) if fault.replaces_response else self._app
        messages = await _messages_of(app, scope, receive)
        start, body = messages[0], b"".join(m.get("body", b"") for m in messages[1:])
        if fault.truncate_to_bytes is not None:
            body = body[: fault.truncate_to_bytes]
        if fault.edit is not None:
            body = fault.edit(body)
        _set_headers(start, fault.edited_headers)
        if fault.gzip:
            body = gzip.compress(body)
            start["headers"] = [*start["headers"], (b"content-encoding", b"gzip")]
        if fault.pieces > 1:
            await self._send_in_pieces(fault, start, body, send)
            return
        _set_length(start, len(body))
        await send(start)
        if fault.cut_after_bytes is None or fault.cut_after_bytes >= len(body):
            await send({"type": "http.response.body", "body": body})
            return
        await send({"type": "http.response.body", "body": body[: fault.cut_after_bytes], "more_body": True})
        await self._close(scope, at_once=False)

    async def _send_in_pieces(self, fault: Fault, start: Message, body: bytes, send: Send) -> None:
        """Sends the body in chunks; without a Content-Length the server uses chunked encoding."""
        _set_length(start, None)
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

    async def _close(self, scope: Scope, *, at_once: bool) -> None:
        self._hang_up(scope, at_once)
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


def _set_length(start: Message, length: int | None) -> None:
    headers = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
    start["headers"] = headers if length is None else [*headers, (b"content-length", str(length).encode())]


def _set_headers(start: Message, headers: Mapping[str, str]) -> None:
    given = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    names = {name for name, _ in given}
    start["headers"] = [*(each for each in start["headers"] if each[0].lower() not in names), *given]


def _label(scope: Scope) -> str | None:
    """Label of a download (`kind:artifact_id`) or media file (`video_part:part_id`, `audio_part:part_id`)."""
    path: str = scope["path"]
    if path.startswith("/api/v1/download/"):
        token = parse_qs(scope["query_string"].decode()).get("token", [""])[0]
        try:
            return f"{path.rsplit('/', 1)[1]}:{token_id(token)}"
        except ForgedUrlError:
            return None
    if path.startswith("/_workspace"):
        kind, part_id = file_label(path)
        return f"{kind}:{part_id}"
    return None


def file_label(path: str) -> tuple[str, str]:
    """Kind and id of a media file: of a part, or of a mixed artifact."""
    segments = path.split("/")
    collection, artifact_id = segments[4], segments[5]
    if collection.endswith("_separate"):
        return collection.replace("_separate", "_part"), segments[-1].partition(".")[0]
    return collection, artifact_id
