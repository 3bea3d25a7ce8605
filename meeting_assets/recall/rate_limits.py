"""Rate limit and retry budget of API calls.

`RateLimiter` keeps a process below the API's limits. `RetryBudget` decides after a failure whether and when to retry:
a few times within about a minute if the API is down, for several minutes if it throttles (429).
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from time import monotonic

import stamina

from meeting_assets.core.errors import Transient

WINDOW_S = 60.0
MAX_WAIT_S = 60.0
MAX_FAILING_S = 60.0
MAX_THROTTLED_S = 300.0
FIRST_WAIT_S = 0.5
JITTER_S = 0.5

Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[None]]

logger = logging.getLogger(__name__)


class Throttled(Transient):
    """The API answered 429. This is expected: other processes share the workspace's limits."""


class RateLimiter:
    """Allows at most `per_minute` calls in any sliding minute, and none during a pause.

    A token bucket would allow twice as many calls in its first minute, which the API rejects with 429.
    """

    def __init__(self, per_minute: int, *, clock: Clock = monotonic, sleep: Sleep = asyncio.sleep) -> None:
        self._starts: deque[float] = deque(maxlen=per_minute)
        self._paused_until = 0.0
        # The first waiter sleeps while it holds the lock, so calls start in the order of their arrival.
        self._lock = asyncio.Lock()
        self._clock = clock
        self._sleep = sleep

    async def wait(self) -> None:
        """Returns when the next call may start."""
        async with self._lock:
            while (delay_s := self._earliest() - self._clock()) > 0:
                await self._sleep(delay_s)
            self._starts.append(self._clock())

    def pause(self, seconds: float) -> None:
        """Delays all further calls by `seconds`, at most by `MAX_WAIT_S`."""
        if seconds > 0:
            self._paused_until = max(self._paused_until, self._clock() + min(seconds, MAX_WAIT_S))

    def _earliest(self) -> float:
        is_full = len(self._starts) == self._starts.maxlen
        return max(self._paused_until, self._starts[0] + WINDOW_S if is_full else 0.0)


class RetryBudget:
    """Decides about the retries of one call.

    Gives up after `attempts` failures or `MAX_FAILING_S` spent on failing calls: the time inside `with budget`, plus
    the waits before retries. A 429 does not count as a failure until throttling has lasted `MAX_THROTTLED_S`.
    """

    def __init__(self, attempts: int, *, clock: Clock = monotonic) -> None:
        self._attempts = attempts
        self._clock = clock
        self._started = 0.0
        self._failures = 0
        self._failing_s = 0.0
        self._throttles = 0
        self._throttled_s = 0.0

    def __enter__(self) -> None:
        self._started = self._clock()

    def __exit__(self, *_: object) -> None:
        self._failing_s += self._clock() - self._started

    def wait_s(self, error: Exception) -> float | None:
        """Seconds to wait before the next attempt; None to give up."""
        if isinstance(error, Throttled):
            return self._after_throttling(error)
        if isinstance(error, Transient):
            return self._after_failure(error)
        return None

    def _after_throttling(self, error: Throttled) -> float | None:
        if self._throttled_s >= MAX_THROTTLED_S:
            return None
        wait_s = _backoff_s(error, self._throttles)
        self._throttles += 1
        self._throttled_s += wait_s
        return wait_s + _jitter_s()

    def _after_failure(self, error: Transient) -> float | None:
        self._failures += 1
        if self._failures >= self._attempts or self._failing_s >= MAX_FAILING_S:
            return None
        wait_s = _backoff_s(error, self._failures - 1)
        self._failing_s += wait_s
        return wait_s + _jitter_s()


def retry_within(budget: RetryBudget) -> AsyncIterator[stamina.Attempt]:
    """Attempts of one call; stamina retries while the budget allows it."""

    def hook(error: Exception) -> bool | float:
        wait_s = budget.wait_s(error)
        if wait_s is None:
            return False
        logger.debug("retrying in %.1f s: %s", wait_s, error)
        return wait_s

    return stamina.retry_context(on=hook, attempts=None, timeout=None).__aiter__()


def _backoff_s(error: Transient, earlier: int) -> float:
    """The wait that the API asks for, else one that doubles with each retry; never below `FIRST_WAIT_S`."""
    wait_s = FIRST_WAIT_S * 2 ** min(earlier, 10) if error.retry_after_s is None else error.retry_after_s
    # `max` returns its first argument if `wait_s` is NaN.
    return min(max(FIRST_WAIT_S, wait_s), MAX_WAIT_S)


def _jitter_s() -> float:
    return random.uniform(0.0, JITTER_S)  # noqa: S311 - no cryptographic use
