"""Lists and single objects: complete or an error, asked for again where that helps, and no secret in any error."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import httpx
import pytest

from meeting_assets.core.errors import ApiError, Gone, ObjectRefused, Refused, Transient
from meeting_assets.recall.client import Access, RecallClient
from meeting_assets.recall.pacing import MAX_THROTTLED_S
from meeting_assets.sandbox import Fault, Sandbox, uniform
from meeting_assets_tests.support.fake_transport import (
    ACCESS,
    API,
    BODY_TEXT,
    CURSOR,
    KEY,
    FakeTransport,
    Reply,
    assert_no_secrets,
    html,
    page,
    serve_bytes,
)

NEXT = f"{API}/api/v1/transcript/?cursor={CURSOR}"
OBJECT = httpx.Response(200, json={"id": "one"})


@pytest.mark.parametrize("key", [KEY, f"Token {KEY}", f"  {KEY}\n"])
def test_the_key_is_sent_as_a_token(key: str) -> None:
    transport = FakeTransport(OBJECT)

    transport.retrieve(access=Access(API, key))

    assert transport.requests[0].headers["Authorization"] == f"Token {KEY}"


def test_a_request_asks_for_json_and_has_no_body() -> None:
    transport = FakeTransport(OBJECT)

    transport.retrieve()

    request = transport.requests[0]
    assert (request.method, request.content, request.headers["Accept"]) == ("GET", b"", "application/json")
    assert not {"Content-Length", "Transfer-Encoding", "Content-Type"} & {name.title() for name in request.headers}


def test_the_key_is_in_no_repr_of_what_knows_it() -> None:
    assert KEY not in repr(ACCESS)
    assert KEY not in repr(FakeTransport(OBJECT).client())


def test_a_list_is_read_page_after_page_and_every_object_comes_once() -> None:
    transport = FakeTransport(page("a", "b", next_url=NEXT), page("b", "c"))

    listed = transport.list_objects()

    assert [each["id"] for each in listed] == ["a", "b", "c"]


def test_objects_without_an_id_are_all_there() -> None:
    transport = FakeTransport(page(results=[{"n": 1}, {"n": 2}, {"id": None, "n": 3}, {"id": [], "n": 4}]))

    assert [each["n"] for each in transport.list_objects()] == [1, 2, 3, 4]


def test_an_empty_list_is_empty() -> None:
    assert FakeTransport(page()).list_objects() == []


def test_of_next_only_the_query_is_taken_word_for_word() -> None:
    query = "cursor=cD0yMDI%2BMg%3D%3D&status_code=&a=1&a=2"
    transport = FakeTransport(page("a", next_url=f"http://evil.example:99/other/?{query}#x"), page("b"))

    transport.list_objects()

    assert str(transport.requests[1].url) == f"{API}/api/v1/transcript/?{query}"


def test_behind_a_proxy_every_page_is_asked_from_the_proxy() -> None:
    transport = FakeTransport(page("a", next_url=NEXT), page("b"))

    transport.list_objects(access=Access("http://proxy.example:8080/recall", KEY))

    assert [str(each.url) for each in transport.requests] == [
        "http://proxy.example:8080/recall/api/v1/transcript/",
        f"http://proxy.example:8080/recall/api/v1/transcript/?cursor={CURSOR}",
    ]


def test_a_query_is_spelled_as_the_api_reads_it() -> None:
    transport = FakeTransport(page())
    cet = timezone(timedelta(hours=1))

    transport.list_objects(
        {
            "created_at_after": datetime(2026, 3, 2, 1, tzinfo=cet),
            "recording_id": UUID(int=7),
            "status": ["done", "fatal"],
            "text": "a&b +ü",
        }
    )

    assert transport.requests[0].url.query == (
        b"created_at_after=2026-03-02T00%3A00%3A00.000000Z&recording_id=00000000-0000-0000-0000-000000000007"
        b"&status=done&status=fatal&text=a%26b+%2B%C3%BC"
    )


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"detail": BODY_TEXT},
        {"next": None, "results": None},
        {"next": None, "results": {}},
        [],
        [{"id": "a"}],
        BODY_TEXT,
        None,
        7,
    ],
    ids=str,
)
def test_what_is_no_list_is_an_error_and_never_an_empty_list(document: Any) -> None:
    transport = FakeTransport(httpx.Response(200, json=document))

    with pytest.raises(Transient, match="200 with") as raised:
        transport.list_objects()

    assert_no_secrets(raised.value)


@pytest.mark.parametrize(
    "following", ["", "string", "...", API, f"{API}/api/v1/transcript/?", "http://[", 7, ["x"], {}]
)
def test_a_next_that_leads_nowhere_is_an_error_and_no_end(following: Any) -> None:
    transport = FakeTransport(page("a", next_url=following))

    with pytest.raises(Transient, match="`next` leads nowhere"):
        transport.list_objects()


def test_a_next_that_no_url_can_hold_is_an_error() -> None:
    transport = FakeTransport(page("a", next_url=f"{API}/?cursor={CURSOR}\x01"))

    with pytest.raises(Transient) as raised:
        transport.list_objects()

    assert_no_secrets(raised.value)


@pytest.mark.parametrize(
    "answers",
    [
        [page("a", next_url=NEXT)],
        [page("a", next_url=NEXT), page("b", next_url=f"{NEXT}2"), page("c", next_url=NEXT)],
    ],
    ids=["same", "circle"],
)
def test_a_list_that_leads_back_to_itself_is_an_error(answers: list[Reply]) -> None:
    transport = FakeTransport(*answers)

    with pytest.raises(Transient, match="leads back") as raised:
        transport.list_objects()

    assert len(transport.requests) <= 4
    assert_no_secrets(raised.value)


def test_a_list_that_breaks_off_is_an_error_and_never_short() -> None:
    transport = FakeTransport(page("a", next_url=NEXT), httpx.Response(500))

    with pytest.raises(Transient, match="/api/v1/transcript/: the API answered 500"):
        transport.list_objects()


def test_a_list_that_the_api_does_not_have_is_a_wrong_base_url() -> None:
    with pytest.raises(Refused, match="RECALL_BASE_URL"):
        FakeTransport(httpx.Response(404)).list_objects()


def test_a_page_that_has_gone_meanwhile_does_not_end_the_list() -> None:
    transport = FakeTransport(page("a", next_url=NEXT), httpx.Response(404))

    with pytest.raises(Transient, match="from its start"):
        transport.list_objects()


def test_an_object_id_stays_inside_its_path() -> None:
    transport = FakeTransport(OBJECT)

    transport.retrieve("../bot/x?y=1#z ")

    assert transport.requests[0].url.raw_path == b"/api/v1/transcript/..%2Fbot%2Fx%3Fy%3D1%23z%20/"


def test_one_odd_character_does_not_hide_a_page() -> None:
    body = rb'{"next": null, "results": [{"id": "a", "t": ["\ud83d x \u0000"]}, {"id": "b", "t": "\ud83d\ude00"}]}'
    transport = FakeTransport(httpx.Response(200, content=body))

    assert transport.list_objects() == [{"id": "a", "t": ["\ufffd x \ufffd"]}, {"id": "b", "t": "\U0001f600"}]


@pytest.mark.parametrize(
    ("answer", "error", "attempts"),
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
def test_an_answer_means_what_is_to_be_done_about_it_and_says_no_more(
    answer: Reply, error: type[ApiError], attempts: int, caplog: pytest.LogCaptureFixture
) -> None:
    transport = FakeTransport(answer)

    with pytest.raises(ApiError) as raised:
        transport.retrieve()

    assert type(raised.value) is error
    assert len(transport.requests) == attempts
    assert {each.url.host for each in transport.requests} == {"us-east-1.recall.ai"}
    assert_no_secrets(raised.value, caplog.text)


def test_a_wrong_key_names_the_settings_to_look_at() -> None:
    with pytest.raises(Refused, match="RECALL_API_KEY and RECALL_REGION"):
        FakeTransport(httpx.Response(401)).retrieve()


def test_an_api_that_redirects_is_a_wrong_base_url() -> None:
    with pytest.raises(Refused, match="RECALL_BASE_URL"):
        FakeTransport(httpx.Response(301, headers={"Location": f"{API}/"})).list_objects()


@pytest.mark.parametrize(
    "fault", [httpx.Response(503), httpx.Response(429), html(200), httpx.ReadError(""), httpx.Response(409)]
)
def test_what_goes_by_is_asked_for_again(fault: Reply) -> None:
    transport = FakeTransport(fault, fault, OBJECT)

    assert transport.retrieve() == {"id": "one"}


@pytest.mark.parametrize(
    "answer",
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
def test_a_broken_answer_can_be_asked_for_again(answer: bytes, caplog: pytest.LogCaptureFixture) -> None:
    async def call() -> None:
        async with serve_bytes(answer) as url, RecallClient(Access(url, KEY)) as client:
            await client.retrieve("transcript", "one")

    with pytest.raises(Transient, match=r"/api/v1/transcript/one/ of 127\.0\.0\.1: the response broke off") as raised:
        asyncio.run(call())

    assert_no_secrets(raised.value, caplog.text)


def test_an_answer_that_never_ends_is_waited_for_only_so_long() -> None:
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


def test_an_api_that_is_not_there_names_the_host() -> None:
    async def call() -> None:
        async with serve_bytes() as url:
            pass
        async with RecallClient(Access(url, KEY)) as client:
            await client.retrieve("transcript", "one")

    with pytest.raises(Transient, match=r"127\.0\.0\.1: no connection") as raised:
        asyncio.run(call())

    assert_no_secrets(raised.value)


def test_while_the_api_throttles_nobody_asks_that_list() -> None:
    times_s: list[float] = []
    is_throttled = asyncio.Event()

    def throttle(_: httpx.Request) -> httpx.Response:
        is_throttled.set()
        return httpx.Response(429, headers={"Retry-After": "30"})

    def answer(_: httpx.Request) -> httpx.Response:
        times_s.append(transport.clock())
        return page()

    transport = FakeTransport(throttle, answer)

    async def call() -> None:
        async with transport.client() as client:
            first = asyncio.create_task(_read(client))
            await is_throttled.wait()
            await asyncio.gather(first, _read(client), _read(client))

    asyncio.run(call())

    assert times_s == [1030.0] * 3


def test_an_api_that_throttles_for_minutes_is_an_error() -> None:
    transport = FakeTransport(httpx.Response(429, headers={"Retry-After": "7"}))

    with pytest.raises(Transient, match="429"):
        transport.list_objects()

    assert MAX_THROTTLED_S <= transport.clock.slept_s <= MAX_THROTTLED_S + 14


def test_lists_are_paced_one_by_one() -> None:
    transport = FakeTransport(page())

    async def call() -> None:
        async with transport.client(Access(API, KEY, list_calls_per_minute=2)) as client:
            for name in ("transcript", "transcript", "recording", "recording", "transcript"):
                [_ async for _ in client.list_objects(name, {})]

    asyncio.run(call())

    assert transport.clock.slept_s == 60.0


def test_a_cancelled_call_ends_at_once() -> None:
    async def call() -> None:
        async with serve_bytes(b"", pause_s=60) as url, RecallClient(Access(url, KEY)) as client:
            call = asyncio.create_task(client.retrieve("transcript", "one"))
            await asyncio.sleep(0.05)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call

    asyncio.run(asyncio.wait_for(call(), 5))


def test_a_sandbox_is_read_whatever_its_pages_and_never_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "ALL_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with Sandbox(uniform(date(2026, 3, 2), recordings=7), api_key=KEY) as sandbox:
        sandbox.habits.page_size = 2
        sandbox.inject(Fault("/api/v1/transcript/", times=1, status=503))

        async def call() -> list[str]:
            async with RecallClient(Access(sandbox.url, KEY)) as client:
                window = {"created_at_after": datetime(2026, 3, 2, tzinfo=UTC)}
                return [each["id"] async for each in client.list_objects("transcript", window)]

        listed = asyncio.run(call())

    assert sorted(listed) == sorted(each.of("transcript")[0].id for each in sandbox.world.recordings)


def test_retries_are_not_told_to_the_console(capsys: pytest.CaptureFixture[str]) -> None:
    FakeTransport(httpx.Response(503), OBJECT).retrieve()

    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")


async def _read(client: RecallClient) -> list[dict[str, Any]]:
    return [each async for each in client.list_objects("transcript", {})]
