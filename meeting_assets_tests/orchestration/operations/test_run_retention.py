"""Run retention: replaced runs are deleted, and runs that Dagster still shows are kept."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import dagster as dg
import pytest

from meeting_assets.core.instants import now
from meeting_assets.orchestration.assets.raw import raw_key
from meeting_assets.orchestration.operations.run_retention import (
    RetentionReport,
    delete_replaced_runs,
    nightly_run_retention,
    run_retention,
)
from meeting_assets.orchestration.runs import dagster_instance, run_days
from meeting_assets.orchestration.workspace import RUN_RETENTION
from meeting_assets.sandbox import Sandbox, uniform
from meeting_assets_tests.support.environments import use_sandbox

DAY = date(2026, 3, 2)
OTHER_DAY = DAY + timedelta(days=1)

pytestmark = [
    pytest.mark.deployment,
    pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning"),
]

Bring = Callable[..., str]


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(uniform(DAY, recordings=1, words=20)) as running:
        use_sandbox(running, monkeypatch)
        yield running


@pytest.fixture
def bring(defs: dg.Definitions, home: Path) -> Bring:
    """Makes a run of some days that is some days old; its id."""

    def _bring(*days: date, age_days: int = 0) -> str:
        run_id = run_days(defs, days).run_id
        make_older(home, run_id, age_days)
        return run_id

    return _bring


def make_older(home: Path, run_id: str, age_days: int) -> None:
    created_at = (now() - timedelta(days=age_days)).replace(tzinfo=None).isoformat(" ")
    with closing(sqlite3.connect(home / "dagster/history/runs.db")) as database, database:
        database.execute("UPDATE runs SET create_timestamp = ? WHERE run_id = ?", (created_at, run_id))


def clean(**limits: Any) -> RetentionReport:
    """A night of run retention with runs of 30 days or older."""
    with dagster_instance() as instance:
        return delete_replaced_runs(instance, before=now() - timedelta(days=30), **limits)


def run_ids() -> set[str]:
    with dagster_instance() as instance:
        return set(instance.get_run_ids())


def materialized() -> dict[str, set[str]]:
    """The days that Dagster shows as materialized, by asset."""
    with dagster_instance() as instance:
        keys = instance.all_asset_keys()
        return {key.to_user_string(): set(instance.get_materialized_partitions(key)) for key in keys}


def evaluations(home: Path) -> list[tuple[str, str]]:
    """Every evaluation of a check that Dagster keeps, with its run."""
    with closing(sqlite3.connect(home / "dagster/history/runs/index.db")) as database:
        return database.execute("SELECT check_name, run_id FROM asset_check_executions").fetchall()


def materialize_raw_transcripts(defs: dg.Definitions, day: date) -> str:
    job = defs.resolve_implicit_global_asset_job_def()
    with dagster_instance() as instance:
        result = job.execute_in_process(
            instance=instance, partition_key=day.isoformat(), asset_selection=[raw_key("transcript")]
        )
    return result.run_id


def evaluate_check(name: str) -> str:
    """A run of a job that evaluates one check and nothing else; its id."""

    @dg.asset_check(name=name, asset="recordings")
    def _check() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=True)

    job = dg.define_asset_job("ask", selection=dg.AssetSelection.all_asset_checks())
    defs = dg.Definitions(assets=[dg.AssetSpec("recordings")], asset_checks=[_check], jobs=[job])
    with dagster_instance() as instance:
        return defs.resolve_job_def("ask").execute_in_process(instance=instance).run_id


def test_old_run_is_deleted_when_its_day_was_synced_again(bring: Bring, home: Path) -> None:
    old = bring(DAY, age_days=40)
    new = bring(DAY, age_days=31)
    shown = materialized()

    report = clean()

    assert run_ids() == {new}
    assert (report.deleted, report.kept, report.left) == (1, 1, 0)
    assert materialized() == shown
    assert shown["transcript_words"] == {DAY.isoformat()}
    assert not (home / f"dagster/history/runs/{old}.db").exists()
    assert not (home / f"dagster/storage/{old}").exists()
    assert report.freed_bytes > 100_000


def test_a_day_keeps_its_only_run_however_old(bring: Bring) -> None:
    only = bring(DAY, age_days=400)
    bring(OTHER_DAY)
    shown = materialized()

    clean()

    assert only in run_ids()
    assert materialized() == shown
    assert shown["transcript_words"] == {DAY.isoformat(), OTHER_DAY.isoformat()}


def test_a_run_of_several_days_stays_while_one_of_them_has_no_newer_run(bring: Bring) -> None:
    both = bring(DAY, OTHER_DAY, age_days=40)
    bring(DAY)
    clean()
    assert both in run_ids()

    bring(OTHER_DAY)
    shown = materialized()
    clean()

    assert both not in run_ids()
    assert materialized() == shown


def test_run_is_kept_while_a_newer_one_has_only_some_of_its_assets(defs: dg.Definitions, bring: Bring) -> None:
    whole = bring(DAY, age_days=40)
    part = materialize_raw_transcripts(defs, DAY)

    clean()

    assert run_ids() == {whole, part}


def test_a_young_run_stays_though_it_is_replaced(bring: Bring) -> None:
    young = bring(DAY, age_days=29)
    bring(DAY)

    report = clean()

    assert young in run_ids()
    assert report == RetentionReport()


def test_failed_run_is_kept_until_its_day_is_synced(bring: Bring, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setenv("RECALL_API_KEY", "not-the-key")
        failed = bring(DAY, age_days=40)
    bring(OTHER_DAY)
    clean()
    assert failed in run_ids()

    bring(DAY)
    clean()

    assert failed not in run_ids()


def test_unfinished_run_is_kept(home: Path, defs: dg.Definitions) -> None:
    statuses = dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING
    with dagster_instance() as instance:
        unfinished = {instance.create_run_for_job(run_retention(), status=status).run_id for status in statuses}
    for run_id in unfinished:
        make_older(home, run_id, 40)
    execute_run_retention(defs)

    clean()

    assert unfinished <= run_ids()


def test_run_without_days_is_deleted_when_its_job_has_succeeded_again(home: Path, defs: dg.Definitions) -> None:
    old, last = execute_run_retention(defs), execute_run_retention(defs)
    make_older(home, old, 41)
    make_older(home, last, 40)

    clean()

    assert run_ids() == {last}


def test_a_failed_run_without_days_stays_until_its_job_has_succeeded_again(home: Path, defs: dg.Definitions) -> None:
    before = execute_run_retention(defs)
    with dagster_instance() as instance:
        failed = instance.create_run_for_job(run_retention())
        instance.report_run_failed(failed, "gone")
    for run_id in (before, failed.run_id):
        make_older(home, run_id, 40)
    clean()
    assert run_ids() == {before, failed.run_id}

    after = execute_run_retention(defs)
    clean()

    assert run_ids() == {after}


def test_last_evaluation_of_every_check_is_kept(bring: Bring, defs: dg.Definitions, home: Path) -> None:
    old = bring(DAY, age_days=41)
    last = bring(DAY, age_days=40)
    before = evaluations(home)

    clean()

    after = evaluations(home)
    assert {run_id for _, run_id in before} == {old, last}
    assert {run_id for _, run_id in after} == {last}
    assert {name for name, _ in after} == {name for name, _ in before}


def test_a_run_stays_while_it_holds_a_checks_last_evaluation(home: Path, defs: dg.Definitions) -> None:
    first, second = evaluate_check("old_check"), evaluate_check("new_check")
    make_older(home, first, 41)
    make_older(home, second, 40)
    clean()
    assert run_ids() == {first, second}

    again = evaluate_check("old_check")
    clean()

    assert run_ids() == {second, again}


def test_night_ends_at_its_limit_and_the_next_continues_with_the_oldest(
    bring: Bring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("meeting_assets.orchestration.operations.run_retention.RUNS_PER_BATCH", 1)
    oldest, older, old = (bring(DAY, age_days=age_days) for age_days in (43, 42, 41))
    newest = bring(DAY)

    first = clean(runs_per_night=2)
    remaining = run_ids()
    second = clean(runs_per_night=2)

    assert (first.deleted, first.left) == (2, 1)
    assert remaining == {old, newest}
    assert {oldest, older}.isdisjoint(remaining)
    assert (second.deleted, second.left) == (1, 0)
    assert run_ids() == {newest}


def test_night_without_time_deletes_nothing_and_reports_the_rest(bring: Bring) -> None:
    bring(DAY, age_days=40)
    bring(DAY)

    report = clean(budget_s=-1.0)

    assert (report.deleted, report.left) == (0, 1)
    assert len(run_ids()) == 2


def test_files_of_manually_deleted_runs_are_deleted(bring: Bring, home: Path) -> None:
    files = home / "dagster/history/runs"
    deleted, kept = bring(DAY), bring(DAY)
    with dagster_instance() as instance:
        instance.delete_run(deleted)
    (files / "notes.db").write_text("not a run's")
    (files / f"{uuid4()}.txt").write_text("not a run's")
    assert (files / f"{deleted}.db").exists()

    clean()

    assert not (files / f"{deleted}.db").exists()
    assert {f"{kept}.db", "index.db", "notes.db"} <= {path.name for path in files.iterdir()}
    assert len([*files.glob("*.txt")]) == 1


def test_the_job_keeps_the_days_that_the_setting_says_and_reports(
    bring: Bring, defs: dg.Definitions, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = bring(DAY, age_days=12)
    new = bring(DAY)
    monkeypatch.setenv("MEETING_ASSETS_KEEP_RUNS_DAYS", "10")

    executed = execute_run_retention(defs)

    assert run_ids() == {new, executed}
    assert old not in run_ids()
    with dagster_instance() as instance:
        (output,) = instance.all_logs(executed, of_type=dg.DagsterEventType.STEP_OUTPUT)
    assert output.dagster_event is not None
    metadata = output.dagster_event.step_output_data.metadata
    assert metadata["runs_deleted"].value == 1
    assert int(str(metadata["freed_bytes"].value)) > 100_000


def test_the_job_is_deployed_and_runs_at_night(defs: dg.Definitions) -> None:
    schedule = defs.resolve_schedule_def("nightly_run_retention")

    assert schedule.job_name == RUN_RETENTION
    assert schedule.cron_schedule == "0 4 * * *"
    assert schedule.execution_timezone == "UTC"
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING
    assert nightly_run_retention().job_name == RUN_RETENTION


def execute_run_retention(defs: dg.Definitions) -> str:
    with dagster_instance() as instance:
        result = defs.resolve_job_def(RUN_RETENTION).execute_in_process(instance=instance)
    assert result.success
    return result.run_id
