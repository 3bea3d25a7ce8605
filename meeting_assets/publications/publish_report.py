"""The results of publishing: counts of files, and the files of each day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["exports", "meeting_pages", "shared_pages"]
"""An asset that consists of published files."""


@dataclass(slots=True)
class FileCounts:
    """Files that were written, were up to date, or were removed."""

    written: int = 0
    unchanged: int = 0
    removed: int = 0

    def add(self, other: FileCounts) -> None:
        self.written += other.written
        self.unchanged += other.unchanged
        self.removed += other.removed


@dataclass(frozen=True, slots=True)
class DayFiles:
    """The files of one kind and one day after publishing."""

    file_counts: dict[str, int]
    """The number of files of each recording."""
    version: str
    """A hash that changes if and only if a file of the day does."""

    @property
    def file_count(self) -> int:
        return sum(self.file_counts.values())


@dataclass(slots=True)
class PublishReport:
    """Counts by kind, and the sentences about recordings and pages that could not be written."""

    counts: dict[Kind, FileCounts] = field(default_factory=dict)
    days: dict[Kind, dict[date, DayFiles]] = field(default_factory=dict)
    version: str = ""
    """A hash that changes if and only if a shared file does."""
    faults: list[str] = field(default_factory=list)
    publish_s: float = 0.0

    def of(self, kind: Kind) -> FileCounts:
        """The counts of a kind."""
        return self.counts.setdefault(kind, FileCounts())

    def add(self, other: PublishReport) -> None:
        """Adds the counts, days and faults of another report."""
        for kind, counts in other.counts.items():
            self.of(kind).add(counts)
        for kind, days in other.days.items():
            self.days.setdefault(kind, {}).update(days)
        self.faults += other.faults
        self.publish_s = round(self.publish_s + other.publish_s, 3)

    def total(self) -> FileCounts:
        """The sums over all kinds."""
        return total_of(self.counts.values())


def total_of(counts: Iterable[FileCounts]) -> FileCounts:
    """The sum of some counts."""
    found = FileCounts()
    for each in counts:
        found.add(each)
    return found
