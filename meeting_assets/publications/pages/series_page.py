"""Pages of series: cadence, participants with their late arrivals, weekly trend, and the list of meetings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from meeting_assets.metrics.measures import MEETING_MEASURES
from meeting_assets.metrics.series import RecordingSeries, SeriesMembers, SeriesTrends
from meeting_assets.metrics.trends import MeetingTrends
from meeting_assets.publications.pages import links
from meeting_assets.publications.pages.charts import share_bar
from meeting_assets.publications.pages.measures import trends
from meeting_assets.publications.pages.meetings import Meeting, Meetings
from meeting_assets.publications.pages.namesakes import Namesakes, namesakes
from meeting_assets.publications.pages.ranges import MEETING_RANGES
from meeting_assets.publications.pages.rendering import render
from meeting_assets.publications.pages.values import platform_name
from meeting_assets.store.database import table_of

SERIES, MEMBERS, TRENDS, ALL = (
    table_of(model) for model in (RecordingSeries, SeriesMembers, SeriesTrends, MeetingTrends)
)
NO_TITLE = "Series without a title"
ARRIVALS = 10
"""Meetings whose arrivals the page lists person by person."""
OFTEN = 2
"""Fewest late arrivals of a person who is often late; they are also at least half of the meetings attended."""


class Member(NamedTuple):
    """A row of `series_members`."""

    person_key: str
    name: str | None
    meetings_attended: int
    attendance_share: float | None
    late_count: int
    is_regular: bool

    @property
    def late_share(self) -> float | None:
        """The late arrivals per meeting attended."""
        return self.late_count / self.meetings_attended if self.meetings_attended else None

    @property
    def is_often_late(self) -> bool:
        """True for a person who joined late at half or more of the meetings attended, and at least twice.

        >>> Member("a", None, 4, 0.5, 2, True).is_often_late, Member("a", None, 1, 0.1, 1, False).is_often_late
        (True, False)
        """
        return self.late_count >= OFTEN and 2 * self.late_count >= self.meetings_attended


class Series(NamedTuple):
    """A series with its members, those with the most late arrivals first, and its meetings, newest first."""

    columns: Mapping[str, Any]
    """Of `recording_series`."""
    members: Sequence[Member]
    meetings: Sequence[Meeting]
    arrivals: Mapping[str, Mapping[str, float]]
    """The delay of each member who attended, in each of the last meetings."""
    weeks: Mapping[date, Mapping[str, Any]]
    """A row of `series_trends` for each week."""
    namesakes: Namesakes = Namesakes()

    @property
    def title(self) -> str:
        """The title to show."""
        return self.columns["title"] or NO_TITLE

    @property
    def page(self) -> str:
        """The key of the series' page."""
        return links.series_page(self.columns["series_id"])


def cadence(cadence_days: float | None) -> str:
    """The time between meetings in words.

    >>> cadence(1.0007), cadence(6.99), cadence(14.1), cadence(30.4), cadence(3.2), cadence(None)
    ('daily', 'weekly', 'every two weeks', 'monthly', 'every 3.2 days', 'not known yet: it takes three meetings')
    """
    if cadence_days is None:
        return "not known yet: it takes three meetings"
    for name, low, high in (("daily", 0.8, 1.2), ("weekly", 6, 8), ("every two weeks", 13, 15), ("monthly", 27, 32)):
        if low <= cadence_days <= high:
            return name
    return f"every {cadence_days:.1f} days"


def read_series(connection: Connection, meetings: Meetings) -> list[Series]:
    """Reads all series, in the order of their titles."""
    members: dict[str, list[Member]] = defaultdict(list)
    for row in connection.execute(select(MEMBERS.c.series_id, *(MEMBERS.c[name] for name in Member._fields))):
        members[row.series_id].append(Member(*row[1:]))
    weeks: dict[str, dict[date, Mapping[str, Any]]] = defaultdict(dict)
    for found in connection.execute(select(TRENDS)).mappings():
        weeks[found["series_id"]][found["week"]] = dict(found)
    ids = meetings.of_series()
    series = []
    hidden = {"inputs_hash", "modified_at"}
    visible = select(*(each for each in SERIES.c if each.name not in hidden))
    rows = [dict(row) for row in connection.execute(visible).mappings()]
    same_titles = namesakes(rows, meetings)
    for columns in rows:
        series_id = columns["series_id"]
        of_series = [meetings.by_id[each] for each in ids.get(series_id, ())]
        listed = sorted(members[series_id], key=_lateness)
        arrivals = {each.recording_id: _arrivals(meetings, each) for each in of_series[:ARRIVALS]}
        of_weeks = dict(sorted(weeks[series_id].items()))
        series.append(Series(columns, listed, of_series, arrivals, of_weeks, same_titles[series_id]))
    return sorted(series, key=lambda each: (each.title.casefold(), each.columns["series_id"]))


def means_of_all(connection: Connection) -> Mapping[date, Mapping[str, float]]:
    """The mean of each measure over all meetings of each week, of any series or none."""
    return {
        row["week"]: {
            measure.name: row[f"{measure.name}_mean"]
            for measure in MEETING_MEASURES
            if row[f"{measure.name}_mean"] is not None
        }
        for row in connection.execute(select(ALL)).mappings()
    }


def series_page(
    series: Series, means: Mapping[date, Mapping[str, float]], people: Collection[str], late_grace_s: float
) -> str:
    """The HTML of the page of a series.

    Args:
        series: The series.
        means: The means of all meetings in the weeks of the series.
        people: The members that have a page, by person_key.
        late_grace_s: The delay in s from which an arrival is late.
    """
    weeks = [*series.weeks]
    shown = trends(
        MEETING_MEASURES,
        weeks,
        series.weeks,
        means,
        MEETING_RANGES,
        table="series_trends",
        subject="this series",
        compared="all meetings",
    )
    return render(
        "series.html.j2",
        series.page,
        series=series,
        weeks=weeks,
        trends=shown,
        people=people,
        cadence=cadence(series.columns["cadence_days"]),
        platform=platform_name(series.columns["platform"]),
        share_bar=share_bar,
        late_grace_s=late_grace_s,
        platform_name=platform_name,
        often_late=[member for member in series.members if member.is_often_late],
    )


def series_list_page(series: Sequence[Series]) -> str:
    """The HTML of the list of all series."""
    return render("series_list.html.j2", links.SERIES, series=series, cadence=cadence, platform_name=platform_name)


def _lateness(member: Member) -> tuple[int, float, bool, str, str]:
    """Sorts by late arrivals, then by their share of the meetings attended; regular participants before others."""
    return (
        -member.late_count,
        -(member.late_share or 0.0),
        not member.is_regular,
        (member.name or "").casefold(),
        member.person_key,
    )


def _arrivals(meetings: Meetings, meeting: Meeting) -> Mapping[str, float]:
    """Delays of the people who attended, by the person_key of `series_members`."""
    delays: dict[str, float] = {}
    for each in meetings.attendees.get(meeting.recording_id, ()):
        if each.member_key is not None and each.late_s is not None:
            delays[each.member_key] = min(each.late_s, delays.get(each.member_key, each.late_s))
    return delays
