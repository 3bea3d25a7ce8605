"""Downloads: from allowed hosts alone, never with the key, whole or as they are, and no URL in any error."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Awaitable, Callable
from contextlib import nullcontext, suppress
from datetime import date

import httpx
import pytest

from meeting_assets.core.errors import ApiError, Transient, UrlExpired
from meeting_assets.recall.client import Access, RecallClient
from meeting_assets.sandbox import Fault, Sandbox, uniform
from meeting_assets_tests.support.fake_transport import (
    ACCESS,
    API,
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


def to(location: str, code: int = 302) -> httpx.Response:
    return httpx.Response(code, headers=[(b"Location", location.encode())])


def downloaded_from_a_server(*pieces: bytes, pause_s: float = 0.0, timeout_s: float = 5.0) -> bytes:
    async def call() -> bytes:
        async with (
            serve_bytes(*pieces, pause_s=pause_s) as url,
            RecallClient(Access(url, KEY), download_timeout_s=timeout_s) as client,
        ):
            return await client.download(f"{url}/a?token={SIGNATURE}")

    return asyncio.run(call())


async def _connections(asked: Callable[[RecallClient, str], Awaitable[object]]) -> int:
    """How many connections a server saw, while something was asked of it."""
    served: list[asyncio.Task[None] | None] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.append(asyncio.current_task())
        with suppress(asyncio.IncompleteReadError):
            while await reader.readuntil(b"\r\n\r\n"):
                await asyncio.sleep(0.05)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n[]")
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(answer, "127.0.0.1") as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with RecallClient(Access(url, KEY)) as client:
            await asked(client, url)
        await asyncio.gather(*filter(None, served))
    return len(served)


def test_downloads_one_after_the_other_share_a_connection_and_those_at_once_have_one_each() -> None:
    async def in_turn(client: RecallClient, url: str) -> None:
        for number in range(4):
            assert await client.download(f"{url}/{number}") == b"[]"

    async def at_once(client: RecallClient, url: str) -> None:
        await asyncio.gather(*(client.download(f"{url}/{number}") for number in range(4)))

    assert asyncio.run(_connections(in_turn)) == 1
    assert asyncio.run(_connections(at_once)) == 4


@pytest.mark.parametrize("url", [DOWNLOAD, BUCKET])
def test_a_download_is_asked_for_without_the_key(url: str) -> None:
    transport = FakeTransport(WHOLE)

    assert transport.download(url) == DOCUMENT
    assert "Authorization" not in transport.requests[0].headers
    assert KEY not in repr(transport.requests[0].headers.raw)
    assert str(transport.requests[0].url) == url


def test_the_key_stays_away_after_a_call_to_the_api() -> None:
    transport = FakeTransport(httpx.Response(200, json={}, headers={"Set-Cookie": f"a={KEY}; Domain=recall.ai"}), WHOLE)

    async def call() -> None:
        async with transport.client() as client:
            await client.retrieve("transcript", "one")
            await client.download(DOWNLOAD)

    asyncio.run(call())

    assert KEY not in repr(transport.requests[1].headers.raw)


@pytest.mark.parametrize(
    "location", [BUCKET, "/api/v1/other?token=x", f"{API}:8443/x", "https://eu-central-1.recall.ai/x"]
)
def test_a_redirect_is_followed_to_allowed_hosts_without_the_key(location: str) -> None:
    transport = FakeTransport(to(location), WHOLE)

    assert transport.download() == DOCUMENT
    assert len(transport.requests) == 2
    assert not any("Authorization" in each.headers for each in transport.requests)


@pytest.mark.parametrize(
    "url",
    [
        f"https://evil.example/?{SIGNATURE}",
        f"https://recall.ai/?{SIGNATURE}",
        f"https://evilrecall.ai/?{SIGNATURE}",
        f"https://us-east-1.recall.ai.evil.example/?{SIGNATURE}",
        f"https://us-east-1.recall.ai@evil.example/?{SIGNATURE}",
        f"https://evil.example/us-east-1.recall.ai/?{SIGNATURE}",
        f"https://evil.example\\.recall.ai/?{SIGNATURE}",
        f"https://bucket.s3.amazonaws.com/?{SIGNATURE}",
        f"https://169.254.169.254/latest?{SIGNATURE}",
        f"http://us-east-1.recall.ai/api/v1/download/transcript?token={SIGNATURE}",
        f"http://recallai-production-bot-data.s3.amazonaws.com/a?{SIGNATURE}",
        f"ftp://us-east-1.recall.ai/a?{SIGNATURE}",
        f"file:///etc/passwd?{SIGNATURE}",
        f"https://[{SIGNATURE}",
    ],
)
@pytest.mark.parametrize("is_redirect", [False, True])
def test_other_hosts_are_never_asked_and_the_setting_is_named(
    url: str, is_redirect: bool, caplog: pytest.LogCaptureFixture
) -> None:
    transport = FakeTransport(to(url), WHOLE) if is_redirect else FakeTransport(WHOLE)

    with pytest.raises(ApiError) as raised:
        transport.download(DOWNLOAD if is_redirect else url)

    assert len(transport.requests) == is_redirect
    assert all(str(each.url) == DOWNLOAD for each in transport.requests)
    assert_no_secrets(raised.value, caplog.text)


def test_a_host_that_is_not_allowed_is_named_with_the_setting() -> None:
    with pytest.raises(ApiError, match=r"https://evil\.example.* MEETING_ASSETS_DOWNLOAD_HOSTS"):
        FakeTransport(WHOLE).download("https://evil.example/a")


OWN = "recallai-production-bot-data"
RECALL_HOSTS = (
    *(f"{region}.recall.ai" for region in ("us-east-1", "us-west-2", "eu-central-1", "ap-northeast-1", "api")),
    *(f"{OWN}.s3.amazonaws.com", f"{OWN}.s3.us-east-1.amazonaws.com", f"{OWN.upper()}.S3.amazonaws.com"),
    *(f"{region}-{OWN}.s3.amazonaws.com" for region in ("us-west-2", "eu-central-1", "ap-northeast-1")),
    *(f"{region}-{OWN}.s3.{region}.amazonaws.com" for region in ("us-west-2", "eu-central-1", "ap-northeast-1")),
)
OTHER_HOSTS = (
    *(f"evil-{OWN}.s3.amazonaws.com", f"evil{OWN}.s3.amazonaws.com", f"evil.{OWN}.s3.amazonaws.com"),
    *(f"us-east-1-{OWN}.s3.amazonaws.com", f"us-west-2-evil-{OWN}.s3.us-west-2.amazonaws.com"),
    *(f"{OWN}.s3x.amazonaws.com", f"{OWN}.s3-evil.amazonaws.com", f"{OWN}.s3.evil.amazonaws.com"),
    *(f"{OWN}.s3.amazonaws.com.evil.example", f"{OWN}.s3.amazonaws.com.", f"{OWN}.s3.amazonaws.example"),
    *(
        f"{OWN}.s3.eu-west-3.amazonaws.com",
        "s3.amazonaws.com",
        "amazonaws.com",
        f"{OWN}.execute-api.amazonaws.com",
    ),
    *(
        "recall.ai",
        "evilrecall.ai",
        "recall.ai.evil.example",
        "us-east-1.recall.ai.",
        "us-east-1.recall.ai@evil.example",
    ),
    *(
        "xn--recll-3ve.ai",
        "us-east-1.recаll.ai",
        "us-east-1.recall。ai.evil.example",
        "127.0.0.1",
        "[::1]",
        "2130706433",
    ),
    *("[::ffff:127.0.0.1]", "localhost", "169.254.169.254"),
)


@pytest.mark.parametrize("host", RECALL_HOSTS)
def test_downloads_may_come_from_recall_and_its_buckets(host: str) -> None:
    assert FakeTransport(WHOLE).download(f"https://{host}/a?{SIGNATURE}") == DOCUMENT


@pytest.mark.parametrize("host", OTHER_HOSTS)
@pytest.mark.parametrize("is_redirect", [False, True])
def test_downloads_come_from_no_other_host(host: str, is_redirect: bool, caplog: pytest.LogCaptureFixture) -> None:
    url = f"https://{host}/a?{SIGNATURE}"
    transport = FakeTransport(to(url), WHOLE) if is_redirect else FakeTransport(WHOLE)

    with pytest.raises(ApiError) as raised:
        transport.download(DOWNLOAD if is_redirect else url)

    assert len(transport.requests) == is_redirect
    assert_no_secrets(raised.value, caplog.text)


@pytest.mark.parametrize(
    ("api", "url", "is_allowed"),
    [
        ("https://proxy.example", "https://proxy.example/a", True),
        ("https://proxy.example", "https://proxy.example:443/a", True),
        ("https://proxy.example:443", "https://proxy.example/a", True),
        ("https://proxy.example", "https://proxy.example:8443/a", False),
        ("https://proxy.example:8443", "https://proxy.example:8443/a", True),
        ("https://proxy.example:8443", "https://proxy.example/a", False),
        ("https://proxy.example", "http://proxy.example/a", False),
        ("http://proxy.example", "https://proxy.example/a", True),
        ("http://proxy.example:8080", "http://proxy.example:8080/a", True),
        ("http://proxy.example:8080", "http://proxy.example/a", False),
    ],
)
def test_the_api_is_known_by_host_and_port(api: str, url: str, is_allowed: bool) -> None:
    transport = FakeTransport(WHOLE)

    with nullcontext() if is_allowed else pytest.raises(ApiError):
        transport.download(url, Access(api, KEY))

    assert len(transport.requests) == is_allowed


def test_patterns_of_hosts_may_be_spelled_in_capitals() -> None:
    transport = FakeTransport(WHOLE)

    assert transport.download("https://files.example/a", Access(API, KEY, download_hosts=("*.EXAMPLE",))) == DOCUMENT


def test_a_sandbox_may_send_to_another_port_of_its_host() -> None:
    transport = FakeTransport(WHOLE)

    assert transport.download("http://127.0.0.1:9/a", Access("http://127.0.0.1:8", KEY)) == DOCUMENT


def test_redirects_in_a_circle_end() -> None:
    transport = FakeTransport(to(DOWNLOAD))

    with pytest.raises(Transient) as raised:
        transport.download()

    assert_no_secrets(raised.value)


@pytest.mark.parametrize("code", [400, 401, 403, 404, 410])
def test_a_url_that_is_not_accepted_needs_a_fresh_one_at_once(code: int) -> None:
    transport = FakeTransport(httpx.Response(code, text=BODY_TEXT))

    with pytest.raises(UrlExpired, match=str(code)) as raised:
        transport.download()

    assert len(transport.requests) == 1
    assert_no_secrets(raised.value)


@pytest.mark.parametrize(
    "answer",
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
def test_what_may_go_by_is_asked_for_again_and_then_left_for_later(
    answer: Reply, caplog: pytest.LogCaptureFixture
) -> None:
    transport = FakeTransport(answer)

    with pytest.raises(Transient) as raised:
        transport.download()

    assert len(transport.requests) == 4
    assert_no_secrets(raised.value, caplog.text)


def test_being_throttled_is_ridden_out() -> None:
    transport = FakeTransport(*[httpx.Response(429, headers={"Retry-After": "9"})] * 20, WHOLE)

    assert transport.download() == DOCUMENT


def test_html_where_json_was_due_is_named() -> None:
    with pytest.raises(Transient, match="HTML instead of JSON"):
        FakeTransport(html(200)).download()


@pytest.mark.parametrize(
    "url", ["", "...", "no url", "https://", "http://[", f"https://h:p/?{SIGNATURE}", f"https://h/\x01{SIGNATURE}"]
)
def test_a_url_that_is_none_can_be_asked_for_again(url: str) -> None:
    with pytest.raises(ApiError) as raised:
        FakeTransport(WHOLE).download(url)

    assert_no_secrets(raised.value)


@pytest.mark.parametrize("cut", [b"", b"[", b'[{"a": 1}', b'{"parts": [{}]', b'{"parts": [{}', b'[{"a": "x'])
def test_a_document_without_its_end_is_asked_for_again(cut: bytes) -> None:
    transport = FakeTransport(httpx.Response(200, content=cut), httpx.Response(200, content=cut), WHOLE)

    assert transport.download() == DOCUMENT


@pytest.mark.parametrize("body", [b"", b'[{"a": 1}', b"no JSON", b"[NaN]", b"[1]]", DOCUMENT * 2])
def test_what_stays_no_json_is_taken_as_it_is(body: bytes) -> None:
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
def test_odd_but_whole_json_is_asked_for_once(body: bytes) -> None:
    transport = FakeTransport(httpx.Response(200, content=body))

    assert transport.download() == body
    assert len(transport.requests) == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + DOCUMENT,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1c\r\n" + DOCUMENT + b"\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
        b"",
    ],
    ids=["cut", "chunks-cut", "chunks-broken", "gzip-broken", "nothing"],
)
def test_a_broken_download_can_be_asked_for_again(answer: bytes, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(Transient, match="broke off") as raised:
        downloaded_from_a_server(answer)

    assert_no_secrets(raised.value, caplog.text)


def test_a_compressed_download_is_unpacked() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n"

    assert downloaded_from_a_server(head, gzip.compress(DOCUMENT)) == DOCUMENT


def test_a_compressed_download_without_its_end_is_known_by_its_json() -> None:
    document = json.dumps(list(range(10_000))).encode()
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n"

    taken = downloaded_from_a_server(head, gzip.compress(document)[:-100])

    assert document.startswith(taken)
    assert taken != document


def test_a_download_that_never_ends_is_waited_for_only_so_long() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"

    with pytest.raises(Transient, match="no response in time") as raised:
        downloaded_from_a_server(head, *[b" "] * 1000, pause_s=0.01, timeout_s=0.03)

    assert_no_secrets(raised.value)


def test_downloads_of_a_sandbox_survive_its_faults(caplog: pytest.LogCaptureFixture) -> None:
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


def test_the_defaults_accept_what_the_api_hands_out() -> None:
    for url in (DOWNLOAD, BUCKET, BUCKET.replace("//recallai", "//eu-central-1-recallai")):
        assert FakeTransport(WHOLE).download(url, ACCESS) == DOCUMENT
