"""Streams media files into partial files on a disk, and resumes them; without the API key, from allowed hosts only.

    stored    request                                   response
    nothing   GET                                       200  the whole file
    N bytes   GET, Range: bytes=N-, If-Range: ETag      206  the rest of the same file
                                                        200  the whole file: it has changed, or there are no ranges
                                                        416  nothing: it is complete if N is its length

Only one chunk of a file is in memory at a time. `recall.media_transfer` decides about responses.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from time import monotonic
from types import TracebackType
from typing import Self

import httpx

from meeting_assets.core.errors import Transient
from meeting_assets.recall.bandwidth import Bandwidth
from meeting_assets.recall.client import Access, environment_transports
from meeting_assets.recall.downloads import AllowedHosts
from meeting_assets.recall.media_transfer import PartialFile, Transfer
from meeting_assets.recall.network import failure_cause
from meeting_assets.recall.rate_limits import RetryBudget, retry_within

ATTEMPTS = 4
"""Failures in a row, without any new byte, after which a download is given up."""
CHUNK_BYTES = 2**20
CONNECT_TIMEOUT_S, READ_TIMEOUT_S = 10.0, 30.0
STALL_S = 60.0
MIN_BYTES_PER_STALL = 64 * 2**10
"""A connection that delivers less than this within `STALL_S` of waiting is broken, even if a byte arrives at times."""


@dataclass(frozen=True, slots=True)
class Downloaded:
    """A complete media file."""

    size_bytes: int
    sha256: str
    content_type: str | None
    """The media type that the server stated; None if the last response had no content."""


class MediaClient:
    """Downloads media files, also concurrently; an async context manager.

    `bandwidth` limits and counts the bytes of all its downloads.

    Raises:
        SettingsError: a proxy or certificate variable of the environment is invalid.
    """

    def __init__(
        self,
        access: Access,
        bandwidth: Bandwidth,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        stall_s: float = STALL_S,
    ) -> None:
        self.bandwidth = bandwidth
        self._hosts = AllowedHosts(access.base_url, access.download_hosts)
        self._stall_s = stall_s
        self._client = httpx.AsyncClient(
            headers={"Accept-Encoding": "identity"},
            follow_redirects=True,
            max_redirects=3,
            timeout=httpx.Timeout(min(stall_s, READ_TIMEOUT_S), connect=CONNECT_TIMEOUT_S, pool=None),
            transport=transport or environment_transports()(),
            event_hooks={"request": [self._check_host]},
        )

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def download(self, url: str, partial: PartialFile, expected_bytes: int | None = None) -> Downloaded:
        """Completes a partial file. After an error, the stored bytes can be resumed, also with another URL.

        Args:
            url: signed; it appears in no error.
            partial: the stored beginning, empty for a new download.
            expected_bytes: the length according to the API.

        Raises:
            UrlExpired: a fresh URL is needed.
            Transient: a later attempt may succeed.
            ApiError: the file has another length than announced, or the URL leads to a host that is not allowed.
        """
        transfer = Transfer(partial, expected_bytes)
        while not transfer.is_complete:
            stored_bytes = partial.size_bytes
            try:
                await self._with_retries(url, transfer)
            except Transient:
                # A large file over a bad line may need hundreds of connections; each of them is progress.
                if partial.size_bytes <= stored_bytes:
                    raise
        transfer.check_length(partial.size_bytes)
        sha256 = await asyncio.to_thread(partial.finish)
        return Downloaded(partial.size_bytes, sha256, transfer.content_type)

    async def _with_retries(self, url: str, transfer: Transfer) -> None:
        budget = RetryBudget(ATTEMPTS)
        async for attempt in retry_within(budget):
            with attempt, budget:
                await self._request(url, transfer)

    async def _request(self, url: str, transfer: Transfer) -> None:
        try:
            async with self._client.stream("GET", url, headers=transfer.request_headers()) as response:
                if transfer.accept(response):
                    stored_bytes = transfer.partial.size_bytes
                    await self._receive(response, transfer)
                    transfer.note_end(stored_bytes)
                return
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            cause = failure_cause(error)
        # Raised outside the handler, so that it has no context: httpx's errors contain the signed URL.
        raise Transient(f"a media download failed: {cause}")

    async def _receive(self, response: httpx.Response, transfer: Transfer) -> None:
        """Stores the body of a response in chunks; also the last bytes before an error."""
        chunk: list[bytes] = []
        chunk_bytes = 0
        async with aclosing(self._pieces(response)) as pieces:
            try:
                async for piece in pieces:
                    chunk.append(piece)
                    chunk_bytes += len(piece)
                    if chunk_bytes >= CHUNK_BYTES:
                        full, chunk, chunk_bytes = chunk, [], 0
                        transfer.append(b"".join(full))
            finally:
                if chunk:
                    transfer.append(b"".join(chunk))

    async def _pieces(self, response: httpx.Response) -> AsyncGenerator[bytes, None]:
        """The body as it arrives, within the bandwidth.

        Raises:
            TimeoutError: almost nothing arrives. Time spent on the disk or for the bandwidth does not count.
        """
        # `aiter_raw` rejects a response that a transport created from bytes.
        assert isinstance(response.stream, httpx.AsyncByteStream)
        waited_s, arrived_bytes, asked_at = 0.0, 0, monotonic()
        async for piece in response.stream:
            waited_s += monotonic() - asked_at
            arrived_bytes += len(piece)
            yield piece
            if waited_s >= self._stall_s:
                if arrived_bytes < MIN_BYTES_PER_STALL:
                    raise TimeoutError
                waited_s, arrived_bytes = 0.0, 0
            await self.bandwidth.spend(len(piece))
            asked_at = monotonic()

    async def _check_host(self, request: httpx.Request) -> None:
        self._hosts.check(request.url)
