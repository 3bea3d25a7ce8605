"""Keeps the tombstones of the database and of the raw store alike, and finishes interrupted purges.

A database that was lost or restored from a backup adopts the tombstones of the raw store, so that nothing that was
purged comes back. An older database writes the tombstones that it alone has to the raw store.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Connection, select

from meeting_assets.core.errors import StoreError
from meeting_assets.core.instants import now
from meeting_assets.pipeline.deletion.artifacts import remove_artifacts
from meeting_assets.pipeline.deletion.recordings import BATCH, remove_recordings
from meeting_assets.pipeline.deletion.removal import PurgeReport, forget_raw, is_scrub_due, scrub_deleted
from meeting_assets.pipeline.storage import Storage
from meeting_assets.schema.persistent import Meta
from meeting_assets.store import api_state, locks, raw_tombstones, tombstones
from meeting_assets.store.connections import retry_on_conflict
from meeting_assets.store.database import META, upsert
from meeting_assets.store.ledger import Key
from meeting_assets.store.locks import Lock
from meeting_assets.store.tombstones import Name, Tombstone

FINISHED_WITHIN = timedelta(days=3)
"""So long after a purge the nights look for bytes that a killed run has left; no run takes longer."""
SYNCHRONIZED = "tombstones_in_raw_store"
"""The name in `meta` of the version of the raw store's tombstones that the database knows."""

logger = logging.getLogger(__name__)


@retry_on_conflict
def synchronize_tombstones(storage: Storage) -> int:
    """Gives database and raw store each other's tombstones; how many the database adopted.

    Raises:
        StoreError: one of the two does not answer.
    """
    version = raw_tombstones.version(storage.raw)
    stored = raw_tombstones.names(storage.raw)
    with storage.database.reading() as connection:
        known = tombstones.names(connection)
        missing = tombstones.named(connection, known - stored)
    # The recording's own tombstone stands for those of its artifacts.
    stale = {name for name in stored - known if name.kind and Name(name.recording_id) in stored | known}
    raw_tombstones.write(storage.raw, missing)
    raw_tombstones.remove(storage.raw, stale)
    adopted = [raw_tombstones.read(storage.raw, name) for name in sorted(stored - known - stale)]
    with storage.database.writing() as connection:
        tombstones.lock_tombstones(connection)
        tombstones.add(connection, adopted)
        # A restored ledger may say that the API has an artifact; until an observation says so, too, it stays purged.
        api_state.mark_deleted_at_api(connection, [Key(*each.name) for each in adopted if each.name.kind])
        upsert(connection, Meta, [{"name": SYNCHRONIZED, "value": version}])
    if adopted:
        logger.info("%d tombstones were taken over from the raw store", len(adopted))
    return len(adopted)


def finish_before_fetch(storage: Storage) -> None:
    """Adopts tombstones that the database does not know, and finishes interrupted purges.

    Costs a query and a small object where there is nothing to do. A purge that cannot be finished stops no fetch.

    Raises:
        StoreError: database or raw store does not answer.
    """
    is_current = storage.database.read(_synchronized_version) == raw_tombstones.version(storage.raw)
    has_adopted = not is_current and bool(synchronize_tombstones(storage))
    try:
        if has_adopted:
            finish_purges(storage)
        else:
            finish_interrupted(storage)
    except StoreError as error:
        logger.warning("an interrupted purge could not be finished, the next fetch tries again: %s", error)


def is_anything_to_finish(storage: Storage) -> bool:
    """True if a purge was interrupted, was so recently that a killed run may have left something, or is unknown here.

    Raises:
        StoreError: database or raw store does not answer.
    """
    stored = raw_tombstones.names(storage.raw)

    def is_anything_left(connection: Connection) -> bool:
        recent = tombstones.tombstoned_since(connection, now() - FINISHED_WITHIN)
        is_begun = recent or tombstones.unfinished(connection) or is_scrub_due(connection)
        return bool(is_begun) or tombstones.names(connection) != stored

    return storage.database.read(is_anything_left)


def finish_interrupted(storage: Storage) -> PurgeReport:
    """Finishes recent purges that were interrupted; costs one query where there are none.

    A later fetch does it if a roll-up, a purge or another fetch holds the roll-up lock at the start. The trends of
    these purges are left to the next roll-up, so that no fetch waits for one.
    """
    report = PurgeReport()

    def may_begin(connection: Connection) -> list[Tombstone]:
        unfinished = tombstones.unfinished(connection, now() - FINISHED_WITHIN)
        return unfinished if unfinished and locks.try_take(connection, Lock.ROLLUP) else []

    if waiting := storage.database.read(may_begin):
        _remove(storage, waiting, report)
        scrub_deleted(storage, report, rolls_up=False)
    return report


def finish_purges(storage: Storage, report: PurgeReport | None = None) -> int:
    """Finishes every interrupted purge, and removes what killed runs have left of recently purged recordings.

    Returns how many raw objects were removed.
    """
    report = report if report is not None else PurgeReport()
    removed_before = report.raw_objects
    synchronize_tombstones(storage)
    waiting, recent = storage.database.read(
        lambda connection: (
            tombstones.unfinished(connection),
            tombstones.tombstoned_since(connection, now() - FINISHED_WITHIN),
        )
    )
    _remove(storage, waiting, report)
    report.raw_objects += forget_raw(storage, [*recent])
    scrub_deleted(storage, report)
    return report.raw_objects - removed_before


def _remove(storage: Storage, waiting: Sequence[Tombstone], report: PurgeReport) -> None:
    of_recordings = [each for each in waiting if not each.name.kind]
    purged = {each.name.recording_id for each in of_recordings}
    for start in range(0, len(of_recordings), BATCH):
        remove_recordings(storage, of_recordings[start : start + BATCH], report)
    remove_artifacts(storage, [each for each in waiting if each.name.recording_id not in purged], report)


def _synchronized_version(connection: Connection) -> str | None:
    """The version of the raw store's tombstones that this database knows; None if it never looked."""
    return connection.scalar(select(META.value).where(META.name == SYNCHRONIZED))
