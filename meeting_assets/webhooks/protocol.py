"""HTTP protocol of the receiver, with limits for slow and silent connections.

    headers incomplete after `HEADERS_S`        the connection is closed
    exchange incomplete after `EXCHANGE_S`      the connection is closed
    nearly `CONNECTIONS` connections open       the oldest connection without a complete request is closed
    response sent before the body is complete   the rest of the body is not read; the connection is closed

Uvicorn itself waits for headers without a limit, and reads the rest of a body after its response.
"""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEADERS_S = 5.0
EXCHANGE_S = 20.0
"""From complete headers to the end of the response; Recall.ai gives up after 15 s."""
LINGER_S = 1.0
"""Time for a client that is still sending to read the response; closing at once would reset the connection."""
CONNECTIONS = 1_000
RESERVED = 100
"""Connections kept free for new clients, which connections without a complete request never occupy."""


class BoundedProtocol(H11Protocol):
    """An HTTP connection with the limits above."""

    _incomplete: ClassVar[dict[BoundedProtocol, None]] = {}
    """Connections of this process without a complete request, the oldest first."""
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._lingering = _LingeringTransport(transport, self.conn)
        self.transport = self._lingering  # type: ignore[assignment]
        self._close_after(HEADERS_S)
        self._update_incomplete()
        self._close_oldest()

    def data_received(self, data: bytes) -> None:
        if self._lingering.is_lingering:
            return
        had_headers = self._has_headers
        if self._deadline is None:
            self._close_after(HEADERS_S)
        super().data_received(data)
        if self._has_headers and not had_headers:
            self._close_after(EXCHANGE_S)
        self._update_incomplete()

    def on_response_complete(self) -> None:
        self._cancel_deadline()
        if self.conn.their_state is h11.SEND_BODY:
            self.transport.close()
        super().on_response_complete()
        if self._has_headers:  # a pipelined request has begun
            self._close_after(EXCHANGE_S)
        self._update_incomplete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel_deadline()
        self._lingering.cancel_abort()
        self._incomplete.pop(self, None)
        super().connection_lost(exc)

    @property
    def _has_headers(self) -> bool:
        return self.conn.their_state is not h11.IDLE

    def _update_incomplete(self) -> None:
        if self.conn.their_state in {h11.IDLE, h11.SEND_BODY} and not self.transport.is_closing():
            self._incomplete.setdefault(self)
        else:
            self._incomplete.pop(self, None)

    def _close_oldest(self) -> None:
        while len(self.connections) > CONNECTIONS - RESERVED and self._incomplete:
            oldest = next(iter(self._incomplete))
            del self._incomplete[oldest]
            self.connections.discard(oldest)  # asyncio removes it only in the next iteration of its loop
            oldest.transport.abort()

    def _close_after(self, seconds: float) -> None:
        self._cancel_deadline()
        self._deadline = self.loop.call_later(seconds, self.transport.abort)

    def _cancel_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class _LingeringTransport:
    """A transport whose `close` discards the rest of an unread body for `LINGER_S` before it closes the socket.

    Closing a socket with unread bytes resets the connection, and the client loses the response.
    """

    def __init__(self, transport: asyncio.Transport, connection: h11.Connection) -> None:
        self._transport = transport
        self._connection = connection
        self._abort: asyncio.TimerHandle | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    @property
    def is_lingering(self) -> bool:
        """True after `close` was called with an incomplete body."""
        return self._abort is not None

    def is_closing(self) -> bool:
        return self.is_lingering or self._transport.is_closing()

    def close(self) -> None:
        if self.is_closing():
            return
        if self._connection.their_state is not h11.SEND_BODY:
            self._transport.close()
            return
        self._transport.write_eof()
        self._transport.resume_reading()
        self._abort = asyncio.get_running_loop().call_later(LINGER_S, self._transport.abort)

    def cancel_abort(self) -> None:
        """Cancels the timer after the connection is closed."""
        if self._abort is not None:
            self._abort.cancel()
