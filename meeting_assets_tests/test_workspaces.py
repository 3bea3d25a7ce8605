"""Runs of two workspaces in one code location do not mix, and leave other runs alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from pydantic import SecretStr

from meeting_assets import MeetingAssetsComponent
from meeting_assets.orchestration.operations.orphaned_runs import fail_orphaned_runs
from meeting_assets.orchestration.operations.run_retention import delete_replaced_runs
from meeting_assets.orchestration.triggers.run_requests import requests_for
from meeting_assets.orchestration.workspace import SYNC, Workspace
from meeting_assets.pipeline.pending_recordings import PendingRecording
from meeting_assets.pipeline.storage import open_storage
from meeting_assets.sandbox import Sandbox, uniform
from meeting_assets.store.heartbeats import heartbeats
from meeting_assets_tests.conftest import sqlite_first
from meeting_assets_tests.support.components import build, instance_of, report
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


@sqlite_first
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


@pytest.mark.parametrize(("media", "undefined"), [(["audio_mixed"], set()), ([], {"sales_sync_media"})])
def test_sensors_and_schedules_start_jobs_of_their_workspace(media: list[str], undefined: set[str]) -> None:
    component = instance_of("sales", media=media)
    repository = build(component).get_repository_def()

    started = {each.job_name for each in repository.sensor_defs if each.targets}
    started |= {each.job_name for each in repository.schedule_defs}

    assert started == {*component.workspace().jobs} - undefined


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
