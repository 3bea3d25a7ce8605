"""Rate limits of the API: a maximum of requests per endpoint in any 60 seconds."""

from collections import defaultdict, deque
from math import ceil

from .clock import Clock

WINDOW_S = 60
PER_WINDOW = {"list": 60, "retrieve": 300}


class Limits:
    """A sliding window per endpoint. Throttled requests do not count, as in Django REST framework."""

    def __init__(self, clock: Clock, *, enforced: bool) -> None:
        self.enforced = enforced
        self._clock = clock
        self._taken: defaultdict[tuple[str, str], deque[float]] = defaultdict(deque)

    def retry_after_s(self, group: str, collection: str) -> int | None:
        """Whole seconds to wait; None if the request is allowed, which also counts it."""
        if not self.enforced:
            return None
        now_s = self._clock.now().timestamp()
        taken = self._taken[group, collection]
        while taken and taken[0] <= now_s - WINDOW_S:
            taken.popleft()
        if len(taken) < PER_WINDOW[group]:
            taken.append(now_s)
            return None
        return max(1, ceil(taken[0] + WINDOW_S - now_s))
