"""The bandwidth limit that all media downloads of a process share."""

from __future__ import annotations

import asyncio
from time import monotonic

from meeting_assets.recall.rate_limits import Clock, Sleep

BYTES_PER_MBIT = 125_000
BURST_S = 0.25
"""Seconds of unused bandwidth that are carried over."""


class Bandwidth:
    """Delays readers of network streams so that they stay below a rate together; without a rate it only counts.

    A reader that waits does not read, so the operating system slows down the sender.
    """

    def __init__(
        self, max_mbit_per_s: float | None = None, *, clock: Clock = monotonic, sleep: Sleep = asyncio.sleep
    ) -> None:
        self._bytes_per_s = max_mbit_per_s * BYTES_PER_MBIT if max_mbit_per_s else None
        self._clock = clock
        self._sleep = sleep
        self._free_at = clock()
        self.received_bytes = 0

    async def spend(self, size_bytes: int) -> None:
        """Counts received bytes, and returns when the next ones may be read."""
        self.received_bytes += size_bytes
        if self._bytes_per_s is None:
            return
        at = self._clock()
        self._free_at = max(self._free_at, at - BURST_S) + size_bytes / self._bytes_per_s
        if self._free_at > at:
            await self._sleep(self._free_at - at)
