"""What an HTTP answer means: what was asked for, or one of our errors.

    API       200 an object · 401, 402, 403, 4xx Refused · 404, 410 Gone · 429 Throttled · the rest Transient
    download  200 a document · 400, 401, 403, 404, 410 UrlExpired · 429 Throttled · the rest Transient

An error names the path, which holds no secret, and what is wrong: never a query, a header or what the answer says.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec

from meeting_assets.core.errors import BytesMissing, Gone, Refused, Transient, UrlExpired
from meeting_assets.core.instants import now, utc
from meeting_assets.recall.pacing import Throttled

BUSY = frozenset({408, 409, 425})
MISSING = frozenset({404, 410})
NO_LONGER_ACCEPTED = frozenset({400, 401, 403, 404, 410})

_BOM = b"\xef\xbb\xbf"
# Text that databases do not take and that some decoders refuse; the parser repairs it.
_ODD_TEXT = re.compile(rb"\x00|\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_SUSPICIOUS = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])|\xed[\xa0-\xbf]")
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list; `following` is the query of the next one, `page_count` what the API says of the whole list."""

    results: list[dict[str, Any]]
    following: str | None
    page_count: int | None = None


def object_in(response: httpx.Response, path: str) -> dict[str, Any]:
    """The object that the API answers with.

    Raises:
        Gone, Refused, Transient: it answers with something else.
    """
    _raise_for_status(response, path)
    try:
        document = _decoded(response.content)
    except (ValueError, RecursionError):
        document = None
    if isinstance(document, dict):
        return document
    raise Transient(f"{path}: the API answered 200 with {_kind(response)} where a JSON object was due")


def page_in(response: httpx.Response, path: str) -> Page:
    """The page of a list that the API answers with.

    Raises:
        Gone, Refused, Transient: it answers with something else; a page without results is no empty page.
    """
    document = object_in(response, path)
    results = document.get("results")
    if not isinstance(results, list) or not all(isinstance(each, dict) for each in results):
        raise Transient(f"{path}: the API answered 200 with a page that is no list of objects")
    count, following = document.get("count"), document.get("next")
    page_count = -(-count // len(results)) if isinstance(count, int) and results else None
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
    if _kind(response) == "HTML":
        raise Transient("the download gave HTML where JSON was due")


def is_whole(document: bytes) -> bool:
    """Whether a document is JSON from its first to its last byte; odd text in it is the parser's business."""
    return _is_json(document) or _is_json(_ODD_TEXT.sub(rb"\\n", document.removeprefix(_BOM)))


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
        raise Refused(f"{path}: the API redirects elsewhere ({code}); check RECALL_BASE_URL")
    raise Refused(f"{path}: the API answered {code}")


def _kind(response: httpx.Response) -> str:
    """What an answer claims to be; pages of the edge and of proxies say that they are HTML."""
    return "HTML" if "html" in response.headers.get("Content-Type", "").lower() else "something else"


def _retry_after_s(response: httpx.Response) -> float | None:
    """Seconds from now; the header holds seconds, or a date by the API's own clock."""
    value = response.headers.get("Retry-After", "")
    if value.isdecimal():
        return float(value)
    try:
        until = utc(parsedate_to_datetime(value))
        sent = response.headers.get("Date")
        since = utc(parsedate_to_datetime(sent)) if sent else now()
    except ValueError:
        return None
    return max(0.0, (until - since).total_seconds())


def _query_of(url: object) -> str:
    """Only the query of `next` is taken: behind a proxy it names a host that is not ours to call."""
    try:
        return urlsplit(url).query if isinstance(url, str) else ""
    except ValueError:
        return ""


def _decoded(content: bytes) -> Any:
    if not _SUSPICIOUS.search(content):
        return msgspec.json.decode(content)
    # Titles and names are typed by people; one odd character in one of them must not hide a whole page.
    return _storable_text(json.loads(content))


def _storable_text(document: Any) -> Any:
    if isinstance(document, str):
        return _UNSTORABLE.sub("\ufffd", document)
    if isinstance(document, list):
        return [_storable_text(each) for each in document]
    if isinstance(document, dict):
        return {_storable_text(key): _storable_text(value) for key, value in document.items()}
    return document


def _is_json(document: bytes) -> bool:
    try:
        msgspec.json.decode(document, type=msgspec.Raw)
    except RecursionError:
        return True
    except ValueError:
        return False
    return True
