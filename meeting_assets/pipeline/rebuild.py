"""Rebuilding: restores the database, ledger included, from the raw store alone, without the API.

Existing ledger rows and corrections stay. Missing ones are restored from recording.json, the bytes beside it and
corrections.json. Then all artifacts of the days are parsed, stored audio is analysed (if that is on), metrics are
derived, and transcripts indexed again.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from functools import partial

from msgspec.structs import asdict
from sqlalchemy import Connection, select

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.core.errors import PayloadError
from meeting_assets.core.instants import now
from meeting_assets.core.progress import Stage, report_progress
from meeting_assets.pipeline.bots import ObservedBot, record_bots
from meeting_assets.pipeline.calendar_links import with_calendar_values
from meeting_assets.pipeline.deletion.tombstone_sync import finish_purges, synchronize_tombstones
from meeting_assets.pipeline.derive import days_of_outdated_metrics, derive_days, mark_metrics_outdated
from meeting_assets.pipeline.discovered import Found
from meeting_assets.pipeline.listings import (
    ListedArtifact,
    Listing,
    listed_media_rows,
    listed_metadata_rows,
    listing_of,
)
from meeting_assets.pipeline.load import load_days
from meeting_assets.pipeline.media.activity import analyse_days
from meeting_assets.pipeline.media.restoration import restore_media_files
from meeting_assets.pipeline.media_objects import restore_media
from meeting_assets.pipeline.recording_rows import CONTEXT_COLUMNS, recording_rows
from meeting_assets.pipeline.restored_corrections import restore_corrections
from meeting_assets.pipeline.rollup import roll_up, roll_up_people
from meeting_assets.pipeline.search_index import days_of_outdated_index, index_days
from meeting_assets.pipeline.series_rollup import roll_up_series
from meeting_assets.pipeline.storage import Storage
from meeting_assets.recall.objects import FINISHED, Bot, Recording, decode_object
from meeting_assets.schema.persistent import Recordings
from meeting_assets.store import ledger, ledger_api, ledger_raw, ledger_tables, tombstones, worklist
from meeting_assets.store.connections import retry_on_conflict
from meeting_assets.store.database import upsert
from meeting_assets.store.ledger_states import FETCHED, LedgerRow, Observation, ObservedArtifact
from meeting_assets.store.modification import update_of
from meeting_assets.store.raw_layout import StoredArtifact

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class RebuildReport:
    """Days, and counts of recordings and artifacts that were rebuilt."""

    days: list[date] = field(default_factory=list)
    recordings: int = 0
    artifacts: int = 0
    faults: list[str] = field(default_factory=list)
    bugs: list[str] = field(default_factory=list)
    """The faults that are faults of this package."""


def rebuild(storage: Storage, days: Collection[date] | None = None) -> RebuildReport:
    """Rebuilds the tables of some days, or of all days in the raw store.

    Raises:
        StoreError: the raw store holds the meetings of another API than the database.
    """
    origin = storage.raw.origin()
    if origin is not None:
        storage.database.bind_origin(origin)
    # A new database has no tombstones, and a restored one may lack some; the raw store has all.
    if synchronize_tombstones(storage):
        finish_purges(storage)
    report = RebuildReport()
    kept = storage.raw.days()
    oldest = storage.oldest_day
    report.days = [day for day in kept if day >= oldest and (days is None or day in days)]
    for number, day in enumerate(report.days):
        report_progress(Stage.RESTORE, number, len(report.days))
        _restore_day(storage, day, report)
    storage.database.write(partial(_mark_outdated, days=report.days))
    _load_and_derive(storage, report)
    return report


def _restore_day(storage: Storage, day: date, report: RebuildReport) -> None:
    """Restores the rows of a day's recordings, and of their bots."""
    listings: dict[str, Listing] = {}
    for recording_id in _still_kept(storage, day):
        report.recordings += 1
        try:
            listing = listing_of(storage.raw.read_listing(day, recording_id))
            _restore_rows(storage, day, recording_id, listing)
            listings[recording_id] = listing
            report.faults += restore_media_files(storage, day, recording_id)
            restore_corrections(storage, day, recording_id)
        except PayloadError as error:
            # A purge may have removed the objects between listing and reading them.
            if not storage.database.read(partial(tombstones.tombstoned_recordings, recording_ids=[recording_id])):
                report.faults.append(f"{day}/{recording_id}: {error}")
    bots = []
    for recording_id, listing in listings.items():
        try:
            bots += _stored_bots(listing)
        except PayloadError as error:
            report.faults.append(f"{day}/{recording_id}: {error}")
    record_bots(storage, bots, now())


def _stored_bots(listing: Listing) -> list[ObservedBot]:
    """The bot of a recording as recording.json contains it; empty in files of earlier versions and without a bot.

    Raises:
        PayloadError: the bot object is malformed.
    """
    if listing.bot_object is None:
        return []
    bot = decode_object(listing.bot_object, Bot, "recording.json: bot_object")
    # The stored object is without the meeting URL.
    return [ObservedBot(bot, observed_at=None, kept=asdict(listing.bot))]


def refresh(storage: Storage) -> RebuildReport:
    """Updates everything outdated: rows of another parser version, metrics of changed inputs, the search index."""
    versions = {kind: artifact.parser_version for kind, artifact in ARTIFACTS.items()}
    with storage.database.reading() as connection:
        outdated = {*worklist.outdated_days(connection, versions), *days_of_outdated_index(connection)}
        days = outdated | days_of_outdated_metrics(storage)
    report = RebuildReport(days=sorted(days))
    _load_and_derive(storage, report)
    return report


def _mark_outdated(connection: Connection, days: Collection[date]) -> None:
    """Schedules parsing of all artifacts and deriving of all metrics of some days."""
    ledger_tables.mark_days_outdated(connection, days)
    mark_metrics_outdated(connection, days)


def _load_and_derive(storage: Storage, report: RebuildReport) -> None:
    for artifact in ARTIFACTS.values():
        loaded = load_days(artifact, report.days, storage)
        report.artifacts += loaded.parsed + loaded.quarantined
        _add_bugs(report, loaded.faults)
        if loaded.missing_raw:
            report.faults.append(f"{artifact.kind}: {loaded.missing_raw} raw objects are missing or damaged")
    if storage.has_audio_activity:
        _add_bugs(report, analyse_days(storage, report.days).faults)
    _add_bugs(report, derive_days(report.days, storage).faults)
    index_days(report.days, storage)
    roll_up(storage)
    roll_up_people(storage)
    roll_up_series(storage)


def _add_bugs(report: RebuildReport, bugs: list[str]) -> None:
    """Adds the faults of loading and deriving: both report only unexpected errors."""
    report.faults += bugs
    report.bugs += bugs


def _still_kept(storage: Storage, day: date) -> list[str]:
    """The recordings of a day in the raw store; objects of purged recordings, left by a killed purge, are removed."""
    recording_ids = storage.raw.recordings(day)
    with storage.database.reading() as connection:
        purged = tombstones.tombstoned_recordings(connection, recording_ids)
        # Bytes stay as long as rows do: if the purge is never finished, the rows still refer to them.
        ids = ledger.RECORDINGS.c.recording_id
        rows = connection.scalars(select(ids).where(ids.in_(purged))).all()
    for recording_id in purged - {*rows}:
        storage.raw.purge(day, recording_id)
    return [each for each in recording_ids if each not in purged]


@retry_on_conflict
def _restore_rows(storage: Storage, day: date, recording_id: str, listing: Listing) -> None:
    """Restores missing rows of a recording: its own, those of its media objects, and of artifacts with stored bytes.

    Of an existing row, it fills the columns about the meeting's context that are NULL: an earlier version left them.
    """
    found = Found(decode_object(listing.recording, Recording, "recording.json"), listing.recording)
    rows = _kept_rows(storage, day, recording_id, listing)
    with storage.database.writing() as connection:
        if tombstones.tombstoned_until_commit(connection, [recording_id]):
            return  # purged by another process
        known = ledger.lock_recordings(connection, [recording_id]).get(recording_id, {})
        before = listing.columns | {name: value for name, value in known.items() if value is not None}
        (row,) = with_calendar_values(connection, recording_rows(connection, [found], {recording_id: before}, now()))
        if not known:
            upsert(connection, Recordings, [row])
        elif lacking := {name: row[name] for name in CONTEXT_COLUMNS if known[name] is None and row[name] is not None}:
            of_recording = ledger.RECORDINGS.c.recording_id == recording_id
            connection.execute(update_of(ledger.RECORDINGS, of_recording, lacking))
        ledger_raw.adopt(connection, rows)
        if not known:
            ledger_api.observe(
                connection, [_observation(recording_id, kind, found.recording, listing) for kind in ARTIFACTS]
            )
        restore_media(connection, listed_media_rows(found, listing), listed_metadata_rows(found, listing))


def _kept_rows(storage: Storage, day: date, recording_id: str, listing: Listing) -> list[LedgerRow]:
    """One ledger row per artifact with stored bytes."""
    listed_artifacts = {(each.kind, each.artifact_id): each for each in listing.media}
    chosen: dict[tuple[str, str], StoredArtifact] = {}
    for stored in storage.raw.artifacts(day, recording_id):
        listed = listed_artifacts.get((stored.kind, stored.artifact_id))
        is_current = listed is not None and listed.sha256 == stored.sha256
        if is_current or (stored.kind, stored.artifact_id) not in chosen:
            chosen[stored.kind, stored.artifact_id] = stored
    with storage.database.reading() as connection:
        purged = tombstones.purged_artifacts(connection, [recording_id])
    rows = []
    for (kind, artifact_id), stored in sorted(chosen.items()):
        if (recording_id, kind, artifact_id) in purged:
            continue  # left by a killed purge; the next fetch or the nightly retention removes these bytes
        payload = storage.raw.read(stored.key, stored.sha256)
        if payload is not None and kind in ARTIFACTS:
            listed = listed_artifacts.get((kind, artifact_id), ListedArtifact(kind, artifact_id))
            rows.append(_fetched_row(recording_id, stored, listed, len(payload)))
    return rows


def _fetched_row(recording_id: str, stored: StoredArtifact, listed: ListedArtifact, size_bytes: int) -> LedgerRow:
    return LedgerRow(
        recording_id,
        stored.kind,
        stored.artifact_id,
        FETCHED,
        api_status=listed.api_status,
        sub_code=listed.sub_code,
        # Other bytes belong to an unknown state of the object: without an instant, the next sync fetches them again.
        api_updated_at=listed.api_updated_at if stored.sha256 == listed.sha256 else None,
        api_created_at=listed.api_created_at,
        provider=listed.provider,
        raw_key=stored.key,
        sha256=stored.sha256,
        size_bytes=size_bytes,
        fetched_at=stored.kept_at,
    )


def _observation(recording_id: str, kind: str, recording: Recording, listing: Listing) -> Observation:
    artifacts = tuple(
        ObservedArtifact(
            each.artifact_id,
            each.api_status or "done",
            each.sub_code,
            each.api_updated_at,
            each.api_created_at,
            each.provider,
        )
        for each in listing.media
        if each.kind == kind
    )
    return Observation(
        recording_id,
        kind,
        artifacts,
        is_finished=recording.status.code in FINISHED,
        allows_multiple=ARTIFACTS[kind].allows_multiple,
    )
