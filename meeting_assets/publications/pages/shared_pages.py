"""All pages that are not about one meeting, each with a hash over everything that determines its content."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from hashlib import sha256
from typing import TypeAlias

from sqlalchemy import Connection

from meeting_assets.metrics.parameters import Parameters
from meeting_assets.pipeline.persons import known_persons
from meeting_assets.publications.pages import PAGES_VERSION, links
from meeting_assets.publications.pages.definitions_page import defined_tables, definitions_page
from meeting_assets.publications.pages.health_page import health_page, read_health
from meeting_assets.publications.pages.index_page import index_of, index_page
from meeting_assets.publications.pages.meetings import Meetings, read_meetings
from meeting_assets.publications.pages.person_page import people_page, person_page, read_people, team_means
from meeting_assets.publications.pages.rendering import static_files
from meeting_assets.publications.pages.series_page import (
    NO_TITLE,
    means_of_all,
    read_series,
    series_list_page,
    series_page,
)
from meeting_assets.publications.pages.site import Site

SharedPage: TypeAlias = tuple[str, str, Callable[[], bytes]]
"""The key of a page, the hash of its inputs, and the function that renders it."""


def shared_pages(connection: Connection, parameters: Parameters) -> Iterator[SharedPage]:
    """The pages of the site that are not about one meeting, and its stylesheet and script.

    Everything is read once, in few queries, and the hash of a page covers all values that the page shows, and the
    version of the pages. Pages are rendered on demand, without the connection. It should be in a snapshot
    (`Connections.read_snapshot`).

    Args:
        connection: A connection that reads.
        parameters: The parameters of the metrics. Lists show which arrivals and which speakers count under them.
    """
    site, late_grace_s = Site.read(connection), parameters.late_grace_s
    meetings = read_meetings(connection, attributed_share=parameters.attributed_share)
    index = index_of(meetings, site)
    yield _page(links.INDEX, partial(index_page, index, late_grace_s), index, late_grace_s)
    yield from _pages_of_people(connection, meetings, site, late_grace_s)
    yield from _pages_of_series(connection, meetings, site, late_grace_s)
    health = read_health(connection, meetings)
    shown = {each.recording_id for listed in health.artifacts.values() for each in listed.rows}
    with_page = {each: meetings.by_id[each] for each in sorted(shown & meetings.by_id.keys())}
    yield _page(links.HEALTH, partial(health_page, health, with_page), health, with_page)
    yield _page(links.DEFINITIONS, definitions_page, defined_tables())
    for key, content in static_files().items():
        yield key, sha256(content).hexdigest(), partial(bytes, content)


def _pages_of_people(
    connection: Connection, meetings: Meetings, site: Site, late_grace_s: float
) -> Iterator[SharedPage]:
    people = read_people(connection, known_persons(connection), meetings)
    yield _page(links.PEOPLE, partial(people_page, people, late_grace_s), people, late_grace_s)
    means = team_means(people)
    for person in people:
        of_weeks = {week: means[week] for week in person.weeks if week in means}
        ids = {each.meeting.series_id for each in person.meetings}
        series = {key: title or NO_TITLE for key, title in sorted(site.series_titles.items()) if key in ids}
        inputs = (person, of_weeks, series, late_grace_s)
        yield _page(person.page, partial(person_page, *inputs), *inputs)


def _pages_of_series(
    connection: Connection, meetings: Meetings, site: Site, late_grace_s: float
) -> Iterator[SharedPage]:
    all_series = read_series(connection, meetings)
    yield _page(links.SERIES, partial(series_list_page, all_series), all_series)
    means = means_of_all(connection)
    for series in all_series:
        of_weeks = {week: means[week] for week in series.weeks if week in means}
        people = sorted(member.person_key for member in series.members if member.person_key in site.person_names)
        inputs = (series, of_weeks, people, late_grace_s)
        yield _page(series.page, partial(series_page, *inputs), *inputs)


def _page(key: str, html: Callable[[], str], *inputs: object) -> SharedPage:
    digest = sha256(repr((PAGES_VERSION, *inputs)).encode("utf-8", "backslashreplace"))
    return key, digest.hexdigest(), lambda: html().encode()
