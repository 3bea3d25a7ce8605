"""The rate limit holds in every minute; a call is retried a few times within about a minute."""

from __future__ import annotations

import asyncio
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meeting_assets.core.errors import Gone, Refused, Transient, UrlExpired
from meeting_assets.recall.rate_limits import (
    FIRST_WAIT_S,
    JITTER_S,
    MAX_WAIT_S,
    WINDOW_S,
    RateLimiter,
    RetryBudget,
    Throttled,
)
from meeting_assets_tests.support.fake_transport import FakeClock


async def started(limiter: RateLimiter, clock: FakeClock, calls: int) -> list[float]:
    """Start times of concurrent calls."""

    async def call() -> float:
        await limiter.wait()
        return clock()

    return list(await asyncio.gather(*(call() for _ in range(calls))))


@given(
    per_minute=st.integers(1, 7),
    bursts=st.lists(st.tuples(st.floats(0, 90), st.integers(0, 12)), max_size=8),
)
def test_no_minute_contains_more_calls_than_allowed(per_minute: int, bursts: list[tuple[float, int]]) -> None:
    clock = FakeClock()
    limiter = RateLimiter(per_minute, clock=clock, sleep=clock.sleep)

    async def run() -> list[float]:
        starts: list[float] = []
        for pause_s, calls in bursts:
            clock.now_s += pause_s
            starts += await started(limiter, clock, calls)
        return starts

    starts = asyncio.run(run())

    for earlier, later in zip(starts, starts[per_minute:], strict=False):
        assert later - earlier >= WINDOW_S - 1e-6
    assert len(starts) == sum(calls for _, calls in bursts)


def test_calls_up_to_the_limit_do_not_wait() -> None:
    clock = FakeClock()
    limiter = RateLimiter(50, clock=clock, sleep=clock.sleep)

    asyncio.run(started(limiter, clock, 50))

    assert clock.slept_s == 0


def test_calls_start_as_early_as_the_limit_allows() -> None:
    clock = FakeClock()
    limiter = RateLimiter(2, clock=clock, sleep=clock.sleep)

    starts = asyncio.run(started(limiter, clock, 6))

    assert [each - 1000 for each in starts] == [0, 0, 60, 60, 120, 120]


def test_cancelled_waiter_does_not_delay_the_others() -> None:
    async def run() -> list[str]:
        reached: list[str] = []
        blocked = asyncio.Event()

        async def sleep(_: float) -> None:
            await blocked.wait()
            clock.now_s += 60

        clock = FakeClock()
        limiter = RateLimiter(1, clock=clock, sleep=sleep)

        async def call(name: str) -> None:
            await limiter.wait()
            reached.append(name)

        await call("first")
        cancelled, waiting = asyncio.create_task(call("cancelled")), asyncio.create_task(call("waiting"))
        await asyncio.sleep(0)
        cancelled.cancel()
        blocked.set()
        await waiting
        return reached

    assert asyncio.run(run()) == ["first", "waiting"]


def test_sleep_that_ends_too_early_is_continued() -> None:
    clock = FakeClock()
    limiter = RateLimiter(1, clock=clock, sleep=lambda seconds: clock.sleep(seconds / 2 if seconds > 1e-6 else seconds))

    starts = asyncio.run(started(limiter, clock, 2))

    assert starts[1] - starts[0] >= WINDOW_S


def test_longest_pause_applies_to_all_calls() -> None:
    clock = FakeClock()
    limiter = RateLimiter(50, clock=clock, sleep=clock.sleep)
    limiter.pause(30)
    limiter.pause(10)

    starts = asyncio.run(started(limiter, clock, 3))

    assert starts == [1030.0] * 3


def test_pause_during_a_wait_extends_it() -> None:
    async def run() -> float:
        clock = FakeClock()

        async def sleep(seconds: float) -> None:
            clock.now_s += seconds
            if clock.now_s < 1020:
                limiter.pause(15)

        limiter = RateLimiter(50, clock=clock, sleep=sleep)
        limiter.pause(10)
        await limiter.wait()
        return clock()

    assert asyncio.run(run()) == 1025.0


@pytest.mark.parametrize("error", [Gone("x"), Refused("x"), UrlExpired("x"), ValueError("x")])
def test_permanent_errors_are_not_retried(error: Exception) -> None:
    assert RetryBudget(5).wait_s(error) is None


def test_waits_double_until_the_attempts_are_used_up() -> None:
    budget = RetryBudget(5)

    waits = [budget.wait_s(Transient("x")) for _ in range(5)]

    for wait_s, least_s in zip(waits[:4], (0.5, 1, 2, 4), strict=True):
        assert wait_s is not None
        assert least_s <= wait_s <= least_s + JITTER_S
    assert waits[4] is None


def test_waits_have_jitter() -> None:
    assert len({RetryBudget(5).wait_s(Transient("x")) for _ in range(10)}) > 1


@pytest.mark.parametrize(("retry_after_s", "least_s"), [(7.0, 7.0), (0.0, FIRST_WAIT_S), (3600.0, MAX_WAIT_S)])
@pytest.mark.parametrize("kind", [Transient, Throttled])
def test_wait_follows_retry_after_within_limits(kind: type[Transient], retry_after_s: float, least_s: float) -> None:
    wait_s = RetryBudget(5).wait_s(kind("x", retry_after_s=retry_after_s))

    assert wait_s is not None
    assert least_s <= wait_s <= least_s + JITTER_S


@pytest.mark.parametrize(
    ("response_s", "retry_after_s", "attempts"),
    [(30.0, None, 2), (10.0, None, 5), (0.0, 60.0, 2), (0.0, 20.0, 4), (300.0, None, 1)],
)
def test_retries_end_after_about_a_minute_of_failures(
    response_s: float, retry_after_s: float | None, attempts: int
) -> None:
    clock = FakeClock()
    budget = RetryBudget(5, clock=clock)

    made = 0
    waited: float | None = 0.0
    while waited is not None:
        made += 1
        clock.now_s += waited
        with budget:
            clock.now_s += response_s
        waited = budget.wait_s(Transient("x", retry_after_s=retry_after_s))

    assert made == attempts
    assert clock() - 1000 <= max(response_s, 65.0)


def test_throttling_does_not_count_as_a_failure() -> None:
    budget = RetryBudget(2)

    waits = [budget.wait_s(Throttled("x", retry_after_s=1.0)) for _ in range(20)]

    assert None not in waits
    assert budget.wait_s(Transient("x")) is not None


@pytest.mark.parametrize("retry_after_s", [None, 0.0, 20.0, 3600.0])
def test_throttling_for_minutes_ends_the_retries(retry_after_s: float | None) -> None:
    budget = RetryBudget(5)

    waits = []
    for _ in count():
        if (wait_s := budget.wait_s(Throttled("x", retry_after_s=retry_after_s))) is None:
            break
        waits.append(wait_s)

    assert 300 <= sum(waits) <= 700
