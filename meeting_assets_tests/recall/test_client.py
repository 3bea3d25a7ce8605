"""Lists and objects are returned completely or raise; transient errors are retried; no error contains a secret."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from meeting_assets.core.errors import ApiError, Gone, ObjectRefused, Refused, Transient
from meeting_assets.recall.client import Access, RecallClient
from meeting_assets_tests.support.fake_transport import (
    ACCESS,
    API,
    BODY_TEXT,
    KEY,
    FakeTransport,
    Reply,
    assert_no_secrets,
    html,
    serve_bytes,
)

OBJECT = httpx.Response(200, json={"id": "one"})


@pytest.mark.parametrize("key", [KEY, f"Token {KEY}", f"  {KEY}\n"])
def test_key_is_sent_as_a_token(key: str) -> None:
    transport = FakeTransport(OBJECT)

    transport.retrieve(access=Access(API, key))

    assert transport.requests[0].headers["Authorization"] == f"Token {KEY}"


def test_request_accepts_json_and_has_no_body() -> None:
    transport = FakeTransport(OBJECT)

    transport.retrieve()

    request = transport.requests[0]
    assert (request.method, request.content, request.headers["Accept"]) == ("GET", b"", "application/json")
    assert not {"Content-Length", "Transfer-Encoding", "Content-Type"} & {name.title() for name in request.headers}


def test_key_is_not_in_the_repr_of_access_or_client() -> None:
    assert KEY not in repr(ACCESS)
    assert KEY not in repr(FakeTransport(OBJECT).client())


def test_object_id_is_quoted_in_the_path() -> None:
    transport = FakeTransport(OBJECT)

    transport.retrieve("../bot/x?y=1#z ")

    assert transport.requests[0].url.raw_path == b"/api/v1/transcript/..%2Fbot%2Fx%3Fy%3D1%23z%20/"


@pytest.mark.parametrize(
    ("reply", "error", "attempts"),
    [
        (httpx.Response(204), ObjectRefused, 1),
        (httpx.Response(301, headers={"Location": f"https://evil.example/?{BODY_TEXT}"}), ObjectRefused, 1),
        (httpx.Response(302, headers={"Location": f"{API}/api/v1/bot/"}), ObjectRefused, 1),
        (httpx.Response(307, headers={"Location": f"http://us-east-1.recall.ai/?{BODY_TEXT}"}), ObjectRefused, 1),
        (httpx.Response(308, headers={"Location": f"{API}:8443/"}), ObjectRefused, 1),
        (httpx.Response(400, json={"created_at_after": [BODY_TEXT]}), ObjectRefused, 1),
        (httpx.Response(401, json={"detail": BODY_TEXT}), Refused, 1),
        (httpx.Response(402, json={"detail": BODY_TEXT}), Refused, 1),
        (httpx.Response(403, json={"detail": BODY_TEXT}), ObjectRefused, 1),
        (html(403), Transient, 5),
        (httpx.Response(404, json={"detail": BODY_TEXT}), Gone, 1),
        (html(404), Gone, 1),
        (httpx.Response(405), ObjectRefused, 1),
        (httpx.Response(408), Transient, 5),
        (httpx.Response(409), Transient, 5),
        (httpx.Response(410), Gone, 1),
        (httpx.Response(500, text=BODY_TEXT), Transient, 5),
        (html(502), Transient, 5),
        (html(503), Transient, 5),
        (httpx.Response(504), Transient, 5),
        (httpx.Response(507), Transient, 5),
        (html(200), Transient, 5),
        (httpx.Response(200, content=b""), Transient, 5),
        (httpx.Response(200, content=f'{{"id": "{BODY_TEXT}'.encode()), Transient, 5),
        (httpx.Response(200, content=b'{"id": "\xff", "a": undefined}'), Transient, 5),
        (httpx.Response(200, content=b"[" * 100_000), Transient, 5),
        (httpx.Response(200, json=[BODY_TEXT]), Transient, 5),
        (httpx.ConnectError("[Errno -2] Name or service not known"), Transient, 5),
        (httpx.ConnectTimeout(""), Transient, 5),
        (httpx.ReadTimeout(BODY_TEXT), Transient, 5),
        (httpx.PoolTimeout(BODY_TEXT), Transient, 5),
        (httpx.ReadError(BODY_TEXT), Transient, 5),
        (httpx.ProxyError(BODY_TEXT), Transient, 5),
        (httpx.RemoteProtocolError(BODY_TEXT), Transient, 5),
        (httpx.LocalProtocolError(BODY_TEXT), Transient, 5),
    ],
    ids=lambda value: None if isinstance(value, httpx.Response) else getattr(value, "__name__", repr(value)),
)
def test_each_response_raises_the_right_error_without_secrets(
    reply: Reply, error: type[ApiError], attempts: int, caplog: pytest.LogCaptureFixture
) -> None:
    transport = FakeTransport(reply)

    with pytest.raises(ApiError) as raised:
        transport.retrieve()

    assert type(raised.value) is error
    assert len(transport.requests) == attempts
    assert {each.url.host for each in transport.requests} == {"us-east-1.recall.ai"}
    assert_no_secrets(raised.value, caplog.text)


def test_error_for_a_wrong_key_names_the_settings_to_check() -> None:
    with pytest.raises(Refused, match="RECALL_API_KEY and RECALL_REGION"):
        FakeTransport(httpx.Response(401)).retrieve()


@pytest.mark.parametrize(
    "fault", [httpx.Response(503), httpx.Response(429), html(200), httpx.ReadError(""), httpx.Response(409)]
)
def test_transient_errors_are_retried(fault: Reply) -> None:
    transport = FakeTransport(fault, fault, OBJECT)

    assert transport.retrieve() == {"id": "one"}


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
        b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"id\r\n',
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
        b"no HTTP at all\r\n\r\n",
        b"",
    ],
    ids=["cut", "chunks-cut", "chunks-broken", "gzip-broken", "no-http", "nothing"],
)
def test_broken_response_is_transient(reply: bytes, caplog: pytest.LogCaptureFixture) -> None:
    async def call() -> None:
        async with serve_bytes(reply) as url, RecallClient(Access(url, KEY)) as client:
            await client.retrieve("transcript", "one")

    with pytest.raises(Transient, match=r"/api/v1/transcript/one/ of 127\.0\.0\.1: the response broke off") as raised:
        asyncio.run(call())

    assert_no_secrets(raised.value, caplog.text)


def test_endless_response_times_out() -> None:
    async def call() -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
        async with (
            serve_bytes(head, *[b" "] * 1000, pause_s=0.01) as url,
            RecallClient(Access(url, KEY), call_timeout_s=0.03) as client,
        ):
            await client.retrieve("transcript", "one")

    with pytest.raises(Transient, match="no response in time") as raised:
        asyncio.run(call())

    assert_no_secrets(raised.value)


def test_error_for_an_unreachable_api_names_the_host() -> None:
    async def call() -> None:
        async with serve_bytes() as url:
            pass
        async with RecallClient(Access(url, KEY)) as client:
            await client.retrieve("transcript", "one")

    with pytest.raises(Transient, match=r"127\.0\.0\.1: no connection") as raised:
        asyncio.run(call())

    assert_no_secrets(raised.value)


def test_cancelled_call_ends_at_once() -> None:
    async def call() -> None:
        async with serve_bytes(b"", pause_s=60) as url, RecallClient(Access(url, KEY)) as client:
            call = asyncio.create_task(client.retrieve("transcript", "one"))
            await asyncio.sleep(0.05)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call

    asyncio.run(asyncio.wait_for(call(), 5))


def test_retries_print_nothing_to_the_console(capsys: pytest.CaptureFixture[str]) -> None:
    FakeTransport(httpx.Response(503), OBJECT).retrieve()

    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")
