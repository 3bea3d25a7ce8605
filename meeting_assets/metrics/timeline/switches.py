"""Intervals between switching on and off: speech, presence, cameras, shared screens.

Events may be repeated and out of order; only their instants count. A repeated `on` continues the interval. An `on`
without `off` yields an interval without end, an `off` without `on` one without start; callers decide how to close
them. If `on` and `off` share an instant, one interval ends and the next begins there if the next instant has an `off`;
otherwise the interval just ends.

>>> list(switched_intervals([(1.0, {ON}), (3.0, {OFF}), (6.0, {ON})]))
[(1.0, 3.0), (6.0, None)]
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from meeting_assets.metrics.meeting import Event

ON, OFF = "on", "off"

Switch: TypeAlias = tuple[float, set[str]]
"""An instant in seconds, with ON, OFF or both."""


def switches_by_participant(events: Iterable[Event], actions: Mapping[str, str]) -> dict[str, list[Switch]]:
    """The switches of each participant in order; `actions` maps an event's action to ON or OFF."""
    switches: dict[str, dict[float, set[str]]] = defaultdict(dict)
    for key, _, action, at_s, _ in events:
        state = actions.get(action)
        if state is not None and at_s is not None:
            switches[key].setdefault(at_s, set()).add(state)
    return {key: sorted(by_time.items()) for key, by_time in switches.items()}


def switched_intervals(switches: Sequence[Switch]) -> Iterator[tuple[float | None, float | None]]:
    """Start and end of the intervals of one participant."""
    start_s: float | None = None
    for index, (at_s, states) in enumerate(switches):
        is_on = ON in states
        if is_on and OFF in states:
            is_on = index + 1 < len(switches) and OFF in switches[index + 1][1]
        if not is_on:
            yield start_s, at_s
            start_s = None
        elif start_s is None:
            start_s = at_s
    if start_s is not None:
        yield start_s, None
