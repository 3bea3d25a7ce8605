"""Persons and series that pages of the site share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from sqlalchemy import Connection, select

from meeting_assets.metrics.series import RecordingSeries
from meeting_assets.metrics.trends import People, PersonKeys
from meeting_assets.publications.pages import links
from meeting_assets.store.database import table_of

PEOPLE, KEYS, SERIES = (table_of(model).c for model in (People, PersonKeys, RecordingSeries))


@dataclass(frozen=True, slots=True)
class Site:
    """The persons and the series of one state of the database."""

    persons: Mapping[str, str]
    """The person of each key that occurs on a participant."""
    person_names: Mapping[str, str | None]
    """The display name of each person; every person has a page."""
    series_titles: Mapping[str, str | None]
    """The title of each series; every series has a page."""

    @classmethod
    def read(cls, connection: Connection) -> Self:
        return cls(
            {row.known_key: row.person_key for row in connection.execute(select(KEYS.known_key, KEYS.person_key))},
            {row.person_key: row.name for row in connection.execute(select(PEOPLE.person_key, PEOPLE.name))},
            {row.series_id: row.title for row in connection.execute(select(SERIES.series_id, SERIES.title))},
        )

    def person_page(self, key: str | None) -> str | None:
        """The key of the page of the person with this key; None if there is none."""
        person = self.persons.get(key, key) if key is not None else None
        return links.person_key_page(person) if person is not None and person in self.person_names else None

    def series_page(self, series_id: str | None) -> str | None:
        """The key of the page of a series; None for a meeting that is in none, or that did not repeat yet."""
        return links.series_page(series_id) if series_id is not None and series_id in self.series_titles else None
