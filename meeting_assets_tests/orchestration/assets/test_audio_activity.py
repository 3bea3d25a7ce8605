"""The step of voice activity: opt-in, part of the job of media, and followed by metrics and pages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import dagster as dg
import pytest
from sqlalchemy import select

from meeting_assets.definitions import definitions
from meeting_assets.metrics.quality import DataQuality
from meeting_assets.orchestration.assets.media import JOB
from meeting_assets.orchestration.home import prepare_home
from meeting_assets.orchestration.runs import run
from meeting_assets.sandbox import Sandbox, uniform
from meeting_assets.settings import read_settings
from meeting_assets.store.database import table_of
from meeting_assets_tests.support.environments import open_test_storage, sync_days, use_sandbox
from meeting_assets_tests.support.materializations import shown
from meeting_assets_tests.support.media_homes import expect_media

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning")

DAY = date(2026, 3, 2)
TABLES = {"audio_activity", "audio_analyses"}


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A synced day whose separate audio waits, with voice activity on."""
    with Sandbox(uniform(DAY, recordings=2, words=60), media=True, limits=False) as sandbox:
        use_sandbox(sandbox, monkeypatch)
        monkeypatch.setenv("MEETING_ASSETS_MEDIA", "audio_separate")
        monkeypatch.setenv("MEETING_ASSETS_AUDIO_ACTIVITY", "on")
        sync_days([DAY])
        with open_test_storage() as storage:
            expect_media(storage)
        yield


def current_definitions() -> dg.Definitions:
    settings = read_settings()
    prepare_home(settings)
    return definitions(settings)


def asset_names(defs: dg.Definitions) -> set[str]:
    return {spec.key.to_user_string() for spec in defs.resolve_all_asset_specs()}


@pytest.mark.parametrize(("setting", "expected"), [("off", set()), ("on", TABLES)])
def test_tables_of_voice_activity_are_assets_if_it_is_on(
    monkeypatch: pytest.MonkeyPatch, setting: str, expected: set[str]
) -> None:
    monkeypatch.setenv("MEETING_ASSETS_AUDIO_ACTIVITY", setting)

    assert asset_names(current_definitions()) & TABLES == expected


@pytest.mark.usefixtures("listed")
def test_run_downloads_analyses_measures_and_publishes() -> None:
    outcome = run(current_definitions(), JOB, [DAY], run_config={})

    assert outcome.succeeded, outcome.faults
    of_day = shown(outcome.run_id, DAY)
    activity = of_day["audio_activity"]
    assert (activity["run.analysed"], activity["run.unreadable"], activity["run.derived"]) == (6, 0, 2)
    assert activity["dagster/partition_row_count"] > 0
    assert of_day["audio_analyses"]["dagster/partition_row_count"] == 6
    with open_test_storage() as storage, storage.database.reading() as connection:
        coverage = [*connection.scalars(select(table_of(DataQuality).c.audio_timeline_coverage))]
        pages = storage.publications.sizes(f"meetings/{DAY}/")
        page = storage.publications.get(next(key for key in pages if key.endswith("index.html")))
    assert len(coverage) == 2
    assert min(coverage) > 0.9
    assert b"<audio controls" in (page or b"")
