"""A list is returned completely or raises; each list has its own rate limit."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import httpx
import pytest

from meeting_assets.core.errors import ListRefused, Refused, Transient
from meeting_assets.recall.client import Access, RecallClient
from meeting_assets.recall.pagination import PageMissing
from meeting_assets.recall.rate_limits import MAX_THROTTLED_S
from meeting_assets.recall.responses import Page
from meeting_assets.sandbox import Fault, Sandbox, uniform
from meeting_assets_tests.support.fake_transport import (
    API,
    BODY_TEXT,
    CURSOR,
    KEY,
    FakeTransport,
    Reply,
    assert_no_secrets,
    page,
)

NEXT = f"{API}/api/v1/transcript/?cursor={CURSOR}"


def test_list_contains_the_objects_of_all_pages_once() -> None:
    transport = FakeTransport(page("a", "b", next_url=NEXT), page("b", "c"))

    objects = transport.list_objects()

    assert [each["id"] for each in objects] == ["a", "b", "c"]


def test_objects_without_an_id_are_all_listed() -> None:
    transport = FakeTransport(page(results=[{"n": 1}, {"n": 2}, {"id": None, "n": 3}, {"id": [], "n": 4}]))

    assert [each["n"] for each in transport.list_objects()] == [1, 2, 3, 4]


@pytest.mark.parametrize("query", ["page=3", "cursor=cD0y", "status=done&page=2"])
def test_missing_page_of_a_list_that_became_shorter_is_transient(query: str) -> None:
    with Sandbox(uniform(date(2026, 3, 2), recordings=1, words=1), limits=False) as sandbox:
        sandbox.inject(Fault("/api/v1/bot/", times=None, status=404, body="{}"))

        with pytest.raises(PageMissing, match="a page of the list no longer exists"):
            asyncio.run(first_page(sandbox, query))
        with pytest.raises(ListRefused, match="no such list"):
            asyncio.run(first_page(sandbox, "status=done"))


async def first_page(sandbox: Sandbox, query: str) -> Page:
    async with RecallClient(Access(sandbox.url, sandbox.api_key)) as client:
        return await anext(client.list_pages("bot", query))


def test_empty_page_gives_an_empty_list() -> None:
    assert FakeTransport(page()).list_objects() == []


def test_only_the_query_of_next_is_used_and_unchanged() -> None:
    query = "cursor=cD0yMDI%2BMg%3D%3D&status_code=&a=1&a=2"
    transport = FakeTransport(page("a", next_url=f"http://evil.example:99/other/?{query}#x"), page("b"))

    transport.list_objects()

    assert str(transport.requests[1].url) == f"{API}/api/v1/transcript/?{query}"


def test_all_pages_are_requested_from_the_base_url() -> None:
    transport = FakeTransport(page("a", next_url=NEXT), page("b"))

    transport.list_objects(access=Access("http://proxy.example:8080/recall", KEY))

    assert [str(each.url) for each in transport.requests] == [
        "http://proxy.example:8080/recall/api/v1/transcript/",
        f"http://proxy.example:8080/recall/api/v1/transcript/?cursor={CURSOR}",
    ]


def test_query_is_encoded_as_the_api_expects() -> None:
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
def test_response_that_is_no_list_raises(document: Any) -> None:
    transport = FakeTransport(httpx.Response(200, json=document))

    with pytest.raises(Transient, match="200 with") as raised:
        transport.list_objects()

    assert_no_secrets(raised.value)


@pytest.mark.parametrize(
    "following", ["", "string", "...", API, f"{API}/api/v1/transcript/?", "http://[", 7, ["x"], {}]
)
def test_next_without_a_query_raises(following: Any) -> None:
    transport = FakeTransport(page("a", next_url=following))

    with pytest.raises(Transient, match="`next` leads nowhere"):
        transport.list_objects()


def test_next_with_an_invalid_character_raises() -> None:
    transport = FakeTransport(page("a", next_url=f"{API}/?cursor={CURSOR}\x01"))

    with pytest.raises(Transient) as raised:
        transport.list_objects()

    assert_no_secrets(raised.value)


@pytest.mark.parametrize(
    "replies",
    [
        [page("a", next_url=NEXT)],
        [page("a", next_url=NEXT), page("b", next_url=f"{NEXT}2"), page("c", next_url=NEXT)],
    ],
    ids=["same", "circle"],
)
def test_list_that_leads_back_to_an_earlier_page_raises(replies: list[Reply]) -> None:
    transport = FakeTransport(*replies)

    with pytest.raises(Transient, match="leads back") as raised:
        transport.list_objects()

    assert len(transport.requests) <= 4
    assert_no_secrets(raised.value)


def test_list_with_a_failing_page_raises() -> None:
    transport = FakeTransport(page("a", next_url=NEXT), httpx.Response(500))

    with pytest.raises(Transient, match="/api/v1/transcript/: the API answered 500"):
        transport.list_objects()


def test_unknown_list_raises_an_error_that_names_the_base_url() -> None:
    with pytest.raises(Refused, match="RECALL_BASE_URL"):
        FakeTransport(httpx.Response(404)).list_objects()


def test_missing_later_page_raises() -> None:
    transport = FakeTransport(page("a", next_url=NEXT), httpx.Response(404))

    with pytest.raises(Transient, match="from its start"):
        transport.list_objects()


def test_invalid_characters_in_a_page_are_replaced() -> None:
    body = rb'{"next": null, "results": [{"id": "a", "t": ["\ud83d x \u0000"]}, {"id": "b", "t": "\ud83d\ude00"}]}'
    transport = FakeTransport(httpx.Response(200, content=body))

    assert transport.list_objects() == [{"id": "a", "t": ["\ufffd x \ufffd"]}, {"id": "b", "t": "\U0001f600"}]


def test_error_for_a_redirect_names_the_base_url() -> None:
    with pytest.raises(Refused, match="RECALL_BASE_URL"):
        FakeTransport(httpx.Response(301, headers={"Location": f"{API}/"})).list_objects()


def test_throttling_pauses_all_calls_of_that_list() -> None:
    times_s: list[float] = []
    is_throttled = asyncio.Event()

    def throttle(_: httpx.Request) -> httpx.Response:
        is_throttled.set()
        return httpx.Response(429, headers={"Retry-After": "30"})

    def reply(_: httpx.Request) -> httpx.Response:
        times_s.append(transport.clock())
        return page()

    transport = FakeTransport(throttle, reply)

    async def call() -> None:
        async with transport.client() as client:
            first = asyncio.create_task(_read(client))
            await is_throttled.wait()
            await asyncio.gather(first, _read(client), _read(client))

    asyncio.run(call())

    assert times_s == [1030.0] * 3


def test_throttling_for_minutes_raises() -> None:
    transport = FakeTransport(httpx.Response(429, headers={"Retry-After": "7"}))

    with pytest.raises(Transient, match="429"):
        transport.list_objects()

    assert MAX_THROTTLED_S <= transport.clock.slept_s <= MAX_THROTTLED_S + 14


def test_each_list_has_its_own_rate_limit() -> None:
    transport = FakeTransport(page())

    async def call() -> None:
        async with transport.client(Access(API, KEY, list_calls_per_minute=2)) as client:
            for name in ("transcript", "transcript", "recording", "recording", "transcript"):
                [_ async for _ in client.list_objects(name, {})]

    asyncio.run(call())

    assert transport.clock.slept_s == 60.0


def test_paginated_list_of_a_sandbox_is_read_without_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "ALL_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with Sandbox(uniform(date(2026, 3, 2), recordings=7), api_key=KEY) as sandbox:
        sandbox.habits.page_size = 2
        sandbox.inject(Fault("/api/v1/transcript/", times=1, status=503))

        async def call() -> list[str]:
            async with RecallClient(Access(sandbox.url, KEY)) as client:
                window = {"created_at_after": datetime(2026, 3, 2, tzinfo=UTC)}
                return [each["id"] async for each in client.list_objects("transcript", window)]

        objects = asyncio.run(call())

    assert sorted(objects) == sorted(each.of("transcript")[0].id for each in sandbox.world.recordings)


async def _read(client: RecallClient) -> list[dict[str, Any]]:
    return [each async for each in client.list_objects("transcript", {})]


def test_list_of_another_api_version_has_its_own_path_and_rate_limit() -> None:
    transport = FakeTransport(page("a", next_url=f"{API}/api/v2/calendar-events/?cursor={CURSOR}"), page("b"))

    async def read() -> list[str]:
        async with transport.client() as client:
            pages = client.list_pages("calendar-events", "is_deleted=false", version="v2")
            return [each["id"] async for read in pages for each in read.results]

    assert asyncio.run(read()) == ["a", "b"]
    assert [str(each.url) for each in transport.requests] == [
        f"{API}/api/v2/calendar-events/?is_deleted=false",
        f"{API}/api/v2/calendar-events/?cursor={CURSOR}",
    ]


@pytest.mark.parametrize(("status", "is_offered"), [(403, False), (404, False), (410, False), (400, True), (401, True)])
def test_list_that_the_api_does_not_offer_has_an_error_of_its_own(status: int, is_offered: bool) -> None:
    transport = FakeTransport(httpx.Response(status, json={"detail": BODY_TEXT}))

    with pytest.raises(Refused) as raised:
        transport.list_objects()

    assert isinstance(raised.value, ListRefused) is not is_offered
    assert_no_secrets(raised.value)
