"""The API's time comes from any of its responses, without sending the key."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest

from meeting_assets.recall.client import Access
from meeting_assets.recall.clock import api_time

ACCESS = Access("https://api.example", "secret")
DATE = "Mon, 02 Mar 2026 09:30:00 GMT"


@pytest.mark.parametrize("status", [200, 401, 404, 429, 503])
def test_response_of_any_status_gives_the_time(status: int) -> None:
    def reply(request: httpx.Request) -> httpx.Response:
        assert "Authorization" not in request.headers
        return httpx.Response(status, headers={"Date": DATE})

    found = asyncio.run(api_time(ACCESS, transport=httpx.MockTransport(reply)))

    assert found == datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


class EndlessBody(httpx.AsyncByteStream):
    """A body that may be closed, but not read."""

    is_closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        raise AssertionError("the body is read")
        yield b""

    async def aclose(self) -> None:
        self.is_closed = True


def test_body_of_the_response_is_never_read() -> None:
    body = EndlessBody()

    def reply(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"Date": DATE, "Content-Encoding": "gzip"}, stream=body)

    assert asyncio.run(api_time(ACCESS, transport=httpx.MockTransport(reply))) is not None
    assert body.is_closed


@pytest.mark.parametrize("header", [None, "", "yesterday", "Mon, 99 Mar 2026 09:30:00 GMT", "9" * 5000])
def test_response_without_a_valid_date_gives_no_time(header: str | None) -> None:
    headers = {} if header is None else {"Date": header}

    def reply(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers=headers)

    assert asyncio.run(api_time(ACCESS, transport=httpx.MockTransport(reply))) is None


def test_unreachable_api_gives_no_time() -> None:
    def reply(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    assert asyncio.run(api_time(ACCESS, transport=httpx.MockTransport(reply))) is None
