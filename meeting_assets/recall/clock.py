"""The API's time, from the Date header of an HTTP response."""

from __future__ import annotations

from datetime import datetime
from email.utils import parsedate_to_datetime

import httpx

from meeting_assets.core.instants import utc
from meeting_assets.recall.client import Access
from meeting_assets.recall.network import EnvironmentTransport, Proxies, certificates

TIMEOUT_S = 20.0
PATH = "/api/v1/"


async def api_time(access: Access, *, transport: httpx.AsyncBaseTransport | None = None) -> datetime | None:
    """The time at the API's host; None if the host does not respond or sends no valid date.

    Sends no key: a 401 or 404 carries the date as well.
    """
    transport = transport or EnvironmentTransport(Proxies.from_environment(), certificates())
    try:
        async with (
            httpx.AsyncClient(timeout=TIMEOUT_S, transport=transport) as client,
            client.stream("GET", f"{access.base_url.rstrip('/')}{PATH}") as response,  # the body is never read
        ):
            return utc(parsedate_to_datetime(response.headers["Date"]))
    except (httpx.HTTPError, httpx.InvalidURL, KeyError, ValueError, OverflowError):
        return None
