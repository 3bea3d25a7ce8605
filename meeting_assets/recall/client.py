"""Client of the Recall.ai API: lists, single objects and downloads. It only sends GET requests without a body."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote, urlencode
from uuid import UUID

import httpx

from meeting_assets.core.errors import ApiError, Gone, ListRefused, TooLarge, Transient
from meeting_assets.core.instants import to_iso8601
from meeting_assets.recall.downloads import AllowedHosts, DownloadClient
from meeting_assets.recall.network import TIMEOUT, EnvironmentTransport, Proxies, certificates, failure_cause
from meeting_assets.recall.pagination import EndlessListGuard, PageMissing, names_page
from meeting_assets.recall.rate_limits import RateLimiter, RetryBudget, Throttled, retry_within
from meeting_assets.recall.response_bodies import ACCEPT_ENCODING, read_body
from meeting_assets.recall.responses import Page, parse_object, parse_page

ATTEMPTS = 5
RETRIEVES_PER_MINUTE = 250
CALL_TIMEOUT_S = 60.0
DOWNLOAD_TIMEOUT_S = 300.0
MAX_RESPONSE_BYTES = 64 * 2**20
"""After decompression; a page of 100 bots with all their recordings takes less than 5 MB."""
MAX_DOWNLOAD_BYTES = 256 * 2**20

Query = Mapping[str, str | UUID | datetime | list[str]]
Parsed = TypeVar("Parsed")


@dataclass(frozen=True, slots=True)
class Access:
    """Address, key and limits of the API of one workspace."""

    base_url: str
    api_key: str = field(repr=False)
    list_calls_per_minute: int = 50
    download_hosts: tuple[str, ...] = ()
    """Patterns of hosts that downloads may come from, beside the API's own."""
    max_download_bytes: int = MAX_DOWNLOAD_BYTES
    """Limit of one download, after decompression."""


class RecallClient:
    """Client of the API of one workspace; an async context manager.

    Raises:
        SettingsError: a proxy or certificate variable of the environment is invalid.
    """

    def __init__(
        self,
        access: Access,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        new_limiter: Callable[[int], RateLimiter] = RateLimiter,
        call_timeout_s: float = CALL_TIMEOUT_S,
        download_timeout_s: float = DOWNLOAD_TIMEOUT_S,
    ) -> None:
        new_transport = environment_transports() if transport is None else lambda: transport
        self._list_calls_per_minute = access.list_calls_per_minute
        self._call_timeout_s = call_timeout_s
        self._list_limiters: dict[str, RateLimiter] = defaultdict(lambda: new_limiter(access.list_calls_per_minute))
        self._retrieve_limiter = new_limiter(RETRIEVES_PER_MINUTE)
        token = access.api_key.strip().removeprefix("Token ").strip()
        self._api = httpx.AsyncClient(
            base_url=access.base_url,
            headers={"Authorization": f"Token {token}", "Accept": "application/json", **ACCEPT_ENCODING},
            timeout=TIMEOUT,
            transport=new_transport(),
        )
        self._downloads = DownloadClient(
            AllowedHosts(access.base_url, access.download_hosts),
            access.max_download_bytes,
            new_transport,
            timeout_s=download_timeout_s,
        )
        self._open = AsyncExitStack()

    @property
    def retrieves_per_list_call(self) -> float:
        """Objects that can be retrieved in the time of one list call."""
        return RETRIEVES_PER_MINUTE / self._list_calls_per_minute

    async def __aenter__(self) -> Self:
        await self._open.enter_async_context(self._api)
        self._open.push_async_callback(self._downloads.aclose)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._open.aclose()

    async def list_objects(self, collection: str, query: Query) -> AsyncIterator[dict[str, Any]]:
        """All objects of a list, each once.

        Raises:
            Refused, Transient: see `core.errors`; an incompletely read list always raises.
        """
        object_ids: set[str] = set()
        async for page in self.list_pages(collection, encode_query(query)):
            for document in page.results:
                object_id = document.get("id")
                # Pages can shift while they are read, so an object may be listed twice.
                if not isinstance(object_id, str) or object_id not in object_ids:
                    object_ids.add(str(object_id))
                    yield document

    async def list_pages(self, collection: str, query: str = "", *, version: str = "v1") -> AsyncIterator[Page]:
        """The pages of a list; `next_query` of a page resumes the list after it.

        `version` is that of the API. Each collection has a rate limit of its own.

        Raises:
            Refused, Transient: as `list_objects`.
            ListRefused: the API has no such list, or does not offer it to this key.
            PageMissing: `query`, or a page before, names a page that does not exist.
        """
        path = f"/api/{version}/{quote(collection, safe='')}/"
        guard = EndlessListGuard(path, query)
        next_query: str | None = query
        while next_query is not None:
            try:
                page = await self._get(path, next_query, self._list_limiters[collection], parse_page)
            except Gone:
                raise _missing_page(path, is_first=not names_page(next_query)) from None
            guard.check(page)
            next_query = page.next_query
            yield page

    async def retrieve(self, collection: str, object_id: str) -> dict[str, Any]:
        """One object by its id.

        Raises:
            Gone: the object does not exist, or no longer.
            ObjectRefused, Refused, Transient: see `core.errors`.
        """
        path = f"/api/v1/{quote(collection, safe='')}/{quote(object_id, safe='')}/"
        return await self._get(path, "", self._retrieve_limiter, parse_object)

    async def download(self, url: str) -> bytes:
        """The unchanged document behind a signed URL.

        Raises:
            UrlExpired, Transient, TooLarge, ApiError: as `DownloadClient.download`.
        """
        return await self._downloads.download(url)

    async def _get(
        self, path: str, query: str, limiter: RateLimiter, parse: Callable[[httpx.Response, str], Parsed]
    ) -> Parsed:
        budget = RetryBudget(ATTEMPTS)
        async for attempt in retry_within(budget):
            with attempt:
                await limiter.wait()
                try:
                    with budget:
                        parsed = parse(await self._send(path, query), path)
                except Throttled as error:
                    limiter.pause(error.retry_after_s or 0.0)
                    raise
        return parsed

    async def _send(self, path: str, query: str) -> httpx.Response:
        """The response to one request, its body decompressed."""
        try:
            url = f"{path}?{query}" if query else path
            async with asyncio.timeout(self._call_timeout_s), self._api.stream("GET", url) as response:
                body = await read_body(response, MAX_RESPONSE_BYTES)
                headers = [each for each in response.headers.multi_items() if each[0] != "content-encoding"]
                return httpx.Response(response.status_code, headers=headers, content=body)
        except TooLarge as error:
            cause = str(error)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            cause = failure_cause(error)
        # Raised outside the handler, so that it has no context: httpx's errors contain the URL and the key.
        raise Transient(f"{path} of {self._api.base_url.host}: {cause}")


def encode_query(query: Query) -> str:
    """A query string; a list repeats its parameter.

    >>> encode_query({"status": ["done", "failed"], "cursor": "a b"})
    'status=done&status=failed&cursor=a+b'
    """
    pairs: list[tuple[str, str]] = []
    for name, value in query.items():
        values = value if isinstance(value, list) else [value]
        pairs.extend((name, to_iso8601(each) if isinstance(each, datetime) else str(each)) for each in values)
    return urlencode(pairs)


def environment_transports() -> Callable[[], httpx.AsyncBaseTransport]:
    # perf: loading the certificates takes 40 ms, so all transports of a client share them (benchmarks sync)
    return partial(EnvironmentTransport, Proxies.from_environment(), certificates())


def _missing_page(path: str, *, is_first: bool) -> ApiError:
    if is_first:
        return ListRefused(f"{path}: the API has no such list; check RECALL_BASE_URL")
    return PageMissing(f"{path}: a page of the list no longer exists; the list must be read again from its start")
