"""Each published limit of sensors, schedules and operations, observed at its value and just beside it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from meeting_assets.core.processes import ProcessIdentity
from meeting_assets.health.diagnostics import raw_store
from meeting_assets.orchestration import run_heartbeat
from meeting_assets.orchestration.assets import partitions, specs
from meeting_assets.orchestration.operations import (
    alerts,
    doctor,
    failures,
    meeting_retention,
    notifications,
    orphaned_runs,
    run_retention,
)
from meeting_assets.orchestration.operations.orphaned_runs import is_orphaned
from meeting_assets.orchestration.triggers import (
    finished_recordings,
    nightly,
    outdated_weeks,
    run_requests,
    webhook_events,
)
from meeting_assets.orchestration.triggers.finished_recordings import Cursor
from meeting_assets.pipeline import days, load
from meeting_assets.pipeline.deletion import retention
from meeting_assets.store.heartbeats import Heartbeat
from meeting_assets.webhooks import application, inbox_writer, protocol, receiver

HERE = ProcessIdentity.current()
AT = datetime(2026, 3, 2, 10, tzinfo=UTC)
TICK = timedelta(microseconds=1)
SECOND, MINUTE, HOUR, DAY = (timedelta(seconds=seconds) for seconds in (1, 60, 3600, 86_400))


@pytest.mark.parametrize(
    ("silent_for", "suspected_for", "orphaned"),
    [
        (120 * SECOND + TICK, 25 * SECOND, True),
        (120 * SECOND, 25 * SECOND, False),
        (120 * SECOND + TICK, 25 * SECOND - TICK, False),
        (DAY, None, False),
    ],
)
def test_run_of_another_host_is_orphaned_after_two_minutes_and_two_observations(
    silent_for: timedelta, suspected_for: timedelta | None, orphaned: bool
) -> None:
    heartbeat = Heartbeat("run", replace(HERE, boot_id="another boot"), AT, silent_for, suspected_for, is_failed=False)

    assert is_orphaned(heartbeat, HERE) is orphaned


@pytest.mark.parametrize(("age", "can_resume"), [(-TICK, False), (0 * TICK, True), (HOUR - TICK, True), (HOUR, False)])
def test_listing_is_resumed_for_less_than_an_hour(age: timedelta, can_resume: bool) -> None:
    cursor = Cursor(began_at=(AT - age).isoformat(), pages={"recording": "cursor=a"})

    assert cursor.can_resume(AT) is can_resume


@pytest.mark.parametrize(("age", "is_fresh"), [(-TICK, False), (10 * MINUTE - TICK, True), (10 * MINUTE, False)])
def test_lists_are_read_every_ten_minutes_with_webhooks(age: timedelta, is_fresh: bool) -> None:
    assert Cursor(completed_at=(AT - age).isoformat()).is_fresh(AT) is is_fresh


@pytest.mark.parametrize(("age_s", "is_due"), [(3599.0, False), (3600.0, True)])
def test_continuing_failure_is_reported_once_an_hour(age_s: float, is_due: bool) -> None:
    incident = failures.Incident(job="sync", cause="away", days=[], notified_at_s=1000.0)

    assert incident.is_due(1000.0 + age_s) is is_due


def test_intervals_and_schedules_are_the_published_ones() -> None:
    assert (outdated_weeks.EVERY_S, outdated_weeks.AFTER_A_FAILURE) == (600, HOUR)
    assert (run_heartbeat.INTERVAL_S, run_heartbeat.CERTAIN_S) == (15.0, 45.0)
    assert (finished_recordings.LOOKBACK, finished_recordings.MAX_LOOKBACK) == (DAY, 30 * DAY)
    assert (nightly.LAST_DAYS, nightly.MAX_OUTDATED_DAYS, nightly.MAX_UNCONFIRMED) == (7, 30, 500)
    assert (run_requests.MIN_WAIT, run_requests.MAX_WAIT) == (MINUTE, HOUR)
    assert (webhook_events.INTERVAL_S, webhook_events.EXPIRE_AFTER) == (3, DAY)
    assert (finished_recordings.OVERLAP, orphaned_runs.SUSPICIOUS_FOR) == (HOUR, MINUTE)


def test_limits_of_work_are_the_published_ones() -> None:
    assert (run_requests.MAX_RUNS_PER_HOUR, run_requests.MAX_NAMED_RECORDINGS, partitions.DAYS_PER_RUN) == (6, 10, 30)
    assert (run_requests.MAX_REQUESTS, run_requests.LONGEST_DAY_S) == (20, "1800")
    assert (meeting_retention.RECORDINGS_PER_NIGHT, run_retention.RUNS_PER_NIGHT) == (5_000, 10_000)
    assert (load.MAX_BATCH_BYTES, load.MAX_BATCH_ARTIFACTS, days.DEFAULT_DAYS) == (4_000_000, 100, 7)
    assert (retention.UNCONFIRMED_DAYS, run_retention.KEEP_HEARTBEATS) == (7, 2 * DAY)
    assert (doctor.MAX_SILENCE_S, raw_store.AUDIT_BUDGET_S, alerts.RECORDINGS_IN_TEXT) == (120.0, 20.0, 5)
    assert (notifications.GIVE_UP_AFTER_S, notifications.MAX_OUTBOX_LENGTH) == (7200.0, 100)


def test_limits_of_the_webhook_receiver_are_the_published_ones() -> None:
    assert (protocol.HEADERS_S, protocol.CONNECTIONS, protocol.RESERVED) == (5.0, 1_000, 100)
    assert (application.MAX_BODY_BYTES, application.BODY_TIMEOUT_S) == (1_000_000, 10.0)
    assert (protocol.EXCHANGE_S, receiver.MAX_HEADER_BYTES) == (20.0, 8_192)
    assert inbox_writer.RETENTION == 30 * DAY


def test_assets_are_stale_after_a_missed_night() -> None:
    assert dg.FreshnessPolicy.time_window(fail_window=26 * HOUR, warn_window=25 * HOUR) == specs.FRESHNESS
