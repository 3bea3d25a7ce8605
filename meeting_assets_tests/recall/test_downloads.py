"""Downloads use allowed hosts only, never send the key, retry truncated documents, and raise errors without URLs."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import date

import httpx
import pytest

from meeting_assets.core.errors import ApiError, Transient, UrlExpired
from meeting_assets.recall.client import Access, RecallClient
from meeting_assets.sandbox import Fault, Sandbox, uniform
from meeting_assets_tests.support.fake_transport import (
    BODY_TEXT,
    BUCKET,
    DOWNLOAD,
    KEY,
    SIGNATURE,
    FakeTransport,
    Reply,
    assert_no_secrets,
    html,
    serve_bytes,
)

DOCUMENT = b'[{"participant": {"id": 1}}]'
WHOLE = httpx.Response(200, content=DOCUMENT)


def download_from_a_server(*pieces: bytes, pause_s: float = 0.0, timeout_s: float = 5.0) -> bytes:
    async def call() -> bytes:
        async with (
            serve_bytes(*pieces, pause_s=pause_s) as url,
            RecallClient(Access(url, KEY), download_timeout_s=timeout_s) as client,
        ):
            return await client.download(f"{url}/a?token={SIGNATURE}")

    return asyncio.run(call())


async def _connections(downloads: Callable[[RecallClient, str], Awaitable[object]]) -> int:
    """Number of connections that a server accepts during the downloads."""
    served: list[asyncio.Task[None] | None] = []

    async def reply(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.append(asyncio.current_task())
        with suppress(asyncio.IncompleteReadError):
            while await reader.readuntil(b"\r\n\r\n"):
                await asyncio.sleep(0.05)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n[]")
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(reply, "127.0.0.1") as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with RecallClient(Access(url, KEY)) as client:
            await downloads(client, url)
        await asyncio.gather(*filter(None, served))
    return len(served)


def test_sequential_downloads_share_a_connection_and_concurrent_ones_do_not() -> None:
    async def in_turn(client: RecallClient, url: str) -> None:
        for number in range(4):
            assert await client.download(f"{url}/{number}") == b"[]"

    async def at_once(client: RecallClient, url: str) -> None:
        await asyncio.gather(*(client.download(f"{url}/{number}") for number in range(4)))

    assert asyncio.run(_connections(in_turn)) == 1
    assert asyncio.run(_connections(at_once)) == 4


@pytest.mark.parametrize("url", [DOWNLOAD, BUCKET])
def test_download_request_does_not_contain_the_key(url: str) -> None:
    transport = FakeTransport(WHOLE)

    assert transport.download(url) == DOCUMENT
    assert "Authorization" not in transport.requests[0].headers
    assert KEY not in repr(transport.requests[0].headers.raw)
    assert str(transport.requests[0].url) == url


def test_cookies_of_the_api_are_not_sent_with_downloads() -> None:
    transport = FakeTransport(httpx.Response(200, json={}, headers={"Set-Cookie": f"a={KEY}; Domain=recall.ai"}), WHOLE)

    async def call() -> None:
        async with transport.client() as client:
            await client.retrieve("transcript", "one")
            await client.download(DOWNLOAD)

    asyncio.run(call())

    assert KEY not in repr(transport.requests[1].headers.raw)


@pytest.mark.parametrize("code", [400, 401, 403, 404, 410])
def test_rejected_url_raises_without_retry(code: int) -> None:
    transport = FakeTransport(httpx.Response(code, text=BODY_TEXT))

    with pytest.raises(UrlExpired, match=str(code)) as raised:
        transport.download()

    assert len(transport.requests) == 1
    assert_no_secrets(raised.value)


@pytest.mark.parametrize(
    "reply",
    [
        httpx.Response(500, text=BODY_TEXT),
        httpx.Response(503),
        httpx.Response(204),
        httpx.Response(304),
        html(200),
        html(502),
        httpx.ConnectError("refused"),
        httpx.ReadTimeout(BODY_TEXT),
        httpx.RemoteProtocolError(BODY_TEXT),
        httpx.UnsupportedProtocol(BODY_TEXT),
    ],
)
def test_transient_errors_of_downloads_are_retried_before_they_raise(
    reply: Reply, caplog: pytest.LogCaptureFixture
) -> None:
    transport = FakeTransport(reply)

    with pytest.raises(Transient) as raised:
        transport.download()

    assert len(transport.requests) == 4
    assert_no_secrets(raised.value, caplog.text)


def test_throttled_download_is_retried_until_it_succeeds() -> None:
    transport = FakeTransport(*[httpx.Response(429, headers={"Retry-After": "9"})] * 20, WHOLE)

    assert transport.download() == DOCUMENT


def test_html_instead_of_json_raises() -> None:
    with pytest.raises(Transient, match="HTML instead of JSON"):
        FakeTransport(html(200)).download()


@pytest.mark.parametrize(
    "url", ["", "...", "no url", "https://", "http://[", f"https://h:p/?{SIGNATURE}", f"https://h/\x01{SIGNATURE}"]
)
def test_invalid_url_raises_without_secrets(url: str) -> None:
    with pytest.raises(ApiError) as raised:
        FakeTransport(WHOLE).download(url)

    assert_no_secrets(raised.value)


@pytest.mark.parametrize("cut", [b"", b"[", b'[{"a": 1}', b'{"parts": [{}]', b'{"parts": [{}', b'[{"a": "x'])
def test_truncated_document_is_downloaded_again(cut: bytes) -> None:
    transport = FakeTransport(httpx.Response(200, content=cut), httpx.Response(200, content=cut), WHOLE)

    assert transport.download() == DOCUMENT


@pytest.mark.parametrize("body", [b"", b'[{"a": 1}', b"no JSON", b"[NaN]", b"[1]]", DOCUMENT * 2])
def test_document_that_stays_invalid_is_returned_unchanged(body: bytes) -> None:
    transport = FakeTransport(httpx.Response(200, content=body))

    assert transport.download() == body
    assert len(transport.requests) == 4


@pytest.mark.parametrize(
    "body",
    [
        b" [] \n",
        b"{}",
        b"null",
        b"\xef\xbb\xbf[]",
        rb'["\ud83d", "\\ud83d", "\\\ud83d", "\ud83d\ude00"]',
        b'["\x00"]',
        b'["\xff"]',
        b"[" * 5000 + b"]" * 5000,
    ],
)
def test_unusual_but_complete_json_is_downloaded_once(body: bytes) -> None:
    transport = FakeTransport(httpx.Response(200, content=body))

    assert transport.download() == body
    assert len(transport.requests) == 1


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + DOCUMENT,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1c\r\n" + DOCUMENT + b"\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
        b"",
    ],
    ids=["cut", "chunks-cut", "chunks-broken", "gzip-broken", "nothing"],
)
def test_broken_download_is_transient(reply: bytes, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(Transient, match="broke off") as raised:
        download_from_a_server(reply)

    assert_no_secrets(raised.value, caplog.text)


def test_compressed_download_is_decompressed() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n"

    assert download_from_a_server(head, gzip.compress(DOCUMENT)) == DOCUMENT


def test_truncated_compressed_download_is_returned_as_far_as_it_goes() -> None:
    document = json.dumps(list(range(10_000))).encode()
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n"

    taken = download_from_a_server(head, gzip.compress(document)[:-100])

    assert document.startswith(taken)
    assert taken != document


def test_endless_download_times_out() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"

    with pytest.raises(Transient, match="no response in time") as raised:
        download_from_a_server(head, *[b" "] * 1000, pause_s=0.01, timeout_s=0.03)

    assert_no_secrets(raised.value)


def test_download_from_a_sandbox_succeeds_after_its_faults(caplog: pytest.LogCaptureFixture) -> None:
    with Sandbox(uniform(date(2026, 3, 2), recordings=1), api_key=KEY) as sandbox:
        artifact = sandbox.world.recordings[0].of("transcript")[0]
        for fault in (
            Fault("transcript:", reset=True),
            Fault("transcript:", cut_after_bytes=100),
            Fault("transcript:", status=429, headers={"Retry-After": "0"}),
            Fault("transcript:", truncate_to_bytes=100),
        ):
            sandbox.inject(fault)

        async def call() -> bytes:
            async with RecallClient(Access(sandbox.url, KEY)) as client:
                media = await client.retrieve("transcript", artifact.id)
                return await client.download(media["data"]["download_url"])

        body = asyncio.run(call())

    assert body == artifact.payloads["transcript"].body()
    assert sandbox.stats.faulted == 4
    assert sandbox.stats.downloads_with_authorization == 0
    assert sandbox.signature_marker not in caplog.text
