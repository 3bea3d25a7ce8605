"""Checks of the ledger: each reports its violations of any day, and passes again only without violations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from meeting_assets.core.instants import now
from meeting_assets.health.check import MAX_LISTED, Check
from meeting_assets.health.ledger_checks import ledger_checks
from meeting_assets.health.table_checks import table_checks
from meeting_assets.metrics.tables import MeetingMetrics
from meeting_assets.sandbox import Recording, Sandbox, combined, uniform
from meeting_assets_tests.conftest import sqlite_first
from meeting_assets_tests.support.data_checks import AFTER_RUNS, as_tuples, change_rows, deletion, violations
from meeting_assets_tests.support.environments import open_test_storage, sync_days, use_sandbox
from meeting_assets_tests.support.snapshots import DOWNLOAD_PORT, sync_once

pytestmark = pytest.mark.with_tables

DAY, NEXT_DAY = date(2026, 3, 2), date(2026, 3, 3)
CREATED = datetime(2026, 3, 2, 9, tzinfo=UTC)
UNREADABLE = b'[{"participant": 7}]'


@pytest.fixture
def sandbox(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    # Three participants with about 100 s and 330 words each, which is above the thresholds of the checks.
    with Sandbox(uniform(DAY, recordings=2, words=1000), download_port=DOWNLOAD_PORT) as running:
        use_sandbox(running, monkeypatch)
        yield running


@pytest.mark.parametrize("checks", [ledger_checks, table_checks])
def test_completely_fetched_day_passes_every_check(sandbox: Sandbox, checks: Callable[[], list[Check]]) -> None:
    sync_once("two long recordings", [DAY])

    with open_test_storage() as storage, storage.database.reading() as connection:
        found = {
            (check.name, check.table): check.violations(connection, now() + AFTER_RUNS).count for check in checks()
        }

    assert found
    assert not any(found.values())


@pytest.mark.usefixtures("sandbox")
def test_empty_database_passes_every_check() -> None:
    with open_test_storage() as storage, storage.database.reading() as connection:
        found = [check.violations(connection, now()).count for check in [*ledger_checks(), *table_checks()]]

    assert not any(found)


def test_quarantined_artifact_is_reported_with_the_location_of_its_fault(
    sandbox: Sandbox, recording: Recording
) -> None:
    sandbox.set_payload(recording.of("transcript")[0].id, "transcript", UNREADABLE)

    sync_days([DAY])

    found = violations("nothing_is_quarantined", "transcript_words")
    assert as_tuples(found) == [(recording.id, DAY, "transcript", "[0].participant: expected object, got int")]
    assert violations("nothing_is_quarantined", "participants").count == 0


@sqlite_first
def test_all_violations_are_counted_and_the_newest_20_named(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    days = [uniform(DAY, recordings=2, words=5), uniform(NEXT_DAY, recordings=MAX_LISTED, words=5)]
    with Sandbox(combined(days)) as sandbox:
        use_sandbox(sandbox, monkeypatch)
        for each in sandbox.world.recordings:
            sandbox.set_payload(each.of("transcript")[0].id, "transcript", UNREADABLE)
        sync_days([DAY, NEXT_DAY])

        found = violations("nothing_is_quarantined", "transcript_words")

    assert found.count == 2 + MAX_LISTED
    assert [(each.day, each.recording_id) for each in found.newest] == sorted(
        (each.day, each.id) for each in sandbox.world.recordings if each.day == NEXT_DAY
    )


@sqlite_first
def test_unfetched_artifact_is_reported_a_day_before_it_expires(sandbox: Sandbox, recording: Recording) -> None:
    sandbox.set_url(recording.of("transcript")[0].id, "transcript", None)
    sync_days([DAY])
    assert recording.expires_at is not None
    expires_at = recording.expires_at.astimezone(UTC)

    in_time = violations("nothing_expires_unfetched", "recordings", expires_at - timedelta(hours=25))
    late = violations("nothing_expires_unfetched", "recordings", expires_at - timedelta(hours=23))
    too_late = violations("nothing_expires_unfetched", "recordings", expires_at + timedelta(hours=1))

    assert in_time.count == 0
    said = f"not fetched, expires at {expires_at:%Y-%m-%d %H:%M} UTC"
    assert as_tuples(late) == as_tuples(too_late) == [(recording.id, DAY, "transcript", said)]


@sqlite_first
def test_lost_artifact_is_reported_for_a_week(sandbox: Sandbox, recording: Recording) -> None:
    sandbox.set_url(recording.of("transcript")[0].id, "transcript", None)
    sync_days([DAY])
    sandbox.delete(recording.id)
    sync_days([DAY])

    lost = violations("nothing_expires_unfetched", "recordings")
    after_a_week = violations("nothing_expires_unfetched", "recordings", now() + timedelta(days=8))

    assert as_tuples(lost) == [(recording.id, DAY, "transcript", "deleted at the API before it was fetched")]
    assert after_a_week.count == 0


@sqlite_first
def test_fetched_artifact_deleted_at_the_api_is_no_loss(sandbox: Sandbox, recording: Recording) -> None:
    sync_once("two long recordings", [DAY])
    sandbox.delete(recording.id)

    sync_days([DAY])

    assert violations("nothing_expires_unfetched", "recordings").count == 0


@sqlite_first
def test_recording_in_progress_for_a_day_is_stuck(sandbox: Sandbox) -> None:
    running = sandbox.add_recording(CREATED, processing=True)
    sync_days([DAY])

    soon = violations("nothing_is_stuck_at_the_api", "recordings", CREATED + timedelta(hours=23))
    a_day_later = violations("nothing_is_stuck_at_the_api", "recordings", CREATED + timedelta(hours=25))

    assert soon.count == 0
    assert (running.id, DAY, "recording", "processing since 2026-03-02 09:00 UTC") in as_tuples(a_day_later)


@sqlite_first
def test_transcript_in_progress_for_a_day_is_stuck_until_it_is_fetched(sandbox: Sandbox, recording: Recording) -> None:
    transcript_id = sandbox.add_transcript(recording.id, CREATED, processing=True)
    sync_days([DAY])
    waiting = violations("nothing_is_stuck_at_the_api", "recordings", CREATED + timedelta(hours=25))
    sandbox.finish_artifact(transcript_id)

    sync_days([DAY])

    assert (recording.id, DAY, "transcript", "processing since 2026-03-02 09:00 UTC") in as_tuples(waiting)
    assert violations("nothing_is_stuck_at_the_api", "recordings").count == 0


@sqlite_first
def test_artifact_that_never_gets_a_url_is_stuck(sandbox: Sandbox, recording: Recording) -> None:
    sandbox.set_url(recording.of("transcript")[0].id, "transcript", None)
    sync_days([DAY])
    sync_days([DAY])
    tried_twice = violations("nothing_is_stuck_at_the_api", "recordings")

    sync_days([DAY])

    assert tried_twice.count == 0
    said = "the API says done but gives no download URL yet"
    assert as_tuples(violations("nothing_is_stuck_at_the_api", "recordings")) == [
        (recording.id, DAY, "transcript", said)
    ]


@sqlite_first
def test_finished_recording_without_metrics_is_reported_after_its_run_has_ended(
    sandbox: Sandbox, recording: Recording
) -> None:
    sync_once("two long recordings", [DAY])
    change_rows(deletion(MeetingMetrics, recording))

    at_once = violations("every_finished_recording_has_metrics", "meeting_metrics", now())
    later = violations("every_finished_recording_has_metrics", "meeting_metrics")

    assert at_once.count == 0
    assert as_tuples(later) == [(recording.id, DAY, "meeting_metrics", "no row")]


@sqlite_first
def test_recording_in_progress_needs_no_metrics(sandbox: Sandbox) -> None:
    sandbox.add_recording(CREATED, processing=True)

    sync_days([DAY])

    assert violations("every_finished_recording_has_metrics", "meeting_metrics").count == 0
