"""Retention purges what several clocks call too old, and never more than a week's worth unasked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import dagster as dg
import pytest

from meeting_assets.core.instants import day_of, now
from meeting_assets.definitions import definitions
from meeting_assets.health.data_checks import Violations, ledger_checks
from meeting_assets.orchestration.home import prepare_home
from meeting_assets.orchestration.operations.meeting_retention import CONFIRMATION, nightly_retention, retention
from meeting_assets.orchestration.runs import dagster_instance
from meeting_assets.pipeline import storage as storage
from meeting_assets.pipeline.deletion import today as clocks
from meeting_assets.pipeline.deletion.removal import PurgeReport
from meeting_assets.pipeline.deletion.retention import retain
from meeting_assets.pipeline.deletion.today import confirmed_today
from meeting_assets.pipeline.storage import access_of
from meeting_assets.sandbox import Sandbox, combined, uniform
from meeting_assets.settings import read_settings
from meeting_assets.store.ledger import RECORDINGS
from meeting_assets_tests.conftest import fresh_postgresql
from meeting_assets_tests.support.commands import command
from meeting_assets_tests.support.environments import contents, open_test_storage, sync_days, use

KEPT_DAYS = 30
TODAY = day_of(now())
BACKLOG = [TODAY - timedelta(days=KEPT_DAYS + back) for back in (10, 1)]
KEPT = TODAY - timedelta(days=2)
TEN_YEARS = timedelta(days=3653)


@pytest.fixture
def sandbox(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A recent day and two old ones, more than a week apart, all of them stored."""
    days = [uniform(day, recordings=1, words=10) for day in (*BACKLOG, KEPT)]
    with Sandbox(combined(days), limits=False) as running:
        use(running, monkeypatch)
        sync_days([*BACKLOG, KEPT])
        monkeypatch.setenv("MEETING_ASSETS_RETENTION_DAYS", str(KEPT_DAYS))
        yield running


def a_night(*, ahead: timedelta = timedelta(0), is_offline: bool = False) -> tuple[PurgeReport, str | None]:
    """What the nightly job does, by a clock that may be ahead."""
    with pytest.MonkeyPatch.context() as patched, open_test_storage() as storage:
        for module in (clocks, storage):
            patched.setattr(module, "now", lambda: now() + ahead)
        access = None if is_offline else access_of(read_settings())
        return retain(storage, confirmed_today(storage, access), limit=100, budget_s=60)


def days_stored() -> set[date]:
    """The days of which rows or raw objects are stored."""
    with open_test_storage() as storage:
        with storage.database.reading() as connection:
            rows = {*connection.scalars(RECORDINGS.select().with_only_columns(RECORDINGS.c.day))}
        return rows | {*storage.raw.days()}


def waiting() -> Violations:
    (claim,) = (each for each in ledger_checks() if each.name == "retention_needs_confirmation")
    with open_test_storage() as storage, storage.database.reading() as connection:
        return claim.broken(connection, now())


def keep_only_recent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Purges the backlog, as a person has confirmed."""
    done = command("purge", "--expired", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("is_offline", [False, True])
def test_a_clock_ten_years_ahead_purges_nothing_and_fails_the_check(
    sandbox: Sandbox, is_offline: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_only_recent(monkeypatch)
    before = contents()

    for _ in range(2):
        report, reason = a_night(ahead=TEN_YEARS, is_offline=is_offline)

        assert (report.recordings, days_stored()) == (0, {KEPT})
        assert contents() == before
        assert "1 recordings of 1 days" in str(reason)
        assert "Correct the clock that is wrong" in waiting().newest[0].place
        assert "`meeting-assets purge --expired` shows what it would purge" in waiting().newest[0].place
    assert a_night()[1] is None
    assert waiting().count == 0


def test_more_than_a_week_waits_until_a_person_releases_it(sandbox: Sandbox) -> None:
    report, reason = a_night()

    assert (report.recordings, days_stored()) == (0, {*BACKLOG, KEPT})
    assert f"2 recordings of 2 days ({BACKLOG[0]} to {BACKLOG[1]})" in str(reason)
    assert waiting().count == 1

    unasked = command("purge", "--expired")
    assert unasked.returncode != 0
    assert "--yes" in unasked.stderr
    assert days_stored() == {*BACKLOG, KEPT}

    released = command("purge", "--expired", "--yes")
    assert released.returncode == 0, released.stdout + released.stderr
    assert f"2 recordings of 2 days ({BACKLOG[0]} to {BACKLOG[1]})" in released.stdout
    assert days_stored() == {KEPT}
    assert waiting().count == 0


def test_old_days_that_are_stored_after_a_retention_wait_for_a_person_too(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert command("purge", "--expired", "--yes").returncode == 0
    a_night()
    monkeypatch.delenv("MEETING_ASSETS_RETENTION_DAYS")
    old = TODAY - timedelta(days=KEPT_DAYS + 100)
    sandbox.add_world(uniform(old, recordings=1, words=10))
    sync_days([old])
    monkeypatch.setenv("MEETING_ASSETS_RETENTION_DAYS", str(KEPT_DAYS))

    report, reason = a_night()

    assert (report.recordings, days_stored()) == (0, {old, KEPT})
    assert f"1 recordings of 1 days ({old} to {old})" in str(reason)


@pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning")
def test_the_nightly_job_fails_with_its_check_and_both_recover(sandbox: Sandbox) -> None:
    settings = read_settings()
    prepare_home(settings)
    job = definitions(settings).resolve_job_def(retention.name)

    with dagster_instance() as instance:
        failed = job.execute_in_process(instance=instance, raise_on_error=False)
        red = evaluation(instance)
        assert command("purge", "--expired", "--yes").returncode == 0
        succeeded = job.execute_in_process(instance=instance, raise_on_error=False)
        green = evaluation(instance)

    assert (failed.success, red) == (False, False)
    assert (succeeded.success, green) == (True, True)


@pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning")
def test_a_confirmation_that_waits_is_withdrawn_when_the_retention_is_unset(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare_home(read_settings())

    with dagster_instance() as instance:
        job = definitions(read_settings()).resolve_job_def(retention.name)
        job.execute_in_process(instance=instance, raise_on_error=False)
        red = evaluation(instance)
        monkeypatch.delenv("MEETING_ASSETS_RETENTION_DAYS")
        with dg.build_schedule_context(instance=instance) as context:
            requested = nightly_retention(context)
        succeeded = job.execute_in_process(instance=instance, raise_on_error=False)
        green = evaluation(instance)
        with dg.build_schedule_context(instance=instance) as context:
            afterwards = nightly_retention(context)

    assert isinstance(requested, dg.RunRequest)
    assert (red, succeeded.success, green) == (False, True, True)
    assert waiting().count == 0
    assert isinstance(afterwards, dg.SkipReason)


def evaluation(instance: dg.DagsterInstance) -> bool:
    """Whether the check has passed when it was evaluated last."""
    record = instance.event_log_storage.get_latest_asset_check_execution_by_key([CONFIRMATION])[CONFIRMATION]
    assert record.event is not None
    event = record.event.dagster_event
    assert event is not None
    return event.asset_check_evaluation_data.passed


def test_a_night_after_quiet_weeks_purges_what_one_day_brings(sandbox: Sandbox) -> None:
    """The last retention was long ago; only a day's worth has expired since."""
    assert command("purge", "--expired", "--yes").returncode == 0

    report, reason = a_night(ahead=timedelta(0))

    assert (report.recordings, reason) == (0, None)


def test_raw_days_past_the_retention_go_though_the_database_is_lost(
    sandbox: Sandbox, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: pytest.TempPathFactory
) -> None:
    url = f"sqlite:///{tmp_path}/another.db"
    if "postgresql" in read_settings().database_url:
        url = fresh_postgresql(request.getfixturevalue("postgresql_server"))
    monkeypatch.setenv("MEETING_ASSETS_DATABASE_URL", url)
    assert a_night()[1] is not None
    sync_days([KEPT])

    keep_only_recent(monkeypatch)

    assert days_stored() == {KEPT}
    assert len(contents()["recordings"]) == 1


def test_a_recording_that_moved_into_the_retention_is_kept_and_one_that_moved_out_goes_whole(sandbox: Sandbox) -> None:
    old, older, recent = sandbox.world.recordings[1], sandbox.world.recordings[0], sandbox.world.recordings[2]
    for recording, back in ((old, 3), (recent, KEPT_DAYS + 2)):
        recording.created_at = now() - timedelta(days=back)
        with pytest.MonkeyPatch.context() as unlimited:
            unlimited.delenv("MEETING_ASSETS_RETENTION_DAYS")
            sync_days([recording.day], recording_ids=[recording.id])

    assert command("purge", "--expired", "--yes").returncode == 0

    assert {row[0] for row in contents()["recordings"]} == {old.id}
    with open_test_storage() as storage:
        assert storage.raw.days_of([old.id, older.id, recent.id]) == {
            old.id: [BACKLOG[1], old.day],
            older.id: [],
            recent.id: [],
        }
