"""When a signed download URL expires, as far as the URL says so.

SigV4  …?X-Amz-Date=20261201T090000Z&X-Amz-Expires=21600&…
SigV2  …?AWSAccessKeyId=…&Expires=1764579600&…
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

AMAZON_DATE = "%Y%m%dT%H%M%SZ"


def expiry_of(url: str) -> datetime | None:
    """The instant at which a URL expires; None if it does not say so.

    >>> expiry_of("https://bucket/a.mp4?X-Amz-Date=20261201T090000Z&X-Amz-Expires=21600").isoformat()
    '2026-12-01T15:00:00+00:00'
    >>> expiry_of("https://bucket/a.mp4?Expires=1764579600").isoformat()
    '2025-12-01T09:00:00+00:00'
    >>> expiry_of("https://host/download?token=x") is expiry_of("https://bucket/a.mp4?Expires=soon") is None
    True
    """
    try:
        query = {name.lower(): value for name, value in parse_qsl(urlsplit(url).query)}
        return _of_query(query)
    except (ValueError, OverflowError):
        return None


def _of_query(query: Mapping[str, str]) -> datetime | None:
    if "x-amz-date" in query and "x-amz-expires" in query:
        signed_at = datetime.strptime(query["x-amz-date"], AMAZON_DATE).replace(tzinfo=UTC)
        return signed_at + timedelta(seconds=int(query["x-amz-expires"]))
    return datetime.fromtimestamp(int(query["expires"]), UTC) if "expires" in query else None
