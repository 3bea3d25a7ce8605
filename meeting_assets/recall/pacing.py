"""How fast we ask: never more than so many calls in any minute, shared by all tasks of a process."""

from __future__ import annotations

import asyncio
from collections import deque
from time import monotonic

WINDOW_S = 60.0


class Pace:
    """At most `per_minute` calls in any sliding minute.

    A bucket that refills would let twice as many pass in its first minute, which the API answers with 429.
    """

    def __init__(self, per_minute: int) -> None:
        self._starts: deque[float] = deque(maxlen=per_minute)
        self._turn = asyncio.Lock()

    async def wait(self) -> None:
        """Returns when the next call may start."""
        async with self._turn:
            if len(self._starts) == self._starts.maxlen:
                await asyncio.sleep(max(0.0, self._starts[0] + WINDOW_S - monotonic()))
            self._starts.append(monotonic())
