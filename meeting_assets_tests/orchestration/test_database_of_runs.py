"""A run works with the database and the raw store of the process that requested it, or not at all."""

from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from sqlalchemy import func, select

from meeting_assets.core.processes import ProcessIdentity
from meeting_assets.definitions import definitions
from meeting_assets.health.diagnostics.report import Severity
from meeting_assets.orchestration.home import prepare_home
from meeting_assets.orchestration.operations.doctor import diagnostics
from meeting_assets.orchestration.resources import StorageResource
from meeting_assets.orchestration.run_tags import DATABASE_ID
from meeting_assets.orchestration.runs import RunOutcome, dagster_instance, run_days
from meeting_assets.orchestration.sync import sync
from meeting_assets.pipeline.storage import open_storage
from meeting_assets.sandbox import Sandbox, uniform
from meeting_assets.schema.persistent import Meta, Recordings
from meeting_assets.settings import read_settings
from meeting_assets.store import heartbeats
from meeting_assets.store.database import META, Database, table_of, upsert
from meeting_assets.store.database_id import held_id
from meeting_assets.store.heartbeats import HEARTBEATS
from meeting_assets_tests.conftest import sqlite_first
from meeting_assets_tests.support.commands import command
from meeting_assets_tests.support.environments import open_test_storage, sync_days, use_sandbox

DAY = date(2026, 3, 2)

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning")


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(uniform(DAY, recordings=1, words=5)) as running:
        use_sandbox(running, monkeypatch)
        yield running


@pytest.fixture
def requested_for(sandbox: Sandbox) -> dict[str, str]:
    """The tag with which the deployment's sensor requests runs."""
    prepare_home(read_settings())
    with open_test_storage() as storage:
        database_id = held_id(storage.database)
    assert database_id is not None
    return {DATABASE_ID: database_id}


def run_of_day(tags: dict[str, str] | None = None) -> RunOutcome:
    return run_days(definitions(read_settings()), [DAY], tags=tags or {})


def recording_count() -> int:
    with open_storage(read_settings()) as storage, storage.database.reading() as connection:
        return connection.scalar(select(func.count()).select_from(table_of(Recordings))) or 0


def tags_of_runs() -> list[dict[str, str]]:
    with dagster_instance() as instance:
        return [dict(run.tags) for run in instance.get_runs()]


@pytest.mark.parametrize("is_tagged", [True, False], ids=["requested by the sensor", "started from the UI"])
def test_a_worker_with_another_database_fails_the_run_and_stores_nothing(
    requested_for: dict[str, str], sandbox: Sandbox, home: Path, monkeypatch: pytest.MonkeyPatch, is_tagged: bool
) -> None:
    monkeypatch.setenv("MEETING_ASSETS_DATABASE_URL", f"sqlite:///{home / 'hush.db'}")
    calls = sandbox.stats.list_calls.total()

    outcome = run_of_day(requested_for if is_tagged else None)

    assert (outcome.succeeded, outcome.is_permanent_failure) == (False, True)
    assert "MEETING_ASSETS_DATABASE_URL of this process names another database" in outcome.faults[0]
    assert "hush" not in " ".join(outcome.faults)
    assert recording_count() == 0
    assert sandbox.stats.list_calls.total() == calls


def test_a_worker_with_another_raw_store_fails_the_run_and_stores_nothing(
    requested_for: dict[str, str], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEETING_ASSETS_RAW_URL", str(home / "hush"))

    outcome = run_of_day(requested_for)

    assert (outcome.succeeded, outcome.is_permanent_failure) == (False, True)
    assert "MEETING_ASSETS_RAW_URL of this process names another raw store" in outcome.faults[0]
    assert "hush" not in " ".join(outcome.faults)
    assert [*(home / "hush").iterdir()] == []
    assert recording_count() == 0


@sqlite_first
def test_a_run_of_the_same_database_succeeds(
    database_url: str, requested_for: dict[str, str], sandbox: Sandbox
) -> None:
    assert run_of_day(requested_for).succeeded


@sqlite_first
def test_every_run_of_a_sync_carries_the_id_of_its_database(database_url: str, sandbox: Sandbox) -> None:
    settings = read_settings()
    prepare_home(settings)

    report = sync(definitions(settings), settings, [DAY])

    with closing(Database.at(database_url)) as database:
        database_id = held_id(database)
        with database.reading() as connection:
            left = connection.scalar(select(func.count()).select_from(HEARTBEATS))
    assert report.is_complete
    assert len(report.runs) == 3
    assert {tags[DATABASE_ID] for tags in tags_of_runs()} == {database_id}
    assert left == 0


def test_a_run_started_from_the_ui_is_tagged_by_its_process(sandbox: Sandbox) -> None:
    prepare_home(read_settings())

    assert run_of_day().succeeded

    with closing(Database.at(read_settings().database_url)) as database:
        assert [tags[DATABASE_ID] for tags in tags_of_runs()] == [held_id(database)]


def test_the_sensor_requests_runs_for_its_database(sandbox: Sandbox) -> None:
    settings = read_settings()
    prepare_home(settings)
    sandbox.add_recording()
    defs = definitions(settings)

    with (
        dagster_instance() as instance,
        dg.build_sensor_context(instance=instance, repository_def=defs.get_repository_def()) as context,
    ):
        result: Any = defs.resolve_sensor_def("finished_recordings")(context)

    with open_test_storage() as storage:
        database_id = held_id(storage.database)
    assert [request.tags[DATABASE_ID] for request in result.run_requests] == [database_id]


def test_sync_after_the_loss_of_the_database_continues_with_the_raw_store(sandbox: Sandbox, home: Path) -> None:
    sync_days([DAY])
    for path in home.glob("meetings.db*"):
        path.unlink()

    done = command("sync", "--from", str(DAY), "--to", str(DAY))

    assert done.returncode == 0, done.stderr
    assert "The empty database at " in done.stderr
    assert f"{home}/meetings.db replaces the former database of this raw store" in done.stderr
    with open_test_storage() as storage:
        assert held_id(storage.database) == storage.raw.database_id()
    again = command("sync", "--from", str(DAY), "--to", str(DAY))
    assert "replaces the former" not in again.stderr


def test_two_databases_of_meetings_do_not_share_a_raw_store(
    sandbox: Sandbox, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync_days([DAY])
    monkeypatch.setenv("MEETING_ASSETS_HOME", str(home / "second"))
    sync_days([DAY])
    monkeypatch.setenv("MEETING_ASSETS_RAW_URL", str(home / "raw"))

    done = command("sync", "--from", str(DAY), "--to", str(DAY))

    assert done.returncode == 6
    assert "The raw store belongs to another database" in done.stderr
    findings = [(each.severity, each.sentence) for each in diagnostics().checks if each.subject == "raw store"]
    assert any(severity is Severity.ERROR and "another database" in sentence for severity, sentence in findings)


@dg.op
def store_after_the_run_was_declared_orphaned(context: dg.OpExecutionContext, storage: StorageResource) -> None:
    """The run is declared orphaned by another host, then it stores something."""
    with storage.open_storage() as (settings, opened_storage):
        with closing(Database.at(settings.database_url)) as database, database.writing() as connection:
            (found,) = heartbeats.heartbeats(connection, [context.run_id])
            assert heartbeats.declare_failed(connection, found)
        with opened_storage.database.writing() as connection:
            upsert(connection, Meta, [{"name": "stored", "value": "1"}])


def test_a_run_declared_orphaned_by_another_host_stops_before_its_next_commit(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("meeting_assets.orchestration.run_heartbeat.CERTAIN_S", 0.0)
    prepare_home(read_settings())

    @dg.job(resource_defs={"storage": StorageResource()})
    def job() -> None:
        store_after_the_run_was_declared_orphaned()

    with dagster_instance() as instance:
        result = job.execute_in_process(instance=instance, raise_on_error=False)

    assert not result.success
    failure = result.failure_data_for_node("store_after_the_run_was_declared_orphaned")
    assert failure is not None
    assert failure.user_failure_data is not None
    assert "declared orphaned" in (failure.user_failure_data.description or "")
    with closing(Database.at(database_url)) as database, database.reading() as connection:
        assert connection.scalar(select(META.value).where(META.name == "stored")) is None
        (found,) = heartbeats.heartbeats(connection, [result.run_id])
    assert found.process == ProcessIdentity.current()
