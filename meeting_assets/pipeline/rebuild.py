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
from sqlalchemy import Connection, select

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.core.errors import PayloadError
from meeting_assets.core.instants import now
from meeting_assets.pipeline.derive import days_of_outdated_metrics, derive_days
from meeting_assets.pipeline.discover import Found
from meeting_assets.pipeline.load import load_days
from meeting_assets.pipeline.record import recording_row
from meeting_assets.pipeline.warehouse import Warehouse
from meeting_assets.recall.objects import FINISHED, Recording, understood
from meeting_assets.store import ledger, worklist
from meeting_assets.store.database import upsert
from meeting_assets.store.ledger import Key
from meeting_assets.store.raw import StoredArtifact
from meeting_assets.store.states import Seen, Sighting
from meeting_assets.store.tables import Recordings

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
    api_status: str
    sub_code: str | None = None
    api_updated_at: datetime | None = None
    api_created_at: datetime | None = None
    provider: str | None = None


class _BotFacts(msgspec.Struct, frozen=True):
    bot_id: str | None = None
    bot_name: str | None = None
    platform: str | None = None


class _Listing(msgspec.Struct, frozen=True):
    recording: dict[str, Any]
    bot: _BotFacts
    media: list[_Side]


def rebuild(warehouse: Warehouse, days: Collection[date] | None = None) -> RebuildReport:
    """Makes the tables of some days, or of all that something is kept of, again from the raw store."""
    report = RebuildReport()
    kept = warehouse.raw.days()
    report.days = kept if days is None else [day for day in kept if day in days]
    for day in report.days:
        with warehouse.database.reading() as connection:
            of_day = ledger.RECORDINGS.c.day == day
            known = set(connection.scalars(select(ledger.RECORDINGS.c.recording_id).where(of_day)))
        for recording_id in warehouse.raw.recordings(day):
            report.recordings += 1
            if recording_id not in known:
                _take_in(warehouse, day, recording_id, report)
    with warehouse.database.writing() as connection:
        ledger.parse_days_again(connection, report.days)
    _make_again(warehouse, report)
    return report


def refresh(warehouse: Warehouse) -> RebuildReport:
    """Parses and derives what is out of date, of whatever day: made by another parser, or from other inputs."""
    versions = {kind: artifact.parser_version for kind, artifact in ARTIFACTS.items()}
    with warehouse.database.reading() as connection:
        days = {*worklist.outdated_days(connection, versions), *days_of_outdated_metrics(warehouse)}
    report = RebuildReport(days=sorted(days))
    _make_again(warehouse, report)
    return report


def _make_again(warehouse: Warehouse, report: RebuildReport) -> None:
    for artifact in ARTIFACTS.values():
        loaded = load_days(artifact, report.days, warehouse)
        report.artifacts += loaded.parsed + loaded.quarantined
        report.faults += loaded.faults
    report.faults += derive_days(report.days, warehouse).faults


def _take_in(warehouse: Warehouse, day: date, recording_id: str, report: RebuildReport) -> None:
    """Makes the recording's row and its ledger rows from what is kept of it."""
    try:
        listing = _listing(warehouse.raw.read_listing(day, recording_id))
        recording = understood(listing.recording, Recording, "recording")
    except PayloadError as error:
        report.faults.append(f"{day}/{recording_id}/recording.json: {error}")
        return
    found = Found(recording, listing.recording)
    row = recording_row(found, {"bot_name": listing.bot.bot_name, "platform": listing.bot.platform}, now())
    with warehouse.database.writing() as connection:
        upsert(connection, Recordings, [row])
        ledger.observe(connection, [_seen(recording_id, kind, recording, listing) for kind in ARTIFACTS])
    newest: dict[Key, StoredArtifact] = {}
    for stored in warehouse.raw.artifacts(day, recording_id):
        newest.setdefault(Key(recording_id, stored.kind, stored.artifact_id), stored)
    with warehouse.database.writing() as connection:
        expected = worklist.pending(connection, [recording_id], ARTIFACTS)
        for key in sorted(expected & newest.keys()):
            _note_kept(warehouse, connection, key, newest[key])


def _note_kept(warehouse: Warehouse, connection: Connection, key: Key, stored: StoredArtifact) -> None:
    payload = warehouse.raw.read(stored.key, stored.sha256)
    if payload is not None:
        ledger.note_fetched(
            connection,
            key,
            raw_key=stored.key,
            sha256=stored.sha256,
            size_bytes=len(payload),
            is_many=ARTIFACTS[key.kind].is_many,
            at=stored.kept_at,
        )


def _listing(content: bytes | None) -> _Listing:
    if content is None:
        raise PayloadError("missing; a sync of that day brings it back")
    try:
        return msgspec.json.decode(content, type=_Listing)
    except msgspec.DecodeError as error:
        raise PayloadError(str(error)) from None


def _seen(recording_id: str, kind: str, recording: Recording, listing: _Listing) -> Seen:
    sightings = tuple(
        Sighting(
            side.artifact_id,
            side.api_status,
            side.sub_code,
            side.api_updated_at,
            side.api_created_at,
            side.provider,
        )
        for side in listing.media
        if side.kind == kind
    )
    return Seen(
        recording_id,
        kind,
        sightings,
        is_finished=recording.status.code in FINISHED,
        is_many=ARTIFACTS[kind].is_many,
    )
