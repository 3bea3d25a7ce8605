"""HTTP connections to Dagster's webserver: headers, paths and streamed bodies."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from urllib.parse import quote

import httpx
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from meeting_assets.core.errors import SettingsError, UsageError
from meeting_assets.webserver_proxy.policy import JSON_TYPE

HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer"}
    | {"transfer-encoding", "upgrade", "expect", "content-length", "content-type", "accept-encoding"}
)
"""Headers of one connection, and those that the proxy sets itself."""
RESPONSE_HOP_BY_HOP = frozenset({"connection", "keep-alive", "proxy-authenticate", "transfer-encoding", "upgrade"})
PATH_CHARACTERS = "/!$&'()*+,;=:@~"
# Another page cannot show the UI in a frame and make the user click in it.
FRAME_POLICY = [(b"content-security-policy", b"frame-ancestors 'self'"), (b"x-frame-options", b"SAMEORIGIN")]
CONNECT_TIMEOUT_S = 5.0
CONNECTIONS = 200
HTML = "text/html"
PREFIX_START = "//:/"
"""Browsers cannot parse an address that begins with it (docs/decisions, "A proxy protects the webserver")."""
UNREACHABLE = "Dagster's webserver does not respond at the address of --webserver. Start it, or correct the address."

Headers = Iterable[tuple[bytes, bytes]]


class Upstream:
    """Dagster's webserver on a loopback address, below a path prefix.

    Args:
        url: the address, such as `http://127.0.0.1:3001`.
        path_prefix: the `--path-prefix` of the webserver, which begins with `//:/`. Pages and redirects are sent
            without it. Empty: the webserver's own port is unprotected.

    Raises:
        UsageError: the address is invalid.
        SettingsError: the prefix is invalid.
    """

    def __init__(self, url: str, path_prefix: str = "") -> None:
        self._url = _base_url(url)
        if path_prefix and (not path_prefix.startswith(PREFIX_START) or path_prefix.endswith("/")):
            raise SettingsError(
                f"DAGSTER_WEBSERVER_PATH_PREFIX (or --path-prefix) must be {PREFIX_START} and a secret, without a "
                "final slash. Set the same value for webserver and proxy."
            )
        self._prefix = path_prefix
        # Large responses take long, but a webserver that has ended must be noticed.
        timeout = httpx.Timeout(None, connect=CONNECT_TIMEOUT_S, pool=CONNECT_TIMEOUT_S)
        limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=20)
        self._client = httpx.AsyncClient(timeout=timeout, limits=limits, trust_env=False, follow_redirects=False)

    async def close(self) -> None:
        await self._client.aclose()

    def websocket_url(self, path: str) -> str:
        return f"{self._url.copy_with(scheme='ws')}".rstrip("/") + self._target(path, "")

    async def response(self, method: str, path: str, query: str, headers: Headers, body: bytes | None) -> Response:
        """Sends a request to the webserver and returns its response, streamed except for HTML pages.

        Args:
            method: GET, HEAD or POST.
            path: percent-decoded path as the policy has seen it.
            query: query string, not decoded.
            headers: headers of the browser's request.
            body: JSON of a POST; None without a body.
        """
        request = httpx.Request(
            method,
            self._url,
            headers=_forwarded(headers, has_body=body is not None),
            content=body,
            # Nothing between the policy and the webserver normalizes the path.
            extensions={"target": self._target(path, query).encode("ascii"), "timeout": self._client.timeout.as_dict()},
        )
        try:
            received = await self._client.send(request, stream=True)
            if self._prefix and HTML in received.headers.get("content-type", ""):
                return await self._page(method, received)
        except httpx.RequestError:
            return unreachable()
        response = _Streamed(received)
        response.raw_headers = self._response_headers(received)
        return response

    async def _page(self, method: str, received: httpx.Response) -> Response:
        """An HTML page without the path prefix, read as a whole. The webserver's pages have a few KB."""
        try:
            content = await received.aread()
        finally:
            await received.aclose()
        page = Response(content.replace(self._prefix.encode(), b""), received.status_code)
        changed = (b"content-length", b"content-encoding")
        kept = [each for each in self._response_headers(received) if each[0] not in changed]
        # The length of a page is unknown without its body.
        length = [] if method == "HEAD" else [(b"content-length", str(len(page.body)).encode())]
        page.raw_headers = [*kept, *length]
        return page

    def _response_headers(self, received: httpx.Response) -> list[tuple[bytes, bytes]]:
        headers = [(name.lower(), value) for name, value in received.headers.raw]
        kept = [each for each in headers if each[0].decode() not in RESPONSE_HOP_BY_HOP]
        prefix = self._prefix.encode()
        located = [(name, value.replace(prefix, b"", 1) if name == b"location" else value) for name, value in kept]
        return [*located, *FRAME_POLICY]

    def _target(self, path: str, query: str) -> str:
        return quote(self._prefix + path, safe=PATH_CHARACTERS) + (f"?{query}" if query else "")


class _Streamed(StreamingResponse):
    """A response whose bytes are passed on as they arrive; the connection is released also if the browser leaves."""

    def __init__(self, received: httpx.Response) -> None:
        super().__init__(received.aiter_raw(), received.status_code)
        self._received = received

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._received.aclose()


def unreachable() -> Response:
    """The answer while the webserver cannot be reached, or sends no valid response."""
    return PlainTextResponse(f"{UNREACHABLE}\n", HTTPStatus.BAD_GATEWAY)


def _base_url(url: str) -> httpx.URL:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        parsed = httpx.URL()
    if parsed.scheme != "http" or not parsed.host or parsed.path not in ("", "/") or parsed.query:
        raise UsageError("--webserver must be the webserver's address, such as http://127.0.0.1:3001.")
    return parsed


def _forwarded(headers: Headers, *, has_body: bool) -> list[tuple[bytes, bytes]]:
    """The headers of the browser's request that the webserver receives."""
    received = [(name.lower(), value) for name, value in headers]
    named = {each.strip().lower() for name, value in received if name == b"connection" for each in value.split(b",")}
    kept = [(name, value) for name, value in received if name.decode() not in HOP_BY_HOP and name not in named]
    # The proxy rewrites pages and can decode gzip, but no other compression that browsers accept.
    accepts_gzip = any(name == b"accept-encoding" and b"gzip" in value for name, value in received)
    kept.append((b"accept-encoding", b"gzip" if accepts_gzip else b"identity"))
    return [*kept, (b"content-type", JSON_TYPE.encode())] if has_body else kept
