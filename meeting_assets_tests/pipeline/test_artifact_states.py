"""Artifacts that are late, missing, failed or deleted at the API have the right state in the ledger."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from meeting_assets.health.status import status_of
from meeting_assets.pipeline.pending_recordings import late_arrivals
from meeting_assets.pipeline.storage import access_of, open_storage
from meeting_assets.sandbox import Recording, Sandbox, combined, uniform
from meeting_assets.settings import read_settings
from meeting_assets_tests.conftest import sqlite_first
from meeting_assets_tests.support.environments import (
    keep_collections,
    ledger_row,
    open_test_storage,
    statuses_by_kind,
    sync_days,
    table_rows,
    transcript_words,
    use_sandbox,
)
from meeting_assets_tests.support.sample_day import sync_sample_day

pytestmark = [sqlite_first, pytest.mark.with_tables]

DAY = date(2026, 3, 2)
CREATED = datetime(2026, 3, 2, 9, tzinfo=UTC)


def test_recording_in_progress_stays_pending_until_it_is_done(sandbox: Sandbox) -> None:
    running = sandbox.add_recording(CREATED, processing=True)

    sync_days([DAY])

    assert running.id in {row[0] for row in table_rows()["recordings"]}
    assert running.id not in {row[0] for row in table_rows()["meeting_metrics"]}
    assert set(statuses_by_kind(running.id).values()) == {"pending"}

    sandbox.finish(running.id)
    sync_days([DAY])

    assert set(statuses_by_kind(running.id).values()) == {"parsed"}
    assert running.id in {row[0] for row in table_rows()["meeting_metrics"]}


def test_transcript_in_processing_stays_pending_and_is_no_failure(sandbox: Sandbox, recording: Recording) -> None:
    late = sandbox.add_transcript(recording.id, CREATED + timedelta(hours=3), processing=True)

    sync_days([DAY])

    row = ledger_row(late, "transcript")
    assert (row["status"], row["api_status"], row["attempts"]) == ("pending", "processing", 0)
    with open_storage(read_settings()) as storage:
        assert (status_of(storage).missing, status_of(storage).processing) == (0, 2)

    sandbox.finish_artifact(late)
    sync_days([DAY])

    assert ledger_row(late, "transcript")["status"] == "parsed"
    assert transcript_words(late)


def test_transcript_created_30_days_later_is_found(sandbox: Sandbox, recording: Recording) -> None:
    sync_sample_day()
    late = sandbox.add_transcript(recording.id, CREATED + timedelta(days=30))

    with open_test_storage() as storage:
        access = access_of(read_settings())
        arrived = late_arrivals(storage, access, [DAY], since=CREATED + timedelta(days=3))
    for day, recording_ids in arrived.items():
        sync_days([day], recording_ids=recording_ids)

    assert arrived == {DAY: [recording.id]}
    assert transcript_words(late)
    with open_test_storage() as storage:
        assert late_arrivals(storage, access, [DAY], since=CREATED + timedelta(days=3)) == {}


def test_finding_late_arrivals_of_an_old_day_does_not_list_all_later_days(monkeypatch: pytest.MonkeyPatch) -> None:
    later = uniform(DAY + timedelta(days=20), recordings=9)
    with Sandbox(combined([uniform(DAY, recordings=2), later]), limits=False) as sandbox:
        use_sandbox(sandbox, monkeypatch)
        sync_days([DAY])
        recording = next(each for each in sandbox.world.recordings if each.day == DAY)
        sandbox.add_transcript(recording.id, CREATED + timedelta(days=30))
        sandbox.habits.page_size = 1
        sandbox.stats.reset()

        with open_test_storage() as storage:
            arrived = late_arrivals(storage, access_of(read_settings()), [DAY], since=CREATED + timedelta(days=3))

        # Two pages of the long list, then the lists of both recordings, one of which has two transcripts.
        assert sandbox.stats.list_calls["transcript"] == 2 + 2 + 1
    assert arrived == {DAY: [recording.id]}


def test_artifact_that_failed_at_the_api_is_not_retried(sandbox: Sandbox, recording: Recording) -> None:
    transcript = recording.of("transcript")[0]
    sandbox.fail(transcript.id, "provider_connection_failed")

    sync_days([DAY])

    row = ledger_row(transcript.id, "transcript")
    assert (row["status"], row["sub_code"]) == ("failed", "provider_connection_failed")
    with open_storage(read_settings()) as storage:
        assert status_of(storage).missing == 0


def test_stored_artifact_stays_when_the_api_deletes_it(sandbox: Sandbox, recording: Recording) -> None:
    transcript = recording.of("transcript")[0]
    sync_sample_day()
    before = transcript_words(transcript.id)
    sandbox.delete(recording.id)

    sync_days([DAY], recording_ids=[recording.id])

    assert transcript_words(transcript.id) == before
    assert ledger_row(transcript.id, "transcript")["api_status"] == "deleted"


def test_artifact_deleted_before_it_was_fetched_is_marked_deleted(sandbox: Sandbox) -> None:
    running = sandbox.add_recording(CREATED, processing=True)
    sync_days([DAY])
    sandbox.delete(running.id)

    sync_days([DAY])

    assert set(statuses_by_kind(running.id).values()) == {"deleted"}
    with open_storage(read_settings()) as storage:
        assert (status_of(storage).missing, status_of(storage).processing) == (0, 0)


def test_finished_recording_without_an_artifact_has_an_absent_row(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = keep_collections(uniform(DAY + timedelta(days=1), recordings=1), "participant_events")
    (bare,) = world.recordings
    sandbox.add_world(world)

    sync_days([bare.day])

    absent = {row[1]: row[2] for row in table_rows()["artifacts"] if row[0] == bare.id and row[3] == "absent"}
    assert absent == dict.fromkeys(("transcript", "provider_data", "video_separate", "audio_separate"), "")

    transcript = sandbox.add_transcript(bare.id, CREATED + timedelta(days=1))
    sync_days([bare.day])

    assert ("transcript", "") not in {row[1:3] for row in table_rows()["artifacts"] if row[0] == bare.id}
    assert ledger_row(transcript, "transcript")["artifact_id"] == transcript


def test_missing_provider_url_makes_the_artifact_absent(sandbox: Sandbox, recording: Recording) -> None:
    sandbox.set_url(recording.of("transcript")[0].id, "provider_data", None)

    sync_days([DAY])

    assert statuses_by_kind(recording.id)["provider_data"] == "absent"
    assert statuses_by_kind(recording.id)["transcript"] == "parsed"


def test_missing_transcript_url_leaves_the_artifact_pending(sandbox: Sandbox, recording: Recording) -> None:
    transcript = recording.of("transcript")[0]
    sandbox.set_url(transcript.id, "transcript", None)

    sync_days([DAY])

    assert "no download URL" in ledger_row(transcript.id, "transcript")["error"]
    with open_storage(read_settings()) as storage:
        assert status_of(storage).missing == 1
