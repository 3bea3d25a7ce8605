"""Everything that comes from outside has a bound: waits, lists, and bodies after decompression."""

from __future__ import annotations

import asyncio
import gzip
import itertools
import tracemalloc
from collections.abc import Callable
from dataclasses import replace

import httpx
import pytest

from meeting_assets.core.errors import TooLarge, Transient
from meeting_assets.recall.client import MAX_RESPONSE_BYTES, RecallClient
from meeting_assets.recall.pacing import JITTER_S, MAX_WAIT_S, RateLimiter, RetryBudget, Throttled
from meeting_assets.recall.pagination import MAX_PAGES_WITHOUT_NEW_OBJECT
from meeting_assets.recall.response_bodies import decompress
from meeting_assets_tests.support.fake_transport import (
    ACCESS,
    API,
    DOWNLOAD,
    FakeClock,
    FakeTransport,
    assert_no_secrets,
    page,
    serve_bytes,
)

MB = 2**20
DOCUMENT = b'[{"participant": {"id": 1}}]'
PACKED = gzip.compress(DOCUMENT, mtime=0)
HEAD = b"HTTP/1.1 200 OK\r\nConnection: close\r\n"
GZIP = {"Content-Encoding": "gzip"}


def bomb(megabytes: int) -> bytes:
    """So many megabytes of blanks, in a thousandth of that."""
    return gzip.compress(b" " * MB, mtime=0) * megabytes


@pytest.mark.parametrize("seconds", [1e400, 1e300, 86_400.0, float("nan"), -1e300, -5.0, 0.0])
def test_no_wait_that_the_api_asks_for_is_longer_than_the_longest(seconds: float) -> None:
    clock = FakeClock()
    limiter = RateLimiter(10, clock=clock, sleep=clock.sleep)

    limiter.pause(seconds)
    asyncio.run(limiter.wait())
    waits_s = [RetryBudget(5).wait_s(kind("x", retry_after_s=seconds)) for kind in (Transient, Throttled)]

    assert clock.slept_s <= MAX_WAIT_S
    assert all(wait_s is not None and 0 < wait_s <= MAX_WAIT_S + JITTER_S for wait_s in waits_s)


@pytest.mark.parametrize(
    "header", ["86400", "99999999999", "9" * 5000, "1e400", "nan", "-7", "Fri, 31 Dec 9999 23:59:59 -2359"]
)
def test_a_list_that_is_throttled_without_bound_is_read_after_the_longest_wait(header: str) -> None:
    transport = FakeTransport(httpx.Response(429, headers={"Retry-After": header}), page("one"))

    assert transport.list_objects() == [{"id": "one"}]
    assert transport.clock.slept_s <= MAX_WAIT_S


def endless(results: Callable[[int], list[str]]) -> FakeTransport:
    """A list whose `next` is always another one."""
    numbers = itertools.count()

    def answer(_: httpx.Request) -> httpx.Response:
        number = next(numbers)
        return page(*results(number), next_url=f"{API}/api/v1/transcript/?cursor={number}")

    return FakeTransport(answer)


@pytest.mark.parametrize(
    "results", [lambda _: [], lambda _: ["one", "two"], lambda n: [f"{min(n, 3)}"]], ids=["empty", "same", "stuck"]
)
def test_a_list_without_news_and_without_end_is_an_error(results: Callable[[int], list[str]]) -> None:
    transport = endless(results)

    with pytest.raises(Transient, match="pages in a row brought no new object") as raised:
        transport.list_objects()

    assert len(transport.requests) <= MAX_PAGES_WITHOUT_NEW_OBJECT + 5
    assert_no_secrets(raised.value)


def test_a_list_may_be_long_and_repeat_what_it_showed() -> None:
    ids = [str(number) for number in range(100)]
    answers = [page(*ids[max(0, n - 3) : n + 1], next_url=f"{API}/?c={n}") for n in range(99)]

    assert [each["id"] for each in FakeTransport(*answers, page(*ids[-3:])).list_objects()] == ids


@pytest.mark.parametrize("count", [-1, 10**400, "many", 1e300, True, None, [], {}])
def test_a_count_that_is_none_tells_nothing(count: object) -> None:
    async def call() -> list[int | None]:
        async with FakeTransport(page("one", count=count)).client() as client:
            return [each.page_count async for each in client.list_pages("bot")]

    (page_count,) = asyncio.run(call())

    assert page_count is None


@pytest.mark.parametrize("headers", [GZIP, {}], ids=["declared", "undeclared"])
def test_a_download_that_inflates_beyond_its_limit_is_given_up_at_once(headers: dict[str, str]) -> None:
    transport = FakeTransport(httpx.Response(200))
    transport.reply_with(bomb(20), headers)

    with pytest.raises(TooLarge, match=r"larger than 16 MB.*MEETING_ASSETS_MAX_DOWNLOAD_MB") as raised:
        transport.download(access=replace(ACCESS, max_download_bytes=16 * MB))

    assert len(transport.requests) == 1
    assert_no_secrets(raised.value)


def test_two_gigabytes_in_two_megabytes_take_no_memory() -> None:
    packed = gzip.compress(bytes(64 * MB), mtime=0) * 32
    assert len(packed) < 3 * MB
    tracemalloc.start()

    with pytest.raises(TooLarge):
        decompress(packed, 32 * MB)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 80 * MB


@pytest.mark.parametrize("layers", [1, 2])
def test_layers_of_compression_have_one_limit(layers: int) -> None:
    packed = bomb(20) if layers == 1 else gzip.compress(bomb(20), mtime=0)

    with pytest.raises(TooLarge):
        decompress(packed, 16 * MB)
    assert len(decompress(packed, 20 * MB)) == 20 * MB


@pytest.mark.parametrize("length", [b"99999999999", b"9" * 5000, b"-1", b"nan"])
def test_an_announced_length_out_of_range_is_an_error(length: bytes) -> None:
    async def call() -> None:
        async with serve_bytes(HEAD + b"Content-Length: " + length + b"\r\n\r\n[]") as url:
            access = replace(ACCESS, base_url=url)
            async with RecallClient(access) as client:
                await client.download(f"{url}/a")

    with pytest.raises((TooLarge, Transient)):
        asyncio.run(call())


def test_a_body_longer_than_its_limit_is_given_up_without_compression_too() -> None:
    transport = FakeTransport(httpx.Response(200))
    transport.reply_with(b" " * 1000)

    with pytest.raises(TooLarge):
        transport.download(access=replace(ACCESS, max_download_bytes=999))
    assert transport.download(access=replace(ACCESS, max_download_bytes=1000)) == b" " * 1000


def test_a_page_that_inflates_beyond_its_limit_is_an_error_and_no_end() -> None:
    transport = FakeTransport(httpx.Response(200))
    transport.reply_with(bomb(MAX_RESPONSE_BYTES // MB + 1), GZIP)

    with pytest.raises(Transient, match="larger than 64 MB"):
        transport.list_objects()


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (DOCUMENT, {"Content-Type": "text/html; charset=utf-8"}),
        (DOCUMENT, {"Content-Type": "application/xml"}),
        (PACKED, {"Content-Type": "application/octet-stream"}),
        (PACKED, {}),
        (PACKED, GZIP),
        (DOCUMENT, GZIP),
        (DOCUMENT, {"Content-Encoding": "br"}),
        (b"\xef\xbb\xbf" + DOCUMENT, GZIP),
        (gzip.compress(PACKED, mtime=0), GZIP),
        (gzip.compress(DOCUMENT[:9], mtime=0) + gzip.compress(DOCUMENT[9:], mtime=0), {}),
        (PACKED + b"trailing", {}),
    ],
)
def test_bytes_decide_what_a_download_is_and_not_its_headers(body: bytes, headers: dict[str, str]) -> None:
    transport = FakeTransport(httpx.Response(200))
    transport.reply_with(body, headers)

    assert transport.download().removeprefix(b"\xef\xbb\xbf") == DOCUMENT
    assert transport.requests[0].headers["Accept-Encoding"] == "gzip"
    assert len(transport.requests) == 1


@pytest.mark.parametrize("headers", [{}, GZIP])
def test_a_page_is_read_whatever_its_encoding_is_called(headers: dict[str, str]) -> None:
    content = page("one").content
    for body in (content, gzip.compress(content, mtime=0), b"\xef\xbb\xbf" + content):
        transport = FakeTransport(httpx.Response(200))
        transport.reply_with(body, headers)

        assert transport.list_objects() == [{"id": "one"}]
        assert transport.requests[0].headers["Accept-Encoding"] == "gzip"


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b'<?xml version="1.0"?><Error><Code>SlowDown</Code></Error>', "XML"),
        (b"\xef\xbb\xbf\n <Error><Code>InternalError</Code></Error>", "XML"),
        (b"<!DOCTYPE html><html></html>", "HTML"),
        (gzip.compress(b"<Error/>", mtime=0), "XML"),
    ],
)
def test_an_error_page_at_status_200_is_transient(body: bytes, named: str) -> None:
    transport = FakeTransport(httpx.Response(200))
    transport.reply_with(body, {"Content-Type": "application/json"})

    with pytest.raises(Transient, match=f"the download gave {named} instead of JSON") as raised:
        transport.download(DOWNLOAD)

    assert len(transport.requests) == 4
    assert_no_secrets(raised.value)


def test_damaged_gzip_without_a_header_is_kept_as_it_is() -> None:
    damaged = PACKED[:12] + b"\xff\xff\xff" + PACKED[15:]
    transport = FakeTransport(httpx.Response(200))
    transport.reply_with(damaged)

    assert transport.download() == damaged


@pytest.mark.parametrize("body", [b"nope", PACKED[:12] + b"\xff\xff\xff" + PACKED[15:]], ids=["text", "damaged"])
def test_what_is_not_gzip_though_a_header_says_so_is_asked_for_again(body: bytes) -> None:
    transport = FakeTransport(httpx.Response(200))
    transport.reply_with(body, GZIP)

    with pytest.raises(Transient, match="broke off"):
        transport.download()
    assert len(transport.requests) == 4
