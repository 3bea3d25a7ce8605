"""The response to a request for a media file: a whole file or one range, sent in chunks while the client reads."""

import asyncio
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from .content import CHUNK_BYTES, Content
from .ranges import Extent, UnsatisfiableRangeError, requested_extent


class MediaResponse:
    """ASGI application that sends one file."""

    def __init__(self, content: Content) -> None:
        self._content = content

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        size = self._content.size_bytes
        try:
            extent = requested_extent(Headers(scope=scope), size, self._content.etag)
        except UnsatisfiableRangeError:
            await self._start(send, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, Extent(0, 0), f"bytes */{size}")
            await send({"type": "http.response.body", "body": b""})
            return
        if extent is None:
            extent = Extent(0, size)
            await self._start(send, HTTPStatus.OK, extent)
        else:
            shown = f"bytes {extent.first}-{extent.end - 1}/{size}"
            await self._start(send, HTTPStatus.PARTIAL_CONTENT, extent, shown)
        if scope["method"] == "HEAD":
            await send({"type": "http.response.body", "body": b""})
        else:
            await self._send_body(extent, receive, send)

    async def _start(self, send: Send, status: HTTPStatus, extent: Extent, content_range: str | None = None) -> None:
        headers = {
            "content-type": self._content.media_type,
            "content-length": str(extent.end - extent.first),
            "etag": self._content.etag,
            "accept-ranges": "bytes",
            **({"content-range": content_range} if content_range else {}),
        }
        given = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": given})

    async def _send_body(self, extent: Extent, receive: Receive, send: Send) -> None:
        """Sends the chunks. Stops when the client has gone: the server accepts chunks for a lost connection too."""
        watching = asyncio.ensure_future(_disconnected(receive))
        try:
            for first in range(extent.first, extent.end, CHUNK_BYTES):
                if watching.done():
                    return
                body = self._content.read(first, min(CHUNK_BYTES, extent.end - first))
                await send({"type": "http.response.body", "body": body, "more_body": True})
                # perf: other connections of the same event loop must not wait for the whole file
                await asyncio.sleep(0)
            await send({"type": "http.response.body", "body": b""})
        finally:
            watching.cancel()


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
