"""The wire between a client and an API that says what a test wants, and a clock that nobody has to wait for."""

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
from meeting_assets.recall.pacing import RateLimiter
from meeting_assets.settings import DOWNLOAD_HOSTS

KEY = "key-5f0d2c9a"
SIGNATURE = "sgn-71c04d5e"
CURSOR = "cur-0b9a8f7e"
SAID = "said-33d1e2f4"
SECRETS = (KEY, SIGNATURE, CURSOR, SAID)

API = "https://us-east-1.recall.ai"
DOWNLOAD = f"{API}/api/v1/download/transcript?token={SIGNATURE}"
BUCKET = f"https://recallai-production-bot-data.s3.amazonaws.com/a.json?Signature={SIGNATURE}"
ACCESS = Access(API, KEY, download_hosts=DOWNLOAD_HOSTS)

Answer = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


class Clock:
    """A clock that jumps ahead when somebody sleeps."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.slept_s = 0.0

    def __call__(self) -> float:
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        self.now_s += seconds
        self.slept_s += seconds
        await asyncio.sleep(0)


class Wire(httpx.AsyncBaseTransport):
    """Gives the answers one after the other, the last one for ever; notes what was asked."""

    def __init__(self, *answers: Answer) -> None:
        self._answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.clock = Clock()

    def answer_with(self, content: bytes, headers: Mapping[str, str] | None = None) -> None:
        """Gives these very bytes from now on, whatever the headers say of them."""
        self._answers = [lambda _: httpx.Response(200, headers=headers, stream=httpx.ByteStream(content))]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx.Response):
            # A new one each time, since a client closes the one it has read.
            return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)
        return answer(request)

    def client(self, access: Access = ACCESS) -> RecallClient:
        paced = partial(RateLimiter, clock=self.clock, sleep=self.clock.sleep)
        return RecallClient(access, transport=self, paced=paced)

    def listed(self, query: Query | None = None, access: Access = ACCESS) -> list[dict[str, Any]]:
        """The whole list of transcripts."""

        async def ask() -> list[dict[str, Any]]:
            async with self.client(access) as client:
                return [each async for each in client.listed("transcript", query or {})]

        return asyncio.run(ask())

    def retrieved(self, object_id: str = "one", access: Access = ACCESS) -> dict[str, Any]:
        """One transcript."""

        async def ask() -> dict[str, Any]:
            async with self.client(access) as client:
                return await client.retrieved("transcript", object_id)

        return asyncio.run(ask())

    def downloaded(self, url: str = DOWNLOAD, access: Access = ACCESS) -> bytes:
        """The document behind a URL."""

        async def ask() -> bytes:
            async with self.client(access) as client:
                return await client.downloaded(url)

        return asyncio.run(ask())


def page(*ids: str, following: Any = None, **more: Any) -> httpx.Response:
    """A page of a list."""
    return httpx.Response(
        200, json={"next": following, "previous": None, "results": [{"id": each} for each in ids]} | more
    )


def html(code: int) -> httpx.Response:
    """What the edge says."""
    return httpx.Response(code, html=f"<!DOCTYPE html><html>{SAID}</html>")


@asynccontextmanager
async def saying(*pieces: bytes, pause_s: float = 0.0) -> AsyncIterator[str]:
    """A server that answers everybody with these bytes, whatever they are; gives its URL."""
    calls: set[asyncio.Task[Any]] = set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        calls.add(asyncio.current_task())  # type: ignore[arg-type]
        try:
            await reader.readuntil(b"\r\n\r\n")
            for piece in pieces:
                writer.write(piece)
                await asyncio.sleep(pause_s)
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()
        yield f"http://{host}:{port}"
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)


def assert_says_nothing(error: BaseException, *logged: str) -> None:
    """Neither the error, nor what it was raised from, nor a log holds a secret."""
    chain: list[BaseException] = []
    rest: list[BaseException | None] = [error]
    while rest:
        if (each := rest.pop()) is not None and each not in chain:
            chain.append(each)
            rest += [each.__cause__, each.__context__]
    assert all(isinstance(each, MeetingAssetsError) for each in chain), chain
    said = [*logged, *traceback.format_exception(error)]
    for each in chain:
        said += [str(each), repr(each), repr(vars(each))]
    for secret in SECRETS:
        assert not any(secret in text for text in said)
