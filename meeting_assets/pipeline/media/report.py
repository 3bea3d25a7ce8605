"""The report of a run of media downloads: files by outcome, bytes and seconds."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from meeting_assets.core.media_kinds import MediaKind

BYTES_PER_MB = 1_000_000


class Outcome(StrEnum):
    """The outcome for one wanted file."""

    STORED = "stored"
    QUARANTINED = "quarantined"
    """Stored, but it cannot be read."""
    FAILED = "failed"
    """The attempt failed; it is repeated later."""
    GONE = "gone"
    """The API no longer has the file."""
    POSTPONED = "postponed"
    """The byte budget of the run was used up."""
    IN_USE = "in_use"
    """Another process is downloading the file."""
    OVERTAKEN = "overtaken"
    """Another run stored the file or purged the recording."""


@dataclass(slots=True)
class MediaReport:
    """Files by media kind and outcome, and the bytes that were stored and received."""

    counts: dict[MediaKind, Counter[Outcome]] = field(default_factory=lambda: {kind: Counter() for kind in MediaKind})
    stored_bytes: Counter[MediaKind] = field(default_factory=Counter)
    received_bytes: int = 0
    """Bytes of media that came over the network, those of failed attempts included."""
    abandoned: int = 0
    """Partial files of earlier runs that were removed, because they are not wanted any more."""
    media_s: float = 0.0
    faults: list[str] = field(default_factory=list)

    def count(self, kind: MediaKind, outcome: Outcome) -> None:
        self.counts[kind][outcome] += 1

    def total(self, outcome: Outcome) -> int:
        """Files of all kinds with an outcome."""
        return sum(counts[outcome] for counts in self.counts.values())

    @property
    def mb_per_s(self) -> float:
        """Received megabytes per second of the run."""
        return round(self.received_bytes / BYTES_PER_MB / self.media_s, 1) if self.media_s else 0.0
