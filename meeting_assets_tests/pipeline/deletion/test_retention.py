"""Retention purges recordings older than MEETING_ASSETS_RETENTION_DAYS, and no command stores them again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import dagster as dg
import pytest

from meeting_assets.core.errors import SettingsError
from meeting_assets.core.instants import day_of, now
from meeting_assets.definitions import definitions
from meeting_assets.orchestration.home import prepare_home
from meeting_assets.orchestration.operations.meeting_retention import nightly_retention
from meeting_assets.orchestration.runs import dagster_instance
from meeting_assets.orchestration.workspace import RETENTION
from meeting_assets.pipeline.days import day_of_recording, requested_days
from meeting_assets.pipeline.deletion.confirmed_date import Today, confirmed_today
from meeting_assets.pipeline.deletion.recordings import purge
from meeting_assets.pipeline.deletion.removal import PurgeReport
from meeting_assets.pipeline.deletion.retention import retain
from meeting_assets.pipeline.listing_pass import ListingPass
from meeting_assets.pipeline.pending_recordings import list_arrivals
from meeting_assets.pipeline.rebuild import rebuild
from meeting_assets.pipeline.storage import access_of
from meeting_assets.publications.shared_publishing import publish_shared
from meeting_assets.sandbox import Recording, Sandbox, combined, uniform
from meeting_assets.settings import read_settings
from meeting_assets.store import tombstones
from meeting_assets_tests.conftest import sqlite_first
from meeting_assets_tests.support.environments import (
    open_test_storage,
    sync_days,
    table_rows,
    use_sandbox,
)
from meeting_assets_tests.support.snapshots import DOWNLOAD_PORT, sync_once

pytestmark = [sqlite_first, pytest.mark.with_tables]

KEPT_DAYS = 30
TODAY = day_of(now())
# Both stay on their side of the limit if the tests run past midnight.
OLD, DAY = TODAY - timedelta(days=KEPT_DAYS + 1), TODAY - timedelta(days=KEPT_DAYS - 1)


@pytest.fixture
def sandbox(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """A day that has just expired, and one that is kept."""
    world = combined([uniform(OLD, recordings=3, words=20), uniform(DAY, recordings=2, words=20)])
    with Sandbox(world, download_port=DOWNLOAD_PORT) as running:
        use_sandbox(running, monkeypatch)
        yield running


@pytest.fixture
def recording(sandbox: Sandbox) -> Recording:
    return next(each for each in sandbox.world.recordings if each.day == DAY)


@pytest.fixture
def retention_is_set(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stores both days before the retention is set."""
    sync_once(__name__, [OLD, DAY])
    monkeypatch.setenv("MEETING_ASSETS_RETENTION_DAYS", str(KEPT_DAYS))
    sandbox.stats.reset()


def stored_days() -> list[date]:
    days = {day for row in table_rows()["recordings"] for day in row if day in (OLD, DAY)}
    with open_test_storage() as storage:
        return sorted(days | {*storage.raw.days()})


def run_retention(limit: int = 100) -> PurgeReport:
    with open_test_storage() as storage:
        today = confirmed_today(storage, access_of(read_settings()))
        report, waiting = retain(storage, today, limit=limit, budget_s=60)
    assert waiting is None
    return report


@pytest.mark.usefixtures("retention_is_set")
def test_retention_purges_expired_days_only(sandbox: Sandbox) -> None:
    report = run_retention()

    assert (report.recordings, report.remaining) == (3, 0)
    assert stored_days() == [DAY]
    assert len(table_rows()["meeting_metrics"]) == 2


@pytest.mark.usefixtures("retention_is_set")
@pytest.mark.parametrize(("age_days", "purged"), [(KEPT_DAYS, 0), (KEPT_DAYS + 1, 3)])
def test_day_is_kept_until_it_is_older_than_the_retention(age_days: int, purged: int) -> None:
    day = OLD + timedelta(days=age_days)
    today = Today(day, {"this computer": day, "the API": day})
    with open_test_storage() as storage:
        report, _ = retain(storage, today, limit=100, budget_s=60)

    assert report.recordings == purged


@pytest.mark.usefixtures("retention_is_set")
def test_retention_stops_at_its_limit_and_the_next_one_continues(sandbox: Sandbox) -> None:
    first = run_retention(limit=2)
    second = run_retention(limit=2)

    assert [(each.recordings, each.remaining) for each in (first, second)] == [(2, 1), (1, 0)]
    assert stored_days() == [DAY]


@pytest.mark.usefixtures("retention_is_set")
def test_run_of_an_expired_day_fetches_and_deletes_nothing(sandbox: Sandbox) -> None:
    before = table_rows()

    report = sync_days([OLD])

    assert report.recordings == 0
    assert sandbox.stats.requests == []
    assert table_rows() == before
    run_retention()
    assert stored_days() == [DAY]


def test_backfill_fetches_only_days_within_the_retention(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEETING_ASSETS_RETENTION_DAYS", str(KEPT_DAYS))

    sync_days([OLD, DAY])

    assert stored_days() == [DAY]
    assert len(table_rows()["meeting_metrics"]) == 2


@pytest.mark.usefixtures("retention_is_set")
def test_request_for_expired_days_is_refused_and_names_the_setting(sandbox: Sandbox) -> None:
    settings = read_settings()
    old = next(each for each in sandbox.world.recordings if each.day == OLD)

    with pytest.raises(SettingsError, match=f"{OLD} is older than MEETING_ASSETS_RETENTION_DAYS={KEPT_DAYS} keeps"):
        requested_days(settings, OLD, None)
    with pytest.raises(SettingsError, match="MEETING_ASSETS_RETENTION_DAYS"):
        day_of_recording(settings, old.id)
    assert requested_days(settings, DAY, None)[0] == DAY


def test_default_days_are_within_the_retention(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEETING_ASSETS_RETENTION_DAYS", "2")

    before = day_of(now())
    days = requested_days(read_settings(), None, None)

    assert before - timedelta(days=2) <= days[0] <= day_of(now()) - timedelta(days=2)


def test_arrivals_for_expired_days_are_ignored(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEETING_ASSETS_RETENTION_DAYS", str(KEPT_DAYS))
    with open_test_storage() as storage:
        arrivals, _ = list_arrivals(
            storage, access_of(read_settings()), ListingPass.since(now() - timedelta(days=99)), budget_s=20
        )

    assert {each.day for each in arrivals} == {DAY}


@pytest.mark.usefixtures("retention_is_set")
def test_rebuild_skips_expired_days(sandbox: Sandbox) -> None:
    with open_test_storage() as storage:
        report = rebuild(storage)

    assert report.days == [DAY]


@pytest.mark.usefixtures("retention_is_set")
@pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning")
def test_nightly_job_purges_and_reports_counts(sandbox: Sandbox) -> None:
    settings = read_settings()
    prepare_home(settings)

    with dagster_instance() as instance:
        job = definitions(settings).resolve_job_def(RETENTION)
        result = job.execute_in_process(instance=instance, raise_on_error=False)

    assert result.success
    (event,) = [each for each in result.all_node_events if each.is_successful_output]
    shown = {name: value.value for name, value in event.step_output_data.metadata.items()}
    assert (shown["recordings_purged"], shown["recordings_left"]) == (3, 0)
    assert stored_days() == [DAY]


@pytest.mark.usefixtures("retention_is_set")
@pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning")
def test_nightly_job_purges_and_reports_counts_although_the_publications_store_is_not_usable(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_test_storage() as storage:
        publish_shared(storage, read_settings())
    monkeypatch.setenv("MEETING_ASSETS_PUBLICATIONS_URL", "/dev/null/pages")
    settings = read_settings()
    prepare_home(settings)

    with dagster_instance() as instance:
        job = definitions(settings).resolve_job_def(RETENTION)
        result = job.execute_in_process(instance=instance, raise_on_error=False)
        messages = [each.user_message for each in instance.all_logs(result.run_id)]

    assert not result.success
    assert "3 recordings are purged, 0 are left for another night." in messages
    (event,) = result.get_step_failure_events()
    assert "MEETING_ASSETS_PUBLICATIONS_URL" in str(event.step_failure_data.user_failure_data)
    assert stored_days() == [DAY]


def test_schedule_requests_a_run_only_if_there_may_be_work(
    sandbox: Sandbox, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    def outcome() -> list[str]:
        with dg.DagsterInstance.ephemeral() as instance, dg.build_schedule_context(instance) as context:
            result = nightly_retention()(context)
        return [type(result).__name__]

    assert outcome() == ["SkipReason"]

    monkeypatch.setenv("MEETING_ASSETS_RETENTION_DAYS", str(KEPT_DAYS))
    assert outcome() == ["RunRequest"]

    monkeypatch.delenv("MEETING_ASSETS_RETENTION_DAYS")
    with open_test_storage() as storage:
        purge(storage, [recording.id], tombstones.ASKED_FOR)
    assert outcome() == ["RunRequest"]
