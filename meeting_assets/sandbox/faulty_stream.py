"""Responses with a fault, sent while the application makes them: cut, reset, expired, throttled or of wrong length."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .faults import Ending, Fault
from .state import State
from .urls import MEDIA_PREFIX, file_label

STEP_BYTES = 16 * 2**10
"""Size of the pieces of a throttled body."""
RANGE_HEADERS = (b"range", b"if-range")


Close = Callable[[Ending], Awaitable[None]]
"""Closes the connection of a response."""


class _StoppedError(Exception):
    """The connection of the response has been closed, or its stated length is reached."""


class FaultyStream:
    """One response with a fault that needs no more than a chunk of the body at a time."""

    def __init__(self, fault: Fault, state: State, close: Close) -> None:
        self._fault = fault
        self._state = state
        self._close = close
        self._scope: Scope = {}
        self._send: Send
        self._left = _limit(fault)
        self._stated_left = fault.content_length
        self._is_gone = False

    async def send_response(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope, self._send = scope, send
        if self._fault.no_ranges:
            headers = [each for each in scope["headers"] if each[0] not in RANGE_HEADERS]
            scope = {**scope, "headers": headers}

        async def watched_receive() -> Message:
            message = await receive()
            self._is_gone = message["type"] == "http.disconnect"
            return message

        with suppress(_StoppedError):
            await app(scope, watched_receive, self._send_message)

    async def _send_message(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self._edit_headers(message)
            self._revise(message["status"])
            await self._send(message)
            return
        body = message.get("body", b"")
        step = STEP_BYTES if self._fault.bytes_per_s else max(1, len(body))
        for first in range(0, len(body), step):
            await self._send_piece(body[first : first + step])
        if not message.get("more_body"):
            await self._end()

    def _edit_headers(self, start: Message) -> None:
        if self._fault.no_ranges:
            start["headers"] = [each for each in start["headers"] if each[0].lower() != b"accept-ranges"]
        if self._fault.content_length is not None:
            set_length(start, self._fault.content_length)
        set_headers(start, self._fault.edited_headers)

    def _revise(self, status: int) -> None:
        """Revises the file now: after the end of the response, the client could be faster."""
        path = self._scope["path"]
        if self._fault.revises and status < HTTPStatus.BAD_REQUEST and path.startswith(MEDIA_PREFIX):
            with self._state.lock:
                self._state.media.revise(":".join(file_label(path)))

    async def _send_piece(self, piece: bytes) -> None:
        sent = piece[: self._left][: self._stated_left]
        if self._fault.bytes_per_s:
            await asyncio.sleep(len(sent) / self._fault.bytes_per_s)
        if self._is_gone:
            raise _StoppedError
        await self._send({"type": "http.response.body", "body": sent, "more_body": True})
        if self._left is not None:
            self._left -= len(sent)
            if not self._left and len(sent) < len(piece):
                await self._cut()
        if self._stated_left is not None:
            self._stated_left -= len(sent)

    async def _cut(self) -> None:
        if self._fault.expires_after_bytes is not None:
            with self._state.lock:
                self._state.url_signer.expire(dict(parse_qsl(self._scope["query_string"].decode())))
        await self._close("close" if self._fault.reset_after_bytes is None else "reset")
        raise _StoppedError

    async def _end(self) -> None:
        if self._stated_left:
            await self._close("close")
            raise _StoppedError
        await self._send({"type": "http.response.body", "body": b""})


def set_length(start: Message, length: int | None) -> None:
    """Sets or removes the Content-Length of a response."""
    headers = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
    start["headers"] = headers if length is None else [*headers, (b"content-length", str(length).encode())]


def set_headers(start: Message, headers: Mapping[str, str]) -> None:
    """Sets headers of a response."""
    given = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    names = {name for name, _ in given}
    start["headers"] = [*(each for each in start["headers"] if each[0].lower() not in names), *given]


def _limit(fault: Fault) -> int | None:
    """Bytes of the body after which the connection is closed."""
    limits = (fault.cut_after_bytes, fault.reset_after_bytes, fault.expires_after_bytes)
    return min((limit for limit in limits if limit is not None), default=None)
