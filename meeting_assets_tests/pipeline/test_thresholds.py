"""Each published limit of discovery and deletion."""

from __future__ import annotations

from datetime import timedelta

from meeting_assets.pipeline import api_deletions, discover, discover_bots, download, retrieval
from meeting_assets.pipeline.deletion import tombstone_sync


def test_lists_of_a_day_cover_three_more_days() -> None:
    assert timedelta(days=3) == discover.ARTIFACTS_COME_WITHIN
    assert timedelta(seconds=1) == discover.MARGIN
    assert timedelta(hours=6) == discover_bots.BOT_MARGIN


def test_limits_of_calls_are_the_published_ones() -> None:
    assert (retrieval.CONCURRENT_RETRIEVES, download.CONCURRENT_DOWNLOADS) == (16, 16)
    assert (retrieval.MAX_FAILURES_IN_A_ROW, api_deletions.MAX_WITNESSES) == (20, 5)


def test_bytes_stored_by_killed_runs_are_deleted_for_three_days_after_a_purge() -> None:
    assert timedelta(days=3) == tombstone_sync.FINISHED_WITHIN
