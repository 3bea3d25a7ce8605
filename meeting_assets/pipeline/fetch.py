"""Fetching: discovers the recordings of some days, records them, and downloads their artifacts while URLs are fresh."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime
from functools import partial
from time import monotonic

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.core.logs import log_context
from meeting_assets.core.progress import Stage, report_progress
from meeting_assets.pipeline.api_deletions import purge_deleted
from meeting_assets.pipeline.bot_corrections import correct_outcomes
from meeting_assets.pipeline.bots import record_bots
from meeting_assets.pipeline.days import day_range
from meeting_assets.pipeline.deletion.tombstone_sync import finish_before_fetch
from meeting_assets.pipeline.discover_expected import discover_expected
from meeting_assets.pipeline.discovered import Discovery
from meeting_assets.pipeline.download import Downloads
from meeting_assets.pipeline.fetch_results import FetchReport
from meeting_assets.pipeline.listings import keep_listings
from meeting_assets.pipeline.record import record
from meeting_assets.pipeline.storage import Storage
from meeting_assets.recall.client import Access, RecallClient
from meeting_assets.store import tombstones, worklist
from meeting_assets.store.tasks import FetchTask

logger = logging.getLogger(__name__)


async def fetch_days(
    storage: Storage,
    access: Access,
    days: Collection[date],
    *,
    kinds: Collection[str] = tuple(ARTIFACTS),
    recording_ids: Sequence[str] = (),
    refetch: bool = False,
) -> FetchReport:
    """Stores the raw bytes of some days: of all their recordings, or of the named ones.

    `refetch` downloads stored artifacts again.

    Raises:
        Refused: key or region is wrong.
        Transient: the API's lists could not be read; no artifact is marked absent.
        SettingsError: every named recording is unknown or of another day; if only some are, the others are fetched
            and the report names those of another day as faults.
        StoreError: raw store or database cannot be written. An unusable publications store stops no fetch: it only
            leaves purges unfinished.
    """
    started = monotonic()
    report = FetchReport()
    finish_before_fetch(storage)
    days = _without_expired(storage, days)
    kept_ids = _without_purged(storage, recording_ids)
    if not days or (recording_ids and not kept_ids):
        return report
    report_progress(Stage.LIST, 0, 0)
    async with RecallClient(access) as client:
        discovery = await discover_expected(client, storage, days, kept_ids)
        record(storage, discovery, discovery.clock.wall_clock())
        record_bots(storage, discovery.bots, discovery.clock.wall_clock())
        recorded = {str(found.recording.bot.id) for found in discovery.found.values() if found.recording.bot}
        correct_outcomes(storage, discovery.clock.wall_clock(), recorded)
        if storage.purges_deleted:
            await purge_deleted(client, storage, discovery, discovery.clock.wall_clock())
        report.add_discovery(discovery)
        report.discover_s = round(monotonic() - started, 3)
        logger.info("%d recordings listed for %s", len(discovery.found), day_range(days))
        wanted = _wanted(storage, discovery, kinds, refetch=refetch, is_named=bool(recording_ids))
        await Downloads(client, storage, discovery, report).run(wanted)
        keep_listings(storage, discovery.found.values())
    report.fetch_s = round(monotonic() - started - report.discover_s, 3)
    return report


def _without_expired(storage: Storage, days: Collection[date]) -> list[date]:
    """The days within the retention period; the nightly retention removes stored data of older ones."""
    oldest = storage.oldest_day
    kept = [day for day in days if day >= oldest]
    if len(kept) < len(days):
        expired = sorted(set(days) - set(kept))
        logger.warning("%s: outside MEETING_ASSETS_RETENTION_DAYS, not fetched", day_range(expired))
    return kept


def _without_purged(storage: Storage, recording_ids: Sequence[str]) -> list[str]:
    purged = storage.database.read(partial(tombstones.tombstoned_recordings, recording_ids=recording_ids))
    for recording_id in sorted(purged):
        logger.warning("recording %s was purged, not fetched again", recording_id, extra=log_context(recording_id))
    return [each for each in recording_ids if each not in purged]


def _wanted(
    storage: Storage, discovery: Discovery, kinds: Collection[str], *, refetch: bool, is_named: bool
) -> list[FetchTask]:
    """The artifacts to download, earliest expiry first.

    Artifacts that wait for their next attempt are included only for named recordings or with `refetch`.
    """
    at = discovery.clock.wall_clock()
    days = {found.day for found in discovery.found.values()}
    candidates = storage.database.read(partial(worklist.to_fetch, days=days, refetch=refetch))
    never = datetime.max.replace(tzinfo=UTC)
    wanted = [
        each
        for each in candidates
        if each.key.kind in kinds
        and each.key.recording_id in discovery.found
        and (refetch or is_named or each.may_begin(at))
    ]
    expires_at = {recording_id: found.recording.expires_at or never for recording_id, found in discovery.found.items()}
    return sorted(wanted, key=lambda each: (expires_at[each.key.recording_id], each.key))
