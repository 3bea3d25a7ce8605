"""Records a discovery: rows of `recordings`, of media objects and of the ledger, and recording.json."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, or_

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.artifacts.artifact import Artifact
from meeting_assets.pipeline.calendar_links import with_calendar_values
from meeting_assets.pipeline.discovered import Discovery, Found
from meeting_assets.pipeline.listings import found_batches, keep_batch
from meeting_assets.pipeline.media.expected import expect_files
from meeting_assets.pipeline.media_objects import mark_media_deleted, record_media
from meeting_assets.pipeline.recording_rows import recording_rows
from meeting_assets.pipeline.restored_corrections import restore_moved
from meeting_assets.pipeline.storage import Storage
from meeting_assets.recall.objects import DELETED, FINISHED, Media
from meeting_assets.schema.persistent import Recordings
from meeting_assets.store import (
    absence,
    ledger,
    ledger_api,
    ledger_raw,
    ledger_tables,
    media_observation,
    raw_tombstones,
    tombstones,
    unreadable_objects,
)
from meeting_assets.store.connections import retry_on_conflict
from meeting_assets.store.database import upsert
from meeting_assets.store.ledger import ArtifactKey
from meeting_assets.store.ledger_states import Observation, ObservedArtifact, is_overtaken
from meeting_assets.store.modification import update_of
from meeting_assets.store.observation import record_observation_time

NAMED_BY_BOT = [artifact.kind for artifact in ARTIFACTS.values() if artifact.depends_on_bot_names]


def record(storage: Storage, discovery: Discovery, at: datetime) -> None:
    """Updates recordings and ledger from a discovery made at an instant.

    Recordings that another run observed later, or that were purged, are left unchanged and dropped from the discovery.
    """
    record_observation_time(storage.database, discovery.clock.now())
    for batch in found_batches(discovery.found.values()):
        ids = [found.recording_id for found in batch]
        purged = storage.database.read(partial(tombstones.purged_artifacts, recording_ids=ids))
        former_days = storage.database.read(partial(ledger.recording_days, recording_ids=ids))
        dropped = _record_batch(storage, batch, discovery.unclear, at)
        _remove_lifted(storage, purged)
        for recording_id in dropped:
            del discovery.found[recording_id]
        kept = [found for found in batch if found.recording_id not in dropped]
        restore_moved(storage, former_days, {found.recording_id: found.day for found in kept})
        keep_batch(storage, kept)
    _record_missing(storage, discovery, at)
    if storage.media_kinds:
        expect_files(storage, storage.media_kinds, {found.day for found in discovery.found.values()})


@retry_on_conflict
def _record_batch(storage: Storage, batch: Sequence[Found], unclear: Collection[str], at: datetime) -> set[str]:
    """Records some recordings in one transaction.

    Returns the ids of those to drop: they were purged, or another run observed them later.
    """
    with storage.database.writing() as connection:
        purged = tombstones.tombstoned_until_commit(connection, [found.recording_id for found in batch])
        kept = [found for found in batch if found.recording_id not in purged]
        before = ledger.lock_recordings(connection, [found.recording_id for found in kept])
        rows = recording_rows(connection, kept, before, at)
        overtaken = {row["recording_id"] for row in rows if _is_overtaken(row, before)}
        rows = with_calendar_values(connection, [row for row in rows if row["recording_id"] not in overtaken])
        upsert(connection, Recordings, rows, only_if=_is_not_older)
        new = [each for found in kept for each in observations(found, unclear)]
        # Of an overtaken recording, some media may have been requested later than by the other run.
        ledger_api.observe(
            connection, [replace(each, is_finished=False) if each.recording_id in overtaken else each for each in new]
        )
        newest = [found for found in kept if found.recording_id not in overtaken]
        for found in newest:
            if found.recording.status.code == DELETED:
                ledger_api.mark_recording_deleted(connection, found.recording_id, observed_at=found.last_observed_at)
        record_media(connection, newest)
        media_observation.note_api_states(connection, [found.recording_id for found in newest], at=at)
        absence.update_missing_since(connection, [found.recording_id for found in newest], at=at)
        tombstones.lift(connection, [found.recording_id for found in newest])
        _reparse_renamed(connection, rows, before)
    return purged | overtaken


def _remove_lifted(storage: Storage, before: Collection[ArtifactKey]) -> None:
    """Removes from the raw store those artifact tombstones of `before` that the database no longer has.

    The database is read again because the transaction that lifts them may be repeated after its commit.
    """
    if before:
        ids = {key.recording_id for key in before}
        left = storage.database.read(lambda connection: tombstones.purged_artifacts(connection, ids))
        raw_tombstones.remove(storage.raw, {tombstones.TombstoneName(*key) for key in {*before} - left})


@retry_on_conflict
def _record_missing(storage: Storage, discovery: Discovery, at: datetime) -> None:
    """Records objects that are deleted at the API, could not be retrieved, or could not be decoded."""
    with storage.database.writing() as connection:
        faults = _faults_of_kept(connection, discovery.faults)
        _lock_gone(connection, discovery)
        for recording_id in sorted(discovery.gone_recordings):
            _note_gone(connection, recording_id, at, discovery.gone_at(recording_id))
        for recording_id, artifact_id in sorted(discovery.gone_media):
            observed_at = discovery.gone_at(artifact_id)
            ledger_api.mark_object_deleted(connection, recording_id, artifact_id, observed_at=observed_at)
            mark_media_deleted(connection, [], [artifact_id], observed_at)
        gone = discovery.gone_recordings | {recording_id for recording_id, _ in discovery.gone_media}
        absence.update_missing_since(connection, gone, at=at)
        media_observation.note_api_states(connection, gone, at=at)
        _note_not_given(connection, discovery, at)
        unreadable_objects.record_unreadable(connection, faults, discovery.read, discovery.days)


def observations(found: Found, unclear: Collection[str] = ()) -> Iterator[Observation]:
    """One observation per artifact kind of a recording, for the ledger.

    Artifacts of an `unclear` collection, one with unreadable objects, are not marked absent: one of those objects may
    be the missing one.
    """
    for artifact in ARTIFACTS.values():
        yield Observation(
            found.recording_id,
            artifact.kind,
            tuple(
                observed_artifact(artifact, media, found.media_observed_at(media))
                for media in found.media[artifact.collection].values()
            ),
            is_finished=found.recording.status.code in FINISHED and artifact.collection not in unclear,
            allows_multiple=artifact.allows_multiple,
            observed_at=found.began_at,
        )


def observed_artifact(artifact: Artifact, media: Media, observed_at: datetime | None) -> ObservedArtifact:
    """The observation of one artifact of a media object, by a request sent at `observed_at`."""
    has_url = artifact.url_field in media.data
    return ObservedArtifact(
        str(media.id),
        media.status.code,
        media.status.sub_code,
        media.status.updated_at,
        media.created_at,
        next(iter(media.provider), None) if media.provider else None,
        exists=has_url or not artifact.url_optional or media.status.code != "done",
        observed_at=observed_at,
    )


def _reparse_renamed(connection: Connection, rows: Sequence[dict[str, Any]], before: dict[str, dict[str, Any]]) -> None:
    """Schedules parsing of kinds that depend on the bot's name for recordings whose bot name has changed."""
    renamed = [
        row["recording_id"]
        for row in rows
        if row["recording_id"] in before and row["bot_name"] != before[row["recording_id"]]["bot_name"]
    ]
    if renamed:
        ledger_tables.mark_outdated(connection, renamed, NAMED_BY_BOT)


def _faults_of_kept(connection: Connection, faults: Mapping[str, str]) -> dict[str, str]:
    """Faults of undecodable objects, without those of purged recordings."""
    named = {name.partition(" ")[2] for name in faults if name.startswith("recording ")}
    purged = tombstones.tombstoned_until_commit(connection, named)
    return {name: fault for name, fault in faults.items() if name.partition(" ")[2] not in purged}


def _lock_gone(connection: Connection, discovery: Discovery) -> None:
    """Locks all rows that this transaction may change, in the order of `store.locks`."""
    of_media = {recording_id for recording_id, _ in (*discovery.gone_media, *discovery.not_given)}
    ledger.lock_recordings(connection, discovery.gone_recordings | of_media)
    ledger.read_rows(connection, discovery.gone_recordings | of_media, is_locking=True)


def _note_gone(connection: Connection, recording_id: str, at: datetime, observed_at: datetime) -> None:
    """Records that a recording no longer exists."""
    recordings = ledger.RECORDINGS
    of_recording = and_(recordings.c.recording_id == recording_id, recordings.c.deleted_at.is_(None))
    is_latest = ledger.not_observed_after(recordings, observed_at)
    values = {"status": DELETED, "deleted_at": at, "observed_at": observed_at}
    connection.execute(update_of(recordings, and_(of_recording, is_latest), values))
    ledger_api.mark_recording_deleted(connection, recording_id, observed_at=observed_at)
    mark_media_deleted(connection, [recording_id], [], observed_at)


def _note_not_given(connection: Connection, discovery: Discovery, at: datetime) -> None:
    """Records failed attempts for artifacts whose media object could not be retrieved; their rows are locked."""
    rows = ledger.read_rows(connection, {recording_id for recording_id, _ in discovery.not_given})
    for (recording_id, name), fault in discovery.not_given.items():
        for kind in [each.kind for each in ARTIFACTS.values() if each.collection == name.collection]:
            if row := rows[recording_id, kind].get(name.object_id):
                key = ArtifactKey(recording_id, kind, name.object_id)
                ledger_raw.mark_attempt_failed(
                    connection, key, fault, updated_at=row.api_updated_at, at=at, expires_at=None
                )


def _is_overtaken(row: Mapping[str, Any], before: Mapping[str, Mapping[str, Any]]) -> bool:
    """True if another run observed the recording later than this one. The API's own instants do not count."""
    recorded = before.get(row["recording_id"])
    return recorded is not None and is_overtaken(row["observed_at"], recorded["observed_at"])


def _is_not_older(held: Any, given: Any) -> ColumnElement[bool]:
    """The SQL form of `not _is_overtaken`, for a recording that another run inserts at the same time."""
    return or_(held.observed_at.is_(None), given.observed_at.is_(None), held.observed_at <= given.observed_at)
