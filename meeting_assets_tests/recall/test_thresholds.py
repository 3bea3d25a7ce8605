"""Each published limit of the API client, observed at its value and just beside it."""

from __future__ import annotations

import asyncio
from itertools import count, takewhile

import httpx
import pytest

from meeting_assets.core.errors import (
    BytesMissing,
    Gone,
    MeetingAssetsError,
    ObjectRefused,
    Refused,
    Transient,
    UrlExpired,
)
from meeting_assets.recall import client, downloads
from meeting_assets.recall.client import Access
from meeting_assets.recall.objects import MAX_LEVELS
from meeting_assets.recall.pagination import EndlessListGuard
from meeting_assets.recall.rate_limits import JITTER_S, MAX_WAIT_S, RateLimiter, RetryBudget, Throttled
from meeting_assets.recall.responses import Page, check_download_status, parse_object
from meeting_assets_tests.support.fake_transport import FakeClock

MEGABYTE = 2**20

Reactions = dict[int, type[MeetingAssetsError] | None]
"""The error that each status raises; None for success."""


def call_error(code: int) -> type[MeetingAssetsError] | None:
    """The error that an API response of this status raises."""
    try:
        parse_object(httpx.Response(code, json={}), "recording")
    except MeetingAssetsError as error:
        return type(error)
    return None


def download_error(code: int) -> type[MeetingAssetsError] | None:
    """The error that a download of this status raises."""
    try:
        check_download_status(httpx.Response(code))
    except MeetingAssetsError as error:
        return type(error)
    return None


def test_every_status_of_a_call_has_its_reaction() -> None:
    retried = {408, 409, 425, *range(500, 600)}
    expected: Reactions = {**dict.fromkeys(range(200, 600), ObjectRefused), **dict.fromkeys(retried, Transient)}
    expected |= {200: None, 401: Refused, 402: Refused, 404: Gone, 410: Gone, 429: Throttled}

    assert {code: call_error(code) for code in range(200, 600)} == expected


@pytest.mark.parametrize(("code", "is_redirect"), [(299, False), (300, True), (399, True), (400, False)])
def test_redirect_is_named_as_one(code: int, is_redirect: bool) -> None:
    with pytest.raises(ObjectRefused) as raised:
        parse_object(httpx.Response(code, json={}), "recording")

    assert ("redirects" in str(raised.value)) is is_redirect


def test_firewall_page_with_status_403_alone_is_retried() -> None:
    for code, error in [(403, Transient), (400, ObjectRefused), (405, ObjectRefused)]:
        with pytest.raises(error):
            parse_object(httpx.Response(code, html="<html>"), "recording")


def test_every_status_of_a_download_has_its_reaction() -> None:
    expected: Reactions = {**dict.fromkeys(range(200, 600), Transient), **dict.fromkeys([400, 401, 403], UrlExpired)}
    expected |= {200: None, 404: BytesMissing, 410: BytesMissing, 429: Throttled}

    assert {code: download_error(code) for code in range(200, 600)} == expected


def waits_s(error: Transient, attempts: int = 10**6) -> list[float]:
    """The waits before retries of a call that always fails at once."""
    budget = RetryBudget(attempts, clock=FakeClock())
    return [wait for wait in takewhile(lambda wait: wait is not None, map(budget.wait_s, [error] * 1000)) if wait]


def test_wait_before_a_retry_doubles_from_half_a_second_to_a_minute() -> None:
    throttled = waits_s(Throttled("busy"))

    for wait, base in zip(throttled, [0.5, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60], strict=True):
        assert base <= wait <= base + JITTER_S == base + 0.5


def test_call_fails_at_its_fifth_failure() -> None:
    assert client.ATTEMPTS == 5
    assert len(waits_s(Transient("away", retry_after_s=0.5), client.ATTEMPTS)) == 4


@pytest.mark.parametrize(("wait_s", "retries"), [(30, 2), (29.9, 3), (60, 1), (59.9, 2)])
def test_call_fails_after_a_minute_of_failures(wait_s: float, retries: int) -> None:
    assert len(waits_s(Transient("away", retry_after_s=wait_s))) == retries


@pytest.mark.parametrize(("wait_s", "retries"), [(60, 5), (50, 6), (59.9, 6)])
def test_throttled_call_fails_after_five_minutes(wait_s: float, retries: int) -> None:
    assert len(waits_s(Throttled("busy", retry_after_s=wait_s))) == retries


def test_rate_limit_counts_calls_of_sixty_seconds() -> None:
    clock = FakeClock()
    limiter = RateLimiter(1, clock=clock, sleep=clock.sleep)

    async def second_start_s() -> float:
        await limiter.wait()
        await limiter.wait()
        return clock()

    started_s = clock()

    assert asyncio.run(second_start_s()) - started_s == pytest.approx(60)
    assert MAX_WAIT_S == 60


def pages_read(pages: list[Page]) -> int:
    """Number of pages that the guard accepts."""
    guard = EndlessListGuard("recording", "")
    for index, page in enumerate(pages):
        try:
            guard.check(page)
        except Transient:
            return index
    return len(pages)


def test_list_fails_at_the_tenth_page_without_a_new_object() -> None:
    names = count()
    repeated = [Page([{"id": "a"}], f"cursor={next(names)}") for _ in range(20)]

    assert pages_read(repeated) == 10  # the first page brought a new object


def test_list_fails_at_its_50_000th_page() -> None:
    endless = [Page([{"id": str(number)}], f"cursor={number}") for number in range(50_001)]

    assert pages_read(endless) == 49_999


def test_limits_of_sizes_and_calls_are_the_published_ones() -> None:
    assert (client.MAX_RESPONSE_BYTES, client.MAX_DOWNLOAD_BYTES) == (64 * MEGABYTE, 256 * MEGABYTE)
    assert (client.RETRIEVES_PER_MINUTE, Access("", "").list_calls_per_minute) == (250, 50)
    assert (downloads.DOWNLOAD_ATTEMPTS, downloads.TRUNCATED_ATTEMPTS, MAX_LEVELS) == (4, 4, 100)
