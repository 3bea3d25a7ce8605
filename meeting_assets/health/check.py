"""Data checks: a rule about stored rows, and the query for the rows that violate it.

The result of a check covers whole tables or the whole ledger, never the days of one run. It passes only when no
violation is left.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, Subquery, func, select, true

MAX_LISTED = 20


class Violation(NamedTuple):
    """A stored fact that violates a check. It contains no spoken text and no person's name."""

    recording_id: str
    day: date | None
    source: str
    """An artifact kind, a table, or the category of a missed meeting."""
    location: str


@dataclass(frozen=True, slots=True)
class Violations:
    """The number of violations of a check, and the newest `MAX_LISTED` of them."""

    count: int
    newest: tuple[Violation, ...]
    count_by_source: Mapping[str, int] = field(default_factory=dict)
    """Empty unless the check counts its sources."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A rule about a table, and the query for the rows that violate it."""

    name: str
    description: str
    table: str
    is_error: bool
    """True if a violation means wrong numbers or data loss; otherwise it is a warning."""
    violating_rows: Callable[[datetime], Select[Any]]
    """Selects `recording_id`, `day`, `source` and the columns that `location_of` reads, as of an instant."""
    location_of: Callable[[Any], str] = attrgetter("location")
    """Describes where a selected row violates the rule."""
    counts_sources: bool = False
    """True if the number of violations of each source is reported too."""

    def violations(self, connection: Connection, at: datetime, days: Collection[date] | None = None) -> Violations:
        """Evaluates the check as of an instant, for all recordings or for those of some days."""
        found = self.violating_rows(at).subquery()
        query = (
            select(found, func.count().over().label("violation_count"))
            .where(true() if days is None else found.c.day.in_(days))
            .order_by(found.c.day.desc(), *(column for column in found.c if column.name != "day"))
            .limit(MAX_LISTED)
        )
        rows = connection.execute(query).all()
        newest = tuple(Violation(row.recording_id, row.day, row.source, self.location_of(row)) for row in rows)
        return Violations(rows[0].violation_count if rows else 0, newest, self._count_by_source(connection, found))

    def _count_by_source(self, connection: Connection, found: Subquery) -> dict[str, int]:
        if not self.counts_sources:
            return {}
        query = select(found.c.source, func.count()).group_by(found.c.source).order_by(found.c.source)
        return dict(connection.execute(query).all())
