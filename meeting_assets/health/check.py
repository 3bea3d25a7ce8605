"""Data checks: a rule about stored rows, and the query for the rows that violate it.

The result of a check covers whole tables or the whole ledger, never the days of one run. It passes only when no
violation is left. An evaluation can read the recordings alone that were written since the last one, see
`changed_recordings`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, Subquery, func, or_, select, true

from meeting_assets.core.batches import batched

MAX_LISTED = 20
# A query may contain the ids of a batch several times. SQLite allows 32,766 values in a query.
RECORDINGS_PER_QUERY = 500

RecordingFilter = Callable[[Any], ColumnElement[bool]]
"""The SQL condition that a column of recording ids names a recording to read."""
RecordingQuery = Callable[[RecordingFilter], Select[Any]]
"""The query for the violating rows of the recordings to read."""


def every_recording(_recording_id: Any) -> ColumnElement[bool]:
    """The filter that reads all recordings."""
    return true()


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
    always_reads_all: bool = False
    """True if the result about a recording can change although its rows do not: by time, or by rows of others."""
    rows_of_recordings: RecordingQuery | None = None
    """The same query for some recordings, if `violating_rows` reads all rows of large tables."""

    def violations(
        self,
        connection: Connection,
        at: datetime,
        days: Collection[date] | None = None,
        recording_ids: Collection[str] = (),
    ) -> Violations:
        """Evaluates the check as of an instant, for all recordings, or for those of some days and some others."""
        found = self.violating_rows(at).subquery()
        is_read: ColumnElement[bool] = true() if days is None else found.c.day.in_(days)
        if recording_ids:
            is_read = or_(is_read, found.c.recording_id.in_(recording_ids))
        return self._evaluated(connection, found, is_read)

    def violations_of(self, connection: Connection, recording_ids: Collection[str]) -> Violations:
        """Evaluates a check of large tables for some recordings, and reads no rows of others.

        Raises:
            ValueError: the check has no query for some recordings.
        """
        if self.rows_of_recordings is None:
            raise ValueError(f"{self.name} of {self.table} reads all recordings")
        total = Violations(0, ())
        for batch in batched(sorted(recording_ids), RECORDINGS_PER_QUERY):
            found = self.rows_of_recordings(partial(_is_one_of, batch)).subquery()
            total = _sum(total, self._evaluated(connection, found, true()))
        return total

    def _evaluated(self, connection: Connection, found: Subquery, condition: ColumnElement[bool]) -> Violations:
        query = (
            select(found, func.count().over().label("violation_count"))
            .where(condition)
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


def _is_one_of(recording_ids: Collection[str], recording_id: Any) -> ColumnElement[bool]:
    is_one: ColumnElement[bool] = recording_id.in_(recording_ids)
    return is_one


def _sum(one: Violations, other: Violations) -> Violations:
    """The violations of two sets of recordings together."""
    newest = sorted((*one.newest, *other.newest), key=lambda each: each.day or date.min, reverse=True)
    counts = Counter(one.count_by_source) + Counter(other.count_by_source)
    return Violations(one.count + other.count, tuple(newest[:MAX_LISTED]), counts)
