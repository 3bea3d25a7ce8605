"""A transport that returns prepared HTTP responses, a clock without real waits, and a check for leaked secrets."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import httpx

from meeting_assets.core.errors import MeetingAssetsError
from meeting_assets.recall.client import Access, Query, RecallClient
from meeting_assets.recall.rate_limits import RateLimiter
from meeting_assets.settings import DOWNLOAD_HOSTS

KEY = "key-5f0d2c9a"
SIGNATURE = "sgn-71c04d5e"
CURSOR = "cur-0b9a8f7e"
BODY_TEXT = "said-33d1e2f4"
SECRETS = (KEY, SIGNATURE, CURSOR, BODY_TEXT)

API = "https://us-east-1.recall.ai"
DOWNLOAD = f"{API}/api/v1/download/transcript?token={SIGNATURE}"
BUCKET = f"https://recallai-production-bot-data.s3.amazonaws.com/a.json?Signature={SIGNATURE}"
ACCESS = Access(API, KEY, download_hosts=DOWNLOAD_HOSTS)

Reply = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


class FakeClock:
    """A clock that jumps ahead during `sleep`."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.slept_s = 0.0

    def __call__(self) -> float:
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        self.now_s += seconds
        self.slept_s += seconds
        await asyncio.sleep(0)


class FakeTransport(httpx.AsyncBaseTransport):
    """Returns the replies in turn, then repeats the last one; records the requests."""

    def __init__(self, *replies: Reply) -> None:
        self._replies = list(replies)
        self.requests: list[httpx.Request] = []
        self.clock = FakeClock()

    def reply_with(self, content: bytes, headers: Mapping[str, str] | None = None) -> None:
        """Returns these bytes unchanged from now on, even if they contradict the headers."""
        self._replies = [lambda _: httpx.Response(200, headers=headers, stream=httpx.ByteStream(content))]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        reply = self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]
        if isinstance(reply, Exception):
            raise reply
        if isinstance(reply, httpx.Response):
            # A new response each time, since a client closes the response after reading it.
            return httpx.Response(reply.status_code, headers=reply.headers, content=reply.content)
        return reply(request)

    def client(self, access: Access = ACCESS) -> RecallClient:
        new_limiter = partial(RateLimiter, clock=self.clock, sleep=self.clock.sleep)
        return RecallClient(access, transport=self, new_limiter=new_limiter)

    def list_objects(self, query: Query | None = None, access: Access = ACCESS) -> list[dict[str, Any]]:
        """The whole list of transcripts."""

        async def call() -> list[dict[str, Any]]:
            async with self.client(access) as client:
                return [each async for each in client.list_objects("transcript", query or {})]

        return asyncio.run(call())

    def retrieve(self, object_id: str = "one", access: Access = ACCESS) -> dict[str, Any]:
        """One transcript."""

        async def call() -> dict[str, Any]:
            async with self.client(access) as client:
                return await client.retrieve("transcript", object_id)

        return asyncio.run(call())

    def download(self, url: str = DOWNLOAD, access: Access = ACCESS) -> bytes:
        """The document behind a URL."""

        async def call() -> bytes:
            async with self.client(access) as client:
                return await client.download(url)

        return asyncio.run(call())


def page(*ids: str, next_url: Any = None, **more: Any) -> httpx.Response:
    """A page of a list."""
    return httpx.Response(
        200, json={"next": next_url, "previous": None, "results": [{"id": each} for each in ids]} | more
    )


def html(code: int) -> httpx.Response:
    """An error page of the API's firewall."""
    return httpx.Response(code, html=f"<!DOCTYPE html><html>{BODY_TEXT}</html>")


@asynccontextmanager
async def serve_bytes(*pieces: bytes, pause_s: float = 0.0) -> AsyncIterator[str]:
    """Yields the URL of a server that sends these bytes after each request."""
    calls: set[asyncio.Task[Any]] = set()

    async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        calls.add(asyncio.current_task())  # type: ignore[arg-type]
        try:
            await reader.readuntil(b"\r\n\r\n")
            for piece in pieces:
                writer.write(piece)
                await asyncio.sleep(pause_s)
        finally:
            writer.close()

    server = await asyncio.start_server(reply, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()
        yield f"http://{host}:{port}"
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)


def assert_no_secrets(error: BaseException, *logged: str) -> None:
    """Asserts that an error, its causes and the logs contain no secret, and that only our errors are causes."""
    chain: list[BaseException] = []
    rest: list[BaseException | None] = [error]
    while rest:
        if (each := rest.pop()) is not None and each not in chain:
            chain.append(each)
            rest += [each.__cause__, each.__context__]
    assert all(isinstance(each, MeetingAssetsError) for each in chain), chain
    texts = [*logged, *traceback.format_exception(error)]
    for each in chain:
        texts += [str(each), repr(each), repr(vars(each))]
    for secret in SECRETS:
        assert not any(secret in text for text in texts)
