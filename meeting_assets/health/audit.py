"""The audit: what ledger and raw store say of each other, day by day, the newest first.

    lost          the ledger says that bytes are home, and the raw store does not have them
    unknown       the raw store has bytes that the ledger knows nothing of, and that a rebuild would take in
    purged        something is left of a recording that was purged
    foreign       something else lies there
    half-written  what a killed writer has left behind; nobody will ever read it
    older         earlier contents of artifacts that were issued again; kept on purpose

Nothing is read but names, and nothing is changed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from time import monotonic

from sqlalchemy import Connection, select

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.core.instants import now
from meeting_assets.store.database import Database
from meeting_assets.store.ledger import LEDGER, RECORDINGS, Key, of_days
from meeting_assets.store.raw import RawStore
from meeting_assets.store.raw_layout import artifact_of, recording_of
from meeting_assets.store.tombstones import is_tombstoned

IN_HAND = timedelta(hours=1)
"""What is younger may be in the hands of a run: no write takes longer."""

LISTING = "recording.json"


@dataclass(slots=True)
class Audit:
    """What was found, by the keys of raw objects, and how many days were looked at."""

    days: int = 0
    days_kept: int = 0
    objects: int = 0
    older: int = 0
    lost: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    purged: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    half_written: list[str] = field(default_factory=list)


def audit(database: Database, raw: RawStore, *, budget_s: float, in_hand: timedelta = IN_HAND) -> Audit:
    """Looks at all days that something is kept or known of, or at as many as there is time for.

    What is younger than `in_hand` is not called unknown or half written.

    Raises:
        StoreError: raw store or database does not answer.
    """
    deadline = monotonic() + budget_s
    audit = Audit()
    with database.reading() as connection:
        days = {*raw.days(), *connection.scalars(select(RECORDINGS.c.day).distinct())}
    audit.days_kept = len(days)
    for day in sorted(days, reverse=True):
        if monotonic() > deadline:
            break
        _look_at(day, database, raw, audit, before=now() - in_hand)
    return audit


def _look_at(day: date, database: Database, raw: RawStore, audit: Audit, *, before: datetime) -> None:
    # The ledger is asked first: what is written meanwhile is then unknown, and too young to be named.
    with database.reading() as connection:
        current = _current(connection, day)
        recordings = {*connection.scalars(select(RECORDINGS.c.recording_id).where(RECORDINGS.c.day == day))}
    kept = raw.objects(day)
    strange = []
    for key, kept_at in kept.items():
        artifact = artifact_of(key)
        if artifact in current:
            audit.older += current[artifact] != key
        elif kept_at < before and not (_is_listing(key) and recording_of(key) in recordings):
            strange.append(key)
    with database.reading() as connection:
        purged = is_tombstoned(connection, {recording_of(key) for key in strange})
        # What was replaced or purged while the names were read is not lost.
        still = {*_current(connection, day).values()} & {*current.values()}
    for key in strange:
        is_adoptable = f"{day}/{recording_of(key)}/{LISTING}" in kept and (_is_listing(key) or _is_ours(key))
        place = audit.purged if recording_of(key) in purged else audit.unknown if is_adoptable else audit.foreign
        place.append(key)
    audit.lost += sorted(key for key in still if key is not None and key not in kept)
    audit.half_written += raw.interrupted_writes(day, before=before)
    audit.objects += len(kept)
    audit.days += 1


def _current(connection: Connection, day: date) -> dict[Key, str | None]:
    """The artifacts of a day, with the keys of the bytes that are home."""
    key = LEDGER.c.recording_id, LEDGER.c.kind, LEDGER.c.artifact_id
    query = select(*key, LEDGER.c.raw_key, LEDGER.c.sha256).where(of_days([day]))
    return {Key(*row[:3]): row[3] if row[4] else None for row in connection.execute(query)}


def _is_listing(key: str) -> bool:
    return key.count("/") == 2 and key.endswith(f"/{LISTING}")


def _is_ours(key: str) -> bool:
    artifact = artifact_of(key)
    return artifact is not None and artifact[1] in ARTIFACTS
