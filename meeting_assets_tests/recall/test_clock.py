"""The API's time is taken from any answer that it gives, without the key."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import httpx
import pytest

from meeting_assets.recall.client import Access
from meeting_assets.recall.clock import api_time

ACCESS = Access("https://api.example", "secret")
DATE = "Mon, 02 Mar 2026 09:30:00 GMT"


@pytest.mark.parametrize("status", [200, 401, 404, 429, 503])
def test_any_answer_tells_the_time(status: int) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert "Authorization" not in request.headers
        return httpx.Response(status, headers={"Date": DATE})

    found = asyncio.run(api_time(ACCESS, transport=httpx.MockTransport(answer)))

    assert found == datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize("header", [None, "", "yesterday", "Mon, 99 Mar 2026 09:30:00 GMT", "9" * 5000])
def test_without_a_readable_date_there_is_no_time(header: str | None) -> None:
    headers = {} if header is None else {"Date": header}

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers=headers)

    assert asyncio.run(api_time(ACCESS, transport=httpx.MockTransport(answer))) is None


def test_an_api_that_does_not_answer_tells_no_time() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    assert asyncio.run(api_time(ACCESS, transport=httpx.MockTransport(answer))) is None
