"""Rebuilding: the database again from the raw store alone, ledger included; the API is not asked.

What the ledger knows stays; what it lacks is taken from recording.json and the bytes beside it. Then everything of the
days is parsed and derived again.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import Select, select

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.core.errors import PayloadError
from meeting_assets.core.instants import now
from meeting_assets.pipeline.deletion.tombstone_sync import finish_purges, synchronize_tombstones
from meeting_assets.pipeline.derive import days_of_outdated_metrics, derive_days, derive_days_again
from meeting_assets.pipeline.discover import Found
from meeting_assets.pipeline.load import load_days
from meeting_assets.pipeline.record import recording_row
from meeting_assets.pipeline.rollup import roll_up, roll_up_people
from meeting_assets.pipeline.storage import Storage
from meeting_assets.recall.objects import FINISHED, Recording, decode_object
from meeting_assets.schema.persistent import Recordings
from meeting_assets.store import ledger, tombstones, worklist
from meeting_assets.store.connections import retry_on_conflict
from meeting_assets.store.database import upsert
from meeting_assets.store.raw import StoredArtifact
from meeting_assets.store.states import FETCHED, LedgerRow, Observation, ObservedArtifact, blank_row

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class RebuildReport:
    """What was found in the raw store and made again."""

    days: list[date] = field(default_factory=list)
    recordings: int = 0
    artifacts: int = 0
    faults: list[str] = field(default_factory=list)


class _Side(msgspec.Struct, frozen=True):
    """What recording.json says of one artifact."""

    kind: str
    artifact_id: str
    api_status: str | None = None
    sub_code: str | None = None
    api_updated_at: datetime | None = None
    api_created_at: datetime | None = None
    provider: str | None = None
    sha256: str | None = None
    """Of the bytes that are home of the artifact as it was last seen."""


class _BotFacts(msgspec.Struct, frozen=True):
    bot_id: str | None = None
    bot_name: str | None = None
    platform: str | None = None
    scheduled_at: datetime | None = None


class _Listing(msgspec.Struct, frozen=True):
    recording: dict[str, Any]
    bot: _BotFacts
    media: list[_Side]


def rebuild(storage: Storage, days: Collection[date] | None = None) -> RebuildReport:
    """Makes the tables of some days, or of all that something is kept of, again from the raw store.

    Raises:
        StoreError: the raw store holds the meetings of another API than the database.
    """
    origin = storage.raw.origin()
    if origin is not None:
        storage.database.belongs_to(origin)
    # A lost database knows no tombstones, and a restored one not all; the raw store does.
    if synchronize_tombstones(storage):
        finish_purges(storage)
    report = RebuildReport()
    kept = storage.raw.days()
    oldest = storage.oldest_day
    report.days = [day for day in kept if day >= oldest and (days is None or day in days)]
    for day in report.days:
        for recording_id in _still_kept(storage, day):
            report.recordings += 1
            try:
                _take_in(storage, day, recording_id)
            except PayloadError as error:
                # A purge may have removed the objects between listing and reading them.
                if not _is_purged(storage, recording_id):
                    report.faults.append(f"{day}/{recording_id}: {error}")
    _make_outdated(storage, report.days)
    _make_again(storage, report)
    return report


def refresh(storage: Storage) -> RebuildReport:
    """Parses and derives what is out of date, of whatever day: made by another parser, or from other inputs."""
    versions = {kind: artifact.parser_version for kind, artifact in ARTIFACTS.items()}
    with storage.database.reading() as connection:
        days = {*worklist.outdated_days(connection, versions), *days_of_outdated_metrics(storage)}
    report = RebuildReport(days=sorted(days))
    _make_again(storage, report)
    return report


@retry_on_conflict
def _make_outdated(storage: Storage, days: Collection[date]) -> None:
    """Notes that everything of some days is to be parsed and derived."""
    with storage.database.writing() as connection:
        ledger.parse_days_again(connection, days)
        derive_days_again(connection, days)


def _make_again(storage: Storage, report: RebuildReport) -> None:
    for artifact in ARTIFACTS.values():
        loaded = load_days(artifact, report.days, storage)
        report.artifacts += loaded.parsed + loaded.quarantined
        report.faults += loaded.faults
        if loaded.missing_raw:
            report.faults.append(f"{artifact.kind}: {loaded.missing_raw} raw objects are missing or damaged")
    report.faults += derive_days(report.days, storage).faults
    roll_up(storage)
    roll_up_people(storage)


def _still_kept(storage: Storage, day: date) -> list[str]:
    """The recordings of a day in the raw store, without what a killed purge has left there."""
    recording_ids = storage.raw.recordings(day)
    with storage.database.reading() as connection:
        purged = tombstones.is_tombstoned(connection, recording_ids)
        # While rows could not be deleted, the bytes stay as well: they would be missed if the purge is never finished.
        rows = connection.scalars(_stored(purged)).all()
    for recording_id in purged - {*rows}:
        storage.raw.forget(day, recording_id)
    return [each for each in recording_ids if each not in purged]


@retry_on_conflict
def _is_purged(storage: Storage, recording_id: str) -> bool:
    with storage.database.reading() as connection:
        return bool(tombstones.is_tombstoned(connection, [recording_id]))


def _stored(recording_ids: Collection[str]) -> Select[tuple[str]]:
    ids = ledger.RECORDINGS.c.recording_id
    return select(ids).where(ids.in_(recording_ids))


@retry_on_conflict
def _take_in(storage: Storage, day: date, recording_id: str) -> None:
    """Gives the database what it lacks of a recording: its row, and the artifacts whose bytes are kept."""
    listing = _listing(storage.raw.read_listing(day, recording_id))
    recording = decode_object(listing.recording, Recording, "recording.json")
    rows = _kept_rows(storage, day, recording_id, listing)
    with storage.database.writing() as connection:
        if tombstones.exclude_tombstoned(connection, [recording_id]):
            return  # purged while its bytes were read
        is_known = bool(ledger.lock_recordings(connection, [recording_id]))
        if not is_known:
            bot = msgspec.structs.asdict(listing.bot)
            upsert(connection, Recordings, [recording_row(Found(recording, listing.recording), bot, now())])
        ledger.adopt(connection, rows)
        if not is_known:
            ledger.observe(connection, [_seen(recording_id, kind, recording, listing) for kind in ARTIFACTS])


def _kept_rows(storage: Storage, day: date, recording_id: str, listing: _Listing) -> list[LedgerRow]:
    """The ledger rows of artifacts whose bytes are kept, a row per artifact."""
    sides = {(side.kind, side.artifact_id): side for side in listing.media}
    chosen: dict[tuple[str, str], StoredArtifact] = {}
    for stored in storage.raw.artifacts(day, recording_id):
        side = sides.get((stored.kind, stored.artifact_id))
        is_current = side is not None and side.sha256 == stored.sha256
        if is_current or (stored.kind, stored.artifact_id) not in chosen:
            chosen[stored.kind, stored.artifact_id] = stored
    with storage.database.reading() as connection:
        purged = tombstones.purged_artifacts(connection, [recording_id])
    rows = []
    for (kind, artifact_id), stored in sorted(chosen.items()):
        if (recording_id, kind, artifact_id) in purged:
            continue  # a killed purge has left these bytes; the next fetch or the night removes them
        payload = storage.raw.read(stored.key, stored.sha256)
        if payload is not None and kind in ARTIFACTS:
            side = sides.get((kind, artifact_id), _Side(kind, artifact_id))
            rows.append(blank_row(recording_id, kind, artifact_id) | _home_row(stored, side, len(payload)))
    return rows


def _home_row(stored: StoredArtifact, side: _Side, size_bytes: int) -> LedgerRow:
    return {
        "status": FETCHED,
        "api_status": side.api_status,
        "sub_code": side.sub_code,
        # Which state of the object other bytes belong to is not known: the next look at the API asks for them again.
        "api_updated_at": side.api_updated_at if stored.sha256 == side.sha256 else None,
        "api_created_at": side.api_created_at,
        "provider": side.provider,
        "raw_key": stored.key,
        "sha256": stored.sha256,
        "size_bytes": size_bytes,
        "fetched_at": stored.kept_at,
    }


def _listing(content: bytes | None) -> _Listing:
    if content is None:
        raise PayloadError("recording.json is missing; a sync of that day brings it back")
    try:
        return msgspec.json.decode(content, type=_Listing)
    except msgspec.DecodeError as error:
        raise PayloadError(f"recording.json: {error}") from None


def _seen(recording_id: str, kind: str, recording: Recording, listing: _Listing) -> Observation:
    sightings = tuple(
        ObservedArtifact(
            side.artifact_id,
            side.api_status or "done",
            side.sub_code,
            side.api_updated_at,
            side.api_created_at,
            side.provider,
        )
        for side in listing.media
        if side.kind == kind
    )
    return Observation(
        recording_id,
        kind,
        sightings,
        is_finished=recording.status.code in FINISHED,
        is_many=ARTIFACTS[kind].allows_multiple,
    )
