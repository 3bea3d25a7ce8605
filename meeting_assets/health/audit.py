"""The audit: compares the ledger with the object names of the raw store, day by day, the newest first. It reads only.

lost          the ledger says that bytes are stored, but the raw store does not have them
unknown       objects without a ledger row; a rebuild would load them
purged        objects of a purged recording
foreign       objects that this package did not write
half-written  leftovers of a killed writer; they are never read
unsaved       missing copies of corrections that the database has; a rebuild writes them
older         earlier contents of artifacts that were issued again; kept on purpose
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from time import monotonic

from sqlalchemy import Connection, select

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.core.instants import now
from meeting_assets.store.corrections import CORRECTIONS
from meeting_assets.store.database import Database
from meeting_assets.store.ledger import LEDGER, RECORDINGS, ArtifactKey, is_of_days
from meeting_assets.store.raw import RawStore
from meeting_assets.store.raw_layout import (
    artifact_of,
    corrections_key,
    is_corrections,
    is_listing,
    listing_key,
    recording_of,
)
from meeting_assets.store.tombstones import tombstoned_recordings

LONGEST_WRITE = timedelta(hours=1)
"""A run may still be writing objects that are younger than this."""


@dataclass(slots=True)
class Audit:
    """The keys of the raw objects found, by category, and the number of audited days."""

    days: int = 0
    days_stored: int = 0
    objects: int = 0
    older: int = 0
    lost: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    purged: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    half_written: list[str] = field(default_factory=list)
    unsaved: list[str] = field(default_factory=list)


def audit(database: Database, raw: RawStore, *, budget_s: float, min_age: timedelta = LONGEST_WRITE) -> Audit:
    """Audits all days that the raw store or the ledger has, as far as the time budget allows.

    Objects younger than `min_age` are not reported as unknown or half-written.

    Raises:
        StoreError: raw store or database is unavailable.
    """
    deadline = monotonic() + budget_s
    result = Audit()
    with database.reading() as connection:
        days = {*raw.days(), *connection.scalars(select(RECORDINGS.c.day).distinct())}
    result.days_stored = len(days)
    for day in sorted(days, reverse=True):
        if monotonic() > deadline:
            break
        _audit_day(day, database, raw, result, before=now() - min_age)
    return result


def _audit_day(day: date, database: Database, raw: RawStore, result: Audit, *, before: datetime) -> None:
    # The ledger is read before the raw store: objects written in between are unknown, but too young to be reported.
    with database.reading() as connection:
        current = _current_keys(connection, day)
        recordings = {*connection.scalars(select(RECORDINGS.c.recording_id).where(RECORDINGS.c.day == day))}
        corrected = _corrected(connection, day)
    stored = raw.objects(day)
    unmatched = []
    for key, written_at in stored.items():
        artifact = artifact_of(key)
        if artifact in current:
            result.older += current[artifact] != key
        elif written_at < before and not _is_described(key, recordings, corrected):
            unmatched.append(key)
    with database.reading() as connection:
        purged = tombstoned_recordings(connection, {recording_of(key) for key in unmatched})
        # Objects that were replaced or purged while the names were read are not lost.
        still_current = {*_current_keys(connection, day).values()} & {*current.values()}
        still_corrected = _corrected(connection, day) & corrected
    for key in unmatched:
        has_listing = listing_key(day, recording_of(key)) in stored
        is_loadable = has_listing and (is_listing(key) or is_corrections(key) or _is_ours(key))
        category = result.purged if recording_of(key) in purged else result.unknown if is_loadable else result.foreign
        category.append(key)
    result.lost += sorted(key for key in still_current if key is not None and key not in stored)
    copies = {corrections_key(day, recording_id) for recording_id in still_corrected}
    result.unsaved += sorted(copies - stored.keys())
    result.half_written += raw.interrupted_writes(day, before=before)
    result.objects += len(stored)
    result.days += 1


def _current_keys(connection: Connection, day: date) -> dict[ArtifactKey, str | None]:
    """The artifacts of a day with the keys of their stored bytes."""
    key = LEDGER.c.recording_id, LEDGER.c.kind, LEDGER.c.artifact_id
    query = select(*key, LEDGER.c.raw_key, LEDGER.c.sha256).where(is_of_days([day]))
    return {ArtifactKey(*row[:3]): row[3] if row[4] else None for row in connection.execute(query)}


def _corrected(connection: Connection, day: date) -> set[str]:
    """The recordings of a day with corrections."""
    query = select(CORRECTIONS.c.recording_id).join(RECORDINGS, RECORDINGS.c.recording_id == CORRECTIONS.c.recording_id)
    return {*connection.scalars(query.where(RECORDINGS.c.day == day).distinct())}


def _is_described(key: str, recordings: Collection[str], corrected: Collection[str]) -> bool:
    """True for the listing of a known recording, and for the copy of corrections that the database has."""
    recording_id = recording_of(key)
    return (is_listing(key) and recording_id in recordings) or (is_corrections(key) and recording_id in corrected)


def _is_ours(key: str) -> bool:
    artifact = artifact_of(key)
    return artifact is not None and artifact[1] in ARTIFACTS
