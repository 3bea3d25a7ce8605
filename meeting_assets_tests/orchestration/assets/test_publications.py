"""The assets of published files: their settings, outputs, metadata, and failures."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from meeting_assets.definitions import definitions
from meeting_assets.orchestration.home import prepare_home
from meeting_assets.orchestration.runs import run_days
from meeting_assets.orchestration.sync import sync
from meeting_assets.publications import publishing
from meeting_assets.publications.exports import FORMATS
from meeting_assets.publications.meeting_text import MeetingText
from meeting_assets.sandbox import Sandbox, uniform
from meeting_assets.settings import read_settings
from meeting_assets_tests.support.environments import table_rows, use_sandbox
from meeting_assets_tests.support.materializations import shown
from meeting_assets_tests.support.runs import run_successfully

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning")

DAY, EMPTY = date(2026, 3, 2), date(2026, 3, 3)


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(uniform(DAY, recordings=2, words=20), limits=False) as running:
        use_sandbox(running, monkeypatch)
        yield running


def current_definitions() -> dg.Definitions:
    settings = read_settings()
    prepare_home(settings)
    return definitions(settings)


def published_assets() -> set[str]:
    specs = current_definitions().resolve_all_asset_specs()
    return {spec.key.to_user_string() for spec in specs if spec.group_name == "publications"}


@pytest.mark.parametrize(
    ("pages", "exports", "expected"),
    [
        ("on", "off", {"meeting_pages", "search_index", "shared_pages"}),
        ("on", "vtt", {"exports", "meeting_pages", "search_index", "shared_pages"}),
        ("off", "vtt, md", {"exports", "search_index"}),
        ("off", "off", {"search_index"}),
    ],
)
def test_assets_are_defined_where_their_setting_is_on(
    monkeypatch: pytest.MonkeyPatch, pages: str, exports: str, expected: set[str]
) -> None:
    monkeypatch.setenv("MEETING_ASSETS_PAGES", pages)
    monkeypatch.setenv("MEETING_ASSETS_EXPORTS", exports)

    assert published_assets() == expected


def test_run_of_a_day_publishes_it_and_shows_counts_and_places(
    sandbox: Sandbox, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEETING_ASSETS_EXPORTS", "vtt,srt")
    defs = current_definitions()

    first = shown(run_successfully(defs, [DAY, EMPTY]).run_id, DAY)
    second_run = run_successfully(defs, [DAY, EMPTY]).run_id
    second, empty = shown(second_run, DAY), shown(second_run, EMPTY)

    names = "run.written", "run.unchanged", "run.removed"
    of_both = "in 2 partitions"
    assert counts(first["exports"], *names) == (f"4 {of_both}", f"0 {of_both}", f"0 {of_both}")
    assert counts(second["exports"], *names) == (f"0 {of_both}", f"4 {of_both}", f"0 {of_both}")
    assert counts(second["meeting_pages"], *names)[0] == f"0 {of_both}"
    assert first["exports"]["dagster/partition_row_count"] == 4
    assert empty["exports"]["dagster/partition_row_count"] == empty["meeting_pages"]["dagster/partition_row_count"] == 0
    ids = {record.data["recording_id"] for record in first["meeting_pages"]["files"].records}
    assert ids == {each.id for each in sandbox.world.recordings}
    assert (Path(first["meeting_pages"]["folder"]) / min(ids) / "index.html").is_file()
    assert first["meeting_pages"]["data_version"] == second["meeting_pages"]["data_version"]


def test_sync_writes_the_shared_pages_after_the_roll_up_and_links_persons(sandbox: Sandbox, home: Path) -> None:
    report = sync(current_definitions(), read_settings(), [DAY])

    assert report.is_complete, report.faults
    site = home / "publications"
    assert {path.name for path in site.iterdir()} >= {"index.html", "health.html", "definitions.html", "style.css"}
    page = site / "meetings" / str(DAY) / sandbox.world.recordings[0].id / "index.html"
    assert "../../../people/" in page.read_text()


def test_events_of_a_run_contain_no_name_and_no_title(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = run_successfully(current_definitions(), [DAY]).run_id

    with dg.DagsterInstance.get() as instance:
        said = "\n".join(str(entry) for entry in instance.all_logs(run_id))
    private = {row[3] for row in table_rows()["participants"] if row[3]}
    assert private
    assert [each for each in private if each in said] == []


def test_a_recording_that_cannot_be_rendered_fails_the_step_after_its_outputs(
    sandbox: Sandbox, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEETING_ASSETS_EXPORTS", "txt")
    broken_id, fine_id = sorted(each.id for each in sandbox.world.recordings)
    text_format = FORMATS["txt"]

    def write(meeting: MeetingText) -> str:
        if meeting.recording_id == broken_id:
            raise LookupError
        return text_format.write(meeting)

    monkeypatch.setattr(publishing, "FORMATS", {**FORMATS, "txt": type(text_format)("txt", "txt", write)})
    outcome = run_days(current_definitions(), [DAY])

    assert not outcome.succeeded
    assert [broken_id in fault and "LookupError" in fault for fault in outcome.faults] == [True]
    assert shown(outcome.run_id, DAY)["exports"]["run.written"] == 1
    assert [fine_id in path.name for path in (home / "publications").rglob("*.txt")] == [True]


def test_unusable_store_fails_its_step_and_does_not_stop_the_other_days(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEETING_ASSETS_PUBLICATIONS_URL", "/dev/null/pages")

    outcome = run_days(current_definitions(), [DAY])

    assert not outcome.succeeded
    assert not outcome.is_permanent_failure
    assert "MEETING_ASSETS_PUBLICATIONS_URL" in outcome.faults[0]
    assert len(table_rows()["meeting_metrics"]) == 2


def counts(metadata: dict[str, Any], *names: str) -> tuple[Any, ...]:
    return tuple(metadata[name] for name in names)
