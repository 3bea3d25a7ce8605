"""Of two observations the one requested later counts, independent of the clocks of the API's hosts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import count

import pytest
from sqlalchemy import Connection, select

from meeting_assets.core.errors import TransactionLost
from meeting_assets.core.instants import now
from meeting_assets.health.status import status_of
from meeting_assets.pipeline.discover import discover_days
from meeting_assets.pipeline.discovered import Discovery
from meeting_assets.pipeline.listing_pass import ListingPass
from meeting_assets.pipeline.pending_recordings import list_arrivals
from meeting_assets.pipeline.record import record
from meeting_assets.pipeline.storage import access_of
from meeting_assets.recall.client import RecallClient
from meeting_assets.sandbox import Fault, Recording, Sandbox
from meeting_assets.settings import read_settings
from meeting_assets.store import worklist
from meeting_assets.store.database import META
from meeting_assets.store.observation import LAST, ObservationClock, record_observation_time
from meeting_assets_tests.conftest import sqlite_first
from meeting_assets_tests.support.environments import ledger_row, open_test_storage, sync_days, table_rows
from meeting_assets_tests.support.sample_day import sync_sample_day

pytestmark = [sqlite_first, pytest.mark.with_tables]

DAY = date(2026, 3, 2)
SECOND = timedelta(seconds=1)
BUDGET_S = 60.0


def discover() -> Discovery:
    """A discovery of the day, held in memory by a slow run."""

    async def ask() -> Discovery:
        with open_test_storage() as storage:
            clock = ObservationClock.of(storage.database)
        async with RecallClient(access_of(read_settings())) as client:
            return await discover_days(client, [DAY], clock=clock)

    return asyncio.run(ask())


def recording_status(recording_id: str) -> str:
    with open_test_storage() as storage, storage.database.reading() as connection:
        return worklist.recording_statuses(connection, [DAY])[recording_id]


def pending_recordings() -> set[str]:
    """The recordings for which the sensor would request a run."""
    with open_test_storage() as storage:
        due, _ = list_arrivals(
            storage, access_of(read_settings()), ListingPass.since(now() - timedelta(days=9999)), budget_s=BUDGET_S
        )
    return {each.recording_id for each in due}


def test_artifact_done_with_an_older_api_time_than_its_processing_is_fetched(
    sandbox: Sandbox, recording: Recording
) -> None:
    transcript = recording.of("transcript")[0]
    done = transcript.status
    transcript.status = replace(done, code="processing", updated_at=done.updated_at + 2 * SECOND)
    sync_days([DAY])
    transcript.status = replace(done, updated_at=done.updated_at + SECOND)
    due = pending_recordings()

    sync_days([DAY])

    assert due == {recording.id}
    assert ledger_row(transcript.id, "transcript")["status"] == "parsed"
    with open_test_storage() as storage:
        assert status_of(storage).missing == 0


def test_recording_done_with_an_older_api_time_than_its_processing_is_done(
    sandbox: Sandbox, recording: Recording
) -> None:
    done = recording.status
    recording.status = replace(done, code="processing", updated_at=done.updated_at + 2 * SECOND)
    sync_days([DAY])
    recording.status = replace(done, updated_at=done.updated_at + SECOND)

    sync_days([DAY])

    assert recording_status(recording.id) == "done"
    assert recording.id in {row[0] for row in table_rows()["meeting_metrics"]}


def test_artifact_reissued_with_an_older_api_time_is_fetched_again(sandbox: Sandbox, recording: Recording) -> None:
    transcript = recording.of("transcript")[0]
    sync_sample_day()
    before = ledger_row(transcript.id, "transcript")
    sandbox.reissue(transcript.id)
    transcript.status = replace(transcript.status, updated_at=before["api_updated_at"] - SECOND)
    due = pending_recordings()

    sync_days([DAY])

    after = ledger_row(transcript.id, "transcript")
    assert due == {recording.id}
    assert (after["status"], after["api_updated_at"]) == ("parsed", before["api_updated_at"] - SECOND)
    assert after["sha256"] != before["sha256"]


def test_slow_observation_changes_nothing_even_with_later_api_times(sandbox: Sandbox, recording: Recording) -> None:
    transcript = recording.of("transcript")[0]
    for thing in (recording, transcript):
        thing.status = replace(thing.status, code="processing", updated_at=thing.status.updated_at + 2 * SECOND)
    slow = discover()
    for thing in (recording, transcript):
        thing.status = replace(thing.status, code="done", updated_at=thing.status.updated_at - SECOND)
    sync_days([DAY])
    before = table_rows()

    with open_test_storage() as storage:
        record(storage, slow, now())

    assert table_rows() == before


@pytest.mark.parametrize("is_media", [True, False], ids=["artifact", "recording"])
def test_slow_404_does_not_undo_a_later_observation(sandbox: Sandbox, recording: Recording, is_media: bool) -> None:
    running = sandbox.add_recording(recording.created_at, processing=True)
    transcript = running.of("transcript")[0].id
    sync_days([DAY])
    gone = {(running.id, transcript)} if is_media else set()
    slow = Discovery(gone_recordings=set() if is_media else {running.id}, gone_media=gone)
    sandbox.finish(running.id)
    sync_days([DAY])
    before = table_rows()

    with open_test_storage() as storage:
        record(storage, slow, now())

    assert table_rows() == before


def test_observation_by_a_clock_ten_years_ahead_does_not_block_later_ones(
    sandbox: Sandbox, recording: Recording
) -> None:
    transcript = recording.of("transcript")[0]
    ahead = Discovery(clock=ObservationClock(now() + timedelta(days=3650)))
    with open_test_storage() as storage:
        record_observation_time(storage.database, ahead.clock.now())
    transcript.status = replace(transcript.status, code="processing")
    sync_days([DAY])
    sandbox.finish_artifact(transcript.id)

    sync_days([DAY])

    row = ledger_row(transcript.id, "transcript")
    assert row["status"] == "parsed"
    assert row["observed_at"] > ahead.clock.started_at
    assert abs(row["fetched_at"] - now()) < timedelta(hours=1)


def test_api_that_lists_no_stored_recording_marks_none_as_missing(
    sandbox: Sandbox, recording: Recording, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    running = sandbox.add_recording(recording.created_at, processing=True)
    waiting = sandbox.add_transcript(recording.id, recording.created_at + timedelta(hours=3), processing=True)
    sync_days([DAY])
    before = table_rows()
    sandbox.world.recordings.clear()
    sandbox.habits.deleted_answers_404 = True
    sandbox.stats.reset()

    with caplog.at_level(logging.WARNING, "meeting_assets"):
        sync_days([DAY])

    assert table_rows() == before
    assert sandbox.stats.retrieve_calls == 0
    (warning,) = [each.getMessage() for each in caplog.records if "lists none" in each.getMessage()]
    assert "RECALL_BASE_URL" in warning
    assert recording_status(running.id) == "processing"
    assert ledger_row(waiting, "transcript")["status"] == "pending"


def lost_once(number: int) -> Callable[[Connection], None]:
    """A commit hook that loses one transaction."""
    committed = count(1)

    def before_commit(_: Connection) -> None:
        if next(committed) == number:
            raise TransactionLost("deadlock detected")

    return before_commit


@pytest.mark.parametrize("number", [2, 3])
def test_media_observations_of_an_overtaken_recording_survive_a_lost_transaction(
    sandbox: Sandbox, recording: Recording, number: int
) -> None:
    sync_sample_day()
    transcript = recording.of("transcript")[0]
    sandbox.reissue(transcript.id)
    discovery = discover()
    found = discovery.found[recording.id]
    found.observed_at = discovery.clock.started_at - timedelta(days=1)

    with open_test_storage() as storage:
        storage.database.before_commit = lost_once(number)
        record(storage, discovery, now())

    assert ledger_row(transcript.id, "transcript")["status"] == "pending"
    assert recording.id not in discovery.found


def test_observation_after_an_expired_url_is_recorded_for_later_clocks(sandbox: Sandbox, recording: Recording) -> None:
    transcript = recording.of("transcript")[0]
    answered_after = timedelta(seconds=0.5)
    fault = Fault(f"transcript:{transcript.id}", times=1, status=403, delay_s=answered_after.total_seconds())
    sandbox.inject(fault)

    sync_days([DAY])

    with open_test_storage() as storage, storage.database.reading() as connection:
        last = connection.scalar(select(META.value).where(META.name == LAST))
    assert last is not None
    assert datetime.fromisoformat(last) >= ledger_row(transcript.id, "transcript")["observed_at"] + answered_after
