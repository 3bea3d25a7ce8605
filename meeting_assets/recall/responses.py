"""Translates HTTP responses to objects, pages and our errors.

    object    200 an object · 401, 402 Refused · 404, 410 Gone · other 3xx, 4xx ObjectRefused · 429 Throttled
              the rest Transient
    list      the same, with ListRefused for 403 and Refused for other ObjectRefused
    download  200 a document · 404, 410 BytesMissing · 400, 401, 403 UrlExpired · 429 Throttled · the rest Transient

Errors name the path, which contains no secret, and the cause. They never quote a query, a header or a body.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec

from meeting_assets.core.errors import BytesMissing, Gone, ListRefused, ObjectRefused, Refused, Transient, UrlExpired
from meeting_assets.core.instants import now, utc
from meeting_assets.recall.json_decoding import BOM, MalformedObject, decode_json, decode_page
from meeting_assets.recall.rate_limits import MAX_WAIT_S, Throttled

BUSY = frozenset({408, 409, 425})
MISSING = frozenset({404, 410})
FORBIDDEN = 403
EXPIRED = frozenset({400, 401, 403})

# Text that databases and some decoders reject; the artifact's parser repairs it.
_INVALID_TEXT = re.compile(rb"\x00|\\u[dD][89a-fA-F][0-9a-fA-F]{2}")


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list."""

    results: list[dict[str, Any]]
    next_query: str | None
    """Query of the next page; None on the last page."""
    count: int | None = None
    """Number of objects of the whole list, if the API reports it."""

    @property
    def page_count(self) -> int | None:
        """Number of pages of the whole list, if the API reports it."""
        return -(-self.count // len(self.results)) if self.count is not None and self.results else None


def parse_object(response: httpx.Response, path: str) -> dict[str, Any]:
    """The object in a response.

    Raises:
        Gone, ObjectRefused, Refused, Transient: the response contains no object.
    """
    _raise_for_status(response, path)
    return _document(response, path, decode_json)


def parse_page(response: httpx.Response, path: str) -> Page:
    """The page in a response. A malformed object becomes a `MalformedObject`.

    Raises:
        Gone, Refused, Transient: the response contains no page; a page without `results` is no empty page.
    """
    try:
        _raise_for_status(response, path)
    except ObjectRefused as error:
        kind = ListRefused if response.status_code == FORBIDDEN else Refused
        raise kind(str(error)) from None
    document = _document(response, path, decode_page)
    results = document.get("results")
    if not isinstance(results, list):
        raise Transient(f"{path}: the API answered 200 with a page that is no list of objects")
    results = [each if isinstance(each, dict) else MalformedObject() for each in results]
    next_query = None
    if document.get("next") is not None:
        next_query = _query_of(document["next"])
        if not next_query:
            raise Transient(f"{path}: the API answered 200 with a page whose `next` leads nowhere")
    return Page(results, next_query, _count(document.get("count")))


def check_download_status(response: httpx.Response) -> None:
    """Accepts status 200.

    Raises:
        UrlExpired, BytesMissing: a fresh URL is needed.
        Transient: a later attempt may succeed.
    """
    code = response.status_code
    if code == 429:
        raise Throttled("the download answered 429: too many requests", retry_after_s=_retry_after_s(response))
    if code in MISSING:
        raise BytesMissing(f"the download URL is no longer accepted ({code})")
    if code in EXPIRED:
        raise UrlExpired(f"the download URL is no longer accepted ({code})")
    if code != 200:
        raise Transient(f"the download answered {code}", retry_after_s=_retry_after_s(response))


def reject_markup(document: bytes, content_type: str) -> None:
    """Rejects error pages. The content type does not decide: some hosts label JSON as HTML.

    Raises:
        Transient: the document is HTML or XML; proxies and object stores report errors so with status 200.
    """
    if _is_markup(document):
        markup = "HTML" if "html" in content_type.lower() or b"<html" in document[:1000].lower() else "XML"
        raise Transient(f"the download gave {markup} instead of JSON")


def is_complete_json(document: bytes) -> bool:
    """True if a document is one complete JSON value. Invalid text inside strings is accepted; the parser repairs it."""
    return _is_json(document) or _is_json(_INVALID_TEXT.sub(rb"\\n", document.removeprefix(BOM)))


def _raise_for_status(response: httpx.Response, path: str) -> None:
    code = response.status_code
    if code == 200:
        return
    if code == 401:
        raise Refused(
            "Recall.ai rejected the API key (401). Check RECALL_API_KEY and RECALL_REGION "
            "(a key works in its own region only)."
        )
    if code == 402:
        raise Refused("Recall.ai requires payment (402): the workspace has no credit left. Add credit, then run again.")
    if code == 403 and _kind(response) == "HTML":
        # The API's firewall blocks temporarily (load, reputation) or permanently; only retrying tells which.
        raise Transient(f"{path}: blocked by the API's firewall (403); it may reject this machine's address")
    if code in MISSING:
        raise Gone(f"{path}: not found")
    if code == 429:
        raise Throttled(f"{path}: too many requests (429)", retry_after_s=_retry_after_s(response))
    if code in BUSY or code >= 500:
        raise Transient(f"{path}: the API answered {code}", retry_after_s=_retry_after_s(response))
    if 300 <= code < 400:
        raise ObjectRefused(f"{path}: the API redirects elsewhere ({code}); check RECALL_BASE_URL")
    raise ObjectRefused(f"{path}: the API answered {code}")


def _document(response: httpx.Response, path: str, decode: Callable[[bytes], Any]) -> dict[str, Any]:
    try:
        document = decode(response.content)
    except (ValueError, KeyError, RecursionError):
        document = None
    if isinstance(document, dict):
        return document
    raise Transient(f"{path}: the API answered 200 with {_kind(response)} instead of a JSON object")


def _kind(response: httpx.Response) -> str:
    """The type of a body by its first bytes; of an empty body, by its content type."""
    is_labelled = "html" in response.headers.get("Content-Type", "").lower()
    is_html = _is_markup(response.content) if response.content else is_labelled
    return "HTML" if is_html else "something else"


def _is_markup(document: bytes) -> bool:
    """True for HTML and XML; JSON never starts with `<`."""
    return document[:1000].removeprefix(BOM).lstrip().startswith(b"<")


def _count(count: object) -> int | None:
    is_count = isinstance(count, int) and not isinstance(count, bool) and 0 <= count < 2**63
    return int(count) if is_count else None  # type: ignore[call-overload]


def _retry_after_s(response: httpx.Response) -> float | None:
    """Seconds from now, at most `MAX_WAIT_S`. The header contains seconds, or a date by the API's own clock."""
    value = response.headers.get("Retry-After", "")
    try:
        wait_s = float(value)
    except ValueError:
        return _until_s(value, response.headers.get("Date"))
    return min(wait_s, MAX_WAIT_S) if wait_s >= 0 else None


def _until_s(value: str, sent: str | None) -> float | None:
    try:
        until = utc(parsedate_to_datetime(value))
        since = utc(parsedate_to_datetime(sent)) if sent else now()
    except (ValueError, OverflowError):
        return None
    return min(max(0.0, (until - since).total_seconds()), MAX_WAIT_S)


def _query_of(url: object) -> str:
    """The query of `next`. Its host is ignored: behind a proxy it is not the host of RECALL_BASE_URL."""
    try:
        return urlsplit(url).query if isinstance(url, str) else ""
    except ValueError:
        return ""


def _is_json(document: bytes) -> bool:
    try:
        msgspec.json.decode(document, type=msgspec.Raw)
    except RecursionError:
        return True
    except ValueError:
        return False
    return True
