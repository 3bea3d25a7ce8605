"""Purging artifacts that the API has deleted: bytes, rows and metrics go, the ledger row stays and says so.

    1. a tombstone in the database, then one in the raw store
    2. in one transaction: the rows of the artifact, and the metrics derived from it
    3. the raw store: everything of the artifact, of whatever day
    4. the tombstone is marked as finished

A purge that is killed after 1 is finished by the next fetch or at night (`pipeline.deletion.tombstone_sync`).
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_
from sqlmodel import SQLModel

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.artifacts.artifact import Artifact
from meeting_assets.core.instants import now
from meeting_assets.core.logs import log_context
from meeting_assets.metrics import METRICS
from meeting_assets.pipeline import rollup
from meeting_assets.pipeline.deletion.removal import PurgeReport, delete_rows, note_scrub_due, scrub_deleted
from meeting_assets.pipeline.replace import settle
from meeting_assets.pipeline.storage import Storage
from meeting_assets.store import absence, ledger, locks, raw_state, raw_tombstones, tombstones
from meeting_assets.store.connections import retry_on_conflict
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger import Key
from meeting_assets.store.locks import Lock
from meeting_assets.store.states import DELETED
from meeting_assets.store.tombstones import Name, Tombstone

logger = logging.getLogger(__name__)


def purge_deleted_artifacts(
    storage: Storage, media: Collection[tuple[str, str]], *, at: datetime | None = None
) -> PurgeReport:
    """Purges artifacts of these (recording, media object), which a look has just found deleted at the API.

    Those that no earlier look has found deleted are kept until another look confirms it.
    """
    doomed = _add_tombstones(storage, media, at or now())
    report = PurgeReport()
    remove_artifacts(storage, doomed, report)
    scrub_deleted(storage, report)
    return report


@retry_on_conflict
def _add_tombstones(storage: Storage, media: Collection[tuple[str, str]], at: datetime) -> list[Tombstone]:
    with storage.database.writing() as connection:
        found = absence.confirmed_artifacts(connection, media, at=at)
        doomed = [Tombstone(Name(*key), day, at, tombstones.DELETED_AT_API) for key, day in found]
        tombstones.add(connection, doomed)
    return doomed


def remove_artifacts(storage: Storage, doomed: Sequence[Tombstone], report: PurgeReport) -> None:
    """Removes rows and raw objects of artifacts whose tombstones the database holds; repeats what was interrupted."""
    if not doomed:
        return
    raw_tombstones.write(storage.raw, doomed)
    is_deleted = {each.name: _drop_artifact(storage, Key(*each.name), report) for each in doomed}
    days = storage.raw.days_of({name.recording_id for name in is_deleted})
    for name in sorted(name for name, deleted in is_deleted.items() if deleted):
        report.raw_objects += sum(storage.raw.purge(day, *name) for day in days[name.recording_id])
        logger.info(
            "%s of %s is purged: %s", name.kind, name.recording_id, tombstones.DELETED_AT_API, extra=log_context(*name)
        )
    raw_tombstones.remove(storage.raw, _note_finished(storage, is_deleted))


@retry_on_conflict
def _note_finished(storage: Storage, finished: Collection[Name]) -> set[Name]:
    """Marks tombstones as finished; returns the names of those that were lifted, because the API shows them again."""
    with storage.database.writing() as connection:
        tombstones.note_finished(connection, finished, at=now())
        return tombstones.lift(connection, {name.recording_id for name in finished})


@retry_on_conflict
def _drop_artifact(storage: Storage, key: Key, report: PurgeReport) -> bool:
    """Deletes the rows of an artifact, and of the metrics made from it; False if the API shows it again."""
    artifact = ARTIFACTS.get(key.kind)
    done = PurgeReport(scrub_ids={*report.scrub_ids})
    with storage.database.writing() as connection:
        locks.take(connection, Lock.ROLLUP)
        ledger.lock_recordings(connection, [key.recording_id])
        siblings = ledger.locked(connection, key.kind, [key.recording_id])[key.recording_id]
        row = next((row for row in siblings if row.artifact_id == key.artifact_id), None)
        if row is not None and row.api_status != DELETED:
            return False
        if row is None or row.sha256 is None or artifact is None:
            return True
        if row.row_count is not None:
            for model in artifact.tables:
                delete_rows(connection, table_of(model), _is_of(artifact, key, model), done)
            settle(connection, artifact, [key.recording_id])
        done.tables |= rollup.forget(connection, key.recording_id)
        for metrics in METRICS:
            table = table_of(metrics)
            delete_rows(connection, table, table.c.recording_id == key.recording_id, done)
        raw_state.mark_purged(connection, key, allows_multiple=artifact.is_many)
        note_scrub_due(connection, done)
    report.add(done)
    return True


def _is_of(artifact: Artifact, key: Key, model: type[SQLModel]) -> ColumnElement[bool]:
    """The rows of one artifact in one of its tables."""
    table = table_of(model)
    is_its = table.c.recording_id == key.recording_id
    return is_its if artifact.id_column is None else and_(is_its, table.c[artifact.id_column] == key.artifact_id)
