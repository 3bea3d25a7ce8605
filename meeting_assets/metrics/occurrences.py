"""Occurrences: the meetings that the recordings of a series show.

Recordings are of one meeting if they share a bot, a calendar event or Zoom's id of the occurrence, or overlap in time:

    recordings   ━━━━━  ━━━━━    ━━━━━━━     ━━━━━━━
                   (one bot)        ━━━━━━━
    meetings     ━━━━━━━━━━━━    ━━━━━━━━━━  ━━━━━━━
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple, TypeAlias

from meeting_assets.metrics.attendance import SCHEDULED_WITHIN_US
from meeting_assets.metrics.timeline.intervals import length_us, to_microseconds, union

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class SeriesRecording(NamedTuple):
    """A recording with metrics, as series need it; `at` is its start."""

    recording_id: str
    day: date
    at: datetime
    duration_s: float | None = None
    first_speech_s: float | None = None
    bot_id: str | None = None
    calendar_event_id: str | None = None
    meeting_uuid: str | None = None
    scheduled_at: datetime | None = None
    scheduled_end_at: datetime | None = None
    title: str | None = None
    platform: str | None = None

    @property
    def start_us(self) -> int:
        return _microseconds(self.at - _EPOCH)

    @property
    def end_us(self) -> int:
        return self.start_us + to_microseconds(self.duration_s or 0)

    @property
    def ids(self) -> set[tuple[str, str]]:
        """The ids that recordings of one meeting share."""
        given = {"bot": self.bot_id, "event": self.calendar_event_id, "uuid": self.meeting_uuid}
        return {(name, value) for name, value in given.items() if value is not None}


Meeting: TypeAlias = Sequence[SeriesRecording]
"""The recordings of one meeting, in order of time."""


def meetings_of(recordings: Iterable[SeriesRecording]) -> list[Meeting]:
    """The meetings that recordings show, in order of time."""
    ordered = sorted(recordings, key=lambda each: (each.at, each.recording_id))
    parents = [*range(len(ordered))]
    last_of: dict[tuple[str, str], int] = {}
    latest_end = 0
    for index, each in enumerate(ordered):
        same = [last_of[key] for key in each.ids if key in last_of]
        # Earlier recordings that overlap this one overlap each other, too: one of them suffices.
        if each.start_us < ordered[latest_end].end_us:
            same.append(latest_end)
        for other in same:
            parents[_root(parents, index)] = _root(parents, other)
        last_of |= dict.fromkeys(each.ids, index)
        latest_end = max(latest_end, index, key=lambda i: ordered[i].end_us)
    meetings: dict[int, list[SeriesRecording]] = defaultdict(list)
    for index, each in enumerate(ordered):
        meetings[_root(parents, index)].append(each)
    return [*meetings.values()]


def _root(parents: list[int], index: int) -> int:
    while parents[index] != index:
        parents[index] = parents[parents[index]]
        index = parents[index]
    return index


def duration_us(meeting: Meeting) -> int | None:
    """Length of the union of the recordings; None if no recording has a known length."""
    known = [(each.start_us, each.end_us) for each in meeting if each.duration_s is not None]
    return length_us(union(known)) if known else None


def planned_us(meeting: Meeting) -> int | None:
    """The planned length by the first recording with a plan; None without a plan."""
    plans = (
        _microseconds(each.scheduled_end_at - each.scheduled_at)
        for each in meeting
        if each.scheduled_at is not None and each.scheduled_end_at is not None
    )
    return next((plan for plan in plans if plan > 0), None)


def start_delay_us(meeting: Meeting) -> int | None:
    """First speech, else start, of the first recording - its scheduled start; None without a plausible schedule."""
    first = meeting[0]
    if first.scheduled_at is None:
        return None
    scheduled_us = _microseconds(first.scheduled_at - _EPOCH)
    if abs(first.start_us - scheduled_us) > SCHEDULED_WITHIN_US:
        return None
    return first.start_us + to_microseconds(first.first_speech_s or 0) - scheduled_us


def _microseconds(length: timedelta) -> int:
    return length // timedelta(microseconds=1)
