"""The deployed graph, compared with `graph.txt`, and the files that Dagster's own processes start from.

After an intended change, run `make renew` and review the diff.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import dagster as dg
import pytest

from meeting_assets.definitions import definitions
from meeting_assets.orchestration.home import prepare_home
from meeting_assets.settings import read_settings
from meeting_assets_tests.conftest import ROOT

GRAPH = Path(__file__).with_name("graph.txt")
START_S = 120

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning")


@pytest.mark.golden
def test_graph_matches_the_golden_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEETING_ASSETS_FIRST_DAY", date(2026, 1, 1).isoformat())
    graph = "\n".join(_written(definitions(read_settings()))) + "\n"
    if os.environ.get("RENEW"):
        GRAPH.write_text(graph)

    assert graph == GRAPH.read_text()


def test_the_definitions_load_as_dagsters_own_processes_load_them(home: Path) -> None:
    command = [str(Path(sys.executable).with_name("dagster")), "definitions", "validate", "-w", "workspace.yaml"]
    environment = {**os.environ, "DAGSTER_HOME": str(home), "MEETING_ASSETS_HOME": str(home)}

    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=START_S)

    assert result.returncode == 0, result.stderr
    assert "Validation successful" in result.stdout + result.stderr


def test_shipped_config_loads_every_part_that_runs_need() -> None:
    settings = read_settings()
    prepare_home(settings)

    with dg.DagsterInstance.get() as instance:
        # Dagster creates each of these on first use, so an error in dagster.yaml appears only then.
        parts = [
            instance.run_launcher,
            instance.run_coordinator,
            instance.scheduler,
            instance.run_storage,
            instance.event_log_storage,
            instance.schedule_storage,
        ]
        names = [type(part).__name__ for part in parts]
        assert instance.event_log_storage.all_asset_keys() == []
        is_monitored = instance.run_monitoring_enabled

    assert names == [
        "DefaultRunLauncher",
        "QueuedRunCoordinator",
        "DagsterDaemonScheduler",
        "SqliteRunStorage",
        "SqliteEventLogStorage",
        "SqliteScheduleStorage",
    ]
    assert is_monitored


def _written(defs: dg.Definitions) -> Iterator[str]:
    yield "assets: key (group; kinds) <- what it is made from"
    graph = {spec.key: spec for spec in defs.resolve_all_asset_specs()}
    for key, spec in sorted(graph.items(), key=lambda item: (item[1].group_name or "", item[0].path)):
        above = ", ".join(sorted(dep.asset_key.to_user_string() for dep in spec.deps)) or "the API"
        yield f"  {key.to_user_string()} ({spec.group_name}; {', '.join(sorted(spec.kinds))}) <- {above}"
    yield "steps: name -> assets"
    for assets in defs.assets or ():
        assert isinstance(assets, dg.AssetsDefinition)
        yield f"  {assets.op.name} -> {', '.join(sorted(key.to_user_string() for key in assets.keys))}"
    yield "checks: asset: check (step)"
    for checks in defs.asset_checks or ():
        assert isinstance(checks, dg.AssetChecksDefinition)
        for check in sorted(checks.check_specs, key=lambda check: (check.asset_key.path, check.name)):
            yield f"  {check.asset_key.to_user_string()}: {check.name} ({checks.op.name})"
    yield "jobs: name: steps"
    repository = defs.get_repository_def()
    for job in sorted(repository.get_all_jobs(), key=lambda job: job.name):
        if not job.name.startswith("__"):
            yield f"  {job.name}: {', '.join(sorted(node.name for node in job.nodes))}"
    yield "schedules: name: cron in time zone -> job (status)"
    for schedule in sorted(repository.schedule_defs, key=lambda schedule: schedule.name):
        when = f"{schedule.cron_schedule} in {schedule.execution_timezone or 'UTC'}"
        yield f"  {schedule.name}: {when} -> {schedule.job_name} ({schedule.default_status.value})"
    yield "sensors: name: every (status)"
    for sensor in sorted(repository.sensor_defs, key=lambda sensor: sensor.name):
        yield f"  {sensor.name}: {sensor.minimum_interval_seconds} s ({sensor.default_status.value})"
