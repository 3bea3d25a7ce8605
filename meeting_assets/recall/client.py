"""The client: lists with all their pages, single objects, downloads. Reads only; never sends a body.

The API key goes to the API's own origin. Downloads use a second HTTP client that does not know the key, since the
URLs lead to other hosts, some of which refuse a request with two kinds of credentials.
"""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatch
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

import httpx
import msgspec
import stamina

from meeting_assets.core.errors import ApiError, Gone, Refused, Transient, UrlExpired
from meeting_assets.core.instants import wire
from meeting_assets.recall.pacing import Pace

ATTEMPTS = 5
LONGEST_WAIT_S = 60.0
RETRIEVES_PER_MINUTE = 250
DOWNLOAD_TIMEOUT_S = 300.0
TIMEOUT = httpx.Timeout(30.0, connect=10.0)
LIMITS = httpx.Limits(max_connections=32, max_keepalive_connections=32)

Query = Mapping[str, str | UUID | datetime | list[str]]
Parameters = list[tuple[str, str | int | float | bool | None]]


@dataclass(frozen=True, slots=True)
class Access:
    """What a client needs to know: where, with which key, how fast, and whose downloads to accept."""

    base_url: str
    api_key: str
    list_calls_per_minute: int = 50
    download_hosts: tuple[str, ...] = ()


class RecallClient:
    """The API of one workspace; use it as an async context manager."""

    def __init__(self, access: Access, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._access = access
        self._api_host = urlsplit(access.base_url).hostname
        self._paces: dict[str, Pace] = defaultdict(lambda: Pace(access.list_calls_per_minute))
        self._retrieves = Pace(RETRIEVES_PER_MINUTE)
        token = access.api_key.strip().removeprefix("Token ").strip()
        self._api = httpx.AsyncClient(
            base_url=access.base_url,
            headers={"Authorization": f"Token {token}", "Accept": "application/json"},
            timeout=TIMEOUT,
            limits=LIMITS,
            transport=transport,
        )
        self._downloads = httpx.AsyncClient(
            follow_redirects=True,
            max_redirects=3,
            timeout=TIMEOUT,
            limits=LIMITS,
            transport=transport,
            event_hooks={"request": [self._check_host]},
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._api.aclose()
        await self._downloads.aclose()

    async def listed(self, collection: str, query: Query) -> AsyncIterator[dict[str, Any]]:
        """Every object of a list, page after page, each object once.

        Raises:
            Refused, Transient: see `core.errors`; a list that could not be read to its end raises, it never looks short.
        """
        parameters = _parameters(query)
        seen: set[str] = set()
        while True:
            page = await self._get(f"/api/v1/{collection}/", parameters, self._paces[collection])
            for document in page.get("results", ()):
                # Pages may shift while they are read; an object that comes twice is the same object.
                if document.get("id") not in seen:
                    seen.add(document.get("id"))
                    yield document
            if not (following := page.get("next")):
                return
            # Only the query is taken: behind a proxy, `next` names a host that is not ours to call.
            parameters = [*parse_qsl(urlsplit(following).query)]

    async def retrieved(self, collection: str, object_id: str) -> dict[str, Any]:
        """One object by its id.

        Raises:
            Gone: there is no such object (any more).
            Refused, Transient: see `core.errors`.
        """
        return await self._get(f"/api/v1/{collection}/{object_id}/", [], self._retrieves)

    async def downloaded(self, url: str) -> bytes:
        """The JSON document behind a download URL, as it is, complete as far as its outside tells.

        A document whose end is missing is asked for again before it is taken as it is; HTML is no document.

        Raises:
            UrlExpired: a fresh URL is needed.
            Transient: it may be had later.
        """
        cut = 0
        async for attempt in _attempts():
            with attempt:
                body = await self._download(url)
                if not _looks_whole(body) and cut < ATTEMPTS - 2:
                    cut += 1
                    raise Transient("the downloaded document is cut or no JSON")
        return body

    async def _get(self, path: str, parameters: Parameters, pace: Pace) -> dict[str, Any]:
        async for attempt in _attempts():
            with attempt:
                await pace.wait()
                try:
                    response = await self._api.get(path, params=httpx.QueryParams(parameters))
                except httpx.TransportError as error:
                    raise Transient(f"{path}: {_transport_fault(error)}") from None
                _raise_for_api(response, path)
                document = _object(response, path)
        return document

    async def _download(self, url: str) -> bytes:
        try:
            async with asyncio.timeout(DOWNLOAD_TIMEOUT_S), self._downloads.stream("GET", url) as response:
                _raise_for_download(response)
                body = b"".join([chunk async for chunk in response.aiter_bytes()])
        except TimeoutError:
            raise Transient(f"a download took more than {DOWNLOAD_TIMEOUT_S:.0f} s") from None
        except httpx.TooManyRedirects:
            raise Transient("a download redirects in a circle") from None
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise Transient(f"a download broke off: {_transport_fault(error)}") from None
        except (httpx.InvalidURL, httpx.UnsupportedProtocol):
            raise Transient("the API gave a download URL that is no URL") from None
        if body.lstrip()[:1] == b"<":
            raise Transient("the download gave HTML where JSON was due")
        return body

    async def _check_host(self, request: httpx.Request) -> None:
        """Keeps downloads, redirects included, on the hosts they may come from."""
        host = request.url.host
        if host == self._api_host:
            return
        if request.url.scheme != "https" or not any(fnmatch(host, each) for each in self._access.download_hosts):
            raise ApiError(
                f"a download leads to {request.url.scheme}://{host}, which MEETING_ASSETS_DOWNLOAD_HOSTS does not allow"
            )


def _attempts() -> AsyncIterator[stamina.Attempt]:
    return stamina.retry_context(
        on=_wait_s,
        attempts=ATTEMPTS,
        timeout=None,
        wait_initial=0.2,
        wait_max=LONGEST_WAIT_S,
        wait_jitter=0.5,
    ).__aiter__()


def _wait_s(error: Exception) -> bool | float:
    """Whether to ask again, and after how many seconds if the API said so."""
    if not isinstance(error, Transient):
        return False
    if error.retry_after_s is None:
        return True
    return min(error.retry_after_s, LONGEST_WAIT_S) + random.uniform(0.1, 1.0)  # noqa: S311 - jitter, no secret


def _parameters(query: Query) -> Parameters:
    pairs: Parameters = []
    for name, value in query.items():
        values = value if isinstance(value, list) else [value]
        pairs.extend((name, wire(each) if isinstance(each, datetime) else str(each)) for each in values)
    return pairs


def _raise_for_api(response: httpx.Response, path: str) -> None:
    code = response.status_code
    if code == 200:
        return
    if code == 401:
        raise Refused(
            "The API does not know this key: check RECALL_API_KEY and RECALL_REGION (a key works in its own region only)."
        )
    if code == 402:
        raise Refused("The API asks for payment (402): the workspace's credit is used up.")
    if code == 404:
        raise Gone(f"{path}: not found")
    if code in {409, 429} or code >= 500:
        raise Transient(f"{path}: the API answered {code}", retry_after_s=_retry_after_s(response))
    if code == 403:
        # The edge blocks by reputation or load as well as for good; for good it stays 403 after all attempts.
        raise Transient(f"{path}: blocked at the API's edge (403)")
    if response.is_redirect:
        raise Refused(f"{path}: the API redirects elsewhere ({code}); check RECALL_BASE_URL")
    raise Refused(f"{path}: the API answered {code}")


def _raise_for_download(response: httpx.Response) -> None:
    code = response.status_code
    if code == 200:
        return
    if code in {400, 401, 403, 404, 410}:
        raise UrlExpired(f"the download URL is no longer accepted ({code})")
    raise Transient(f"the download answered {code}", retry_after_s=_retry_after_s(response))


def _retry_after_s(response: httpx.Response) -> float | None:
    value = response.headers.get("Retry-After", "")
    return float(value) if value.isdecimal() else None


def _object(response: httpx.Response, path: str) -> dict[str, Any]:
    try:
        document = msgspec.json.decode(response.content)
    except msgspec.DecodeError:
        raise Transient(f"{path}: the API answered 200 without JSON") from None
    if not isinstance(document, dict):
        raise Transient(f"{path}: the API answered 200 with JSON that is no object")
    return document


def _transport_fault(error: httpx.RequestError) -> str:
    """The kind of a transport error; its text may hold parts of the URL."""
    return type(error).__name__


def _looks_whole(body: bytes) -> bool:
    """Whether a document ends as it begins; the parser has the last word, this one is cheap."""
    text = body.strip()
    return (text[:1], text[-1:]) in {(b"[", b"]"), (b"{", b"}")}
