"""Swim lanes: the speech, presence, cameras, shared screens and chat of each participant, as paths of an SVG.

A lane is `WIDTH` units wide, which are the whole meeting; the browser stretches it. One path draws all intervals of one
kind as horizontal strokes: `M1200 0h35` begins at 1200 units and is 35 wide.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from meeting_assets.core.speaker_keys import LABEL_PREFIX
from meeting_assets.metrics.interruptions import simultaneous_talk
from meeting_assets.metrics.presence import device_intervals
from meeting_assets.metrics.timeline.intervals import Interval, clipped, to_microseconds, to_seconds, union
from meeting_assets.metrics.timeline.speech_segments import segments_in_order
from meeting_assets.metrics.timeline.switches import OFF, ON, switches_by_participant
from meeting_assets.publications.pages.meeting_data import MeetingData
from meeting_assets.publications.pages.values import clock

WIDTH = 20_000
LEAST_WIDTH = 6
"""Shorter intervals are drawn with this width, 0.3 px in a lane of 1,000 px."""
MOST_VISIBLE = 24
"""The other lanes of larger meetings are in a closed group."""
_STEPS_S = (5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 28_800, 86_400)
MOST_TICKS = 9


class Tick(NamedTuple):
    """A mark of the time axis; `x` is its position in percent."""

    x: float
    label: str


@dataclass(frozen=True, slots=True)
class Lane:
    """A participant or unresolved speaker. Paths are empty where there is nothing to draw."""

    key: str
    name: str
    is_participant: bool
    speech: str
    overlaps: str
    """The parts of the speech during which another speaker speaks."""
    presence: str
    webcam: str
    screen: str
    chat: str
    segment_count: int

    @property
    def is_active(self) -> bool:
        """Whether the participant speaks, writes or shares a screen."""
        return bool(self.speech or self.chat or self.screen)


@dataclass(frozen=True, slots=True)
class Lanes:
    """All lanes of a meeting, in the order of its participants; then unresolved speakers."""

    end_s: float
    lanes: Sequence[Lane]
    overlaps: str
    """All overlaps of the meeting; empty also where the timing source cannot show them."""
    ticks: Sequence[Tick]

    @property
    def shown(self) -> Sequence[Lane]:
        """The lanes that are always visible: those with most segments of speech."""
        if len(self.lanes) <= MOST_VISIBLE:
            return self.lanes
        visible = sorted(self.lanes, key=lambda each: (-each.segment_count, not each.is_active))[:MOST_VISIBLE]
        return [each for each in self.lanes if each in visible]

    @property
    def folded(self) -> Sequence[Lane]:
        """The lanes in a closed group."""
        shown = self.shown
        return [each for each in self.lanes if each not in shown]

    def has(self, kind: str) -> bool:
        """Whether any lane shows intervals of a kind: the name of a path."""
        return any(getattr(each, kind) for each in self.lanes)


def lanes_of(meeting: MeetingData) -> Lanes | None:
    """The lanes; None if nothing in the meeting has a time."""
    end_us = _end_us(meeting)
    if end_us <= 0:
        return None
    overlaps = [] if _is_single_stream(meeting) else simultaneous_talk(segments_in_order(meeting.speech))
    members = [each.key for each in meeting.members]
    unresolved = sorted(meeting.speech.keys() - {*members}, key=lambda key: (not key.startswith(LABEL_PREFIX), key))
    webcams, screens = (device_times(meeting, device) for device in ("webcam", "screenshare"))
    ticks: dict[str, list[int]] = defaultdict(list)
    for message in meeting.chat:
        if message.at_s is not None:
            ticks[message.key].append(to_microseconds(message.at_s))
    lanes = [
        Lane(
            key,
            meeting.names[key],
            key in members,
            speech=bars(meeting.speech.get(key, ()), end_us),
            overlaps=bars(shared(meeting.speech.get(key, ()), overlaps), end_us),
            presence=bars(_presence(meeting, key), end_us),
            webcam=bars(webcams.get(key, ()), end_us),
            screen=bars(screens.get(key, ()), end_us),
            chat=marks(ticks.get(key, ()), end_us),
            segment_count=len(meeting.speech.get(key, ())),
        )
        for key in (*members, *unresolved)
    ]
    return Lanes(to_seconds(end_us), lanes, bars(overlaps, end_us), ticks_of(to_seconds(end_us)))


def bars(intervals: Iterable[Interval], end_us: int) -> str:
    """A path with one horizontal stroke per interval; intervals outside the meeting are left out.

    >>> bars([(0, 5), (10, 20)], 40)
    'M0 0h2500M5000 0h5000'
    """
    parts: list[str] = []
    for start_us, stop_us in clipped(intervals, start=0, end=end_us):
        first, last = round(start_us * WIDTH / end_us), round(stop_us * WIDTH / end_us)
        width = max(last - first, LEAST_WIDTH)
        parts.append(f"M{min(first, WIDTH - width)} 0h{width}")
    return "".join(parts)


def marks(instants_us: Iterable[int], end_us: int) -> str:
    """A path with one vertical stroke per instant.

    >>> marks([10], 40)
    'M5000 -10v20'
    """
    inside = (min(max(each, 0), end_us) for each in instants_us)
    return "".join(f"M{round(each * WIDTH / end_us)} -10v20" for each in inside)


def shared(own: Sequence[Interval], overlaps: Sequence[Interval]) -> list[Interval]:
    """The parts of one speaker's speech in which others speak, too.

    >>> shared([(0, 9), (11, 12)], [(8, 20)])
    [(8, 9), (11, 12)]
    """
    found: list[Interval] = []
    i = j = 0
    while i < len(own) and j < len(overlaps):
        start, end = max(own[i][0], overlaps[j][0]), min(own[i][1], overlaps[j][1])
        if start < end:
            found.append((start, end))
        if own[i][1] < overlaps[j][1]:
            i += 1
        else:
            j += 1
    return found


def device_times(meeting: MeetingData, device: str) -> Mapping[str, list[Interval]]:
    """The times in which each participant's camera (`webcam`) or screen (`screenshare`) was on while attending.

    They are those of `webcam_on_s` and `screenshare_s`.
    """
    switches = switches_by_participant(meeting.devices, {f"{device}_on": ON, f"{device}_off": OFF})
    return {
        key: shared(device_intervals(switches.get(key, ()), sessions), _presence(meeting, key))
        for key, sessions in meeting.sessions.items()
    }


def ticks_of(end_s: float) -> list[Tick]:
    """Marks at round times, at most `MOST_TICKS`.

    >>> [tick.label for tick in ticks_of(2700)]
    ['0:00:00', '0:10:00', '0:20:00', '0:30:00', '0:40:00']
    """
    step_s = next((step for step in _STEPS_S if end_s / step <= MOST_TICKS - 1), 7 * 86_400)
    return [Tick(round(100 * at_s / end_s, 3), clock(at_s)) for at_s in range(0, int(end_s) + 1, step_s)]


def _presence(meeting: MeetingData, key: str) -> list[Interval]:
    """The union of a participant's sessions inside the recording."""
    end_us = 2**62 if meeting.duration_s is None else to_microseconds(meeting.duration_s)
    own = meeting.sessions.get(key, ())
    return clipped(
        union((each.join_us, each.leave_us) for each in own if each.join_us < each.leave_us), start=0, end=end_us
    )


def _is_single_stream(meeting: MeetingData) -> bool:
    return meeting.quality is not None and bool(meeting.quality.is_single_stream)


def _end_us(meeting: MeetingData) -> int:
    """The end of the time axis: the duration, or the last known time if it is unknown."""
    if meeting.duration_s is not None:
        return to_microseconds(meeting.duration_s)
    speech = [own[-1][1] for own in meeting.speech.values() if own]
    stays = [each.leave_us for own in meeting.sessions.values() for each in own]
    words = [to_microseconds(each.end_s) for each in meeting.said if each.end_s is not None]
    return max([*speech, *stays, *words], default=0)
