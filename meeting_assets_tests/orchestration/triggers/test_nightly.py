"""The nightly reconciliation: the last week, and older days with late, unfinished or outdated recordings."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import dagster as dg
import pytest

from meeting_assets.core.instants import now
from meeting_assets.orchestration.assets.partitions import RANGE_END, RANGE_START
from meeting_assets.orchestration.runs import dagster_instance
from meeting_assets.publications.publishing import publish_days
from meeting_assets.sandbox import Fault, Sandbox, empty
from meeting_assets.settings import read_settings
from meeting_assets.store import ledger_tables
from meeting_assets.store.published_files import PUBLISHED
from meeting_assets_tests.support.environments import open_test_storage, sync_days, use_sandbox

LONG_AGO = now() - timedelta(days=30)

pytestmark = [
    pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning"),
    pytest.mark.with_tables,
]


@pytest.fixture
def sandbox(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(empty(), limits=False) as running:
        use_sandbox(running, monkeypatch)
        monkeypatch.setenv("MEETING_ASSETS_FIRST_DAY", (LONG_AGO - timedelta(days=10)).date().isoformat())
        yield running


def requests_of_a_night(defs: dg.Definitions) -> list[dg.RunRequest]:
    schedule = defs.resolve_schedule_def("nightly_reconciliation")
    # The context opens an instance of its own, and closes it at the end of its block only.
    with (
        dagster_instance() as instance,
        dg.build_schedule_context(instance, repository_def=defs.get_repository_def()) as context,
    ):
        requests = schedule.evaluate_tick(context).run_requests
    assert requests
    return list(requests)


def older(requests: list[dg.RunRequest]) -> list[tuple[str | None, list[str]]]:
    """Day and recordings of the requests but the first, which is for the last days."""
    return [(each.partition_key, ids_of(each.run_config)) for each in requests[1:]]


def ids_of(run_config: Any) -> list[str]:
    return list(run_config.get("ops", {}).get("raw_artifacts", {}).get("config", {}).get("recording_ids", []))


def sync_and_publish(day: date) -> None:
    sync_days([day])
    with open_test_storage() as storage:
        publish_days(storage, read_settings(), [day])


def test_day_without_pages_is_requested_unless_pages_are_off(
    sandbox: Sandbox, defs: dg.Definitions, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = sandbox.add_recording(LONG_AGO)
    sync_days([recording.day])

    assert older(requests_of_a_night(defs)) == [(recording.day.isoformat(), [])]
    monkeypatch.setenv("MEETING_ASSETS_PAGES", "off")
    assert older(requests_of_a_night(defs)) == []


@pytest.mark.parametrize("version", ["another", None])
def test_day_whose_pages_another_version_wrote_is_requested(
    sandbox: Sandbox, defs: dg.Definitions, version: str | None
) -> None:
    recording = sandbox.add_recording(LONG_AGO)
    sync_and_publish(recording.day)
    before = older(requests_of_a_night(defs))
    with open_test_storage() as storage, storage.database.writing() as connection:
        # The hash of the inputs covers the version, so such a row has another hash, too.
        connection.execute(PUBLISHED.update().values(version=version, inputs_hash="of another version"))

    outdated = older(requests_of_a_night(defs))
    sync_and_publish(recording.day)

    assert (before, outdated) == ([], [(recording.day.isoformat(), [])])
    assert older(requests_of_a_night(defs)) == []


def test_every_night_one_run_syncs_the_last_seven_days_and_today(defs: dg.Definitions) -> None:
    (request,) = requests_of_a_night(defs)

    today = now().date()
    expected = {RANGE_START: (today - timedelta(days=7)).isoformat(), RANGE_END: today.isoformat()}
    assert expected.items() <= request.tags.items()


def test_transcript_created_30_days_later_is_requested_on_its_day(sandbox: Sandbox, defs: dg.Definitions) -> None:
    recording = sandbox.add_recording(LONG_AGO)
    sync_and_publish(recording.day)
    sandbox.add_transcript(recording.id, now() - timedelta(days=3))

    requests = requests_of_a_night(defs)

    assert older(requests) == [(recording.day.isoformat(), [recording.id])]


def test_unfinished_recording_is_requested_however_old(sandbox: Sandbox, defs: dg.Definitions) -> None:
    recording = sandbox.add_recording(LONG_AGO)
    sandbox.add_transcript(recording.id, LONG_AGO, processing=True)
    sync_and_publish(recording.day)

    requests = requests_of_a_night(defs)

    assert older(requests) == [(recording.day.isoformat(), [recording.id])]


def test_day_with_outdated_rows_is_requested_as_a_whole(sandbox: Sandbox, defs: dg.Definitions) -> None:
    recording = sandbox.add_recording(LONG_AGO)
    sync_and_publish(recording.day)
    with open_test_storage() as storage, storage.database.writing() as connection:
        ledger_tables.mark_days_outdated(connection, [recording.day])

    requests = requests_of_a_night(defs)

    assert older(requests) == [(recording.day.isoformat(), [])]


def test_complete_old_day_is_not_requested(sandbox: Sandbox, defs: dg.Definitions) -> None:
    sync_and_publish(sandbox.add_recording(LONG_AGO).day)

    assert older(requests_of_a_night(defs)) == []


def test_night_without_the_api_requests_pending_recordings_of_the_ledger(
    sandbox: Sandbox, defs: dg.Definitions
) -> None:
    recording = sandbox.add_recording(LONG_AGO)
    sandbox.add_transcript(recording.id, LONG_AGO, processing=True)
    sync_and_publish(recording.day)
    sandbox.inject(Fault(match="/api/v1/", times=None, status=503))

    requests = requests_of_a_night(defs)

    assert older(requests) == [(recording.day.isoformat(), [recording.id])]


def test_requests_of_a_night_have_distinct_run_keys(sandbox: Sandbox, defs: dg.Definitions) -> None:
    recording = sandbox.add_recording(LONG_AGO)
    sandbox.add_transcript(recording.id)

    keys = [each.run_key for each in requests_of_a_night(defs)]

    assert len(keys) == len(set(keys)) == 2
