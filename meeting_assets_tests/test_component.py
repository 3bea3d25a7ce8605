"""The component: two workspaces in one code location, beside the assets of another project."""

from __future__ import annotations

import gc
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any, get_args

import dagster as dg
import pytest
from pydantic import SecretStr, ValidationError

from meeting_assets import MeetingAssetsComponent
from meeting_assets import component as component_module
from meeting_assets.core.errors import SettingsError
from meeting_assets.orchestration.operations.orphaned_runs import fail_orphaned_runs
from meeting_assets.orchestration.operations.run_retention import delete_replaced_runs
from meeting_assets.orchestration.triggers.run_requests import requests_for
from meeting_assets.orchestration.workspace import SYNC, Workspace
from meeting_assets.pipeline.pending_recordings import PendingRecording
from meeting_assets.pipeline.storage import open_storage
from meeting_assets.sandbox import Sandbox, uniform
from meeting_assets.settings import Settings, read_settings
from meeting_assets.store.heartbeats import heartbeats
from meeting_assets_tests.support.environments import (
    VOLATILE_COLUMNS,
    TableRows,
    sync_days,
    table_rows,
    table_rows_of,
    use_home,
    use_sandbox,
)

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning")

DAY = date(2026, 3, 2)
KEY, PASSWORD, SIGNATURE = "planted-api-key", "planted-password", "planted-webhook"
TIMEOUT_S = 240
COMMANDS = Path(sys.executable).parent


@dg.asset(deps=[dg.AssetKey(["sales", "meeting_metrics"])])
def report() -> None:
    """An asset of another project, downstream of a workspace."""


def instance_of(key_prefix: str, **fields: Any) -> MeetingAssetsComponent:
    return MeetingAssetsComponent(key_prefix=key_prefix, **fields)


def build(component: MeetingAssetsComponent) -> dg.Definitions:
    return component.build_defs(dg.ComponentTree.for_test().load_context)


def names(defs: dg.Definitions) -> dict[str, set[str]]:
    """The names of all objects that must differ between two workspaces, by their type."""
    repository = defs.get_repository_def()
    steps = [*(defs.assets or ()), *(defs.asset_checks or ())]
    jobs = [each for each in repository.get_all_jobs() if not each.name.startswith("__")]
    return {
        "assets": {key.to_user_string() for key in defs.resolve_asset_graph().get_all_asset_keys()},
        "checks": {str(key) for key in defs.resolve_asset_graph().asset_check_keys},
        "groups": {str(spec.group_name) for spec in defs.resolve_all_asset_specs()},
        "steps": {each.op.name for each in steps if isinstance(each, dg.AssetsDefinition)},
        "pools": set(chain.from_iterable(each.op.pools for each in steps if isinstance(each, dg.AssetsDefinition))),
        "jobs": {each.name for each in jobs},
        "sensors": {each.name for each in repository.sensor_defs},
        "schedules": {each.name for each in repository.schedule_defs},
        "resources": set(defs.resources or {}),
    }


def test_all_objects_of_two_workspaces_have_different_names() -> None:
    sales, support = names(build(instance_of("sales"))), names(build(instance_of("support/emea")))

    assert all(sales.values())
    assert {kind: len(each) for kind, each in sales.items()} == {kind: len(each) for kind, each in support.items()}
    assert {kind: each & support[kind] for kind, each in sales.items() if each & support[kind]} == {}


def test_two_workspaces_and_a_foreign_asset_form_one_valid_code_location() -> None:
    foreign = dg.Definitions(assets=[report], executor=dg.multiprocess_executor)

    merged = dg.Definitions.merge(build(instance_of("sales")), build(instance_of("support")), foreign)

    dg.Definitions.validate_loadable(merged)
    graph = merged.resolve_asset_graph()
    assert dg.AssetKey(["sales", "meeting_metrics"]) in graph.get(report.key).parent_keys
    jobs = [*instance_of("sales").workspace().jobs, *instance_of("support").workspace().jobs]
    executors = {merged.resolve_job_def(name).executor_def.name for name in jobs}
    assert executors == {dg.in_process_executor.name}


def test_the_dependencies_of_a_workspace_stay_within_it() -> None:
    specs = [*build(instance_of("sales")).resolve_all_asset_specs()]

    above = {dep.asset_key for spec in specs for dep in spec.deps}

    assert above <= {spec.key for spec in specs}
    assert {key.path[0] for key in above} == {"sales"}


def test_keys_of_a_workspace_are_those_of_its_definitions() -> None:
    component = instance_of("sales")

    assert component.workspace().keys == {spec.key for spec in build(component).resolve_all_asset_specs()}


def test_jobs_of_a_workspace_are_those_of_its_definitions() -> None:
    component = instance_of("sales")

    assert {*component.workspace().jobs} == names(build(component))["jobs"]


def test_a_component_includes_all_sensors_and_schedules_by_default() -> None:
    found = names(build(instance_of("")))

    assert found["sensors"] == {*get_args(component_module.Sensor)}
    assert found["schedules"] == {*get_args(component_module.Schedule)}


def test_a_component_includes_the_sensors_and_schedules_that_it_names() -> None:
    found = names(build(instance_of("sales", sensors=["finished_recordings"], schedules=[])))

    assert found["sensors"] == {"sales_finished_recordings"}
    assert found["schedules"] == set()


def test_owners_and_groups_of_a_component() -> None:
    specs = build(instance_of("sales", owners=["team:revenue"], group_prefix="crm_")).resolve_all_asset_specs()

    assert {owner for spec in specs for owner in spec.owners} == {"team:revenue"}
    assert {spec.group_name for spec in specs} == {"crm_raw", "crm_parsed", "crm_metrics", "crm_rollups"}


def process_state() -> dict[str, Any]:
    mask = os.umask(0o022)
    os.umask(mask)
    return {
        "umask": mask,
        "garbage collector": [gc.isenabled(), gc.get_threshold(), gc.get_freeze_count()],
        "root logger": [logging.root.level, [*logging.root.handlers], [*logging.root.filters]],
        "environment": dict(os.environ),
    }


def test_loading_a_component_changes_nothing_in_the_process_and_writes_nothing(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEETING_ASSETS_LOG_FORMAT", "json")
    before = process_state()

    build(instance_of("sales", home=str(home / "sales"))).get_repository_def()

    assert process_state() == before
    assert [*home.rglob("*")] == []


def test_secrets_of_a_component_stay_out_of_definitions_and_texts() -> None:
    url = f"postgresql://user:{PASSWORD}@localhost/meetings"
    component = instance_of(
        "sales",
        api_key=SecretStr(KEY),
        database_url=SecretStr(url),
        settings={"MEETING_ASSETS_ALERT_URL": f"https://hooks.example.com/{SIGNATURE}"},
    )
    defs = build(component)

    workspace, job = component.workspace(), defs.resolve_job_def(f"sales_{SYNC}")
    assert workspace.settings().database_url == f"postgresql+psycopg://user:{PASSWORD}@localhost/meetings"
    texts = [
        repr(component),
        str(component),
        repr(workspace),
        repr(defs),
        repr([*(defs.resources or {}).values()]),
        repr([*defs.resolve_all_asset_specs()]),
        repr([each.metadata for each in (*(defs.sensors or ()), *(defs.schedules or ()))]),
        repr(job.run_config_schema.config_type),
        json.dumps({name: repr(each.config_schema) for name, each in job.resource_defs.items()}),
    ]
    assert [text for text in texts for secret in (KEY, PASSWORD, SIGNATURE) if secret in text] == []


def test_a_wrong_field_is_reported_without_its_value() -> None:
    with pytest.raises(SettingsError, match="MEETING_ASSETS_DATABASE_URL is wrong") as wrong:
        instance_of("sales", database_url=SecretStr(f"mysql://user:{PASSWORD}@localhost/x")).workspace()

    assert PASSWORD not in str(wrong.value)


@pytest.mark.parametrize("key_prefix", ["Sales", "sales-emea", "/sales", "sales/", "1st", "sales//emea"])
def test_a_key_prefix_that_is_no_name_is_refused(key_prefix: str) -> None:
    with pytest.raises(ValidationError, match="key_prefix"):
        instance_of(key_prefix)


def locations(settings: Settings) -> list[Any]:
    return [settings.home, settings.database_file or settings.database_schema, settings.raw_url]


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"MEETING_ASSETS_DATABASE_URL": "sqlite:////srv/meetings.db", "MEETING_ASSETS_RAW_URL": "/srv/raw"},
        {"MEETING_ASSETS_DATABASE_URL": "postgresql://localhost/x", "MEETING_ASSETS_RAW_URL": "s3://bucket/raw"},
        {"MEETING_ASSETS_DATABASE_URL": "postgresql://localhost/x", "MEETING_ASSETS_DATABASE_SCHEMA": "calls"},
    ],
)
def test_workspaces_share_no_location_by_default(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    found = [locations(each.settings()) for each in (Workspace(), *map(prefixed, ("sales", "support")))]

    assert all(len(set(each)) == 3 for each in zip(*found, strict=True))


def prefixed(key_prefix: str) -> Workspace:
    return instance_of(key_prefix).workspace()


@pytest.fixture
def sandboxes() -> Iterator[list[Sandbox]]:
    """Two workspaces of Recall.ai with different meetings on the same day."""
    with (
        Sandbox(uniform(DAY, recordings=2, words=20, seed=1)) as sales,
        Sandbox(uniform(DAY, recordings=3, words=20, seed=2)) as support,
    ):
        yield [sales, support]


def synced_alone(sandbox: Sandbox, home: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> TableRows:
    """The rows of a workspace after a sync without the component, in a database of the same kind."""
    with monkeypatch.context() as alone:
        use_home(home, alone)
        if not database_url.startswith("sqlite"):
            alone.setenv("MEETING_ASSETS_DATABASE_URL", database_url)
            alone.setenv("MEETING_ASSETS_DATABASE_SCHEMA", home.name)
        use_sandbox(sandbox, alone)
        sync_days([DAY])
        return table_rows(without=VOLATILE_COLUMNS)


@pytest.fixture
def components(sandboxes: list[Sandbox]) -> list[MeetingAssetsComponent]:
    return [
        instance_of(name, api_key=SecretStr(each.api_key), base_url=each.url, first_day=DAY.isoformat())
        for name, each in zip(("sales", "support"), sandboxes, strict=True)
    ]


def test_two_workspaces_are_synced_without_mixing(
    database_url: str,
    sandboxes: list[Sandbox],
    components: list[MeetingAssetsComponent],
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    merged = dg.Definitions.merge(*map(build, components), dg.Definitions(assets=[report]))

    with dg.DagsterInstance.ephemeral() as instance:
        for component in components:
            job = merged.resolve_job_def(component.workspace().named(SYNC))
            assert job.execute_in_process(instance=instance, partition_key=DAY.isoformat()).success

    expected = [synced_alone(each, home / f"alone{n}", database_url, monkeypatch) for n, each in enumerate(sandboxes)]
    assert [rows(component.workspace()) for component in components] == expected
    assert [len(each["recordings"]) for each in expected] == [2, 3]


def test_a_run_of_one_workspace_does_not_delay_the_other(components: list[MeetingAssetsComponent]) -> None:
    sales, support = (component.workspace() for component in components)
    pending = [PendingRecording(DAY, "7f5a7d1c-3f0e-4c5b-9d83-3d1f6f3c1a11", None)]
    with dg.DagsterInstance.ephemeral() as instance:
        instance.create_run_for_job(
            build(components[0]).resolve_job_def(f"sales_{SYNC}"),
            status=dg.DagsterRunStatus.NOT_STARTED,
            tags={"dagster/partition": DAY.isoformat()},
        )

        of_sales, of_support = (
            [*requests_for(pending, instance, [DAY.isoformat()], each)] for each in (sales, support)
        )

    assert of_sales == []
    assert [each.partition_key for each in of_support] == [DAY.isoformat()]
    assert [*of_support[0].run_config["ops"]] == ["support_raw_artifacts"]


def test_sensors_and_schedules_start_jobs_of_their_workspace() -> None:
    repository = build(instance_of("sales")).get_repository_def()

    started = {each.job_name for each in repository.sensor_defs if each.targets}
    started |= {each.job_name for each in repository.schedule_defs}

    assert started == {*instance_of("sales").workspace().jobs}


@dg.job
def foreign_job() -> None: ...


def test_runs_of_other_jobs_are_left_alone(components: list[MeetingAssetsComponent]) -> None:
    workspace = components[0].workspace()
    old = datetime.now(UTC) + timedelta(days=1)
    with dg.DagsterInstance.ephemeral() as instance:
        for _ in range(2):
            assert foreign_job.execute_in_process(instance=instance).success
        instance.create_run_for_job(foreign_job, status=dg.DagsterRunStatus.STARTED)

        found = fail_orphaned_runs(instance, workspace.settings(), workspace=workspace)
        report = delete_replaced_runs(instance, before=old, jobs=workspace.jobs)

        assert (found.failed, found.silent, found.unknown) == ([], [], [])
        assert report.deleted == 0
        assert len(instance.get_run_ids()) == 3


def test_a_run_of_selected_assets_writes_no_heartbeat(components: list[MeetingAssetsComponent]) -> None:
    """Its executor belongs to the project, so its steps may have a process each."""
    component = components[0]
    defs = build(component)
    with dg.DagsterInstance.ephemeral() as instance:
        job = defs.resolve_implicit_global_asset_job_def()
        run = job.execute_in_process(
            instance=instance,
            partition_key=DAY.isoformat(),
            asset_selection=[component.workspace().key("recordings")],
        )
        own = defs.resolve_job_def(f"sales_{SYNC}").execute_in_process(instance=instance, partition_key=DAY.isoformat())

    assert run.success
    assert own.success
    with open_storage(component.workspace().settings()) as storage, storage.database.reading() as connection:
        beats = heartbeats(connection, [run.run_id, own.run_id])
    assert [each.run_id for each in beats] == [own.run_id]


def rows(workspace: Workspace) -> TableRows:
    with open_storage(workspace.settings()) as storage:
        return table_rows_of(storage, without=VOLATILE_COLUMNS)


def test_overrides_precede_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECALL_REGION", "us-west-2")

    assert instance_of("sales", region="eu-central-1").workspace().settings().region == "eu-central-1"
    assert instance_of("sales").workspace().settings().region == "us-west-2"
    assert read_settings().region == "us-west-2"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with an asset of its own, in the layout of `create-dagster`."""
    folder = tmp_path / "host"
    files = {
        "pyproject.toml": (
            '[project]\nname = "host"\nversion = "1"\n[tool.dg]\ndirectory_type = "project"\n'
            '[tool.dg.project]\nroot_module = "host"\n'
        ),
        "src/host/__init__.py": "",
        "src/host/definitions.py": (
            "from pathlib import Path\nimport dagster as dg\n\n@dg.definitions\ndef defs():\n"
            "    return dg.load_from_defs_folder(path_within_project=Path(__file__).parent)\n"
        ),
        "src/host/defs/__init__.py": "",
        "src/host/defs/report.py": (
            'import dagster as dg\n\n@dg.asset(deps=[dg.AssetKey(["sales_meetings", "meeting_metrics"])])\n'
            "def report(): ...\n"
        ),
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def dagster_command(project: Path, *command: str) -> str:
    """The output of a command in the project."""
    own = {
        "PATH": f"{COMMANDS}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(project / "src"),
        "MEETING_ASSETS_HOME": str(project / "data"),
        "RECALL_API_KEY": KEY,
    }
    ended = subprocess.run(
        command, cwd=project, env=os.environ | own, capture_output=True, text=True, timeout=TIMEOUT_S
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.mark.deployment
def test_dg_scaffolds_two_workspaces_into_a_project(project: Path) -> None:
    for name in ("sales_meetings", "support_meetings"):
        dagster_command(project, "dg", "scaffold", "defs", "meeting_assets.MeetingAssetsComponent", name)

    dagster_command(project, "dg", "check", "yaml")
    dagster_command(project, "dg", "check", "defs")
    listed = dagster_command(project, "dg", "list", "defs", "--json")

    written = (project / "src/host/defs/sales_meetings/defs.yaml").read_text()
    assert "{{ env.RECALL_API_KEY }}" in written
    assert "key_prefix: sales_meetings" in written
    keys = {each["asset_key"] for each in json.loads(listed)["assets"]}
    assert {"report", "sales_meetings/meeting_metrics", "support_meetings/meeting_metrics"} <= keys
    assert KEY not in listed
    assert not (project / "data").exists()
