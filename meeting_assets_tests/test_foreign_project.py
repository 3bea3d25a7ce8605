"""A project of `create-dagster` with two workspaces and assets of its own, under the real daemon.

`create-dagster project --no-uv-sync` makes the project offline, and `dg scaffold defs` adds the component twice. The
assets of the project follow `meeting_metrics` by the conditions that docs/running.md recommends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from meeting_assets.core.instants import now
from meeting_assets.orchestration.runs import dagster_instance
from meeting_assets.orchestration.workspace import SYNC
from meeting_assets.pipeline.storage import open_storage
from meeting_assets.sandbox import Recording, Sandbox, empty
from meeting_assets_tests.support.components import instance_of
from meeting_assets_tests.support.deployment import touch
from meeting_assets_tests.support.environments import (
    VOLATILE_COLUMNS,
    TableRows,
    free_port,
    sync_days,
    table_rows,
    table_rows_of,
    use_home,
    use_sandbox,
)
from meeting_assets_tests.support.folders import ROOT, Folder, add_module, create_project, scaffold_workspace
from meeting_assets_tests.support.processes import HOST, Processes, listens, workspace_file
from meeting_assets_tests.support.ui import Ui, until

pytestmark = pytest.mark.deployment

DAY = now().date()
SALES, SUPPORT = "sales", "support"
RECORDINGS = {SALES: 2, SUPPORT: 3}
# The daemon evaluates the conditions at this interval. Dagster's default is 30 s.
AUTOMATION, AUTOMATION_INTERVAL_S = "automation", 3
SENSOR = "finished_recordings"
SEVERAL = 3
PATIENCE_S = 180
ASSETS = f"""
import dagster as dg

from meeting_assets.orchestration.automation import eager_on_change

all_days = eager_on_change().without(dg.AutomationCondition.in_latest_time_window())
as_a_whole = eager_on_change().without(~dg.AutomationCondition.any_deps_missing())
days = dg.DailyPartitionsDefinition("{DAY}", end_offset=1)


@dg.asset(deps=[dg.AssetKey(["sales", "meeting_metrics"])], automation_condition=as_a_whole)
def sales_report(): ...


@dg.asset(deps=[dg.AssetKey(["sales", "meeting_metrics"])], automation_condition=all_days, partitions_def=days)
def sales_days(): ...


@dg.asset(deps=[dg.AssetKey(["support", "meeting_metrics"])], automation_condition=as_a_whole)
def support_report(): ...


automation = dg.AutomationConditionSensorDefinition(
    "{AUTOMATION}",
    target=dg.AssetSelection.all(),
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds={AUTOMATION_INTERVAL_S},
)
"""
# One process per step, Dagster's default, would take most of the time of the test.
EXECUTOR = """
import dagster as dg

defs = dg.Definitions(executor=dg.in_process_executor)
"""
REPORTS = "sales_report", "sales_days", "support_report"
Counts = dict[str, int]


class ProjectDeployment(Processes):
    """Code server, webserver and daemon of a project."""

    def __init__(self, project: Folder, settings: dict[str, str]) -> None:
        super().__init__(project.path, {**project.environment(settings), "PYTHONDONTWRITEBYTECODE": ""})
        self.project = project
        self._code_port, port = free_port(), free_port()
        self._address = "-h", HOST, "-p", str(port)
        self.ui = Ui(f"http://{HOST}:{port}")

    def run(self, workspace: str) -> None:
        """Syncs the day of a workspace with the command `dg launch`."""
        job = f"{workspace}_{SYNC}"
        self.project.output("dg", "launch", "--job", job, "--partition", DAY.isoformat(), **self.settings)

    def _start(self) -> None:
        workspace, address = workspace_file(self.folder, self._code_port), ("-h", HOST, "-p", str(self._code_port))
        self._launch("dagster", "code-server", "start", *address, "-m", f"{self.folder.name}.definitions")
        self._wait(lambda: listens(self._code_port))
        self._launch("dagster-webserver", *self._address, "-w", str(workspace))
        self._wait(lambda: listens(int(self._address[-1])))
        self._launch("dagster-daemon", "run", "-w", str(workspace))
        self._wait(self.ui.is_ready)

    def _stop(self) -> None:
        self.ui.close()
        super()._stop()


@dataclass
class History:
    """The state of the deployment after each phase, by the name of the phase."""

    rows: dict[str, TableRows] = field(default_factory=dict)
    expected: dict[str, TableRows] = field(default_factory=dict)
    """Rows of single syncs."""
    syncs: Counts = field(default_factory=dict)
    """Materializations of `meeting_metrics` before the first change."""
    runs: dict[str, Counts] = field(default_factory=dict)


@pytest.fixture(scope="module")
def sandboxes() -> Iterator[dict[str, Sandbox]]:
    """Two workspaces of Recall.ai with different meetings, all of which have just ended."""
    with ExitStack() as stack:
        found = {name: stack.enter_context(Sandbox(empty(), limits=False)) for name in RECORDINGS}
        for name, sandbox in found.items():
            for _ in range(RECORDINGS[name]):
                sandbox.finish(sandbox.add_recording(processing=True).id)
        yield found


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    made = create_project(tmp_path_factory.mktemp("project"), [ROOT])
    for name in RECORDINGS:
        scaffold_workspace(
            made,
            name,
            base_url=f"{{{{ env.{name.upper()}_URL }}}}",
            api_key=f"{{{{ env.{name.upper()}_KEY }}}}",
            first_day=DAY.isoformat(),
            sensors=[SENSOR, "orphaned_runs"],
            schedules=[],
        )
    add_module(made, "reports", ASSETS)
    add_module(made, "executor", EXECUTOR)
    return made


@pytest.fixture(scope="module")
def deployment(project: Folder, sandboxes: dict[str, Sandbox]) -> Iterator[ProjectDeployment]:
    dagster_home = project.path.parent / "dagster"
    dagster_home.mkdir()
    (dagster_home / "dagster.yaml").write_bytes((ROOT / "dagster.yaml").read_bytes())
    settings = {"DAGSTER_HOME": str(dagster_home), "MEETING_ASSETS_HOME": str(project.path.parent / "homes")}
    for name, sandbox in sandboxes.items():
        settings |= {f"{name.upper()}_URL": sandbox.url, f"{name.upper()}_KEY": sandbox.api_key}
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("DAGSTER_HOME", str(dagster_home))
        # Made before the processes come: of two that make Dagster's storage at once, one fails.
        with dagster_instance() as instance:
            touch(instance)
    with ProjectDeployment(project, settings) as running:
        yield running


@pytest.fixture(scope="module")
def history(
    deployment: ProjectDeployment, sandboxes: dict[str, Sandbox], tmp_path_factory: pytest.TempPathFactory
) -> History:
    """Changes and syncs without a change, in turn."""
    found = History()

    def record(phase: str, happened: Callable[[], bool] = lambda: True, sensors: Iterable[str] = ()) -> None:
        until(happened, f"phase `{phase}`", within_s=PATIENCE_S)
        wait_for_quiet(deployment.ui, sensors)
        found.runs[phase] = report_runs(deployment.ui)

    record("ingested", lambda: all(each > 0 for each in report_runs(deployment.ui).values()))
    for name, sandbox in sandboxes.items():
        found.rows[name] = rows(deployment, name)
        found.expected[name] = rows_of_a_single_sync(sandbox, tmp_path_factory.mktemp(name))
    record("idle ticks", sensors=[f"{name}_{SENSOR}" for name in RECORDINGS])
    for name in RECORDINGS:
        deployment.run(name)
    record("idle syncs")
    found.syncs = {name: len(deployment.ui.materializations(f"{name}/meeting_metrics")) for name in RECORDINGS}
    for name in RECORDINGS:
        before = report_runs(deployment.ui)
        reissue_transcript(sandboxes[name])
        record(f"change in {name}", partial(has_changed, deployment.ui, before))
    return found


def report_runs(ui: Ui) -> Counts:
    """How often each report was materialized."""
    return {name: len(ui.materializations(name)) for name in REPORTS}


def has_changed(ui: Ui, before: Counts) -> bool:
    return report_runs(ui) != before


def has_ticked(ui: Ui, sensor: str, since_s: float, times: int) -> bool:
    return sum(each.at_s > since_s for each in ui.ticks(sensor)) >= times


def wait_for_quiet(ui: Ui, sensors: Iterable[str] = ()) -> None:
    """Waits until all runs have ended, the conditions were evaluated several times since, and sensors have ticked."""
    until(lambda: all(each.has_ended for each in ui.runs()), "the end of all runs", within_s=PATIENCE_S)
    since = now().timestamp()
    for sensor, ticks in ((AUTOMATION, SEVERAL), *((sensor, 1) for sensor in sensors)):
        until(partial(has_ticked, ui, sensor, since, ticks), f"ticks of {sensor}", within_s=PATIENCE_S)
    until(lambda: all(each.has_ended for each in ui.runs()), "the end of all runs", within_s=PATIENCE_S)


def reissue_transcript(sandbox: Sandbox) -> None:
    recording: Recording = sandbox.world.recordings[0]
    sandbox.reissue(recording.of("transcript")[0].id)


def rows(deployment: ProjectDeployment, name: str) -> TableRows:
    """The rows of a workspace in the deployment."""
    home = deployment.project.path.parent / "homes" / name
    with open_storage(instance_of(name, home=str(home)).workspace().settings()) as storage:
        return table_rows_of(storage, without=VOLATILE_COLUMNS)


def rows_of_a_single_sync(sandbox: Sandbox, home: Path) -> TableRows:
    """The rows that a sync of the day leaves in a home of its own."""
    with pytest.MonkeyPatch.context() as alone:
        use_home(home, alone)
        use_sandbox(sandbox, alone)
        sync_days([DAY])
        return table_rows(without=VOLATILE_COLUMNS)


def test_workspaces_of_one_project_are_ingested_without_mixing(history: History) -> None:
    assert {name: len(found["recordings"]) for name, found in history.rows.items()} == RECORDINGS
    assert history.rows == history.expected


def test_assets_of_the_project_run_once_per_change_and_never_without_one(history: History) -> None:
    """Their condition is `eager_on_change()`, because `eager()` of Dagster cannot satisfy this test.

    `eager()` requests a run after each materialization, and each sync materializes its assets, changed or not. It would
    run the reports in the phase "idle syncs", too: `test_data_versions.py::test_eager_ignores_data_versions`. Syncs
    that materialize changed assets only are no way out: Dagster skips all steps downstream of an output that is not
    emitted. `eager_on_change()` is `eager()` with one part replaced: a dependency counts as updated if it has a new
    data version.
    """
    once = dict.fromkeys(REPORTS, 1)
    assert history.runs == {
        "ingested": once,
        "idle ticks": once,
        "idle syncs": once,
        "change in sales": {"sales_report": 2, "sales_days": 2, "support_report": 1},
        "change in support": {"sales_report": 2, "sales_days": 2, "support_report": 2},
    }


def test_idle_syncs_materialize_every_selected_asset(history: History) -> None:
    assert history.syncs == dict.fromkeys(RECORDINGS, 2)
