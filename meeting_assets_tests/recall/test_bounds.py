"""Waits, lists and decompressed bodies have limits that the API cannot exceed."""

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
from meeting_assets.recall.pagination import MAX_PAGES_WITHOUT_NEW_OBJECT
from meeting_assets.recall.rate_limits import JITTER_S, MAX_WAIT_S, RateLimiter, RetryBudget, Throttled
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
    """Gzip that decompresses to this many megabytes of blanks."""
    return gzip.compress(b" " * MB, mtime=0) * megabytes


@pytest.mark.parametrize("seconds", [1e400, 1e300, 86_400.0, float("nan"), -1e300, -5.0, 0.0])
def test_wait_requested_by_the_api_never_exceeds_the_maximum(seconds: float) -> None:
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
def test_list_is_read_after_the_maximum_wait_if_the_api_asks_for_a_longer_one(header: str) -> None:
    transport = FakeTransport(httpx.Response(429, headers={"Retry-After": header}), page("one"))

    assert transport.list_objects() == [{"id": "one"}]
    assert transport.clock.slept_s <= MAX_WAIT_S


def endless(results: Callable[[int], list[str]]) -> FakeTransport:
    """A list whose `next` always names another page."""
    numbers = itertools.count()

    def reply(_: httpx.Request) -> httpx.Response:
        number = next(numbers)
        return page(*results(number), next_url=f"{API}/api/v1/transcript/?cursor={number}")

    return FakeTransport(reply)


@pytest.mark.parametrize(
    "results", [lambda _: [], lambda _: ["one", "two"], lambda n: [f"{min(n, 3)}"]], ids=["empty", "same", "stuck"]
)
def test_endless_list_without_new_objects_raises(results: Callable[[int], list[str]]) -> None:
    transport = endless(results)

    with pytest.raises(Transient, match="pages in a row brought no new object") as raised:
        transport.list_objects()

    assert len(transport.requests) <= MAX_PAGES_WITHOUT_NEW_OBJECT + 5
    assert_no_secrets(raised.value)


def test_long_list_with_repeated_objects_is_read_completely() -> None:
    ids = [str(number) for number in range(100)]
    replies = [page(*ids[max(0, n - 3) : n + 1], next_url=f"{API}/?c={n}") for n in range(99)]

    assert [each["id"] for each in FakeTransport(*replies, page(*ids[-3:])).list_objects()] == ids


@pytest.mark.parametrize("count", [-1, 10**400, "many", 1e300, True, None, [], {}])
def test_invalid_count_gives_no_page_count(count: object) -> None:
    async def call() -> list[int | None]:
        async with FakeTransport(page("one", count=count)).client() as client:
            return [each.page_count async for each in client.list_pages("bot")]

    (page_count,) = asyncio.run(call())

    assert page_count is None


@pytest.mark.parametrize("headers", [GZIP, {}], ids=["declared", "undeclared"])
def test_download_that_decompresses_beyond_its_limit_raises_without_retry(headers: dict[str, str]) -> None:
    transport = FakeTransport(httpx.Response(200))
    transport.reply_with(bomb(20), headers)

    with pytest.raises(TooLarge, match=r"larger than 16 MB.*MEETING_ASSETS_MAX_DOWNLOAD_MB") as raised:
        transport.download(access=replace(ACCESS, max_download_bytes=16 * MB))

    assert len(transport.requests) == 1
    assert_no_secrets(raised.value)


def test_decompression_bomb_needs_little_memory() -> None:
    packed = gzip.compress(bytes(64 * MB), mtime=0) * 32
    assert len(packed) < 3 * MB
    tracemalloc.start()

    with pytest.raises(TooLarge):
        decompress(packed, 32 * MB)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 80 * MB


@pytest.mark.parametrize("layers", [1, 2])
def test_limit_holds_for_all_layers_of_compression_together(layers: int) -> None:
    packed = bomb(20) if layers == 1 else gzip.compress(bomb(20), mtime=0)

    with pytest.raises(TooLarge):
        decompress(packed, 16 * MB)
    assert len(decompress(packed, 20 * MB)) == 20 * MB


@pytest.mark.parametrize("length", [b"99999999999", b"9" * 5000, b"-1", b"nan"])
def test_content_length_out_of_range_raises(length: bytes) -> None:
    async def call() -> None:
        async with serve_bytes(HEAD + b"Content-Length: " + length + b"\r\n\r\n[]") as url:
            access = replace(ACCESS, base_url=url)
            async with RecallClient(access) as client:
                await client.download(f"{url}/a")

    with pytest.raises((TooLarge, Transient)):
        asyncio.run(call())


def test_uncompressed_body_beyond_its_limit_raises() -> None:
    transport = FakeTransport(httpx.Response(200))
    transport.reply_with(b" " * 1000)

    with pytest.raises(TooLarge):
        transport.download(access=replace(ACCESS, max_download_bytes=999))
    assert transport.download(access=replace(ACCESS, max_download_bytes=1000)) == b" " * 1000


def test_page_that_decompresses_beyond_its_limit_raises() -> None:
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
def test_download_is_decoded_by_its_bytes_and_not_by_its_headers(body: bytes, headers: dict[str, str]) -> None:
    transport = FakeTransport(httpx.Response(200))
    transport.reply_with(body, headers)

    assert transport.download().removeprefix(b"\xef\xbb\xbf") == DOCUMENT
    assert transport.requests[0].headers["Accept-Encoding"] == "gzip"
    assert len(transport.requests) == 1


@pytest.mark.parametrize("headers", [{}, GZIP])
def test_page_is_decoded_by_its_bytes_and_not_by_its_headers(headers: dict[str, str]) -> None:
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
def test_error_page_with_status_200_is_transient(body: bytes, named: str) -> None:
    transport = FakeTransport(httpx.Response(200))
    transport.reply_with(body, {"Content-Type": "application/json"})

    with pytest.raises(Transient, match=f"the download gave {named} instead of JSON") as raised:
        transport.download(DOWNLOAD)

    assert len(transport.requests) == 4
    assert_no_secrets(raised.value)


def test_damaged_gzip_without_a_header_is_returned_unchanged() -> None:
    damaged = PACKED[:12] + b"\xff\xff\xff" + PACKED[15:]
    transport = FakeTransport(httpx.Response(200))
    transport.reply_with(damaged)

    assert transport.download() == damaged


@pytest.mark.parametrize("body", [b"nope", PACKED[:12] + b"\xff\xff\xff" + PACKED[15:]], ids=["text", "damaged"])
def test_body_that_is_not_gzip_despite_its_header_is_retried(body: bytes) -> None:
    transport = FakeTransport(httpx.Response(200))
    transport.reply_with(body, GZIP)

    with pytest.raises(Transient, match="broke off"):
        transport.download()
    assert len(transport.requests) == 4
