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
from meeting_assets.recall.pacing import LONGEST_THROTTLING_S
from meeting_assets.sandbox import Fault, Sandbox, uniform
from meeting_assets_tests.support.fake_transport import (
    ACCESS,
    API,
    CURSOR,
    KEY,
    SAID,
    Answer,
    Wire,
    assert_says_nothing,
    html,
    page,
    saying,
)

NEXT = f"{API}/api/v1/transcript/?cursor={CURSOR}"
OBJECT = httpx.Response(200, json={"id": "one"})


@pytest.mark.parametrize("key", [KEY, f"Token {KEY}", f"  {KEY}\n"])
def test_the_key_is_sent_as_a_token(key: str) -> None:
    wire = Wire(OBJECT)

    wire.retrieved(access=Access(API, key))

    assert wire.requests[0].headers["Authorization"] == f"Token {KEY}"


def test_a_request_asks_for_json_and_has_no_body() -> None:
    wire = Wire(OBJECT)

    wire.retrieved()

    request = wire.requests[0]
    assert (request.method, request.content, request.headers["Accept"]) == ("GET", b"", "application/json")
    assert not {"Content-Length", "Transfer-Encoding", "Content-Type"} & {name.title() for name in request.headers}


def test_the_key_is_in_no_repr_of_what_knows_it() -> None:
    assert KEY not in repr(ACCESS)
    assert KEY not in repr(Wire(OBJECT).client())


def test_a_list_is_read_page_after_page_and_every_object_comes_once() -> None:
    wire = Wire(page("a", "b", following=NEXT), page("b", "c"))

    listed = wire.listed()

    assert [each["id"] for each in listed] == ["a", "b", "c"]


def test_objects_without_an_id_are_all_there() -> None:
    wire = Wire(page(results=[{"n": 1}, {"n": 2}, {"id": None, "n": 3}, {"id": [], "n": 4}]))

    assert [each["n"] for each in wire.listed()] == [1, 2, 3, 4]


def test_an_empty_list_is_empty() -> None:
    assert Wire(page()).listed() == []


def test_of_next_only_the_query_is_taken_word_for_word() -> None:
    query = "cursor=cD0yMDI%2BMg%3D%3D&status_code=&a=1&a=2"
    wire = Wire(page("a", following=f"http://evil.example:99/other/?{query}#x"), page("b"))

    wire.listed()

    assert str(wire.requests[1].url) == f"{API}/api/v1/transcript/?{query}"


def test_behind_a_proxy_every_page_is_asked_from_the_proxy() -> None:
    wire = Wire(page("a", following=NEXT), page("b"))

    wire.listed(access=Access("http://proxy.example:8080/recall", KEY))

    assert [str(each.url) for each in wire.requests] == [
        "http://proxy.example:8080/recall/api/v1/transcript/",
        f"http://proxy.example:8080/recall/api/v1/transcript/?cursor={CURSOR}",
    ]


def test_a_query_is_spelled_as_the_api_reads_it() -> None:
    wire = Wire(page())
    cet = timezone(timedelta(hours=1))

    wire.listed(
        {
            "created_at_after": datetime(2026, 3, 2, 1, tzinfo=cet),
            "recording_id": UUID(int=7),
            "status": ["done", "fatal"],
            "text": "a&b +ü",
        }
    )

    assert wire.requests[0].url.query == (
        b"created_at_after=2026-03-02T00%3A00%3A00.000000Z&recording_id=00000000-0000-0000-0000-000000000007"
        b"&status=done&status=fatal&text=a%26b+%2B%C3%BC"
    )


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"detail": SAID},
        {"next": None, "results": None},
        {"next": None, "results": {}},
        [],
        [{"id": "a"}],
        SAID,
        None,
        7,
    ],
    ids=str,
)
def test_what_is_no_list_is_an_error_and_never_an_empty_list(document: Any) -> None:
    wire = Wire(httpx.Response(200, json=document))

    with pytest.raises(Transient, match="200 with") as raised:
        wire.listed()

    assert_says_nothing(raised.value)


@pytest.mark.parametrize(
    "following", ["", "string", "...", API, f"{API}/api/v1/transcript/?", "http://[", 7, ["x"], {}]
)
def test_a_next_that_leads_nowhere_is_an_error_and_no_end(following: Any) -> None:
    wire = Wire(page("a", following=following))

    with pytest.raises(Transient, match="`next` leads nowhere"):
        wire.listed()


def test_a_next_that_no_url_can_hold_is_an_error() -> None:
    wire = Wire(page("a", following=f"{API}/?cursor={CURSOR}\x01"))

    with pytest.raises(Transient) as raised:
        wire.listed()

    assert_says_nothing(raised.value)


@pytest.mark.parametrize(
    "answers",
    [
        [page("a", following=NEXT)],
        [page("a", following=NEXT), page("b", following=f"{NEXT}2"), page("c", following=NEXT)],
    ],
    ids=["same", "circle"],
)
def test_a_list_that_leads_back_to_itself_is_an_error(answers: list[Answer]) -> None:
    wire = Wire(*answers)

    with pytest.raises(Transient, match="leads back") as raised:
        wire.listed()

    assert len(wire.requests) <= 4
    assert_says_nothing(raised.value)


def test_a_list_that_breaks_off_is_an_error_and_never_short() -> None:
    wire = Wire(page("a", following=NEXT), httpx.Response(500))

    with pytest.raises(Transient, match="/api/v1/transcript/: the API answered 500"):
        wire.listed()


def test_a_list_that_the_api_does_not_have_is_a_wrong_base_url() -> None:
    with pytest.raises(Refused, match="RECALL_BASE_URL"):
        Wire(httpx.Response(404)).listed()


def test_a_page_that_has_gone_meanwhile_does_not_end_the_list() -> None:
    wire = Wire(page("a", following=NEXT), httpx.Response(404))

    with pytest.raises(Transient, match="from its start"):
        wire.listed()


def test_an_object_id_stays_inside_its_path() -> None:
    wire = Wire(OBJECT)

    wire.retrieved("../bot/x?y=1#z ")

    assert wire.requests[0].url.raw_path == b"/api/v1/transcript/..%2Fbot%2Fx%3Fy%3D1%23z%20/"


def test_one_odd_character_does_not_hide_a_page() -> None:
    body = rb'{"next": null, "results": [{"id": "a", "t": ["\ud83d x \u0000"]}, {"id": "b", "t": "\ud83d\ude00"}]}'
    wire = Wire(httpx.Response(200, content=body))

    assert wire.listed() == [{"id": "a", "t": ["\ufffd x \ufffd"]}, {"id": "b", "t": "\U0001f600"}]


@pytest.mark.parametrize(
    ("answer", "error", "attempts"),
    [
        (httpx.Response(204), ObjectRefused, 1),
        (httpx.Response(301, headers={"Location": f"https://evil.example/?{SAID}"}), ObjectRefused, 1),
        (httpx.Response(302, headers={"Location": f"{API}/api/v1/bot/"}), ObjectRefused, 1),
        (httpx.Response(307, headers={"Location": f"http://us-east-1.recall.ai/?{SAID}"}), ObjectRefused, 1),
        (httpx.Response(308, headers={"Location": f"{API}:8443/"}), ObjectRefused, 1),
        (httpx.Response(400, json={"created_at_after": [SAID]}), ObjectRefused, 1),
        (httpx.Response(401, json={"detail": SAID}), Refused, 1),
        (httpx.Response(402, json={"detail": SAID}), Refused, 1),
        (httpx.Response(403, json={"detail": SAID}), ObjectRefused, 1),
        (html(403), Transient, 5),
        (httpx.Response(404, json={"detail": SAID}), Gone, 1),
        (html(404), Gone, 1),
        (httpx.Response(405), ObjectRefused, 1),
        (httpx.Response(408), Transient, 5),
        (httpx.Response(409), Transient, 5),
        (httpx.Response(410), Gone, 1),
        (httpx.Response(500, text=SAID), Transient, 5),
        (html(502), Transient, 5),
        (html(503), Transient, 5),
        (httpx.Response(504), Transient, 5),
        (httpx.Response(507), Transient, 5),
        (html(200), Transient, 5),
        (httpx.Response(200, content=b""), Transient, 5),
        (httpx.Response(200, content=f'{{"id": "{SAID}'.encode()), Transient, 5),
        (httpx.Response(200, content=b'{"id": "\xff", "a": undefined}'), Transient, 5),
        (httpx.Response(200, content=b"[" * 100_000), Transient, 5),
        (httpx.Response(200, json=[SAID]), Transient, 5),
        (httpx.ConnectError("[Errno -2] Name or service not known"), Transient, 5),
        (httpx.ConnectTimeout(""), Transient, 5),
        (httpx.ReadTimeout(SAID), Transient, 5),
        (httpx.PoolTimeout(SAID), Transient, 5),
        (httpx.ReadError(SAID), Transient, 5),
        (httpx.ProxyError(SAID), Transient, 5),
        (httpx.RemoteProtocolError(SAID), Transient, 5),
        (httpx.LocalProtocolError(SAID), Transient, 5),
    ],
    ids=lambda value: None if isinstance(value, httpx.Response) else getattr(value, "__name__", repr(value)),
)
def test_an_answer_means_what_is_to_be_done_about_it_and_says_no_more(
    answer: Answer, error: type[ApiError], attempts: int, caplog: pytest.LogCaptureFixture
) -> None:
    wire = Wire(answer)

    with pytest.raises(ApiError) as raised:
        wire.retrieved()

    assert type(raised.value) is error
    assert len(wire.requests) == attempts
    assert {each.url.host for each in wire.requests} == {"us-east-1.recall.ai"}
    assert_says_nothing(raised.value, caplog.text)


def test_a_wrong_key_names_the_settings_to_look_at() -> None:
    with pytest.raises(Refused, match="RECALL_API_KEY and RECALL_REGION"):
        Wire(httpx.Response(401)).retrieved()


def test_an_api_that_redirects_is_a_wrong_base_url() -> None:
    with pytest.raises(Refused, match="RECALL_BASE_URL"):
        Wire(httpx.Response(301, headers={"Location": f"{API}/"})).listed()


@pytest.mark.parametrize(
    "fault", [httpx.Response(503), httpx.Response(429), html(200), httpx.ReadError(""), httpx.Response(409)]
)
def test_what_goes_by_is_asked_for_again(fault: Answer) -> None:
    wire = Wire(fault, fault, OBJECT)

    assert wire.retrieved() == {"id": "one"}


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
    async def ask() -> None:
        async with saying(answer) as url, RecallClient(Access(url, KEY)) as client:
            await client.retrieved("transcript", "one")

    with pytest.raises(Transient, match=r"/api/v1/transcript/one/ of 127\.0\.0\.1: the answer broke off") as raised:
        asyncio.run(ask())

    assert_says_nothing(raised.value, caplog.text)


def test_an_answer_that_never_ends_is_waited_for_only_so_long() -> None:
    async def ask() -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
        async with (
            saying(head, *[b" "] * 1000, pause_s=0.01) as url,
            RecallClient(Access(url, KEY), call_timeout_s=0.03) as client,
        ):
            await client.retrieved("transcript", "one")

    with pytest.raises(Transient, match="no answer in time") as raised:
        asyncio.run(ask())

    assert_says_nothing(raised.value)


def test_an_api_that_is_not_there_names_the_host() -> None:
    async def ask() -> None:
        async with saying() as url:
            pass
        async with RecallClient(Access(url, KEY)) as client:
            await client.retrieved("transcript", "one")

    with pytest.raises(Transient, match=r"127\.0\.0\.1: no connection") as raised:
        asyncio.run(ask())

    assert_says_nothing(raised.value)


def test_while_the_api_throttles_nobody_asks_that_list() -> None:
    times_s: list[float] = []
    is_throttled = asyncio.Event()

    def throttle(_: httpx.Request) -> httpx.Response:
        is_throttled.set()
        return httpx.Response(429, headers={"Retry-After": "30"})

    def answer(_: httpx.Request) -> httpx.Response:
        times_s.append(wire.clock())
        return page()

    wire = Wire(throttle, answer)

    async def ask() -> None:
        async with wire.client() as client:
            first = asyncio.create_task(_read(client))
            await is_throttled.wait()
            await asyncio.gather(first, _read(client), _read(client))

    asyncio.run(ask())

    assert times_s == [1030.0] * 3


def test_an_api_that_throttles_for_minutes_is_an_error() -> None:
    wire = Wire(httpx.Response(429, headers={"Retry-After": "7"}))

    with pytest.raises(Transient, match="429"):
        wire.listed()

    assert LONGEST_THROTTLING_S <= wire.clock.slept_s <= LONGEST_THROTTLING_S + 14


def test_lists_are_paced_one_by_one() -> None:
    wire = Wire(page())

    async def ask() -> None:
        async with wire.client(Access(API, KEY, list_calls_per_minute=2)) as client:
            for name in ("transcript", "transcript", "recording", "recording", "transcript"):
                [_ async for _ in client.listed(name, {})]

    asyncio.run(ask())

    assert wire.clock.slept_s == 60.0


def test_a_cancelled_call_ends_at_once() -> None:
    async def ask() -> None:
        async with saying(b"", pause_s=60) as url, RecallClient(Access(url, KEY)) as client:
            call = asyncio.create_task(client.retrieved("transcript", "one"))
            await asyncio.sleep(0.05)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call

    asyncio.run(asyncio.wait_for(ask(), 5))


def test_a_sandbox_is_read_whatever_its_pages_and_never_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "ALL_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with Sandbox(uniform(date(2026, 3, 2), recordings=7), api_key=KEY) as sandbox:
        sandbox.habits.page_size = 2
        sandbox.inject(Fault("/api/v1/transcript/", times=1, status=503))

        async def ask() -> list[str]:
            async with RecallClient(Access(sandbox.url, KEY)) as client:
                window = {"created_at_after": datetime(2026, 3, 2, tzinfo=UTC)}
                return [each["id"] async for each in client.listed("transcript", window)]

        listed = asyncio.run(ask())

    assert sorted(listed) == sorted(each.of("transcript")[0].id for each in sandbox.world.recordings)


def test_retries_are_not_told_to_the_console(capsys: pytest.CaptureFixture[str]) -> None:
    Wire(httpx.Response(503), OBJECT).retrieved()

    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")


async def _read(client: RecallClient) -> list[dict[str, Any]]:
    return [each async for each in client.listed("transcript", {})]
