"""Reads the body of an HTTP answer up to a limit, which holds after decompression as well.

Bytes decide what is compressed, not the header: JSON never starts with 1f 8b. httpx would inflate each chunk as a
whole, and 2 MB of gzip can hold 2 GiB.
"""

from __future__ import annotations

import asyncio
import zlib

import httpx

from meeting_assets.core.errors import TooLarge
from meeting_assets.recall.documents import BOM

ACCEPT_ENCODING = {"Accept-Encoding": "gzip"}
GZIP = b"\x1f\x8b"
MOST_LAYERS = 2
"""A compressed document may be compressed once more on the way."""
INFLATED_AT_ONCE_BYTES = 2**20
"""Longer bodies are inflated in a thread, while other calls go on."""
PLAIN_STARTS = (b"{", b"[", b"<")

_GZIP_WINDOW = 31


async def body_of(response: httpx.Response, most_bytes: int) -> bytes:
    """The body of a streamed answer, decompressed.

    Raises:
        TooLarge: it is longer than `most_bytes`.
        httpx.HTTPError: it cannot be read, or is not encoded as its header says.
    """
    announced = response.headers.get("Content-Length", "")
    if announced.isdecimal() and float(announced) > most_bytes:
        raise TooLarge(_sentence(most_bytes))
    body = await _raw(response, most_bytes)
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    is_declared = encoding not in {"", "identity"}
    if body.startswith(GZIP):
        if len(body) < INFLATED_AT_ONCE_BYTES:
            return unpacked(body, most_bytes, is_declared=is_declared)
        return await asyncio.to_thread(unpacked, body, most_bytes, is_declared=is_declared)
    if is_declared and body and not body.removeprefix(BOM).lstrip().startswith(PLAIN_STARTS):
        raise httpx.DecodingError("the body is not encoded as asked for")
    return body


def unpacked(body: bytes, most_bytes: int, *, is_declared: bool = False) -> bytes:
    """What gzip holds; damaged gzip is returned as it is, unless a header declared it.

    Raises:
        TooLarge: it holds more than `most_bytes`.
        httpx.DecodingError: it was declared and is damaged.
    """
    content = body
    for _ in range(MOST_LAYERS):
        if not content.startswith(GZIP):
            break
        try:
            content = _inflated(content, most_bytes)
        except zlib.error:
            if is_declared:
                raise httpx.DecodingError("damaged gzip") from None
            return body
    return content


async def _raw(response: httpx.Response, most_bytes: int) -> bytes:
    # Not `aiter_raw`, which refuses an answer that a transport made from bytes.
    assert isinstance(response.stream, httpx.AsyncByteStream)
    chunks: list[bytes] = []
    size_bytes = 0
    async for chunk in response.stream:
        size_bytes += len(chunk)
        if size_bytes > most_bytes:
            raise TooLarge(_sentence(most_bytes))
        chunks.append(chunk)
    return b"".join(chunks)


def _inflated(packed: bytes, most_bytes: int) -> bytes:
    """The content of all members of a gzip file, or its beginning where the end is missing."""
    parts: list[bytes] = []
    left_bytes = most_bytes
    while packed.startswith(GZIP):
        member = zlib.decompressobj(_GZIP_WINDOW)
        part = member.decompress(packed, left_bytes + 1)
        left_bytes -= len(part)
        if left_bytes < 0:
            raise TooLarge(_sentence(most_bytes))
        parts.append(part)
        packed = member.unused_data
    return b"".join(parts)


def _sentence(most_bytes: int) -> str:
    return f"the answer is larger than {most_bytes // 2**20} MB"
