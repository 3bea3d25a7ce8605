"""`doctor` examines Dagster's home, its settings, storage, daemon and orphaned runs."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest
import yaml  # type: ignore[import-untyped]

from meeting_assets.health.diagnostics.report import Severity
from meeting_assets.orchestration.home import prepare_home
from meeting_assets.orchestration.runs import dagster_instance
from meeting_assets.sandbox import Sandbox
from meeting_assets.settings import read_settings
from meeting_assets_tests.support.commands import command
from meeting_assets_tests.support.diagnoses import DAY, HUSH, dagster_yaml, findings, only_finding
from meeting_assets_tests.support.orphaned_runs import ENDED, add_started_run, run_in_progress

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning")


def test_a_dagster_home_that_is_missing_is_found(sandbox: Sandbox, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(home / "elsewhere"))

    found = only_finding("Dagster home")

    assert found.severity is Severity.ERROR
    assert f"DAGSTER_HOME names {home / 'elsewhere'}, which does not exist" in found.sentence
    assert not (home / "elsewhere").exists()


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("telemetry: {enabled: false", "is not valid YAML in line 1"),
        ("- telemetry", "is not a mapping of settings"),
        ("telemetri: {enabled: false}", "telemetri (field not defined)"),
        ("run_monitoring: {enabled: true, poll_seconds: 3}", "run_monitoring.poll_seconds (field not defined)"),
        (f"telemetry: {{enabled: {HUSH}}}", "telemetry.enabled (runtime type mismatch)"),
        ("run_launcher: {module: nowhere.at_all, class: Launcher}", "couldn't import module nowhere.at_all"),
        ("run_launcher: {module: os, class: Launcher}", "couldn't find class Launcher"),
        ("run_coordinator: {module: nowhere, class: Coordinator}", "run_coordinator of dagster.yaml cannot be used"),
        (
            f"storage: {{postgres: {{postgres_url: 'postgresql://me:{HUSH}@127.0.0.1:1/dagster'}}}}",
            "couldn't import module dagster_postgres",
        ),
        ("storage: {sqlite: {base_dir: /dev/null/storage}}", "Dagster cannot use"),
    ],
)
def test_a_wrong_dagster_home_is_found(sandbox: Sandbox, text: str, cause: str) -> None:
    dagster_yaml(text)

    errors = [each.sentence for each in findings("Dagster home") if each.severity is Severity.ERROR]

    assert len(errors) == 1
    assert cause in errors[0]
    assert "dagster.yaml" in errors[0]
    assert HUSH not in errors[0]


def test_a_wrong_dagster_home_hides_no_orphaned_run(orphaned_run: str) -> None:
    path = dagster_yaml()
    path.write_text(f"{path.read_text()}\nrun_launcher: {{module: nowhere, class: Launcher}}\n")

    found = only_finding("runs")

    assert found.severity is Severity.WARNING
    assert orphaned_run in found.sentence


def test_settings_missing_from_dagster_yaml_are_named(sandbox: Sandbox) -> None:
    path = dagster_yaml()
    path.write_text(
        path.read_text().replace("run_monitoring:", "run_retries_before:").partition("run_retries_before")[0]
    )

    lacking, home = findings("Dagster home")

    assert lacking.severity is Severity.WARNING
    assert "run_monitoring" in lacking.sentence
    assert home.severity is Severity.OK


@pytest.mark.parametrize(
    "storage",
    ["storage: {sqlite: {base_dir: {env: DAGSTER_HOME}}}", "run_storage: {module: nowhere, class: Runs}"],
)
def test_another_storage_is_not_reported_as_missing(sandbox: Sandbox, storage: str) -> None:
    shipped = yaml.safe_load(dagster_yaml().read_text())
    dagster_yaml(yaml.safe_dump({key: each for key, each in shipped.items() if key != "storage"}) + storage)

    assert not [each for each in findings("Dagster home") if "lacks" in each.sentence]


def test_a_dagster_home_without_settings_gets_the_shipped_ones(sandbox: Sandbox) -> None:
    path = dagster_yaml()
    path.unlink()

    found, home = findings("Dagster home")

    assert found.severity is Severity.WARNING
    assert home.severity is Severity.OK
    assert path.exists()


def test_relative_dagster_home_is_reported(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    dagster_yaml()
    monkeypatch.setenv("DAGSTER_HOME", "dagster")

    found, home = findings("Dagster home")

    assert found.severity is Severity.WARNING
    assert "not an absolute path" in found.sentence
    assert home.severity is Severity.OK


def test_doctor_shows_the_size_and_the_runs_of_dagsters_storage(sandbox: Sandbox) -> None:
    prepare_home(read_settings())
    with dagster_instance() as instance:
        for _ in range(2):
            add_started_run(instance)
    size_bytes = sum(path.stat().st_size for path in read_settings().dagster_home.rglob("*") if path.is_file())

    found = only_finding("Dagster home")

    assert found.severity is Severity.OK
    assert f"contains {size_bytes / 1e3:.1f} kB" in found.sentence
    assert " and 2 runs." in found.sentence


def test_stopped_daemon_is_reported_with_its_start_command(sandbox: Sandbox) -> None:
    dagster_yaml()

    found = only_finding("daemon")

    assert found.severity is Severity.WARNING
    assert f"DAGSTER_HOME={read_settings().dagster_home} dagster-daemon run" in found.sentence


@pytest.fixture
def orphaned_run(sandbox: Sandbox) -> str:
    """The id of a run whose process has ended, as after a kill."""
    prepare_home(read_settings())
    with dagster_instance() as instance:
        return run_in_progress(instance, ENDED)


def only_run() -> dg.DagsterRun:
    with dagster_instance() as instance:
        runs = instance.get_runs()
    return runs[0] if runs else dg.DagsterRun("none", run_id="none")


def test_an_orphaned_run_is_named_and_failed(orphaned_run: str) -> None:
    found = only_finding("runs")

    assert found.severity is Severity.WARNING
    assert orphaned_run in found.sentence
    assert only_run().status is dg.DagsterRunStatus.FAILURE
    assert only_finding("runs").severity is Severity.OK


def test_a_run_without_a_heartbeat_is_named(sandbox: Sandbox) -> None:
    prepare_home(read_settings())
    with dagster_instance() as instance:
        run_id = add_started_run(instance)

    found = only_finding("runs")

    assert found.severity is Severity.WARNING
    assert f"no heartbeat and are left to dagster/max_runtime: {run_id}" in found.sentence


def test_a_sync_fails_orphaned_runs_before_it_begins(orphaned_run: str) -> None:
    done = command("sync", "--from", str(DAY), "--to", str(DAY))

    assert done.returncode == 0, done.stderr
    assert f"Run {orphaned_run} was marked as failed, because its process ended" in done.stderr
    with dagster_instance() as instance:
        statuses = {run.run_id: run.status for run in instance.get_runs()}
    assert statuses.pop(orphaned_run) is dg.DagsterRunStatus.FAILURE
    assert set(statuses.values()) == {dg.DagsterRunStatus.SUCCESS}
