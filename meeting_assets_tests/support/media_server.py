"""A small HTTP server for one media file, with the faults of real ones: cuts, no ranges, other ETags and lengths."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

BLOCK_BYTES = 64 * 2**10


@dataclass
class MediaServer:
    """What the server has and how it behaves; tests change it between requests or in `before`."""

    content: bytes
    etag: str | None = '"one"'
    has_ranges: bool = True
    content_type: str = "video/mp4"
    length: int | None = None
    """The length that the server states, if it is not that of the content; -1 states none."""
    cuts: list[int] = field(default_factory=list)
    """After how many bytes of the body the next connections end."""
    statuses: list[int] = field(default_factory=list)
    """Statuses of the next requests, 0 for a usual response."""
    silent_after: int | None = None
    """After how many bytes the server sends nothing more and keeps the connection open."""
    largest_range: int | None = None
    more_headers: Mapping[str, str] = field(default_factory=dict)
    range_headers: Mapping[str, str] = field(default_factory=dict)
    """Headers of a response with status 206 that replace the right ones."""
    requests: list[Mapping[str, str]] = field(default_factory=list)
    sent_bytes: int = 0
    url: str = ""

    def respond(self, handler: BaseHTTPRequestHandler) -> None:
        self.requests.append(dict(handler.headers.items()))
        status = self.statuses.pop(0) if self.statuses else 0
        if status:
            _send_head(handler, status, {"Content-Length": "0"})
            return
        first = self._first(handler.headers)
        if first is not None and first >= len(self.content):
            headers = {"Content-Range": f"bytes */{len(self.content)}", "Content-Length": "0"}
            _send_head(handler, 416, {**headers, **self._etag_header()})
        elif first is not None:
            self._send_rest(handler, first)
        else:
            length = len(self.content) if self.length is None else self.length
            headers = {"Content-Length": str(length)} if length >= 0 else {"Connection": "close"}
            handler.close_connection = length != len(self.content)
            self._send(handler, 200, headers, self.content)

    def _first(self, headers: Any) -> int | None:
        found = re.fullmatch(r"bytes=(\d+)-", headers.get("Range", ""))
        if not found or not self.has_ranges or headers.get("If-Range", self.etag) != self.etag:
            return None
        return int(found[1])

    def _send_rest(self, handler: BaseHTTPRequestHandler, first: int) -> None:
        end = min(len(self.content), first + (self.largest_range or len(self.content)))
        headers = {"Content-Range": f"bytes {first}-{end - 1}/{len(self.content)}", "Content-Length": str(end - first)}
        self._send(handler, 206, {**headers, **self.range_headers}, self.content[first:end])

    def _send(self, handler: BaseHTTPRequestHandler, status: int, headers: Mapping[str, str], body: bytes) -> None:
        named = {"Content-Type": self.content_type, **self._etag_header(), **headers, **self.more_headers}
        _send_head(handler, status, named)
        cut_after = self.cuts.pop(0) if self.cuts else None
        limit = min(each for each in (len(body), cut_after, self.silent_after) if each is not None)
        for start in range(0, limit, BLOCK_BYTES):
            block = body[start : min(start + BLOCK_BYTES, limit)]
            handler.wfile.write(block)
            self.sent_bytes += len(block)
        if cut_after is not None and cut_after <= limit:
            # No reset on the level of TCP, which would also remove an unknown number of sent bytes.
            handler.close_connection = True
        elif self.silent_after is not None:
            handler.rfile.read(1)  # until the client closes the connection

    def _etag_header(self) -> dict[str, str]:
        return {"ETag": self.etag} if self.etag else {}


def _send_head(handler: BaseHTTPRequestHandler, status: int, headers: Mapping[str, str]) -> None:
    handler.send_response_only(status)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.end_headers()


@contextmanager
def media_server(content: bytes, **behaviour: Any) -> Iterator[MediaServer]:
    """Serves one file at every path until the block ends."""
    media = MediaServer(content, **behaviour)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            try:
                media.respond(self)
            except OSError:
                self.close_connection = True

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        media.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield media
        finally:
            server.shutdown()
            thread.join()
