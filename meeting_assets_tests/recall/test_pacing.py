"""Pace: never more than so many calls in any minute. Patience: a few times, within about a minute."""

from __future__ import annotations

import asyncio
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meeting_assets.core.errors import Gone, Refused, Transient, UrlExpired
from meeting_assets.recall.pacing import (
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
    """When each of some concurrent calls started."""

    async def call() -> float:
        await limiter.wait()
        return clock()

    return list(await asyncio.gather(*(call() for _ in range(calls))))


@given(
    per_minute=st.integers(1, 7),
    bursts=st.lists(st.tuples(st.floats(0, 90), st.integers(0, 12)), max_size=8),
)
def test_no_minute_holds_more_calls_than_allowed(per_minute: int, bursts: list[tuple[float, int]]) -> None:
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


def test_up_to_the_limit_nobody_waits() -> None:
    clock = FakeClock()
    limiter = RateLimiter(50, clock=clock, sleep=clock.sleep)

    asyncio.run(started(limiter, clock, 50))

    assert clock.slept_s == 0


def test_nobody_waits_longer_than_needed() -> None:
    clock = FakeClock()
    limiter = RateLimiter(2, clock=clock, sleep=clock.sleep)

    starts = asyncio.run(started(limiter, clock, 6))

    assert [each - 1000 for each in starts] == [0, 0, 60, 60, 120, 120]


def test_whoever_gives_up_waiting_does_not_hold_up_the_others() -> None:
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
        impatient, patient = asyncio.create_task(call("impatient")), asyncio.create_task(call("patient"))
        await asyncio.sleep(0)
        impatient.cancel()
        blocked.set()
        await patient
        return reached

    assert asyncio.run(run()) == ["first", "patient"]


def test_a_sleep_that_ends_too_early_is_continued() -> None:
    clock = FakeClock()
    limiter = RateLimiter(1, clock=clock, sleep=lambda seconds: clock.sleep(seconds / 2 if seconds > 1e-6 else seconds))

    starts = asyncio.run(started(limiter, clock, 2))

    assert starts[1] - starts[0] >= WINDOW_S


def test_a_pause_holds_for_everybody_and_the_longest_counts() -> None:
    clock = FakeClock()
    limiter = RateLimiter(50, clock=clock, sleep=clock.sleep)
    limiter.pause(30)
    limiter.pause(10)

    starts = asyncio.run(started(limiter, clock, 3))

    assert starts == [1030.0] * 3


def test_a_pause_that_comes_while_waiting_is_kept() -> None:
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
def test_only_what_may_go_by_is_asked_for_again(error: Exception) -> None:
    assert RetryBudget(5).wait_s(error) is None


def test_waits_double_and_end_after_some_attempts() -> None:
    budget = RetryBudget(5)

    waits = [budget.wait_s(Transient("x")) for _ in range(5)]

    for wait_s, least_s in zip(waits[:4], (0.5, 1, 2, 4), strict=True):
        assert wait_s is not None
        assert least_s <= wait_s <= least_s + JITTER_S
    assert waits[4] is None


def test_waits_are_spread() -> None:
    assert len({RetryBudget(5).wait_s(Transient("x")) for _ in range(10)}) > 1


@pytest.mark.parametrize(("told_s", "least_s"), [(7.0, 7.0), (0.0, FIRST_WAIT_S), (3600.0, MAX_WAIT_S)])
@pytest.mark.parametrize("kind", [Transient, Throttled])
def test_the_api_is_left_alone_as_long_as_it_says_within_limits(
    kind: type[Transient], told_s: float, least_s: float
) -> None:
    wait_s = RetryBudget(5).wait_s(kind("x", retry_after_s=told_s))

    assert wait_s is not None
    assert least_s <= wait_s <= least_s + JITTER_S


@pytest.mark.parametrize(
    ("answer_s", "told_s", "attempts"),
    [(30.0, None, 2), (10.0, None, 5), (0.0, 60.0, 2), (0.0, 20.0, 4), (300.0, None, 1)],
)
def test_an_api_that_is_down_is_given_up_after_about_a_minute(
    answer_s: float, told_s: float | None, attempts: int
) -> None:
    clock = FakeClock()
    budget = RetryBudget(5, clock=clock)

    made = 0
    waited: float | None = 0.0
    while waited is not None:
        made += 1
        clock.now_s += waited
        with budget:
            clock.now_s += answer_s
        waited = budget.wait_s(Transient("x", retry_after_s=told_s))

    assert made == attempts
    assert clock() - 1000 <= max(answer_s, 65.0)


def test_to_be_throttled_costs_no_attempt() -> None:
    budget = RetryBudget(2)

    waits = [budget.wait_s(Throttled("x", retry_after_s=1.0)) for _ in range(20)]

    assert None not in waits
    assert budget.wait_s(Transient("x")) is not None


@pytest.mark.parametrize("told_s", [None, 0.0, 20.0, 3600.0])
def test_to_be_throttled_for_minutes_ends(told_s: float | None) -> None:
    budget = RetryBudget(5)

    waits = []
    for _ in count():
        if (wait_s := budget.wait_s(Throttled("x", retry_after_s=told_s))) is None:
            break
        waits.append(wait_s)

    assert 300 <= sum(waits) <= 700
