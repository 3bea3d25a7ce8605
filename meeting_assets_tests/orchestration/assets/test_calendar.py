"""The calendar step exists where MEETING_ASSETS_CALENDAR is on, and never fails because the API has no calendar."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from meeting_assets.definitions import definitions
from meeting_assets.orchestration.assets.calendar import calendar_assets
from meeting_assets.orchestration.resources import storage_key, storage_resource
from meeting_assets.orchestration.workspace import DEFAULT, Workspace
from meeting_assets.sandbox import Fault, Sandbox, empty
from meeting_assets.settings import read_settings
from meeting_assets_tests.conftest import sqlite_first
from meeting_assets_tests.support.calendars import calendar_event
from meeting_assets_tests.support.environments import use_sandbox

pytestmark = [sqlite_first, pytest.mark.filterwarnings("ignore::dagster.BetaWarning"), pytest.mark.with_tables]

TABLES = {dg.AssetKey("calendar_events"), dg.AssetKey("calendar_invitees")}
PATH = "/api/v2/calendar-events/"


@pytest.fixture
def sandbox(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(empty(), limits=False) as running:
        use_sandbox(running, monkeypatch)
        running.add_events(calendar_event(n) for n in range(3))
        yield running


@pytest.fixture
def calendar_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEETING_ASSETS_CALENDAR", "on")


def keys_of(workspace: Workspace = DEFAULT) -> set[dg.AssetKey]:
    return {*definitions(read_settings(), workspace).resolve_asset_graph().get_all_asset_keys()}


def materialized(home: Path) -> tuple[dg.ExecuteInProcessResult, dict[str, dict[str, Any]]]:
    """A run of the step, and the metadata of each output."""
    resources = {storage_key(DEFAULT): storage_resource(DEFAULT)}
    with dg.DagsterInstance.local_temp(str(home)) as instance:
        result = dg.materialize(
            calendar_assets(read_settings(), DEFAULT), resources=resources, instance=instance, raise_on_error=False
        )
    metadata = {
        event.asset_key.to_user_string(): {name: value.value for name, value in event.materialization.metadata.items()}
        for event in result.get_asset_materialization_events()
        if event.asset_key is not None
    }
    return result, metadata


def test_step_is_defined_only_where_the_setting_is_on(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    off = keys_of()
    monkeypatch.setenv("MEETING_ASSETS_CALENDAR", "on")
    on = keys_of()

    assert off & TABLES == set()
    assert on - off == TABLES
    assert sandbox.stats.list_calls == {}


def test_run_stores_events_and_reports_counts(sandbox: Sandbox, calendar_on: None, tmp_path: Path) -> None:
    result, metadata = materialized(tmp_path)

    assert result.success
    assert metadata["calendar_events"]["dagster/row_count"] == 3
    assert metadata["calendar_invitees"]["dagster/row_count"] == 6
    assert (metadata["calendar_events"]["run.new"], metadata["calendar_events"]["run.listed"]) == (3, 3)


def test_metadata_names_no_title_and_no_address(sandbox: Sandbox, calendar_on: None, tmp_path: Path) -> None:
    sandbox.change_event(next(iter(sandbox.world.calendar_events)), edits={"start_time": None, "raw": {"summary": "X"}})

    _, metadata = materialized(tmp_path)

    assert metadata["calendar_events"]["run.unreadable"] == 1
    assert "Meeting" not in str(metadata)
    assert "@" not in str(metadata)


@pytest.mark.parametrize("status", [403, 404])
def test_api_without_a_calendar_is_reported_and_fails_nothing(
    sandbox: Sandbox, calendar_on: None, tmp_path: Path, status: int
) -> None:
    sandbox.inject(Fault(PATH, times=None, status=status, body="{}"))

    result, metadata = materialized(tmp_path)

    assert result.success
    assert all("MEETING_ASSETS_CALENDAR" in each["run.unavailable"] for each in metadata.values())
    assert {*metadata} == {"calendar_events", "calendar_invitees"}


def test_rejected_key_fails_the_step(sandbox: Sandbox, calendar_on: None, tmp_path: Path) -> None:
    sandbox.inject(Fault(PATH, times=None, status=401, body="{}"))

    result, metadata = materialized(tmp_path)

    assert not result.success
    assert metadata == {}


def test_data_version_changes_with_the_events_alone(sandbox: Sandbox, calendar_on: None, tmp_path: Path) -> None:
    def version() -> str:
        result, _ = materialized(tmp_path)
        (event,) = result.asset_materializations_for_node("calendar")[:1]
        return str((event.tags or {})["dagster/data_version"])

    first, idle = version(), version()
    sandbox.change_event(next(iter(sandbox.world.calendar_events)), title="Renamed")

    assert first == idle
    assert version() != first


def test_assets_of_a_workspace_have_its_prefix(sandbox: Sandbox, calendar_on: None) -> None:
    keys = keys_of(Workspace(("emea",)))

    assert {dg.AssetKey(["emea", "calendar_events"]), dg.AssetKey(["emea", "calendar_invitees"])} <= keys
