"""The index: all finished meetings, newest first, with sorting and filters.

The rows are HTML, so the page is complete without its script. The stylesheet hides all but the first rows while the
script runs: layout of 10,000 rows takes seconds, while reading them takes a fraction of one. A page per month would be
smaller, but filters and the search for a title would end at the month.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from meeting_assets.publications.pages import links
from meeting_assets.publications.pages.meetings import Meeting, Meetings
from meeting_assets.publications.pages.rendering import render
from meeting_assets.publications.pages.site import Site
from meeting_assets.publications.pages.values import platform_name, shortened

FIRST_ROWS = 200
"""Rows that the script shows at first, and adds on request."""
NAMED = 5
"""Participants that a row names."""
LONGEST_VALUE = 80
"""Customer keys are suggested up to this length; longer ones are found, but not suggested."""


class IndexRow(NamedTuple):
    """A meeting's row: positions of its series and persons in the lists of the filters."""

    meeting: Meeting
    platform: str | None
    series: int | None
    people: Sequence[int]
    names: Sequence[str]
    others: int


class Index(NamedTuple):
    """The rows, and the choices of the filters."""

    rows: Sequence[IndexRow]
    series: Sequence[tuple[str, str]]
    """The series_id and the title of each series that repeats."""
    people: Sequence[str]
    platforms: Sequence[str]
    keys: Sequence[str]


def index_of(meetings: Meetings, site: Site) -> Index:
    """The rows of the index and the choices of its filters."""
    titles = {
        series_id: shortened(title or "Series without a title", 60) for series_id, title in site.series_titles.items()
    }
    series = sorted(titles.items(), key=lambda each: (each[1].casefold(), each[0]))
    position = {series_id: index for index, (series_id, _) in enumerate(series)}
    persons = sorted(site.person_names, key=lambda key: ((site.person_names[key] or "").casefold(), key))
    person_position = {key: index for index, key in enumerate(persons)}
    rows = []
    for meeting in meetings.by_id.values():
        attendees = meetings.attendees.get(meeting.recording_id, ())
        names = [shortened(each.name, 60) for each in attendees if each.name]
        known = [each.person_key for each in attendees if each.person_key in person_position]
        people = sorted({person_position[key] for key in known if key is not None})
        series_at = position.get(meeting.series_id) if meeting.series_id is not None else None
        rows.append(
            IndexRow(meeting, platform_name(meeting.platform), series_at, people, names, len(attendees) - NAMED)
        )
    platforms = sorted({row.platform for row in rows if row.platform})
    keys = sorted({key for row in rows for key in row.meeting.keys if len(key) <= LONGEST_VALUE})
    return Index(rows, series, [site.person_names[key] or "" for key in persons], platforms, keys)


def index_page(index: Index, late_grace_s: float) -> str:
    """The HTML of the index."""
    return render(
        "index.html.j2", links.INDEX, index=index, first_rows=FIRST_ROWS, named=NAMED, late_grace_s=late_grace_s
    )
