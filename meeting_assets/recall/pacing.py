"""How fast we ask, and when we ask again.

`Pace` keeps a process below the API's limits. `Patience` says after a fault whether to ask again and when: a few times
within about a minute where something is broken, for some minutes where the API is merely busy (429).
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable
from time import monotonic

from meeting_assets.core.errors import Transient

WINDOW_S = 60.0
LONGEST_WAIT_S = 60.0
LONGEST_TROUBLE_S = 60.0
LONGEST_THROTTLING_S = 300.0
FIRST_WAIT_S = 0.5
JITTER_S = 0.5

Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[None]]


class Throttled(Transient):
    """The API asks for fewer calls (429): ordinary flow, since other processes share the workspace's limits."""


class RateLimiter:
    """At most `per_minute` calls in any sliding minute, and none while the API wants to be left alone.

    A bucket that refills would let twice as many pass in its first minute, which the API answers with 429.
    """

    def __init__(self, per_minute: int, *, clock: Clock = monotonic, sleep: Sleep = asyncio.sleep) -> None:
        self._starts: deque[float] = deque(maxlen=per_minute)
        self._paused_until = 0.0
        # Whoever is first in line waits for all: nobody may start before him.
        self._turn = asyncio.Lock()
        self._clock = clock
        self._sleep = sleep

    async def wait(self) -> None:
        """Returns when the next call may start."""
        async with self._turn:
            while (delay_s := self._earliest() - self._clock()) > 0:
                await self._sleep(delay_s)
            self._starts.append(self._clock())

    def pause(self, seconds: float) -> None:
        """Lets no call start for so long, at most for `LONGEST_WAIT_S`."""
        if seconds > 0:
            self._paused_until = max(self._paused_until, self._clock() + min(seconds, LONGEST_WAIT_S))

    def _earliest(self) -> float:
        is_full = len(self._starts) == self._starts.maxlen
        return max(self._paused_until, self._starts[0] + WINDOW_S if is_full else 0.0)


class RetryBudget:
    """Whether and when to ask again after a fault, for one call.

    What is broken is asked for at most `attempts` times, and not after a minute of trouble: of waiting for answers,
    which is measured inside `with patience`, and of waits that the API asked for. To be throttled is no trouble until
    it has lasted for minutes.
    """

    def __init__(self, attempts: int, *, clock: Clock = monotonic) -> None:
        self._attempts = attempts
        self._clock = clock
        self._started = 0.0
        self._faults = 0
        self._trouble_s = 0.0
        self._throttles = 0
        self._throttled_s = 0.0

    def __enter__(self) -> None:
        self._started = self._clock()

    def __exit__(self, *_: object) -> None:
        self._trouble_s += self._clock() - self._started

    def wait_s(self, error: Exception) -> float | None:
        """How long to wait before asking again; None to give up."""
        if isinstance(error, Throttled):
            return self._after_throttling(error)
        if isinstance(error, Transient):
            return self._after_fault(error)
        return None

    def _after_throttling(self, error: Throttled) -> float | None:
        if self._throttled_s >= LONGEST_THROTTLING_S:
            return None
        wait_s = _wait_s(error, self._throttles)
        self._throttles += 1
        self._throttled_s += wait_s
        return wait_s + _jitter_s()

    def _after_fault(self, error: Transient) -> float | None:
        self._faults += 1
        if self._faults >= self._attempts or self._trouble_s >= LONGEST_TROUBLE_S:
            return None
        wait_s = _wait_s(error, self._faults - 1)
        self._trouble_s += wait_s
        return wait_s + _jitter_s()


def _wait_s(error: Transient, earlier: int) -> float:
    """As long as the API says, else twice as long each time; never none at all."""
    wait_s = FIRST_WAIT_S * 2 ** min(earlier, 10) if error.retry_after_s is None else error.retry_after_s
    # In this order NaN becomes the shortest wait.
    return min(max(FIRST_WAIT_S, wait_s), LONGEST_WAIT_S)


def _jitter_s() -> float:
    return random.uniform(0.0, JITTER_S)  # noqa: S311 - spreads calls, guards nothing
