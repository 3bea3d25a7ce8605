"""Balance over time and the order of speakers on a meeting's page, from `balance_windows` and `speaker_transitions`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import Row

from meeting_assets.publications.pages.meeting_data import MeetingData
from meeting_assets.publications.pages.meeting_lanes import WIDTH

MATRIX_SPEAKERS = 10
"""With more speakers, the pairs are a list, since a matrix would be too wide to read."""
MOST_PAIRS = 40
DOT = 120
"""Width of the line of a single window."""


class Window(NamedTuple):
    """A row of `balance_windows`, with the name of its top speaker."""

    start_s: float
    end_s: float
    talk_s: float
    speaker_count: int
    top_name: str | None
    top_share: float | None


@dataclass(frozen=True, slots=True)
class Balance:
    """The windows of a meeting."""

    line: str
    """A path of the largest share, `WIDTH` wide and 100 high; it is interrupted where nobody talks."""
    windows: Sequence[Window]
    """Windows that do not overlap, for the table."""
    window_s: float


class Pair(NamedTuple):
    """A row of `speaker_transitions` with names."""

    before: str
    after: str
    switch_count: int


@dataclass(frozen=True, slots=True)
class Transitions:
    """The changes of the floor: a matrix of counts by speaker and next speaker, or the most frequent pairs."""

    speakers: Sequence[str]
    counts: Sequence[Sequence[int]]
    """One row per speaker, one column per next speaker; empty with more than `MATRIX_SPEAKERS` speakers."""
    pairs: Sequence[Pair]
    """The most frequent pairs; empty if there is a matrix."""
    pair_count: int


def balance_of(meeting: MeetingData, end_s: float) -> Balance | None:
    """The balance over time; None without windows."""
    rows = meeting.windows
    if not rows:
        return None
    window_s = rows[0].end_s - rows[0].start_s
    return Balance(line_of(rows, end_s), [*_apart(rows, meeting.names)], window_s)


def line_of(rows: Sequence[Row[Any]], end_s: float) -> str:
    """A line through the largest share of each window, at the window's middle; a single window is a horizontal line."""
    parts: list[str] = []
    for is_known, own in groupby(rows, key=lambda row: row.top_share is not None):
        if not is_known:
            continue
        points = [(round((row.start_s + row.end_s) / 2 / end_s * WIDTH), 100 - 100 * row.top_share) for row in own]
        if len(points) == 1:
            [(x, y)] = points
            points = [(x - DOT // 2, y), (x + DOT // 2, y)]
        first, *others = points
        parts.append(f"M{first[0]} {first[1]:.1f}L" + " ".join(f"{x} {y:.1f}" for x, y in others))
    return "".join(parts)


def _apart(rows: Sequence[Row[Any]], names: Mapping[str, str]) -> Iterator[Window]:
    """The windows that begin no earlier than the one before ends."""
    end_s = 0.0
    for row in rows:
        if row.start_s >= end_s:
            end_s = row.end_s
            top_name = None if row.top_key is None else names.get(row.top_key, row.top_key)
            yield Window(row.start_s, row.end_s, row.talk_s, row.speaker_count, top_name, row.top_share)


def transitions_of(meeting: MeetingData) -> Transitions | None:
    """The order of speakers; None if the floor never changes."""
    rows = meeting.transitions
    if not rows:
        return None
    present = {key for row in rows for key in (row.from_key, row.to_key)}
    order = [each.key for each in meeting.members if each.key in present]
    order += sorted(present - {*order})
    names = [meeting.names[key] for key in order]
    if len(order) > MATRIX_SPEAKERS:
        frequent = sorted(rows, key=lambda row: (-row.switch_count, row.from_key, row.to_key))[:MOST_PAIRS]
        pairs = [Pair(meeting.names[row.from_key], meeting.names[row.to_key], row.switch_count) for row in frequent]
        return Transitions(names, (), pairs, len(rows))
    by_pair = {(row.from_key, row.to_key): row.switch_count for row in rows}
    counts = [[by_pair.get((before, after), 0) for after in order] for before in order]
    return Transitions(names, counts, (), len(rows))
