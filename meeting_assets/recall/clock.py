"""The time at the API, from the Date header that every HTTP answer carries."""

from __future__ import annotations

from datetime import datetime
from email.utils import parsedate_to_datetime

import httpx

from meeting_assets.core.instants import utc
from meeting_assets.recall.client import LIMITS, Access
from meeting_assets.recall.network import EnvironmentTransport, Proxies, certificates

TIMEOUT_S = 20.0
PATH = "/api/v1/"


async def api_time(access: Access, *, transport: httpx.AsyncBaseTransport | None = None) -> datetime | None:
    """The time that the API's host gives in its answer; None if it does not answer or gives none.

    Sends no key: any answer will do, a 401 or 404 too.
    """
    transport = transport or EnvironmentTransport(Proxies.of_environment(), certificates(), LIMITS)
    try:
        async with (
            httpx.AsyncClient(timeout=TIMEOUT_S, transport=transport) as client,
            client.stream("GET", f"{access.base_url.rstrip('/')}{PATH}") as response,  # the body is never read
        ):
            return utc(parsedate_to_datetime(response.headers["Date"]))
    except (httpx.HTTPError, httpx.InvalidURL, KeyError, ValueError, OverflowError):
        return None
