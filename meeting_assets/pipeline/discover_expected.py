"""Discovers the recordings of some days, and asks for objects that the ledger expects and the lists do not show.

The ledger is read once, then the API is asked. Results are written by `record`.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.pipeline.api_deletions import recheck_gone
from meeting_assets.pipeline.days import day_range
from meeting_assets.pipeline.discover import discover_days, discover_recordings, retrieve_unfinished
from meeting_assets.pipeline.discover_bots import find_bots
from meeting_assets.pipeline.discovered import Discovery
from meeting_assets.pipeline.storage import Storage
from meeting_assets.recall.client import RecallClient
from meeting_assets.recall.objects import DELETED, FINISHED
from meeting_assets.store import absence, worklist
from meeting_assets.store.ledger import ArtifactKey
from meeting_assets.store.observation import ObservationClock

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Expected:
    """Recordings and artifacts of some days that the ledger knows."""

    statuses: dict[str, str]
    """API status by recording id."""
    unfinished: set[str]
    """Recordings that are unfinished or have pending artifacts."""
    artifacts: set[ArtifactKey]
    """Artifacts that are pending, or stored and possibly deleted at the API."""
    with_bot_name: set[str]

    @property
    def existing(self) -> set[str]:
        return {recording_id for recording_id, status in self.statuses.items() if status != DELETED}


async def discover_expected(
    client: RecallClient, storage: Storage, days: Collection[date], recording_ids: Sequence[str]
) -> Discovery:
    """Discovers all recordings of some days, or only those named, with everything that the ledger expects of them."""
    clock = ObservationClock.of(storage.database)
    expected = _read_expected(storage, days, is_named=bool(recording_ids))
    if recording_ids:
        known = expected.statuses
        discovery = await discover_recordings(client, recording_ids, days, known=known, clock=clock)
    else:
        discovery = await discover_days(client, days, clock=clock)
    keys = expected.artifacts
    if recording_ids:
        keys = {key for key in keys if key.recording_id in set(recording_ids)}
    await retrieve_unfinished(
        client,
        discovery,
        recordings=_expected_recordings(storage, discovery, expected, days, recording_ids),
        media={(key.recording_id, ARTIFACTS[key.kind].collection, key.artifact_id) for key in keys},
        days=days,
    )
    await recheck_gone(client, storage, discovery)
    await find_bots(client, discovery, expected.with_bot_name, storage)
    return discovery


def _read_expected(storage: Storage, days: Collection[date], *, is_named: bool) -> _Expected:
    def query(connection: Connection) -> _Expected:
        statuses = worklist.recording_statuses(connection, days)
        unfinished = {each for each, status in statuses.items() if status not in {*FINISHED, DELETED}}
        pending = {task.key for task in worklist.to_fetch(connection, days)}
        # Stored artifacts that are no longer listed may have been deleted. One observation is enough to mark them.
        stored = {task.key for task in worklist.to_fetch(connection, days, refetch=True)}
        if not is_named and not storage.purges_deleted:
            stored -= absence.marked_deleted(connection, days)
        return _Expected(
            statuses,
            unfinished | {key.recording_id for key in pending},
            pending | stored,
            worklist.recordings_with_bot_name(connection, days),
        )

    return storage.database.read(query)


def _expected_recordings(
    storage: Storage,
    discovery: Discovery,
    expected: _Expected,
    days: Collection[date],
    recording_ids: Sequence[str],
) -> set[str]:
    """Recordings to retrieve if the lists did not show them."""
    if recording_ids:
        return expected.unfinished & set(recording_ids) - discovery.gone_recordings
    if expected.existing and not expected.existing & discovery.found.keys():
        # This looks like another workspace. A fetch of a named recording, or of more days, finds a real deletion.
        logger.warning(
            "the API lists none of the %d recordings that are stored for %s, so nothing is concluded about them: check "
            "that RECALL_BASE_URL, RECALL_REGION and RECALL_API_KEY are those of the workspace they came from",
            len(expected.statuses),
            day_range(days),
        )
        return set()
    # The lists omit deleted recordings.
    return expected.unfinished | (set(expected.statuses) if storage.purges_deleted else expected.existing)
