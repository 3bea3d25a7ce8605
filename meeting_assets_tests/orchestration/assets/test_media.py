"""The media assets: their setting, their job and metadata, and the triggers that request it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import dagster as dg
import pytest

from meeting_assets.component import MeetingAssetsComponent
from meeting_assets.core.media_kinds import MediaKind
from meeting_assets.definitions import definitions
from meeting_assets.orchestration.assets.media import JOB
from meeting_assets.orchestration.home import prepare_home
from meeting_assets.orchestration.runs import dagster_instance, run
from meeting_assets.orchestration.sync import sync
from meeting_assets.sandbox import Sandbox, uniform
from meeting_assets.settings import read_settings
from meeting_assets_tests.support.environments import open_test_storage, sync_days, use_sandbox
from meeting_assets_tests.support.materializations import shown
from meeting_assets_tests.support.media_homes import expect_media, media_rows

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning")

DAY, EMPTY = date(2026, 3, 2), date(2026, 3, 3)
CHOSEN = "video_mixed, audio_separate"


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(uniform(DAY, recordings=2, words=20), media=True, limits=False) as running:
        use_sandbox(running, monkeypatch)
        yield running


@pytest.fixture
def listed(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A synced day whose media files wait."""
    monkeypatch.setenv("MEETING_ASSETS_MEDIA", CHOSEN)
    sync_days([DAY])
    with open_test_storage() as storage:
        expect_media(storage)


def current_definitions() -> dg.Definitions:
    settings = read_settings()
    prepare_home(settings)
    return definitions(settings)


def media_names(defs: dg.Definitions) -> set[str]:
    """The names of all assets, jobs, sensors and schedules of media."""
    specs = defs.resolve_all_asset_specs()
    assets = {spec.key.to_user_string() for spec in specs if spec.group_name in {"media", "sales_media"}}
    repository = defs.get_repository_def()
    others = {each.name for each in repository.get_all_jobs()}
    others |= {each.name for each in repository.sensor_defs} | {each.name for each in repository.schedule_defs}
    return assets | {name for name in others if "media" in name}


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("off", set()),
        ("audio_mixed", {"media/audio_mixed", "sync_media", "pending_media", "nightly_media"}),
        (
            ", ".join(MediaKind),
            {*(f"media/{kind}" for kind in MediaKind), "sync_media", "pending_media", "nightly_media"},
        ),
    ],
)
def test_assets_and_triggers_are_defined_for_the_chosen_kinds(
    monkeypatch: pytest.MonkeyPatch, setting: str, expected: set[str]
) -> None:
    monkeypatch.setenv("MEETING_ASSETS_MEDIA", setting)

    assert media_names(current_definitions()) == expected


@pytest.mark.usefixtures("home")
def test_component_has_a_field_for_media() -> None:
    component = MeetingAssetsComponent(key_prefix="sales", media=["audio_mixed"])

    defs = definitions(component.workspace().settings(), component.workspace())

    assert media_names(defs) >= {"sales/media/audio_mixed", "sales_sync_media", "sales_pending_media"}


@pytest.mark.usefixtures("listed")
def test_run_downloads_the_files_of_its_days_and_shows_counts_by_day() -> None:
    outcome = run(current_definitions(), JOB, [DAY, EMPTY], run_config={})

    assert outcome.succeeded, outcome.faults
    of_day, of_empty = shown(outcome.run_id, DAY), shown(outcome.run_id, EMPTY)
    assert of_day.keys() == {"media/video_mixed", "media/audio_separate", "meeting_pages"}
    video = of_day["media/video_mixed"]
    assert (video["dagster/partition_row_count"], video["lost"], video["waiting"]) == (2, 0, 0)
    assert video["stored_bytes"] > 10_000
    assert video["run.stored_bytes"] == f"{video['stored_bytes']:,} in 2 partitions"
    assert re.fullmatch(r"[\d,]+\.\d\d", video["run.mb_per_s"])
    assert of_empty["media/video_mixed"]["dagster/partition_row_count"] == 0
    with open_test_storage() as storage:
        stored = {row["media_kind"] for row in media_rows(storage) if row["status"] == "fetched"}
    assert stored == {"video_mixed", "audio_separate"}


@pytest.mark.usefixtures("listed")
def test_run_without_new_files_keeps_the_data_version() -> None:
    defs = current_definitions()

    first, second = (shown(run(defs, JOB, [DAY], run_config={}).run_id, DAY) for _ in range(2))

    assert first["media/video_mixed"]["data_version"] == second["media/video_mixed"]["data_version"]
    assert second["media/video_mixed"]["run.received_bytes"] == 0


def test_sync_downloads_media_at_its_end(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEETING_ASSETS_MEDIA", "video_mixed")
    defs, settings = current_definitions(), read_settings()

    report = sync(defs, settings, [DAY])
    again = sync(defs, settings, [DAY])

    assert report.is_complete, report.faults
    assert len(again.runs) < len(report.runs)
    with open_test_storage() as storage:
        assert [row["status"] for row in media_rows(storage)] == ["fetched", "fetched"]


@pytest.mark.usefixtures("listed")
def test_sensor_and_schedule_request_one_run_while_files_wait() -> None:
    defs = current_definitions()

    requested = [ranges(defs, resolve) for resolve in (sensor_of, schedule_of)]
    assert requested == [[(str(DAY), str(DAY))]] * 2

    assert run(defs, JOB, [DAY], run_config={}).succeeded
    assert ranges(defs, sensor_of) == ranges(defs, schedule_of) == []


@pytest.mark.usefixtures("listed")
def test_run_of_media_does_not_hold_the_day_in_the_queue() -> None:
    (request,) = requests(current_definitions(), sensor_of)

    assert request.partition_key is None
    assert "dagster/partition" not in request.tags
    assert int(request.tags["dagster/priority"]) < 0


@pytest.mark.usefixtures("listed")
def test_triggers_request_runs_for_stored_audio_that_is_not_analysed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(current_definitions(), JOB, [DAY], run_config={}).succeeded
    assert ranges(current_definitions(), sensor_of) == []

    monkeypatch.setenv("MEETING_ASSETS_AUDIO_ACTIVITY", "on")

    for resolve in (sensor_of, schedule_of):
        assert ranges(current_definitions(), resolve) == [(DAY.isoformat(), DAY.isoformat())]


def sensor_of(defs: dg.Definitions) -> Any:
    return defs.resolve_sensor_def("pending_media")


def schedule_of(defs: dg.Definitions) -> Any:
    return defs.resolve_schedule_def("nightly_media")


def requests(defs: dg.Definitions, resolve: Any) -> list[dg.RunRequest]:
    """The runs that a trigger requests."""
    trigger = resolve(defs)
    is_sensor = isinstance(trigger, dg.SensorDefinition)
    with dagster_instance() as instance:
        if is_sensor:
            with dg.build_sensor_context(instance, repository_def=defs.get_repository_def()) as context:
                return [*(trigger.evaluate_tick(context).run_requests or [])]
        with dg.build_schedule_context(instance, repository_def=defs.get_repository_def()) as context:
            return [*(trigger.evaluate_tick(context).run_requests or [])]


def ranges(defs: dg.Definitions, resolve: Any) -> list[tuple[str, str]]:
    """First and last day of the runs that a trigger requests."""
    ends = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
    return [(each.tags[ends[0]], each.tags[ends[1]]) for each in requests(defs, resolve)]
