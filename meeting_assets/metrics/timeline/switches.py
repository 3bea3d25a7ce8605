"""What is switched on and off: speech, presence, cameras, shared screens. From events to stretches of time.

Events come twice and out of order; here only their instants count. A repeated `on` is the same stretch. An `on`
without `off` yields an open stretch, an `off` without `on` one without start; what becomes of those is the caller's
choice. Where both fall on one instant, one stretch ends as the next begins if the next instant has an `off`;
otherwise they are the end.

>>> list(stretches([(1.0, {ON}), (3.0, {OFF}), (6.0, {ON})]))
[(1.0, 3.0), (6.0, None)]
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from meeting_assets.metrics.meeting import Event

ON, OFF = "on", "off"


def switched(events: Iterable[Event], actions: Mapping[str, str]) -> dict[str, list[tuple[float, set[str]]]]:
    """Per participant what was switched at which instant, in order; `actions` says which action is ON, which OFF."""
    edges: dict[str, dict[float, set[str]]] = defaultdict(dict)
    for key, _, action, at_s, _ in events:
        state = actions.get(action)
        if state is not None and at_s is not None:
            edges[key].setdefault(at_s, set()).add(state)
    return {key: sorted(by_time.items()) for key, by_time in edges.items()}


def stretches(edges: Sequence[tuple[float, set[str]]]) -> Iterator[tuple[float | None, float | None]]:
    """Start and end of one participant's stretches, from what was switched at each instant, in order."""
    start_s: float | None = None
    for place, (at_s, states) in enumerate(edges):
        goes_on = ON in states
        if goes_on and OFF in states:
            goes_on = place + 1 < len(edges) and OFF in edges[place + 1][1]
        if not goes_on:
            yield start_s, at_s
            start_s = None
        elif start_s is None:
            start_s = at_s
    if start_s is not None:
        yield start_s, None
