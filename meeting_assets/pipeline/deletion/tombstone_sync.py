"""Synchronizes the tombstones of database and raw store, and finishes interrupted purges.

A new or restored database adopts the tombstones of the raw store, so that purged recordings are not fetched again.
Tombstones that only the database has are written to the raw store.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from sqlalchemy import Connection

from meeting_assets.core.batches import batched
from meeting_assets.core.errors import StoreError
from meeting_assets.core.instants import now
from meeting_assets.pipeline.deletion.artifacts import remove_artifacts
from meeting_assets.pipeline.deletion.recordings import BATCH, finish_removal, remove_recordings
from meeting_assets.pipeline.deletion.removal import (
    PurgeReport,
    forget_published,
    forget_raw,
    is_scrub_due,
    scrub_deleted,
)
from meeting_assets.pipeline.storage import Storage
from meeting_assets.store import ledger_api, locks, raw_tombstones, tombstones
from meeting_assets.store.connections import retry_on_conflict
from meeting_assets.store.database import meta_value, put_meta
from meeting_assets.store.ledger import ArtifactKey
from meeting_assets.store.locks import Lock
from meeting_assets.store.tombstones import Tombstone, TombstoneName

FINISHED_WITHIN = timedelta(days=3)
"""The nightly job deletes bytes and files that killed runs stored of recordings purged within this time. No run takes
longer."""
SYNCHRONIZED = "tombstones_in_raw_store"
"""The record in `meta` of the raw store's tombstone version at the last synchronization."""

logger = logging.getLogger(__name__)


@retry_on_conflict
def synchronize_tombstones(storage: Storage) -> int:
    """Copies tombstones in both directions; returns the number that the database adopted.

    Raises:
        StoreError: database or raw store is unavailable.
    """
    version = raw_tombstones.version(storage.raw)
    stored = raw_tombstones.names(storage.raw)
    with storage.database.reading() as connection:
        known = tombstones.names(connection)
        missing = tombstones.find_tombstones(connection, known - stored)
    # The tombstone of a recording replaces those of its artifacts.
    stale = {name for name in stored - known if name.kind and TombstoneName(name.recording_id) in stored | known}
    raw_tombstones.write(storage.raw, missing)
    raw_tombstones.remove(storage.raw, stale)
    adopted = [raw_tombstones.read(storage.raw, name) for name in sorted(stored - known - stale)]
    with storage.database.writing() as connection:
        tombstones.lock_tombstones(connection)
        tombstones.add(connection, adopted)
        # A restored ledger may contain purged artifacts. They stay purged until the API lists them again.
        ledger_api.mark_deleted_at_api(connection, [ArtifactKey(*each.name) for each in adopted if each.name.kind])
        put_meta(connection, {SYNCHRONIZED: version})
    if adopted:
        logger.info("%d tombstones were adopted from the raw store", len(adopted))
    return len(adopted)


def finish_before_fetch(storage: Storage) -> None:
    """Adopts missing tombstones and finishes interrupted purges before a fetch.

    Without work it costs one query and one small object. A purge that cannot be finished does not stop the fetch.

    Raises:
        StoreError: database or raw store is unavailable.
    """
    synchronized = storage.database.read(partial(meta_value, name=SYNCHRONIZED))
    is_current = synchronized == raw_tombstones.version(storage.raw)
    has_adopted = not is_current and bool(synchronize_tombstones(storage))
    try:
        if has_adopted:
            finish_purges(storage)
        else:
            finish_interrupted(storage)
    except StoreError as error:
        logger.warning("an interrupted purge could not be finished; the next fetch retries it: %s", error)


def has_unfinished_purges(storage: Storage) -> bool:
    """True if a purge is interrupted or recent, or if tombstones differ between database and raw store.

    Raises:
        StoreError: database or raw store is unavailable.
    """
    stored = raw_tombstones.names(storage.raw)

    def has_work(connection: Connection) -> bool:
        recent = tombstones.tombstoned_since(connection, now() - FINISHED_WITHIN)
        is_unfinished = recent or tombstones.unfinished(connection) or is_scrub_due(connection)
        return bool(is_unfinished) or tombstones.names(connection) != stored

    return storage.database.read(has_work)


def finish_interrupted(storage: Storage) -> PurgeReport:
    """Finishes recent interrupted purges; costs one query if there are none.

    If a roll-up, a purge or another fetch holds the roll-up lock, a later fetch finishes them. The next roll-up derives
    the trends, so that no fetch waits for a roll-up.
    """
    report = PurgeReport()

    def startable(connection: Connection) -> list[Tombstone]:
        unfinished = tombstones.unfinished(connection, now() - FINISHED_WITHIN)
        return unfinished if unfinished and locks.try_take(connection, Lock.ROLLUP) else []

    if pending := storage.database.read(startable):
        _remove(storage, pending, report)
        scrub_deleted(storage, report, rolls_up=False)
    return report


def finish_purges(storage: Storage, report: PurgeReport | None = None) -> int:
    """Finishes every interrupted purge, and deletes bytes that killed runs stored of recently purged recordings.

    Returns the number of deleted raw objects.
    """
    report = report if report is not None else PurgeReport()
    removed_before = report.raw_objects
    synchronize_tombstones(storage)
    pending, recent = storage.database.read(
        lambda connection: (
            tombstones.unfinished(connection),
            tombstones.tombstoned_since(connection, now() - FINISHED_WITHIN),
        )
    )
    _remove(storage, pending, report)
    report.raw_objects += forget_raw(storage, [*recent])
    forget_published(storage, recent, report)
    scrub_deleted(storage, report)
    return report.raw_objects - removed_before


def _remove(storage: Storage, pending: Sequence[Tombstone], report: PurgeReport) -> None:
    of_recordings = [each for each in pending if not each.name.kind]
    purged = {each.name.recording_id for each in of_recordings}
    removed = [each for batch in batched(of_recordings, BATCH) for each in remove_recordings(storage, batch, report)]
    finish_removal(storage, removed, report)
    remove_artifacts(storage, [each for each in pending if each.name.recording_id not in purged], report)
