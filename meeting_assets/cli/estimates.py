"""The remaining time of work in stages, from the first second on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from time import monotonic

from meeting_assets.core.progress import Stage

WEIGHTS_S: Mapping[Stage, float] = {
    Stage.START: 4.0,
    Stage.BOTS: 2.0,
    Stage.RESTORE: 2.0,
    Stage.LIST: 1.0,
    Stage.FETCH: 6.0,
    Stage.LOAD: 8.0,
    Stage.DERIVE: 8.0,
    Stage.ROLL_UP: 4.0,
    Stage.MEDIA: 30.0,
}
"""Assumed seconds of each stage, not measured. The pace of the running command replaces them."""
PRIOR_S = 5.0
"""Seconds of assumed progress at the assumed pace. They damp the pace in the first seconds."""
OBSERVED_SHARE = 0.05
"""From this share of a stage on, its elapsed time predicts its end."""


class Estimate:
    """Progress through planned stages, a stage possibly planned several times.

    Args:
        stages: the planned stages in their order.
        parts: number of parts of stages with several.
        clock: seconds of a monotonic clock.
    """

    def __init__(
        self, stages: Sequence[Stage], parts: Mapping[Stage, int], clock: Callable[[], float] = monotonic
    ) -> None:
        self._stages, self._parts, self._clock = stages, parts, clock
        self._index = 0
        self._share = 0.0
        self._seen_parts: list[str] = []
        self._began_s = self._stage_began_s = clock()

    @property
    def stage(self) -> Stage:
        """The stage in progress."""
        return self._stages[self._index]

    @property
    def share(self) -> float:
        """The share of all work that is done, from 0 to 1."""
        return self._done_s() / self._total_s()

    def update(self, stage: Stage, done: int, total: int, part: str = "") -> None:
        """Notes a report of progress. A stage that is not planned any more leaves the estimate as it is."""
        if stage is not self.stage or (part and part in self._seen_parts[:-1]):
            later = [index for index in range(self._index + 1, len(self._stages)) if self._stages[index] is stage]
            if not later:
                return
            self._index, self._share, self._seen_parts = later[0], 0.0, []
            self._stage_began_s = self._clock()
        if part not in self._seen_parts:
            self._seen_parts.append(part)
        of_part = done / total if total else 0.0
        share = (len(self._seen_parts) - 1 + of_part) / self._parts.get(stage, 1)
        self._share = min(max(share, self._share), 1.0)

    def remaining_s(self) -> float:
        """The expected seconds until the end."""
        now_s = self._clock()
        pace = (now_s - self._began_s + PRIOR_S) / (self._done_s() + PRIOR_S)
        later_s = sum(WEIGHTS_S[each] for each in self._stages[self._index + 1 :]) * pace
        if self._share >= OBSERVED_SHARE:
            return (now_s - self._stage_began_s) * (1 - self._share) / self._share + later_s
        return WEIGHTS_S[self.stage] * (1 - self._share) * pace + later_s

    def _total_s(self) -> float:
        return sum(WEIGHTS_S[each] for each in self._stages)

    def _done_s(self) -> float:
        return sum(WEIGHTS_S[each] for each in self._stages[: self._index]) + WEIGHTS_S[self.stage] * self._share
