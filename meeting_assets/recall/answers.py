"""What an HTTP answer means: what was asked for, or one of our errors.

    object    200 an object · 401, 402 Refused · 404, 410 Gone · other 3xx, 4xx ObjectRefused · 429 Throttled
              the rest Transient
    list      the same, with Refused for ObjectRefused
    download  200 a document · 400, 401, 403, 404, 410 UrlExpired · 429 Throttled · the rest Transient

An error names the path, which holds no secret, and what is wrong: never a query, a header or what the answer says.
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

from meeting_assets.core.errors import BytesMissing, Gone, ObjectRefused, Refused, Transient, UrlExpired
from meeting_assets.core.instants import now, utc
from meeting_assets.recall.documents import BOM, Malformed, decoded, decoded_page
from meeting_assets.recall.pacing import LONGEST_WAIT_S, Throttled

BUSY = frozenset({408, 409, 425})
MISSING = frozenset({404, 410})
NO_LONGER_ACCEPTED = frozenset({400, 401, 403, 404, 410})

# Text that databases do not take and that some decoders refuse; the parser repairs it.
_ODD_TEXT = re.compile(rb"\x00|\\u[dD][89a-fA-F][0-9a-fA-F]{2}")


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list; `following` is the query of the next one, `page_count` what the API says of the whole list."""

    results: list[dict[str, Any]]
    following: str | None
    page_count: int | None = None


def object_in(response: httpx.Response, path: str) -> dict[str, Any]:
    """The object that the API answers with.

    Raises:
        Gone, ObjectRefused, Refused, Transient: it answers with something else.
    """
    _raise_for_status(response, path)
    return _document(response, path, decoded)


def page_in(response: httpx.Response, path: str) -> Page:
    """The page of a list that the API answers with. An object that cannot be decoded is there as `Malformed`.

    Raises:
        Gone, Refused, Transient: it answers with something else; a page without results is no empty page.
    """
    try:
        _raise_for_status(response, path)
    except ObjectRefused as error:
        raise Refused(str(error)) from None
    document = _document(response, path, decoded_page)
    results = document.get("results")
    if not isinstance(results, list):
        raise Transient(f"{path}: the API answered 200 with a page that is no list of objects")
    results = [each if isinstance(each, dict) else Malformed() for each in results]
    page_count, following = _page_count(document.get("count"), results), document.get("next")
    if following is None:
        return Page(results, None, page_count)
    query = _query_of(following)
    if not query:
        raise Transient(f"{path}: the API answered 200 with a page whose `next` leads nowhere")
    return Page(results, query, page_count)


def check_download(response: httpx.Response) -> None:
    """Lets a document pass.

    Raises:
        UrlExpired, BytesMissing: a fresh URL is needed.
        Transient: it may be had later.
    """
    code = response.status_code
    if code == 429:
        raise Throttled("the download answered 429: too many requests", retry_after_s=_retry_after_s(response))
    if code in NO_LONGER_ACCEPTED:
        raise (BytesMissing if code in MISSING else UrlExpired)(f"the download URL is no longer accepted ({code})")
    if code != 200:
        raise Transient(f"the download answered {code}", retry_after_s=_retry_after_s(response))


def check_document(document: bytes, content_type: str) -> None:
    """Lets everything pass but an error page: the bytes decide, JSON may be labelled HTML.

    Raises:
        Transient: HTML or XML, with which proxies and object stores report errors at status 200.
    """
    if _is_markup(document):
        markup = "HTML" if "html" in content_type.lower() or b"<html" in document[:1000].lower() else "XML"
        raise Transient(f"the download gave {markup} where JSON was due")


def is_whole(document: bytes) -> bool:
    """Whether a document is JSON from its first to its last byte; odd text in it is the parser's business."""
    return _is_json(document) or _is_json(_ODD_TEXT.sub(rb"\\n", document.removeprefix(BOM)))


def _raise_for_status(response: httpx.Response, path: str) -> None:
    code = response.status_code
    if code == 200:
        return
    if code == 401:
        raise Refused(
            "The API does not know this key: check RECALL_API_KEY and RECALL_REGION "
            "(a key works in its own region only)."
        )
    if code == 402:
        raise Refused("The API asks for payment (402): the workspace's credit is used up.")
    if code == 403 and _kind(response) == "HTML":
        # The edge blocks by reputation or load as well as for good; for good it stays 403 after all attempts.
        raise Transient(f"{path}: blocked at the API's edge (403); it may not accept calls from this machine's address")
    if code in {404, 410}:
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
    raise Transient(f"{path}: the API answered 200 with {_kind(response)} where a JSON object was due")


def _kind(response: httpx.Response) -> str:
    """What an answer is, by its bytes, and without any by its label."""
    is_labelled = "html" in response.headers.get("Content-Type", "").lower()
    is_html = _is_markup(response.content) if response.content else is_labelled
    return "HTML" if is_html else "something else"


def _is_markup(document: bytes) -> bool:
    """Whether it is HTML or XML; JSON never starts with `<`."""
    return document[:1000].removeprefix(BOM).lstrip().startswith(b"<")


def _page_count(count: object, results: list[dict[str, Any]]) -> int | None:
    if not results or not isinstance(count, int) or isinstance(count, bool) or not 0 <= count < 2**63:
        return None
    return -(-count // len(results))


def _retry_after_s(response: httpx.Response) -> float | None:
    """Seconds from now, at most `LONGEST_WAIT_S`; the header holds seconds, or a date by the API's own clock."""
    value = response.headers.get("Retry-After", "")
    try:
        wait_s = float(value)
    except ValueError:
        return _until_s(value, response.headers.get("Date"))
    return min(wait_s, LONGEST_WAIT_S) if wait_s >= 0 else None


def _until_s(value: str, sent: str | None) -> float | None:
    try:
        until = utc(parsedate_to_datetime(value))
        since = utc(parsedate_to_datetime(sent)) if sent else now()
    except (ValueError, OverflowError):
        return None
    return min(max(0.0, (until - since).total_seconds()), LONGEST_WAIT_S)


def _query_of(url: object) -> str:
    """Only the query of `next` is taken: behind a proxy it names a host that is not ours to call."""
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
