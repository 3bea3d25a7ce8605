"""What all pages need to know of the whole site: which persons and series have pages, and the team's means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from sqlalchemy import Connection, func, select

from meeting_assets.metrics.measures import PERSON_MEASURES
from meeting_assets.metrics.series import RecordingSeries
from meeting_assets.metrics.trends import People, PersonKeys, PersonTrends
from meeting_assets.publications.pages import links
from meeting_assets.store.database import table_of

PEOPLE, KEYS, TRENDS, SERIES = (table_of(model).c for model in (People, PersonKeys, PersonTrends, RecordingSeries))


@dataclass(frozen=True, slots=True)
class Site:
    """The persons, the series and the team's means of one state of the database."""

    persons: Mapping[str, str]
    """The person of each key that occurs on a participant."""
    person_names: Mapping[str, str | None]
    """The display name of each person; every person has a page."""
    series_titles: Mapping[str, str | None]
    """The title of each series; every series has a page."""
    team_means: Mapping[str, float]
    """The mean of each measure of `person_trends` over all meetings of all persons.

    A page that shows one changes whenever any meeting is added, so pages of meetings leave them out.
    """

    @classmethod
    def read(cls, connection: Connection) -> Self:
        return cls(
            {row.known_key: row.person_key for row in connection.execute(select(KEYS.known_key, KEYS.person_key))},
            {row.person_key: row.name for row in connection.execute(select(PEOPLE.person_key, PEOPLE.name))},
            {row.series_id: row.title for row in connection.execute(select(SERIES.series_id, SERIES.title))},
            _team_means(connection),
        )

    def person_page(self, key: str | None) -> str | None:
        """The key of the page of the person with this key; None if there is none."""
        person = self.persons.get(key, key) if key is not None else None
        return links.person_key_page(person) if person is not None and person in self.person_names else None

    def series_page(self, series_id: str | None) -> str | None:
        """The key of the page of a series; None for a meeting that is in none, or that did not repeat yet."""
        return links.series_page(series_id) if series_id is not None and series_id in self.series_titles else None


def _team_means(connection: Connection) -> Mapping[str, float]:
    names = [each.name for each in PERSON_MEASURES]
    sums = [func.sum(TRENDS[f"{name}_mean"] * TRENDS[f"{name}_n"]) for name in names]
    counts = [func.sum(TRENDS[f"{name}_n"]) for name in names]
    row = connection.execute(select(*sums, *counts)).one()
    pairs = zip(names, row[: len(names)], row[len(names) :], strict=True)
    return {name: total / count for name, total, count in pairs if count and total is not None}
