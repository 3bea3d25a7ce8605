"""The client: lists with all their pages, single objects, downloads. Reads only; never sends a body.

The API key goes to the API's own origin. Downloads use HTTP clients that do not know the key, since the URLs lead to
other hosts, some of which refuse a request with two kinds of credentials; one for each download that goes on, for a
client's pool looks through all of its connections at every step of a request.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote, urlencode, urlsplit
from uuid import UUID

import httpx
import stamina
from stamina.instrumentation import set_on_retry_hooks

from meeting_assets.core.errors import ApiError, Gone, Refused, TooLarge, Transient
from meeting_assets.core.instants import to_iso8601
from meeting_assets.core.urls import LOOPBACK
from meeting_assets.recall.answers import Page, check_document, check_download, is_whole, object_in, page_in
from meeting_assets.recall.bodies import ACCEPT_ENCODING, body_of
from meeting_assets.recall.network import DEFAULT_PORTS, EnvironmentTransport, Proxies, certificates
from meeting_assets.recall.pacing import RateLimiter, RetryBudget, Throttled

ATTEMPTS = 5
DOWNLOAD_ATTEMPTS = 4
CUT_ATTEMPTS = 4
RETRIEVES_PER_MINUTE = 250
CALL_TIMEOUT_S = 60.0
DOWNLOAD_TIMEOUT_S = 300.0
MOST_ANSWER_BYTES = 64 * 2**20
"""Of a page or an object, after decompression; pages of 100 bots with all their recordings take less than 5 MB."""
MOST_DOWNLOAD_BYTES = 256 * 2**20
MOST_PAGES_WITHOUT_NEWS = 10
"""Consecutive pages that bring no new object; a list that goes on after that does not end."""
MOST_PAGES = 50_000
"""Of one list; at 50 calls a minute 16 hours."""
# To wait for one of our own connections is no fault of the API.
TIMEOUT = httpx.Timeout(30.0, connect=10.0, pool=None)
LIMITS = httpx.Limits(max_connections=32, max_keepalive_connections=32)

_HOST = re.compile(r"[a-z0-9.:-]+")

Query = Mapping[str, str | UUID | datetime | list[str]]
Answer = TypeVar("Answer")

logger = logging.getLogger(__name__)

# These log URLs and headers, whose signatures are secrets; a level would hold only until somebody sets another one.
for _talkative in ("httpx", "httpcore.http11", "httpcore.http2", "httpcore.proxy"):
    logging.getLogger(_talkative).addFilter(lambda _: False)
# Stamina would tell every retry to a console that is to hold one JSON document.
set_on_retry_hooks([])


@dataclass(frozen=True, slots=True)
class Access:
    """What a client needs to know: where, with which key, how fast, and whose downloads to accept."""

    base_url: str
    api_key: str = field(repr=False)
    list_calls_per_minute: int = 50
    download_hosts: tuple[str, ...] = ()
    most_download_bytes: int = MOST_DOWNLOAD_BYTES
    """Of one download, after decompression."""


class _Cut(Exception):
    """A document came without its end."""


class RecallClient:
    """The API of one workspace; use it as an async context manager.

    Raises:
        SettingsError: the environment names proxies or certificates that cannot be used.
    """

    def __init__(
        self,
        access: Access,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        paced: Callable[[int], RateLimiter] = RateLimiter,
        call_timeout_s: float = CALL_TIMEOUT_S,
        download_timeout_s: float = DOWNLOAD_TIMEOUT_S,
    ) -> None:
        self._access = access
        self._call_timeout_s = call_timeout_s
        self._download_timeout_s = download_timeout_s
        self._api_url = urlsplit(access.base_url)
        self._paces: dict[str, RateLimiter] = defaultdict(lambda: paced(access.list_calls_per_minute))
        self._retrieves = paced(RETRIEVES_PER_MINUTE)
        self._transport = transport
        self._proxies = Proxies.of_environment()
        # To read the certificates takes 40 ms, for every client that is not given them.
        self._certificates = certificates()
        token = access.api_key.strip().removeprefix("Token ").strip()
        self._api = httpx.AsyncClient(
            base_url=access.base_url,
            headers={"Authorization": f"Token {token}", "Accept": "application/json", **ACCEPT_ENCODING},
            timeout=TIMEOUT,
            transport=self._own_transport(),
        )
        self._lanes: list[httpx.AsyncClient] = []
        """Clients that have no download right now."""
        self._open = AsyncExitStack()

    @property
    def retrieves_per_list_call(self) -> float:
        """How many objects may be retrieved in the time of one call of a list."""
        return RETRIEVES_PER_MINUTE / self._access.list_calls_per_minute

    async def __aenter__(self) -> Self:
        await self._open.enter_async_context(self._api)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._open.aclose()

    async def listed(self, collection: str, query: Query) -> AsyncIterator[dict[str, Any]]:
        """Every object of a list, page after page, each object once.

        Raises:
            Refused, Transient: see `core.errors`; a list that cannot be read to its end raises, it never looks short.
        """
        seen: set[str] = set()
        async for page in self.pages(collection, encode_query(query)):
            for document in page.results:
                object_id = document.get("id")
                # Pages may shift while they are read; an object that comes twice is the same object.
                if not isinstance(object_id, str) or object_id not in seen:
                    seen.add(str(object_id))
                    yield document

    async def pages(self, collection: str, query: str = "") -> AsyncIterator[Page]:
        """The pages of a list, by whose `following` reading can go on another time.

        Raises:
            Refused, Transient: as `listed`.
        """
        path = f"/api/v1/{quote(collection, safe='')}/"
        following: str | None = query
        asked: set[str] = set()
        progress = _Progress(path)
        while following is not None:
            if following in asked:
                raise Transient(f"{path}: a page of the list leads back to an earlier one")
            asked.add(following)
            try:
                page = await self._get(path, following, self._paces[collection], page_in)
            except Gone:
                raise _missing_page(path, is_first=len(asked) == 1) from None
            following = page.following
            progress.check(page)
            yield page

    async def retrieved(self, collection: str, object_id: str) -> dict[str, Any]:
        """One object by its id.

        Raises:
            Gone: there is no such object (any more).
            ObjectRefused, Refused, Transient: see `core.errors`.
        """
        path = f"/api/v1/{quote(collection, safe='')}/{quote(object_id, safe='')}/"
        return await self._get(path, "", self._retrieves, object_in)

    async def downloaded(self, url: str) -> bytes:
        """The document behind a download URL, as it is.

        A document whose end is missing is asked for again before it is taken as it is: the parser has the last word.

        Raises:
            UrlExpired: a fresh URL is needed.
            Transient: it may be had later.
            TooLarge: it exceeds the limit of a download.
            ApiError: it leads to a host that downloads may not come from.
        """
        body = b""
        try:
            async for attempt in stamina.retry_context(
                on=_Cut, attempts=CUT_ATTEMPTS, timeout=None, wait_initial=0.2, wait_jitter=0.3
            ):
                with attempt:
                    body = await self._whole_answer(url)
                    if not is_whole(body):
                        raise _Cut
        except _Cut:
            logger.warning("a document came without its end %d times and is taken as it is", CUT_ATTEMPTS)
        return body

    async def _get(
        self, path: str, query: str, pace: RateLimiter, read: Callable[[httpx.Response, str], Answer]
    ) -> Answer:
        patience = RetryBudget(ATTEMPTS)
        async for attempt in _attempts(patience):
            with attempt:
                await pace.wait()
                try:
                    with patience:
                        answer = read(await self._asked(path, query), path)
                except Throttled as error:
                    pace.pause(error.retry_after_s or 0.0)
                    raise
        return answer

    async def _asked(self, path: str, query: str) -> httpx.Response:
        try:
            url = f"{path}?{query}" if query else path
            async with asyncio.timeout(self._call_timeout_s), self._api.stream("GET", url) as response:
                body = await body_of(response, MOST_ANSWER_BYTES)
                # Its body is decompressed, which the header would deny.
                headers = [each for each in response.headers.multi_items() if each[0] != "content-encoding"]
                return httpx.Response(response.status_code, headers=headers, content=body)
        except TooLarge as error:
            fault = str(error)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            fault = _fault(error)
        # Raised here so that the error has no context: httpx's errors hold their request, with URL and key.
        raise Transient(f"{path} of {self._api_url.hostname}: {fault}")

    async def _whole_answer(self, url: str) -> bytes:
        patience = RetryBudget(DOWNLOAD_ATTEMPTS)
        async for attempt in _attempts(patience):
            with attempt, patience:
                body = await self._download(url)
        return body

    async def _download(self, url: str) -> bytes:
        lane = self._lanes.pop() if self._lanes else await self._open.enter_async_context(self._lane())
        try:
            async with asyncio.timeout(self._download_timeout_s), lane.stream("GET", url) as response:
                check_download(response)
                body = await body_of(response, self._access.most_download_bytes)
                check_document(body, response.headers.get("Content-Type", ""))
                return body
        except TooLarge as error:
            raise TooLarge(f"{error}, the limit that MEETING_ASSETS_MAX_DOWNLOAD_MB sets") from None
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            fault = _fault(error)
        finally:
            self._lanes.append(lane)
        # Raised here so that the error has no context: httpx's errors hold their request, with the signed URL.
        raise Transient(f"a download failed: {fault}")

    def _lane(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            headers=ACCEPT_ENCODING,
            follow_redirects=True,
            max_redirects=3,
            timeout=TIMEOUT,
            transport=self._own_transport(),
            event_hooks={"request": [self._check_host]},
        )

    def _own_transport(self) -> httpx.AsyncBaseTransport:
        return self._transport or EnvironmentTransport(self._proxies, self._certificates, LIMITS)

    async def _check_host(self, request: httpx.Request) -> None:
        """Keeps downloads, redirects included, on the hosts they may come from."""
        scheme, host = request.url.scheme, request.url.host
        if not _HOST.fullmatch(host):
            raise ApiError("a download URL names no host")
        is_api = (
            host == self._api_url.hostname and scheme in {"https", self._api_url.scheme} and self._is_api_port(request)
        )
        patterns = self._access.download_hosts
        if is_api or (scheme == "https" and any(fnmatchcase(host, each.lower()) for each in patterns)):
            return
        raise ApiError(f"a download leads to {scheme}://{host}, which MEETING_ASSETS_DOWNLOAD_HOSTS does not allow")

    def _is_api_port(self, request: httpx.Request) -> bool:
        """Whether a request goes to the API's port; a sandbox serves downloads at another port of this machine."""
        default = DEFAULT_PORTS.get(self._api_url.scheme)
        api_port = self._api_url.port if self._api_url.port != default else None
        # httpx has no port where it is the scheme's default.
        return request.url.port == api_port or self._api_url.hostname in LOOPBACK


class _Progress:
    """Whether the pages of a list go on bringing something new."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._seen: set[str] = set()
        self._pages = 0
        self._without_news = 0

    def check(self, page: Page) -> None:
        """Counts a page in.

        Raises:
            Transient: the list does not end.
        """
        ids = {each["id"] for each in page.results if isinstance(each.get("id"), str)}
        self._pages += 1
        self._without_news = 0 if ids - self._seen else self._without_news + 1
        self._seen |= ids
        if page.following is None:
            return
        if self._without_news >= MOST_PAGES_WITHOUT_NEWS:
            raise Transient(f"{self._path}: {self._without_news} pages in a row brought no new object; reading stopped")
        if self._pages >= MOST_PAGES:
            raise Transient(f"{self._path}: the list did not end within {MOST_PAGES:,} pages; reading stopped")


def _attempts(patience: RetryBudget) -> AsyncIterator[stamina.Attempt]:
    def hook(error: Exception) -> bool | float:
        wait_s = patience.wait_s(error)
        if wait_s is None:
            return False
        logger.debug("asking again in %.1f s: %s", wait_s, error)
        return wait_s

    return stamina.retry_context(on=hook, attempts=None, timeout=None).__aiter__()


def encode_query(query: Query) -> str:
    """A query as it stands in a URL."""
    pairs: list[tuple[str, str]] = []
    for name, value in query.items():
        values = value if isinstance(value, list) else [value]
        pairs.extend((name, to_iso8601(each) if isinstance(each, datetime) else str(each)) for each in values)
    return urlencode(pairs)


def _missing_page(path: str, *, is_first: bool) -> ApiError:
    if is_first:
        return Refused(f"{path}: the API has no such list; check RECALL_BASE_URL")
    return Transient(f"{path}: a page of the list is gone; the list has to be read from its start")


def _fault(error: Exception) -> str:
    """What went wrong on the way; the text of such an error may hold parts of the URL, its kind does not."""
    if isinstance(error, httpx.ConnectError):
        return f"no connection ({error})"
    if isinstance(error, httpx.ProxyError):
        return "the proxy refused the connection"
    if isinstance(error, httpx.InvalidURL | httpx.UnsupportedProtocol):
        return "the URL is none"
    if isinstance(error, httpx.TimeoutException | TimeoutError):
        return f"no answer in time ({type(error).__name__})"
    return f"the answer broke off ({type(error).__name__})"
