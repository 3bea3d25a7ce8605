"""Decides which requests are forwarded to Dagster's webserver. The functions are pure.

Each function returns a `Refusal`, or None if the request may pass:

    request_refusal    method, path, query string and headers, before the body is read
    document_refusal   the body of a GraphQL request, or the payload of a WebSocket message

A browser adds `Host` and `Origin` itself; a page cannot change them. `Host` names the address that the user opened: a
foreign name there is DNS rebinding. `Origin` names the page that sends the request. A POST of `application/json` from
another origin needs a CORS preflight, and preflights (OPTIONS) are refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from meeting_assets.core.errors import UsageError

GRAPHQL = "/graphql"
REPORT_ENDPOINTS = "/report_asset_"
REPORT_FIELD = "reportRunlessAssetEvents"
LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")
DEFAULT_PORTS = {"http": 80, "https": 443}
READING_METHODS = frozenset({"GET", "HEAD"})
JSON_TYPE = "application/json"
# Dagster's UI adds the operation's name to the URL, for people who read logs. It is not forwarded.
OPERATION_LABEL = re.compile(r"op=\w*", re.ASCII)
OWN_SITES = frozenset({"same-origin", "none"})
"""`Sec-Fetch-Site` of requests of an own page, and of an address that the user types or opens from a bookmark."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The answer to a request that is not forwarded."""

    status: HTTPStatus
    reason: str
    """A sentence with the cause and the remedy. Contains nothing of the request."""


@dataclass(frozen=True, slots=True)
class ProxyRequest:
    """The parts of a request that the policy checks."""

    method: str
    path: str
    """Percent-decoded, as the webserver's router sees it."""
    query: str = ""
    headers: Sequence[tuple[str, str]] = field(default=())
    is_websocket: bool = False

    def values(self, name: str) -> list[str]:
        """All values of one header, whose name is given in lower case."""
        return [value.strip() for each, value in self.headers if each.lower() == name]


def allowed_origins(port: int, public_url: str | None = None) -> Mapping[str, str]:
    """Returns the allowed origin for each accepted `Host`: the loopback names with this port, and the public address.

    >>> allowed_origins(3000, "https://dagster.example.org")["dagster.example.org"]
    'https://dagster.example.org'

    Raises:
        UsageError: the public URL is not `http(s)://HOST[:PORT]`.
    """
    origins: dict[str, str] = {}
    for url in (*(f"http://{name}:{port}" for name in LOOPBACK_NAMES), *([public_url] if public_url else [])):
        scheme, name, url_port = _parsed(url)
        default = DEFAULT_PORTS[scheme]
        authorities = [f"{name}:{url_port or default}"] + ([name] if url_port in (None, default) else [])
        # A browser omits the default port in both headers.
        origins |= dict.fromkeys(authorities, f"{scheme}://{authorities[-1]}")
    return origins


def _parsed(url: str) -> tuple[str, str, int | None]:
    """Scheme, name (IPv6 in brackets) and port of an origin."""
    try:
        parts = urlsplit(url)
        name, port = parts.hostname or "", parts.port
    except ValueError:
        parts, name, port = urlsplit(""), "", None
    is_origin = parts.path in ("", "/") and not (parts.query or parts.fragment or parts.username)
    if not name or not is_origin or parts.scheme not in DEFAULT_PORTS:
        raise UsageError("--public-url must be the address that browsers use, such as https://dagster.example.org.")
    return parts.scheme, f"[{name}]" if ":" in name else name, port


def request_refusal(request: ProxyRequest, origins: Mapping[str, str]) -> Refusal | None:
    """Returns why a request is not forwarded, before its body is read; None if it may be.

    Args:
        request: the request.
        origins: the allowed origin for each accepted `Host`.
    """
    return (
        _host_refusal(request, origins)
        or _origin_refusal(request, origins)
        or _path_refusal(request)
        or (_websocket_refusal if request.is_websocket else _method_refusal)(request)
    )


def document_refusal(document: Any) -> Refusal | None:
    """Returns why a decoded GraphQL request is not forwarded; None if it may be.

    GraphQL has no escapes in names, so a document that uses a field contains its name.
    """
    query = document.get("query") if isinstance(document, dict) else None
    if not isinstance(query, str):
        return Refusal(HTTPStatus.BAD_REQUEST, "The body must be a JSON object with a text `query`.")
    if REPORT_FIELD in query:
        return Refusal(HTTPStatus.FORBIDDEN, f"{REPORT_FIELD} is disabled: runs report what they have stored.")
    return None


def _host_refusal(request: ProxyRequest, origins: Mapping[str, str]) -> Refusal | None:
    hosts = request.values("host")
    if len(hosts) == 1 and hosts[0].lower() in origins:
        return None
    return Refusal(
        HTTPStatus.FORBIDDEN,
        f"The Host header does not name this server. Open {next(iter(origins.values()))}, or start it again with the "
        "option --public-url and the address that browsers use. A tunnel can also use the same port at both ends.",
    )


def _origin_refusal(request: ProxyRequest, origins: Mapping[str, str]) -> Refusal | None:
    """Refuses other origins, and other sites where a browser names the site of the page (`Sec-Fetch-Site`)."""
    allowed = origins[request.values("host")[0].lower()]
    is_foreign = any(origin != allowed for origin in request.values("origin"))
    if not OWN_SITES.issuperset(request.values("sec-fetch-site")) and not _is_navigation(request):
        is_foreign = True
    if is_foreign:
        reason = f"The request comes from another page. Only pages of {allowed} may send it."
        return Refusal(HTTPStatus.FORBIDDEN, reason)
    return None


def _is_navigation(request: ProxyRequest) -> bool:
    """Whether the request is a top-level navigation. GET changes nothing, so links from other sites are allowed."""
    return (
        request.method == "GET"
        and request.values("sec-fetch-mode") == ["navigate"]
        and request.values("sec-fetch-dest") == ["document"]
    )


def _path_refusal(request: ProxyRequest) -> Refusal | None:
    if not request.path.startswith("/") or {".", ".."}.intersection(request.path.split("/")):
        return Refusal(HTTPStatus.BAD_REQUEST, "The path must begin with / and contain no segment `.` or `..`.")
    if request.path.lstrip("/").startswith(REPORT_ENDPOINTS.lstrip("/")):
        return Refusal(HTTPStatus.FORBIDDEN, f"{REPORT_ENDPOINTS}* is disabled: runs report what they have stored.")
    return None


def _websocket_refusal(request: ProxyRequest) -> Refusal | None:
    if request.path != GRAPHQL:
        return Refusal(HTTPStatus.FORBIDDEN, f"WebSockets connect to {GRAPHQL} only.")
    return None


def _method_refusal(request: ProxyRequest) -> Refusal | None:
    is_graphql = request.path == GRAPHQL
    if request.method not in READING_METHODS | {"POST"} or (request.method == "POST" and not is_graphql):
        return Refusal(HTTPStatus.METHOD_NOT_ALLOWED, f"Allowed are GET, HEAD, and POST to {GRAPHQL}.")
    is_label = request.method == "POST" and OPERATION_LABEL.fullmatch(request.query)
    if is_graphql and request.query and not is_label:
        return Refusal(
            HTTPStatus.FORBIDDEN, f"{GRAPHQL} accepts no query string. Send a POST with a body of type {JSON_TYPE}."
        )
    if request.method == "POST":
        return _content_refusal(request)
    return None


def _content_refusal(request: ProxyRequest) -> Refusal | None:
    types = [value.partition(";")[0].strip().lower() for value in request.values("content-type")]
    if types != [JSON_TYPE] or request.values("content-encoding"):
        return Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"The body must be uncompressed and of type {JSON_TYPE}.")
    return None
