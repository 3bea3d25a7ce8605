"""Retention needs two clocks, and a confirmation for more than a week of expired days."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import dagster as dg
import pytest

from meeting_assets.core.instants import day_of, now
from meeting_assets.definitions import definitions
from meeting_assets.health.check import Violations
from meeting_assets.health.ledger_checks import ledger_checks
from meeting_assets.orchestration.home import prepare_home
from meeting_assets.orchestration.operations.meeting_retention import CONFIRMATION, nightly_retention
from meeting_assets.orchestration.runs import dagster_instance
from meeting_assets.orchestration.workspace import RETENTION
from meeting_assets.pipeline import storage as storage_module
from meeting_assets.pipeline.deletion import confirmed_date as clocks
from meeting_assets.pipeline.deletion.confirmed_date import confirmed_today
from meeting_assets.pipeline.deletion.removal import PurgeReport
from meeting_assets.pipeline.deletion.retention import retain
from meeting_assets.pipeline.storage import access_of
from meeting_assets.sandbox import Sandbox, combined, uniform
from meeting_assets.settings import read_settings
from meeting_assets.store.ledger import RECORDINGS
from meeting_assets_tests.conftest import fresh_postgresql, sqlite_first
from meeting_assets_tests.support.commands import command
from meeting_assets_tests.support.environments import open_test_storage, sync_days, table_rows, use_sandbox
from meeting_assets_tests.support.snapshots import DOWNLOAD_PORT, sync_once

pytestmark = [sqlite_first, pytest.mark.with_tables]

KEPT_DAYS = 30
TODAY = day_of(now())
BACKLOG = [TODAY - timedelta(days=KEPT_DAYS + back) for back in (10, 1)]
KEPT = TODAY - timedelta(days=2)
TEN_YEARS = timedelta(days=3653)


@pytest.fixture
def sandbox(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """Stores a recent day and two expired ones that are more than a week apart."""
    days = [uniform(day, recordings=1, words=10) for day in (*BACKLOG, KEPT)]
    with Sandbox(combined(days), limits=False, download_port=DOWNLOAD_PORT) as running:
        use_sandbox(running, monkeypatch)
        sync_once("expired days", [*BACKLOG, KEPT])
        monkeypatch.setenv("MEETING_ASSETS_RETENTION_DAYS", str(KEPT_DAYS))
        yield running


def run_retention(*, ahead: timedelta = timedelta(0), is_offline: bool = False) -> tuple[PurgeReport, str | None]:
    """Runs a retention with a clock that is ahead by some time."""
    with pytest.MonkeyPatch.context() as patched, open_test_storage() as storage:
        for module in (clocks, storage_module):
            patched.setattr(module, "now", lambda: now() + ahead)
        access = None if is_offline else access_of(read_settings())
        return retain(storage, confirmed_today(storage, access), limit=100, budget_s=60)


def days_stored() -> set[date]:
    """The days with rows or raw objects."""
    with open_test_storage() as storage:
        with storage.database.reading() as connection:
            rows = {*connection.scalars(RECORDINGS.select().with_only_columns(RECORDINGS.c.day))}
        return rows | {*storage.raw.days()}


def pending_confirmations() -> Violations:
    (check,) = (each for each in ledger_checks() if each.name == "retention_needs_confirmation")
    with open_test_storage() as storage, storage.database.reading() as connection:
        return check.violations(connection, now())


def keep_only_recent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Purges the expired days, as if a person had confirmed it."""
    done = command("purge", "--expired", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("is_offline", [False, True])
def test_clock_ten_years_ahead_purges_nothing_and_fails_the_check(
    sandbox: Sandbox, is_offline: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_only_recent(monkeypatch)
    before = table_rows()

    for _ in range(2):
        report, reason = run_retention(ahead=TEN_YEARS, is_offline=is_offline)

        assert (report.recordings, days_stored()) == (0, {KEPT})
        assert table_rows() == before
        assert "1 recordings of 1 days" in str(reason)
        assert "If a clock is wrong, correct it." in pending_confirmations().newest[0].location
        assert (
            "run `meeting-assets purge --expired`: it lists the recordings"
            in pending_confirmations().newest[0].location
        )
    assert run_retention()[1] is None
    assert pending_confirmations().count == 0


def test_retention_of_more_than_a_week_waits_for_a_confirmation(sandbox: Sandbox) -> None:
    report, reason = run_retention()

    assert (report.recordings, days_stored()) == (0, {*BACKLOG, KEPT})
    assert f"2 recordings of 2 days ({BACKLOG[0]} to {BACKLOG[1]})" in str(reason)
    assert pending_confirmations().count == 1

    unconfirmed = command("purge", "--expired")
    assert unconfirmed.returncode == 6
    assert "--yes" in unconfirmed.stderr
    assert days_stored() == {*BACKLOG, KEPT}

    confirmed = command("purge", "--expired", "--yes")
    assert confirmed.returncode == 0, confirmed.stdout + confirmed.stderr
    assert f"2 recordings of 2 days ({BACKLOG[0]} to {BACKLOG[1]})" in confirmed.stdout
    assert days_stored() == {KEPT}
    assert pending_confirmations().count == 0


def test_old_days_stored_after_a_retention_wait_for_a_confirmation(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert command("purge", "--expired", "--yes").returncode == 0
    run_retention()
    monkeypatch.delenv("MEETING_ASSETS_RETENTION_DAYS")
    old = TODAY - timedelta(days=KEPT_DAYS + 100)
    sandbox.add_world(uniform(old, recordings=1, words=10))
    sync_days([old])
    monkeypatch.setenv("MEETING_ASSETS_RETENTION_DAYS", str(KEPT_DAYS))

    report, reason = run_retention()

    assert (report.recordings, days_stored()) == (0, {old, KEPT})
    assert f"1 recordings of 1 days ({old} to {old})" in str(reason)


@pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning")
def test_nightly_job_and_check_fail_until_the_confirmation(sandbox: Sandbox) -> None:
    settings = read_settings()
    prepare_home(settings)
    job = definitions(settings).resolve_job_def(RETENTION)

    with dagster_instance() as instance:
        failed = job.execute_in_process(instance=instance, raise_on_error=False)
        failed_check = evaluation(instance)
        assert command("purge", "--expired", "--yes").returncode == 0
        succeeded = job.execute_in_process(instance=instance, raise_on_error=False)
        passed_check = evaluation(instance)

    assert (failed.success, failed_check) == (False, False)
    assert (succeeded.success, passed_check) == (True, True)


@pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning")
def test_pending_confirmation_is_withdrawn_when_the_retention_is_unset(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare_home(read_settings())

    with dagster_instance() as instance:
        job = definitions(read_settings()).resolve_job_def(RETENTION)
        job.execute_in_process(instance=instance, raise_on_error=False)
        failed_check = evaluation(instance)
        monkeypatch.delenv("MEETING_ASSETS_RETENTION_DAYS")
        with dg.build_schedule_context(instance=instance) as context:
            requested = nightly_retention()(context)
        succeeded = job.execute_in_process(instance=instance, raise_on_error=False)
        passed_check = evaluation(instance)
        with dg.build_schedule_context(instance=instance) as context:
            afterwards = nightly_retention()(context)

    assert isinstance(requested, dg.RunRequest)
    assert (failed_check, succeeded.success, passed_check) == (False, True, True)
    assert pending_confirmations().count == 0
    assert isinstance(afterwards, dg.SkipReason)


def evaluation(instance: dg.DagsterInstance) -> bool:
    """True if the last evaluation of the check has passed."""
    key = dg.AssetCheckKey(dg.AssetKey("recordings"), CONFIRMATION)
    record = instance.event_log_storage.get_latest_asset_check_execution_by_key([key])[key]
    assert record.event is not None
    event = record.event.dagster_event
    assert event is not None
    return event.asset_check_evaluation_data.passed


def test_retention_after_weeks_without_one_needs_no_confirmation_for_one_day(sandbox: Sandbox) -> None:
    """Weeks after the last retention, only one day has expired."""
    assert command("purge", "--expired", "--yes").returncode == 0

    report, reason = run_retention(ahead=timedelta(0))

    assert (report.recordings, reason) == (0, None)


def test_expired_raw_objects_are_purged_after_the_loss_of_the_database(
    sandbox: Sandbox, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: pytest.TempPathFactory
) -> None:
    url = f"sqlite:///{tmp_path}/another.db"
    if "postgresql" in read_settings().database_url:
        url = fresh_postgresql(request.getfixturevalue("postgresql_server"))
    monkeypatch.setenv("MEETING_ASSETS_DATABASE_URL", url)
    assert run_retention()[1] is not None
    sync_days([KEPT])

    keep_only_recent(monkeypatch)

    assert days_stored() == {KEPT}
    assert len(table_rows()["recordings"]) == 1


def test_retention_uses_the_current_day_of_a_recording_that_moved(sandbox: Sandbox) -> None:
    old, older, recent = sandbox.world.recordings[1], sandbox.world.recordings[0], sandbox.world.recordings[2]
    for recording, back in ((old, 3), (recent, KEPT_DAYS + 2)):
        recording.created_at = now() - timedelta(days=back)
        with pytest.MonkeyPatch.context() as unlimited:
            unlimited.delenv("MEETING_ASSETS_RETENTION_DAYS")
            sync_days([recording.day], recording_ids=[recording.id])

    assert command("purge", "--expired", "--yes").returncode == 0

    assert {row[0] for row in table_rows()["recordings"]} == {old.id}
    with open_test_storage() as storage:
        assert storage.raw.days_of([old.id, older.id, recent.id]) == {
            old.id: [BACKLOG[1], old.day],
            older.id: [],
            recent.id: [],
        }
