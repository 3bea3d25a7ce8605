"""Downloads artifacts by their signed URLs: without the API key, and from allowed hosts only.

The API client is never used here. Signed URLs lead to other hosts, which must not receive the key; some of them reject
a request with two kinds of credentials.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable
from contextlib import AsyncExitStack
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

import httpx
import stamina

from meeting_assets.core.errors import ApiError, TooLarge, Transient
from meeting_assets.core.urls import LOOPBACK
from meeting_assets.recall.network import DEFAULT_PORTS, TIMEOUT, failure_cause
from meeting_assets.recall.rate_limits import RetryBudget, retry_within
from meeting_assets.recall.response_bodies import ACCEPT_ENCODING, read_body
from meeting_assets.recall.responses import check_download_status, is_complete_json, reject_markup

DOWNLOAD_ATTEMPTS = 4
TRUNCATED_ATTEMPTS = 4

_HOST = re.compile(r"[a-z0-9.:-]+")

logger = logging.getLogger(__name__)


class _Truncated(Exception):
    """A document ends before its JSON does."""


class AllowedHosts:
    """The hosts that downloads may come from: the API's host, and those that match a pattern."""

    def __init__(self, api_url: str, patterns: tuple[str, ...]) -> None:
        self._api_url = urlsplit(api_url)
        self._patterns = [each.lower() for each in patterns]

    def check(self, url: httpx.URL) -> None:
        """Accepts the URL of a download or of a redirect.

        Raises:
            ApiError: its host or scheme is not allowed.
        """
        if not _HOST.fullmatch(url.host):
            raise ApiError("a download URL names no host")
        is_pattern_host = url.scheme == "https" and any(fnmatchcase(url.host, each) for each in self._patterns)
        if not is_pattern_host and not self._is_api(url):
            raise ApiError(
                f"a download leads to {url.scheme}://{url.host}, which MEETING_ASSETS_DOWNLOAD_HOSTS does not allow"
            )

    def _is_api(self, url: httpx.URL) -> bool:
        api = self._api_url
        if url.host != api.hostname or url.scheme not in {"https", api.scheme}:
            return False
        # httpx reports no port if it is the scheme's default.
        api_port = api.port if api.port != DEFAULT_PORTS.get(api.scheme) else None
        # A sandbox serves downloads at another port of this machine.
        return url.port == api_port or api.hostname in LOOPBACK


class DownloadClient:
    """Downloads documents, also concurrently; `aclose` closes its connections."""

    def __init__(
        self,
        hosts: AllowedHosts,
        max_bytes: int,
        new_transport: Callable[[], httpx.AsyncBaseTransport],
        *,
        timeout_s: float,
    ) -> None:
        self._hosts = hosts
        self._max_bytes = max_bytes
        self._new_transport = new_transport
        self._timeout_s = timeout_s
        # perf: a shared client checks all of its connections at each step of a request (benchmarks sync)
        self._idle_clients: list[httpx.AsyncClient] = []
        self._clients = AsyncExitStack()

    async def aclose(self) -> None:
        await self._clients.aclose()

    async def download(self, url: str) -> bytes:
        """The unchanged document behind a URL.

        A truncated document is downloaded again; after `TRUNCATED_ATTEMPTS` it is returned, and the parser judges it.

        Raises:
            UrlExpired: a fresh URL is needed.
            Transient: a later attempt may succeed.
            TooLarge: the document exceeds the limit of a download.
            ApiError: the URL leads to a host that is not allowed.
        """
        document = b""
        try:
            async for attempt in stamina.retry_context(
                on=_Truncated, attempts=TRUNCATED_ATTEMPTS, timeout=None, wait_initial=0.2, wait_jitter=0.3
            ):
                with attempt:
                    document = await self._with_retries(url)
                    if not is_complete_json(document):
                        raise _Truncated
        except _Truncated:
            logger.warning("a document was truncated %d times; it is stored as received", TRUNCATED_ATTEMPTS)
        return document

    async def _with_retries(self, url: str) -> bytes:
        budget = RetryBudget(DOWNLOAD_ATTEMPTS)
        async for attempt in retry_within(budget):
            with attempt, budget:
                document = await self._download(url)
        return document

    async def _download(self, url: str) -> bytes:
        client = self._idle_clients.pop() if self._idle_clients else await self._new_client()
        try:
            async with asyncio.timeout(self._timeout_s), client.stream("GET", url) as response:
                check_download_status(response)
                document = await read_body(response, self._max_bytes)
                reject_markup(document, response.headers.get("Content-Type", ""))
                return document
        except TooLarge as error:
            raise TooLarge(f"{error}, the limit that MEETING_ASSETS_MAX_DOWNLOAD_MB sets") from None
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            cause = failure_cause(error)
        finally:
            self._idle_clients.append(client)
        # Raised outside the handler, so that it has no context: httpx's errors contain the signed URL.
        raise Transient(f"a download failed: {cause}")

    async def _new_client(self) -> httpx.AsyncClient:
        client = httpx.AsyncClient(
            headers=ACCEPT_ENCODING,
            follow_redirects=True,
            max_redirects=3,
            timeout=TIMEOUT,
            transport=self._new_transport(),
            event_hooks={"request": [self._check_host]},
        )
        return await self._clients.enter_async_context(client)

    async def _check_host(self, request: httpx.Request) -> None:
        self._hosts.check(request.url)
