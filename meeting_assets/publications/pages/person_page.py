"""Pages of persons: trends against the team's mean, punctuality, and the list of their meetings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from math import fsum
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from meeting_assets.metrics.measures import PERSON_MEASURES
from meeting_assets.metrics.persons import PersonMetrics
from meeting_assets.metrics.trends import People, PersonTrends
from meeting_assets.pipeline.persons import Persons
from meeting_assets.publications.pages import links
from meeting_assets.publications.pages.measures import trends
from meeting_assets.publications.pages.meetings import Attendee, Meeting, Meetings
from meeting_assets.publications.pages.ranges import PERSON_RANGES
from meeting_assets.publications.pages.rendering import render
from meeting_assets.store.database import table_of

PEOPLE, TRENDS, OF_MEETING = (table_of(model).c for model in (People, PersonTrends, PersonMetrics))
ACCOUNTS = {
    "zoom": "Zoom account",
    "teams": "Microsoft Teams account",
    "slack": "Slack account",
    "email": "e-mail address",
    "name": "display name",
}
Weeks = Mapping[date, Mapping[str, Any]]


class Attended(NamedTuple):
    """A meeting of a person, and the person's part in it."""

    meeting: Meeting
    attendee: Attendee
    talk_share: float | None
    words_per_minute: float | None


class Person(NamedTuple):
    """A person with all meetings, newest first, and a row of `person_trends` for each week."""

    person_key: str
    name: str | None
    email: str | None
    first_seen_at: datetime
    last_seen_at: datetime
    talk_time_s: float | None
    attended_s: float | None
    meetings: Sequence[Attended]
    weeks: Weeks

    @property
    def title(self) -> str:
        """The name to show."""
        return self.name or "Person without a name"

    @property
    def account(self) -> str:
        """The kind of account that identifies the person."""
        return ACCOUNTS.get(self.person_key.partition(":")[0], "platform account")

    @property
    def page(self) -> str:
        """The key of the person's page."""
        return links.person_key_page(self.person_key)

    @property
    def is_external(self) -> bool | None:
        """Whether the person is external by the latest meeting that tells; None if unknown."""
        return next(
            (each.attendee.is_external for each in self.meetings if each.attendee.is_external is not None), None
        )

    def late(self, grace_s: float) -> Sequence[Attended]:
        """The meetings that the person joined more than `grace_s` after their start."""
        return [each for each in self.meetings if (each.attendee.late_s or 0.0) > grace_s]


def read_people(connection: Connection, persons: Persons, meetings: Meetings) -> list[Person]:
    """Reads all persons, in the order of their names."""
    shares = _shares(connection, persons)
    weeks: dict[str, dict[date, Mapping[str, Any]]] = defaultdict(dict)
    for row in connection.execute(select(*TRENDS)).mappings():
        weeks[row["person_key"]][row["week"]] = dict(row)
    ids = meetings.of_person()
    columns = ("person_key", "name", "email", "first_seen_at", "last_seen_at", "talk_time_s", "attended_s")
    people = []
    for key, *of_person in connection.execute(select(*(PEOPLE[name] for name in columns))):
        attended = [_attended(meetings, each, key, shares) for each in ids.get(key, ())]
        people.append(Person._make((key, *of_person, attended, dict(sorted(weeks[key].items())))))
    return sorted(people, key=lambda person: (person.title.casefold(), person.person_key))


def team_means(people: Sequence[Person]) -> Mapping[date, Mapping[str, float]]:
    """The mean over persons of their weekly means, by week and measure: every person counts the same."""
    found: dict[date, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for person in people:
        for week, row in person.weeks.items():
            for measure in PERSON_MEASURES:
                if (value := row[f"{measure.name}_mean"]) is not None:
                    found[week][measure.name].append(value)
    return {
        week: {name: fsum(numbers) / len(numbers) for name, numbers in sorted(of_week.items())}
        for week, of_week in sorted(found.items())
    }


def person_page(
    person: Person, means: Mapping[date, Mapping[str, float]], series: Mapping[str, str], late_grace_s: float
) -> str:
    """The HTML of a person's page.

    Args:
        person: The person.
        means: The team's means of the person's weeks.
        series: The titles of the series that have a page, by series_id.
        late_grace_s: The delay in s from which an arrival is late.
    """
    weeks = [*person.weeks]
    shown = trends(
        PERSON_MEASURES,
        weeks,
        person.weeks,
        means,
        PERSON_RANGES,
        table="person_trends",
        subject=person.title,
        compared="team mean",
    )
    return render(
        "person.html.j2",
        person.page,
        person=person,
        weeks=weeks,
        trends=shown,
        series=series,
        late_grace_s=late_grace_s,
    )


def people_page(people: Sequence[Person], late_grace_s: float) -> str:
    """The HTML of the list of all persons."""
    return render("people.html.j2", links.PEOPLE, people=people, late_grace_s=late_grace_s)


def _attended(
    meetings: Meetings, recording_id: str, person_key: str, shares: Mapping[tuple[str, str], tuple[Any, Any]]
) -> Attended:
    attendee = next(each for each in meetings.attendees[recording_id] if each.person_key == person_key)
    share, rate = shares.get((recording_id, person_key), (None, None))
    return Attended(meetings.by_id[recording_id], attendee, share, rate)


def _shares(connection: Connection, persons: Persons) -> Mapping[tuple[str, str], tuple[Any, Any]]:
    """Talk share and words per minute by meeting and person.

    Where two keys of one meeting are one person by an alias, the values are unknown here: they would have to be
    measured again.
    """
    columns = (OF_MEETING.recording_id, OF_MEETING.person_key, OF_MEETING.talk_share, OF_MEETING.words_per_minute)
    found: dict[tuple[str, str], tuple[Any, Any]] = {}
    for recording_id, key, share, rate in connection.execute(select(*columns)):
        person = persons.of(key, None) or key
        found[recording_id, person] = (None, None) if (recording_id, person) in found else (share, rate)
    return found
