"""Reads and decompresses the body of an HTTP response, up to a limit that also applies after decompression.

The first bytes of a body decide whether it is gzip, not the header: JSON never starts with 1f 8b. httpx's own
decoder has no limit, and 2 MB of gzip can expand to 2 GiB.
"""

from __future__ import annotations

import asyncio
import zlib

import httpx

from meeting_assets.core.errors import TooLarge
from meeting_assets.recall.json_decoding import BOM

ACCEPT_ENCODING = {"Accept-Encoding": "gzip"}
GZIP = b"\x1f\x8b"
MAX_LAYERS = 2
"""A proxy or server may compress a compressed document again."""
MIN_THREAD_BYTES = 2**20
"""Bodies of this size are decompressed in a thread, so that other calls continue."""
PLAIN_STARTS = (b"{", b"[", b"<")

_GZIP_WINDOW = 31


async def read_body(response: httpx.Response, max_bytes: int) -> bytes:
    """The decompressed body of a streamed response.

    Raises:
        TooLarge: the body is longer than `max_bytes`.
        httpx.HTTPError: reading fails, or the header declares an encoding that the body does not have.
    """
    content_length = response.headers.get("Content-Length", "")
    if content_length.isdecimal() and float(content_length) > max_bytes:
        raise _too_large(max_bytes)
    body = await _read_raw(response, max_bytes)
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    is_declared = encoding not in {"", "identity"}
    if body.startswith(GZIP):
        if len(body) < MIN_THREAD_BYTES:
            return decompress(body, max_bytes, is_declared=is_declared)
        return await asyncio.to_thread(decompress, body, max_bytes, is_declared=is_declared)
    if is_declared and body and not body.removeprefix(BOM).lstrip().startswith(PLAIN_STARTS):
        raise httpx.DecodingError("the body is not gzip")
    return body


def decompress(body: bytes, max_bytes: int, *, is_declared: bool = False) -> bytes:
    """Decompresses gzip; other bytes, and damaged gzip that no header declared, are returned unchanged.

    Raises:
        TooLarge: the content is longer than `max_bytes`.
        httpx.DecodingError: gzip that a header declared is damaged.
    """
    content = body
    for _ in range(MAX_LAYERS):
        if not content.startswith(GZIP):
            break
        try:
            content = _gunzip(content, max_bytes)
        except zlib.error:
            if is_declared:
                raise httpx.DecodingError("damaged gzip") from None
            return body
    return content


async def _read_raw(response: httpx.Response, max_bytes: int) -> bytes:
    # `aiter_raw` rejects a response that a transport created from bytes.
    assert isinstance(response.stream, httpx.AsyncByteStream)
    chunks: list[bytes] = []
    size_bytes = 0
    async for chunk in response.stream:
        size_bytes += len(chunk)
        if size_bytes > max_bytes:
            raise _too_large(max_bytes)
        chunks.append(chunk)
    return b"".join(chunks)


def _gunzip(packed: bytes, max_bytes: int) -> bytes:
    """The content of all members of a gzip file; of a truncated file, its readable beginning."""
    parts: list[bytes] = []
    left_bytes = max_bytes
    while packed.startswith(GZIP):
        member = zlib.decompressobj(_GZIP_WINDOW)
        part = member.decompress(packed, left_bytes + 1)
        left_bytes -= len(part)
        if left_bytes < 0:
            raise _too_large(max_bytes)
        parts.append(part)
        packed = member.unused_data
    return b"".join(parts)


def _too_large(max_bytes: int) -> TooLarge:
    return TooLarge(f"the response is larger than {max_bytes // 2**20} MB")
