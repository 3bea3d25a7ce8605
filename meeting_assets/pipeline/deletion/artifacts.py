"""Purge of artifacts that the API has deleted. Their bytes, rows and metrics are deleted, the ledger row is kept.

    1. Write a tombstone to the database, then one to the raw store.
    2. Delete the rows of the artifact and the metrics derived from it, in one transaction.
    3. Delete all raw objects of the artifact, of any day, and the published files of its recording, which the next run
       writes again from the remaining rows.
    4. Mark the tombstone as finished.

If a purge is killed after step 1, the next fetch or the nightly job finishes it (`pipeline.deletion.tombstone_sync`).
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from datetime import datetime

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.core.instants import now
from meeting_assets.core.logs import log_context
from meeting_assets.metrics import METRICS
from meeting_assets.pipeline import rollup, series_rollup
from meeting_assets.pipeline.deletion.aliases import aliased_keys, delete_unused_aliases
from meeting_assets.pipeline.deletion.removal import (
    PurgeReport,
    delete_from_index,
    delete_rows,
    forget_published,
    note_scrub_due,
    scrub_deleted,
)
from meeting_assets.pipeline.replace import rows_of, run_post_load
from meeting_assets.pipeline.storage import Storage
from meeting_assets.store import absence, ledger, ledger_raw, locks, raw_tombstones, tombstones
from meeting_assets.store.connections import retry_on_conflict
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger import ArtifactKey
from meeting_assets.store.ledger_states import DELETED
from meeting_assets.store.locks import Lock
from meeting_assets.store.published_files import PUBLISHED
from meeting_assets.store.tombstones import Tombstone, TombstoneName

logger = logging.getLogger(__name__)


def purge_deleted_artifacts(
    storage: Storage, media: Collection[tuple[str, str]], *, at: datetime | None = None
) -> PurgeReport:
    """Purges artifacts that the last observation found deleted at the API, given as (recording, media object) ids.

    Without an earlier observation that found them deleted, too, they are kept until the next one confirms it.
    """
    report = PurgeReport()
    remove_artifacts(storage, _add_tombstones(storage, media, at or now()), report)
    scrub_deleted(storage, report)
    return report


@retry_on_conflict
def _add_tombstones(storage: Storage, media: Collection[tuple[str, str]], at: datetime) -> list[Tombstone]:
    with storage.database.writing() as connection:
        found = absence.confirmed_artifacts(connection, media, at=at)
        added = [Tombstone(TombstoneName(*key), day, at, tombstones.DELETED_AT_API) for key, day in found]
        tombstones.add(connection, added)
    return added


def remove_artifacts(storage: Storage, pending: Sequence[Tombstone], report: PurgeReport) -> None:
    """Deletes rows, raw objects and published files of artifacts with a tombstone in the database.

    May be repeated after a failure. The published files are all files of the recordings, which may contain text of the
    artifact. If the publications store is not usable, the tombstones stay unfinished, and the report has an obstacle.
    """
    if not pending:
        return
    raw_tombstones.write(storage.raw, pending)
    is_deleted = {each.name: _delete_artifact(storage, ArtifactKey(*each.name), report) for each in pending}
    days = storage.raw.days_of({name.recording_id for name in is_deleted})
    for name in sorted(name for name, deleted in is_deleted.items() if deleted):
        report.raw_objects += sum(storage.raw.purge(day, *name) for day in days[name.recording_id])
        logger.info(
            "%s of %s was purged: %s", name.kind, name.recording_id, tombstones.DELETED_AT_API, extra=log_context(*name)
        )
    deleted = {name.recording_id for name, is_gone in is_deleted.items() if is_gone}
    is_forgotten = forget_published(storage, deleted, report)
    finished = [name for name, is_gone in is_deleted.items() if is_forgotten or not is_gone]
    raw_tombstones.remove(storage.raw, _note_finished(storage, finished))


@retry_on_conflict
def _note_finished(storage: Storage, finished: Collection[TombstoneName]) -> set[TombstoneName]:
    """Marks tombstones as finished; returns the names of lifted tombstones, whose artifacts the API lists again."""
    with storage.database.writing() as connection:
        tombstones.mark_finished(connection, finished, at=now())
        return tombstones.lift(connection, {name.recording_id for name in finished})


@retry_on_conflict
def _delete_artifact(storage: Storage, key: ArtifactKey, report: PurgeReport) -> bool:
    """Deletes the rows of an artifact and the metrics derived from it; False if the API lists the artifact again."""
    artifact = ARTIFACTS.get(key.kind)
    deleted = PurgeReport(scrub_ids={*report.scrub_ids})
    with storage.database.writing() as connection:
        locks.take(connection, Lock.ROLLUP)
        ledger.lock_recordings(connection, [key.recording_id])
        row = ledger.lock_siblings(connection, key).get(key.artifact_id)
        if row is not None and row.api_status != DELETED:
            return False
        # Before the files: a run that publishes at the same time then deletes what it has written of this recording.
        delete_rows(connection, PUBLISHED, PUBLISHED.c.recording_id == key.recording_id, deleted)
        if row is None or row.sha256 is None or artifact is None:
            return True
        keys = aliased_keys(connection, key.recording_id)
        if row.row_count is not None:
            for model in artifact.tables:
                delete_rows(connection, table_of(model), rows_of(model, artifact, key), deleted)
            run_post_load(connection, artifact, [key.recording_id])
            # The next run indexes another transcript of the recording, which is then the primary one.
            delete_from_index(connection, key.recording_id, deleted)
        deleted.tables |= series_rollup.forget(connection, key.recording_id)
        deleted.tables |= rollup.forget(connection, key.recording_id)
        for metrics in METRICS:
            table = table_of(metrics)
            delete_rows(connection, table, table.c.recording_id == key.recording_id, deleted)
        delete_unused_aliases(connection, keys, deleted)
        ledger_raw.mark_purged(connection, key, allows_multiple=artifact.allows_multiple)
        note_scrub_due(connection, deleted)
    report.add(deleted)
    return True
