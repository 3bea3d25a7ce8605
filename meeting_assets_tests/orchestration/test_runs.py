"""Runs through Dagster: every selected asset of a successful run is materialized, also for days without recordings."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import pytest
import yaml  # type: ignore[import-untyped]

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.definitions import definitions
from meeting_assets.orchestration.assets.raw import raw_key
from meeting_assets.orchestration.code_location import CODE_LOCATION
from meeting_assets.orchestration.home import prepare_home
from meeting_assets.orchestration.run_tags import DATABASE_ID, PROCESS
from meeting_assets.orchestration.runs import JOB, dagster_instance, run_days
from meeting_assets.sandbox import Sandbox, combined, uniform
from meeting_assets.settings import read_settings
from meeting_assets_tests.support.environments import keep_collections, sync_days, table_rows, use_sandbox
from meeting_assets_tests.support.runs import run_once, run_successfully

FIRST, LAST = date(2026, 3, 2), date(2026, 3, 4)
EMPTY = FIRST + timedelta(days=1)

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning")


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(combined([uniform(FIRST, recordings=2), uniform(LAST, recordings=1)])) as running:
        use_sandbox(running, monkeypatch)
        yield running


@pytest.mark.usefixtures("defs")
def test_nested_blocks_share_the_open_instance() -> None:
    with dagster_instance() as outer:
        with dagster_instance() as inner:
            assert inner is outer
        assert outer.get_run_records() == []
    with dagster_instance() as another:
        assert another is not outer


def materialized(run_id: str) -> set[tuple[dg.AssetKey, str | None]]:
    """What a run materialized: assets and their partitions."""
    with dg.DagsterInstance.get() as instance:
        events = instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
    found = [entry.dagster_event for entry in events if entry.dagster_event]
    return {(event.asset_key, event.partition) for event in found if event.asset_key}


def every_asset(defs: dg.Definitions, days: Sequence[date]) -> set[tuple[dg.AssetKey, str]]:
    """Every asset of the job on each of the days."""
    keys = set(defs.resolve_job_def(JOB).asset_layer.executable_asset_keys)
    assert len(keys) == 3 + 7 + 9 + 10 + 2
    return {(key, day.isoformat()) for key in keys for day in days}


def test_a_day_with_meetings_materializes_every_asset(defs: dg.Definitions) -> None:
    outcome = run_once(__name__, defs, [FIRST])

    assert materialized(outcome.run_id) == every_asset(defs, [FIRST])
    assert all(table_rows().values())


@pytest.mark.deployment
def test_a_day_without_meetings_materializes_every_asset(defs: dg.Definitions) -> None:
    outcome = run_successfully(defs, [EMPTY])

    assert materialized(outcome.run_id) == every_asset(defs, [EMPTY])


def test_a_run_without_days_is_refused(defs: dg.Definitions) -> None:
    with pytest.raises(ValueError, match="at least one partition"):
        run_days(defs, [])


def test_a_range_materializes_every_asset_of_every_day(defs: dg.Definitions) -> None:
    days = [FIRST, EMPTY, LAST]

    outcome = run_successfully(defs, days)

    assert materialized(outcome.run_id) == every_asset(defs, days)
    assert len(table_rows()["meeting_metrics"]) == 3


def test_a_day_without_separate_streams_materializes_every_asset(monkeypatch: pytest.MonkeyPatch) -> None:
    with Sandbox(keep_collections(uniform(FIRST, recordings=2), "participant_events", "transcript")) as sandbox:
        use_sandbox(sandbox, monkeypatch)
        prepare_home(read_settings())
        defs = definitions(read_settings())

        outcome = run_successfully(defs, [FIRST])

    assert materialized(outcome.run_id) == every_asset(defs, [FIRST])
    assert len(table_rows()["meeting_metrics"]) == 2
    assert table_rows()["audio_parts"] == []


def test_a_day_with_quarantined_artifacts_of_every_kind_materializes_every_asset(
    sandbox: Sandbox, defs: dg.Definitions
) -> None:
    recording = sandbox.world.recordings[0]
    for kind, artifact in ARTIFACTS.items():
        sandbox.set_payload(recording.of(artifact.collection)[0].id, kind, b'{"wrong": "shape"}')

    outcome = run_successfully(defs, [recording.day])

    assert materialized(outcome.run_id) == every_asset(defs, [recording.day])
    quarantined = {row[1] for row in table_rows()["artifacts"] if row[3] == "quarantined"}
    assert quarantined == ARTIFACTS.keys()


def test_a_wrong_key_fails_the_run_with_one_sentence(
    sandbox: Sandbox, defs: dg.Definitions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECALL_API_KEY", "not-the-key")

    outcome = run_days(defs, [FIRST])

    assert not outcome.succeeded
    (fault,) = outcome.faults
    assert "RECALL_API_KEY" in fault
    assert not any(table_rows().values())


@pytest.mark.parametrize("days", [[FIRST], [FIRST, EMPTY]])
def test_a_failed_run_is_shown_at_each_of_its_days(
    defs: dg.Definitions, monkeypatch: pytest.MonkeyPatch, days: list[date]
) -> None:
    monkeypatch.setenv("RECALL_API_KEY", "not-the-key")

    outcome = run_days(defs, days)

    with dagster_instance() as instance:
        log = instance.event_log_storage
        attempts = log.get_latest_asset_partition_materialization_attempts_without_materializations(
            raw_key("transcript")
        )
    assert {day: run_id for day, (run_id, _) in attempts.items()} == {day.isoformat(): outcome.run_id for day in days}


def test_a_named_recording_is_the_only_one_fetched(sandbox: Sandbox, defs: dg.Definitions) -> None:
    wanted = next(each for each in sandbox.world.recordings if each.day == FIRST)

    run_successfully(defs, [FIRST], recording_ids=[wanted.id])

    assert {row[0] for row in table_rows()["meeting_metrics"]} == {wanted.id}


def test_a_recording_of_another_day_fails_and_names_that_day(sandbox: Sandbox, defs: dg.Definitions) -> None:
    other = next(each for each in sandbox.world.recordings if each.day == LAST)

    outcome = run_days(defs, [FIRST], recording_ids=[other.id])

    assert not outcome.succeeded
    assert LAST.isoformat() in outcome.faults[0]


def test_refetch_downloads_stored_artifacts_again(sandbox: Sandbox, defs: dg.Definitions) -> None:
    sync_days([LAST])
    sandbox.stats.reset()

    run_successfully(defs, [LAST], refetch=True)

    assert sandbox.stats.downloads == len(ARTIFACTS)


def test_one_raw_asset_can_be_materialized_by_itself(sandbox: Sandbox, defs: dg.Definitions) -> None:
    job = defs.resolve_implicit_global_asset_job_def()
    with dg.DagsterInstance.get() as instance:
        result = job.execute_in_process(
            instance=instance, partition_key=LAST.isoformat(), asset_selection=[raw_key("transcript")]
        )

    assert result.success
    assert materialized(result.run_id) == {(raw_key("transcript"), LAST.isoformat())}
    assert dict(sandbox.stats.downloads_by_kind) == {"transcript": 1}


def test_one_metric_table_can_be_materialized_by_itself(defs: dg.Definitions) -> None:
    sync_days([LAST])
    job = defs.resolve_implicit_global_asset_job_def()
    key = dg.AssetKey("meeting_metrics")
    with dg.DagsterInstance.get() as instance:
        result = job.execute_in_process(instance=instance, partition_key=LAST.isoformat(), asset_selection=[key])

    assert result.success
    assert materialized(result.run_id) == {(key, LAST.isoformat())}


def test_another_origins_meetings_are_refused(defs: dg.Definitions, monkeypatch: pytest.MonkeyPatch) -> None:
    sync_days([EMPTY])
    monkeypatch.setenv("RECALL_BASE_URL", "https://us-west-2.recall.ai")

    outcome = run_days(defs, [EMPTY])

    assert not outcome.succeeded
    assert "http://127.0.0.1" in outcome.faults[0]
    assert "https://us-west-2.recall.ai" in outcome.faults[0]


def test_the_definitions_load(defs: dg.Definitions) -> None:
    dg.Definitions.validate_loadable(defs)


def test_run_of_a_command_belongs_to_its_job_and_code_location(defs: dg.Definitions) -> None:
    outcome = run_once(__name__, defs, [FIRST])

    with dagster_instance() as instance:
        # The filter of the job's page in the UI; its timeline needs the origin.
        of_job = dg.RunsFilter(job_name=JOB, tags={".dagster/repository": "__repository__@meeting_assets"})
        (run,) = instance.get_runs(of_job)
    assert (run.run_id, run.is_success) == (outcome.run_id, True)
    assert run.remote_job_origin is not None
    assert run.remote_job_origin.location_name == CODE_LOCATION


@pytest.mark.parametrize("days", [[FIRST], [FIRST, EMPTY]], ids=["a day", "a range"])
def test_lists_of_runs_in_the_ui_show_the_command_and_the_days_alone(defs: dg.Definitions, days: list[date]) -> None:
    run_once(f"{__name__} {days}", defs, days)

    with dagster_instance() as instance:
        (run,) = instance.get_runs()
    # The lists show a partition, and all tags of other programs than Dagster.
    listed = {tag: value for tag, value in run.tags.items() if not tag.startswith(("dagster/", ".dagster/"))}
    assert listed.pop("user") == "meeting-assets sync"
    of_days = {"partitions": f"{FIRST} to {EMPTY}"} if len(days) > 1 else {}
    assert listed == of_days
    assert run.tags.get("dagster/partition") == (FIRST.isoformat() if len(days) == 1 else None)
    assert {DATABASE_ID, PROCESS} <= run.tags.keys()


def test_code_location_has_one_name_wherever_it_is_loaded() -> None:
    root = Path(__file__).parents[2]
    project = tomllib.loads((root / "pyproject.toml").read_text())["tool"]
    (loaded,) = yaml.safe_load((root / "workspace.yaml").read_text())["load_from"]

    assert loaded["python_module"]["location_name"] == CODE_LOCATION
    assert project["dagster"]["code_location_name"] == CODE_LOCATION
    assert project["dg"]["project"]["code_location_name"] == CODE_LOCATION
