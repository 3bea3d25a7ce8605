"""Series and single meetings with the title of a series: readers who look for a title may need another page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from meeting_assets.publications.pages.meetings import Meeting, Meetings

SHOWN = 10
"""Meetings with the title that a page lists; it states the number of the others."""


class OtherSeries(NamedTuple):
    """Another series with the same title."""

    series_id: str
    title: str | None
    platform: str | None
    meeting_count: int


class Namesakes(NamedTuple):
    """The series and meetings with the same title as a series."""

    series: Sequence[OtherSeries] = ()
    meetings: Sequence[Meeting] = ()
    """Up to `SHOWN` meetings outside of all series that have a page, newest first."""
    other_count: int = 0
    """Further such meetings."""


def namesakes(all_series: Iterable[Mapping[str, Any]], meetings: Meetings) -> Mapping[str, Namesakes]:
    """The series and meetings with the same title as each series, by series_id.

    Titles are compared without regard to case and blanks. A series without a title has no namesakes.

    Args:
        all_series: rows of `recording_series`.
        meetings: all finished meetings.
    """
    rows = [*all_series]
    series_ids = {row["series_id"] for row in rows}
    series: dict[str, list[OtherSeries]] = defaultdict(list)
    single: dict[str, list[Meeting]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (-row["meeting_count"], row["series_id"])):
        series[_folded(row["title"])].append(OtherSeries(*(row[name] for name in OtherSeries._fields)))
    for meeting in meetings.by_id.values():
        if meeting.series_id not in series_ids:
            single[_folded(meeting.title)].append(meeting)
    return {row["series_id"]: _of_series(row, series, single) for row in rows}


def _of_series(
    row: Mapping[str, Any], series: Mapping[str, list[OtherSeries]], single: Mapping[str, list[Meeting]]
) -> Namesakes:
    title = _folded(row["title"])
    if not title:
        return Namesakes()
    others = [each for each in series[title] if each.series_id != row["series_id"]]
    meetings = single.get(title, [])
    return Namesakes(others, meetings[:SHOWN], max(0, len(meetings) - SHOWN))


def _folded(title: str | None) -> str:
    return " ".join((title or "").split()).casefold()
