"""Streams media files into partial files on a disk, and resumes them; without the API key, from allowed hosts only.

    stored    request                                   response
    nothing   GET                                       200  the whole file
    N bytes   GET, Range: bytes=N-, If-Range: ETag      206  the rest of the same file
                                                        200  the whole file: it has changed, or there are no ranges
                                                        416  nothing: it is complete if N is its length

A partial file is resumed only if the server has named its content by a strong ETag. Everything that does not fit
starts the file again. Only one chunk of a file is in memory at a time.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from time import monotonic
from types import TracebackType
from typing import Protocol, Self

import httpx

from meeting_assets.core.errors import ApiError, Transient
from meeting_assets.recall.bandwidth import Bandwidth
from meeting_assets.recall.client import Access, environment_transports
from meeting_assets.recall.downloads import AllowedHosts
from meeting_assets.recall.network import failure_cause
from meeting_assets.recall.rate_limits import RetryBudget, retry_within
from meeting_assets.recall.responses import check_download_status

ATTEMPTS = 4
"""Failures in a row, without any new byte, after which a download is given up."""
MAX_RESTARTS = 3
"""Restarts of one download from its first byte."""
CHUNK_BYTES = 2**20
CONNECT_TIMEOUT_S, READ_TIMEOUT_S = 10.0, 30.0
STALL_S = 60.0
MIN_BYTES_PER_STALL = 64 * 2**10
"""A connection that delivers less than this within `STALL_S` of waiting is broken, even if a byte arrives at times."""

_CONTENT_RANGE = re.compile(r"bytes (?:(?P<first>\d+)-(?P<last>\d+)|\*)/(?P<total>\d+)")
_MARKUP = re.compile(r"(text/html|application/xhtml\+xml|(text|application)/xml)\b")


class PartialFile(Protocol):
    """The stored beginning of one media file."""

    @property
    def size_bytes(self) -> int: ...

    @property
    def etag(self) -> str | None:
        """The ETag of the content that the stored bytes belong to."""

    @property
    def total_bytes(self) -> int | None:
        """The length of the whole content, as far as the server has stated it."""

    def begin(self, etag: str | None, total_bytes: int | None) -> None:
        """Removes all stored bytes; those that follow belong to this content."""

    def append(self, chunk: bytes) -> None:
        """Stores the next bytes."""

    def finish(self) -> str:
        """Writes everything to the disk; returns the SHA-256 of the content."""


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

    async def download(self, url: str, partial: PartialFile, announced_bytes: int | None = None) -> Downloaded:
        """Completes a partial file. After an error, the stored bytes can be resumed, also with another URL.

        Args:
            url: signed; it appears in no error.
            partial: the stored beginning, empty for a new download.
            announced_bytes: the length according to the API.

        Raises:
            UrlExpired: a fresh URL is needed.
            Transient: a later attempt may succeed.
            ApiError: the file has another length than announced, or the URL leads to a host that is not allowed.
        """
        transfer = _Transfer(partial, announced_bytes)
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

    async def _with_retries(self, url: str, transfer: _Transfer) -> None:
        budget = RetryBudget(ATTEMPTS)
        async for attempt in retry_within(budget):
            with attempt, budget:
                await self._request(url, transfer)

    async def _request(self, url: str, transfer: _Transfer) -> None:
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

    async def _receive(self, response: httpx.Response, transfer: _Transfer) -> None:
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


@dataclass(slots=True)
class _Transfer:
    """One download: what to request next, and what a response means for the partial file."""

    partial: PartialFile
    announced_bytes: int | None
    content_type: str | None = None
    is_complete: bool = False
    restarts: int = 0
    _total_bytes: int | None = None

    def request_headers(self) -> dict[str, str]:
        if not self.partial.size_bytes:
            return {}
        etag = _strong(self.partial.etag)
        if etag is None:
            self._start_again()
            return {}
        return {"Range": f"bytes={self.partial.size_bytes}-", "If-Range": etag}

    def accept(self, response: httpx.Response) -> bool:
        """Prepares the partial file for the body of a response; False if the body is not needed.

        Raises:
            ApiError: as `MediaClient.download`.
        """
        if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            self._accept_no_rest(response)
            return False
        if response.status_code == httpx.codes.PARTIAL_CONTENT:
            return self._accept_rest(response)
        check_download_status(response)
        _reject_other_content(response)
        if self.partial.size_bytes:
            self._count_restart()
        self._begin(response, _content_length(response))
        return True

    def append(self, chunk: bytes) -> None:
        """Stores the next bytes, unless the file is longer than announced."""
        self.partial.append(chunk)
        if self.announced_bytes is not None and self.partial.size_bytes > self.announced_bytes:
            self.check_length(self.partial.size_bytes)

    def note_end(self, stored_bytes: int) -> None:
        """Notes that a body has ended without an error; a server may send less than the whole rest.

        Raises:
            Transient: there was no body. `stored_bytes` were stored before it.
        """
        self.is_complete = self._total_bytes is None or self.partial.size_bytes >= self._total_bytes
        if not self.is_complete and self.partial.size_bytes <= stored_bytes:
            raise Transient("a media download ended without any content")

    def check_length(self, length: int | None) -> None:
        """Raises an error if a length is not the announced one."""
        if length is not None and self.announced_bytes is not None and length != self.announced_bytes:
            raise ApiError(f"the file has {length} bytes, but Recall.ai announces {self.announced_bytes}")

    def _accept_rest(self, response: httpx.Response) -> bool:
        found = _content_range(response)
        is_rest = found is not None and found["first"] == str(self.partial.size_bytes)
        is_same = _strong(response.headers.get("ETag")) in {None, self.partial.etag}
        total = int(found["total"]) if found else None
        if not is_rest or not is_same or self.partial.total_bytes not in {None, total}:
            self._start_again()
            return False
        _reject_other_content(response)
        self._begin(response, total)
        return True

    def _accept_no_rest(self, response: httpx.Response) -> None:
        found = _content_range(response)
        is_same = _strong(response.headers.get("ETag")) in {None, self.partial.etag}
        if found and is_same and int(found["total"]) == self.partial.size_bytes:
            self.is_complete = True
        else:
            self._start_again()

    def _begin(self, response: httpx.Response, total_bytes: int | None) -> None:
        """Notes what a body belongs to; it is the rest if the partial file is not empty and the status is 206."""
        self.check_length(total_bytes)
        self.content_type = _content_type(response)
        self._total_bytes = total_bytes
        if response.status_code != httpx.codes.PARTIAL_CONTENT or not self.partial.size_bytes:
            self.partial.begin(response.headers.get("ETag"), total_bytes)

    def _start_again(self) -> None:
        self._count_restart()
        self.partial.begin(None, None)

    def _count_restart(self) -> None:
        self.restarts += 1
        if self.restarts > MAX_RESTARTS:
            self.partial.begin(None, None)
            raise ApiError(f"the download started from its first byte {MAX_RESTARTS} times and was never complete")


def _strong(etag: str | None) -> str | None:
    """An ETag that names exact bytes; a weak one does not."""
    return etag if etag and etag.startswith('"') else None


def _content_length(response: httpx.Response) -> int | None:
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isdecimal() else None


def _content_range(response: httpx.Response) -> re.Match[str] | None:
    return _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", "").strip().lower())


def _content_type(response: httpx.Response) -> str | None:
    return response.headers.get("Content-Type", "").partition(";")[0].strip().lower() or None


def _reject_other_content(response: httpx.Response) -> None:
    """Rejects error pages of proxies, and compression that was not asked for.

    Raises:
        Transient: a later attempt may give the file.
    """
    if _MARKUP.match(_content_type(response) or ""):
        raise Transient("the download gave a page instead of a media file")
    encoding = response.headers.get("Content-Encoding", "").strip().lower()
    if encoding not in {"", "identity"}:
        raise Transient(f"the download is compressed ({encoding[:20]}), although that was not asked for")
