"""Sessions of participants in the meeting, from join and leave events.

    join            leave       join                    leave
      ┣━━━━━━━━━━━━━━┫            ┣━━━━━━━━━━━━━━━━━━━━━━━┫        two sessions
    ?━━━━━━━━━━━━━━━━━━━━━┫                                        a first leave without join: present from the start
                                       ┣━━━━━━━━━━━━━━━━━━━━━?     a join without leave: present to the end

A repeated join continues the session, a later leave without join is ignored. Cameras and shared screens are on from
`…_on` to `…_off`, or to the end of the session; a first off without on was on from the start of the session.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from meeting_assets.metrics.speech import SpokenMeeting
from meeting_assets.metrics.timeline.intervals import Interval, clipped, to_microseconds, union
from meeting_assets.metrics.timeline.switches import OFF, ON, Switch, switched_intervals, switches_by_participant


class Session(NamedTuple):
    """One stay of a participant in the meeting."""

    join_us: int
    leave_us: int
    is_open_start: bool
    is_open_end: bool


@dataclass(frozen=True, slots=True)
class Presence:
    """The sessions of each participant; participants without join and leave events are missing."""

    sessions: Mapping[str, Sequence[Session]]
    inside: Mapping[str, Sequence[Interval]]
    """The union of the sessions, clipped to the recording."""


def presence(meeting: SpokenMeeting) -> Presence:
    """Finds the sessions of each participant."""
    end_us = meeting.clean.duration_us
    switches = switches_by_participant(meeting.given.events, {"join": ON, "leave": OFF})
    sessions: dict[str, list[Session]] = {}
    for key in meeting.people:
        own = list(_sessions(switches.get(key, ()), end_us))
        if own:
            sessions[key] = own
    latest_us = 2**62 if end_us is None else end_us
    inside = {
        key: clipped(union((each.join_us, each.leave_us) for each in own), start=0, end=latest_us)
        for key, own in sessions.items()
    }
    return Presence(sessions, inside)


def device_intervals(switches: Sequence[Switch], sessions: Sequence[Session]) -> list[Interval]:
    """Times in which a participant's camera or shared screen was on."""
    intervals: list[Interval] = []
    for index, (on_s, off_s) in enumerate(switched_intervals(switches)):
        if on_s is None and index > 0:
            continue
        if on_s is None:
            off_us = to_microseconds(off_s or 0)
            joins_us = (each.join_us for each in sessions if each.join_us < off_us)
            on_us = max(joins_us, default=off_us)
        else:
            on_us = to_microseconds(on_s)
            leaves_us = (each.leave_us for each in sessions if each.leave_us > on_us)
            off_us = min(leaves_us, default=on_us) if off_s is None else to_microseconds(off_s)
        intervals.append((on_us, off_us))
    return union(each for each in intervals if each[0] < each[1])


def peak_concurrency(stays: Iterable[Interval]) -> int:
    """The largest number of intervals that share a moment; one that ends as another starts does not meet it.

    >>> peak_concurrency([(0, 5), (5, 9), (3, 4)])
    2
    """
    edges = sorted(edge for start, end in stays for edge in ((start, 1), (end, -1)))
    count = peak = 0
    for _, change in edges:
        count += change
        peak = max(peak, count)
    return peak


def _sessions(switches: Sequence[Switch], end_us: int | None) -> Iterator[Session]:
    """One participant's sessions. If the end of the recording is unknown, an open session ends with the last event."""
    last_us = max((to_microseconds(at_s) for at_s, _ in switches), default=0)
    for index, (join_s, leave_s) in enumerate(switched_intervals(switches)):
        if join_s is None and index > 0:
            continue
        join_us = min(0, to_microseconds(leave_s or 0)) if join_s is None else to_microseconds(join_s)
        leave_us = max(join_us, last_us if end_us is None else end_us) if leave_s is None else to_microseconds(leave_s)
        yield Session(join_us, leave_us, is_open_start=join_s is None, is_open_end=leave_s is None)
