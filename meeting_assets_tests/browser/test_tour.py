"""A newcomer's tour of Dagster's UI in a real browser, over the demo's fortnight; it also takes the pictures of `docs`.

With a folder in MEETING_ASSETS_PICTURES, as `make docs` gives it, the pictures go there.
"""

from __future__ import annotations

import os
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import combinations
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from sqlalchemy import func, select
from sqlmodel import SQLModel

from meeting_assets.artifacts.transcript import TranscriptWords
from meeting_assets.core.instants import days_between
from meeting_assets.definitions import definitions
from meeting_assets.orchestration.home import prepare_home
from meeting_assets.orchestration.runs import run_days
from meeting_assets.pipeline.storage import open_storage
from meeting_assets.sandbox import Recording, Sandbox, fortnight
from meeting_assets.settings import read_settings
from meeting_assets.store.database import table_of
from meeting_assets_tests.support.deployment import Deployment
from meeting_assets_tests.support.graph_boxes import GRAPH, LEGIBLE_PX, node_boxes, wait_for_states

BROWSERS = "chromium", "chromium-browser", "google-chrome"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE_MS = 30_000
RUN_S = 240
SETTLE_MS = 800
PUBLICATIONS = ("meeting_pages", "search_index", "shared_pages")
CONTEXT = ("bots", "bot_status_changes", "media_objects", "meeting_metadata")
MOST_BYTES = 600_000
DAY = timedelta(days=1)
TODAY = datetime.now(UTC).date()
UNREADABLE = b'[{"participant": {"id": 100}, "words": "lost"}]'
FAULTS = re.compile("failed to load|an error occurred|unexpected error|GraphQL error", re.IGNORECASE)

pytestmark = [
    pytest.mark.deployment,
    pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning"),
]


@pytest.fixture(scope="module")
def chromium() -> str:
    """The machine's own Chromium."""
    command = next(filter(None, map(shutil.which, BROWSERS)), None)
    if command is None:
        pytest.skip("no Chromium on this machine; on Debian: apt-get install chromium")
    return command


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """The demo's fortnight, with one transcript that is not what the API documents."""
    with Sandbox(fortnight(TODAY - DAY), limits=False) as running:
        running.set_payload(unreadable(running).of("transcript")[0].id, "transcript", UNREADABLE)
        yield running


@pytest.fixture(scope="module")
def running(chromium: str, sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """A deployment that has the fortnight at home, but for its busiest day."""
    assert chromium
    deployment = Deployment(tmp_path_factory.mktemp("tour"), sandbox)
    with pytest.MonkeyPatch.context() as monkeypatch:
        deployment.settle(monkeypatch)
        prepare_home(read_settings())
        busiest = busiest_day(sandbox)
        for days in (days_between(sandbox.world.first_day, busiest - DAY), days_between(busiest + DAY, TODAY)):
            # The busiest day may be the first or the last one that the sensor no longer looks at.
            assert not days or run_days(definitions(read_settings()), days).succeeded
    with deployment:
        yield deployment


@pytest.fixture(scope="module")
def run_id(running: Deployment, sandbox: Sandbox) -> str:
    """A run of the busiest day, launched in the UI after the nightly checks."""
    checked = running.ui.evaluate_schedule("nightly_checks")
    launched = running.ui.launch(busiest_day(sandbox))
    for each in (launched, *checked):
        running.ui.wait_for_success(each, within_s=RUN_S)
    return launched


@pytest.fixture(scope="module")
def browser(chromium: str, run_id: str) -> Iterator[Browser]:
    """Started last: while it runs, this thread can have no other event loop."""
    assert run_id
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, running: Deployment, monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    """A tab of the UI; what its scripts raise fails the test."""
    running.settle(monkeypatch)
    context = browser.new_context(
        base_url=running.ui.url, viewport={"width": 1600, "height": 1000}, timezone_id="UTC", locale="en-US"
    )
    context.set_default_timeout(PATIENCE_MS)
    raised: list[str] = []
    page = context.new_page()
    page.on("pageerror", lambda error: raised.append(str(error)))
    page.goto("/")
    page.get_by_text("Hide navigation").click()
    yield page
    context.close()
    assert raised == []


def busiest_day(sandbox: Sandbox) -> date:
    """The day with most meetings, older than the sensor looks."""
    settled = (each.day for each in sandbox.world.recordings if each.day < TODAY - 2 * DAY)
    return Counter(settled).most_common(1)[0][0]


def unreadable(sandbox: Sandbox) -> Recording:
    """The meeting whose transcript cannot be read: the first with one."""
    return next(each for each in sandbox.world.recordings if each.of("transcript") and each.day != busiest_day(sandbox))


def row_count(model: type[SQLModel]) -> int:
    with open_storage(read_settings()) as storage, storage.database.reading() as connection:
        return connection.scalar(select(func.count()).select_from(table_of(model))) or 0


def see(page: Page, *texts: str) -> None:
    """Waits until the page shows these texts, and nothing that failed."""
    for text in texts:
        expect(page.get_by_text(text).first).to_be_visible(timeout=PATIENCE_MS)
    expect(page.locator("body")).not_to_contain_text(FAULTS)


def drag(page: Page, from_y: int, to_y: int) -> None:
    """Moves the bar between two panes."""
    page.mouse.move(800, from_y)
    page.mouse.down()
    page.mouse.move(800, to_y, steps=5)
    page.mouse.up()


def take_picture(page: Page, name: str, folder: Path) -> None:
    """Keeps what the page shows; small enough for a page of documentation."""
    page.wait_for_timeout(SETTLE_MS)
    wanted = os.environ.get("MEETING_ASSETS_PICTURES")
    picture = (Path(wanted) if wanted else folder) / f"{name}.png"
    picture.parent.mkdir(parents=True, exist_ok=True)
    page.mouse.move(0, 0)
    page.screenshot(path=picture)
    assert picture.stat().st_size < MOST_BYTES


def zoom(page: Page, factor: float, *, x: float, y: float) -> None:
    """Zooms the graph around a point, as a person does with Ctrl and the wheel."""
    page.mouse.move(x, y)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -round(100 * (factor - 1)))
    page.keyboard.up("Control")
    page.wait_for_timeout(SETTLE_MS)


def test_the_expanded_asset_graph_is_legible_in_one_picture(page: Page, running: Deployment, tmp_path: Path) -> None:
    page.goto("/asset-groups")
    see(page, "raw", "parsed", "metrics")
    # With the groups that lead to no metrics, the graph is too high for the window.
    page.mouse.click(600, 80)  # the field of the filter
    page.keyboard.type('not group:"context" and not group:"publications"')
    page.keyboard.press("Enter")
    expect(page.get_by_text("context", exact=True)).to_have_count(0)
    page.get_by_label("panel_show_right").last.click()
    page.keyboard.press("Alt+e")
    see(page, "speech", "turns", "meeting_metrics")
    zoom(page, 1.03, x=1550, y=130)
    wait_for_states(page)

    boxes = node_boxes(page)

    assert len(boxes) == len(running.ui.assets()) - len(CONTEXT) - len(PUBLICATIONS)
    assert {"recordings", "transcript_words", "speakers", "speech", "turns", "people"} <= {each.name for each in boxes}
    assert min(each.font_px for each in boxes) >= LEGIBLE_PX
    assert [each for each in boxes if each.is_cut or not each.lies_within(GRAPH)] == []
    assert [pair for pair in combinations(boxes, 2) if pair[0].overlaps(pair[1])] == []
    take_picture(page, "asset-graph", tmp_path)


def test_page_of_a_table_shows_its_columns_and_counts(page: Page, tmp_path: Path) -> None:
    page.goto("/assets/transcript_words")

    see(page, "Grain: one row per (recording, transcript, element of words[]).", f"{row_count(TranscriptWords):,}")
    see(
        page,
        "0-based, through the whole transcript",
        "[].words[].start_timestamp.relative",
        "SQLite",
        "sync_recordings",
    )
    take_picture(page, "table", tmp_path)


def test_lineage_of_a_table_shows_its_neighbors(page: Page) -> None:
    page.goto("/assets/transcript_words?view=lineage")

    see(page, "transcript", "transcript_words", "speakers")


def test_failing_check_names_the_recording_and_the_location(page: Page, sandbox: Sandbox, tmp_path: Path) -> None:
    page.goto("/assets/transcript_words?view=checks&checkDetail=nothing_is_quarantined")

    see(page, "nothing_is_quarantined", "Failed", "Every fetched transcript artifact can be parsed.")
    see(page, unreadable(sandbox).id, "[0].words: expected array, got str")
    take_picture(page, "checks", tmp_path)


def test_a_run_shows_its_steps_and_what_they_did(page: Page, run_id: str, sandbox: Sandbox, tmp_path: Path) -> None:
    page.goto(f"/runs/{run_id}?logs=type%3AASSET_MATERIALIZATION")
    page.get_by_label("gantt_waterfall").click()
    drag(page, 364, 560)

    see(page, "Success", "sync_recordings", f"partition: {busiest_day(sandbox)}", "raw_artifacts", "parsed_transcript")
    see(page, "Materialized value")
    take_picture(page, "run", tmp_path)


def test_an_assets_events_name_the_days_recordings(page: Page, sandbox: Sandbox, tmp_path: Path) -> None:
    page.goto(f"/assets/recordings?view=partitions&partition={busiest_day(sandbox)}")

    see(page, *(each.id for each in sandbox.world.recordings if each.day == busiest_day(sandbox)))
    take_picture(page, "day", tmp_path)


def test_plots_show_the_meetings_of_each_day(page: Page, tmp_path: Path) -> None:
    page.goto("/assets/meeting_metrics")
    page.get_by_text("Plots", exact=True).first.click()
    see(page, "day.interruptions")
    page.get_by_text("day.words", exact=True).scroll_into_view_if_needed()

    see(page, "day.meeting_hours", "day.participants", "day.speech_hours", "day.words")
    take_picture(page, "plots", tmp_path)


def test_timeline_shows_the_runs_of_commands_with_their_job(page: Page, tmp_path: Path) -> None:
    page.goto("/overview/activity/timeline?groupBy=job")
    page.get_by_text("1hr", exact=True).click()

    see(page, "meeting_assets", "sync_recordings", "check_tables")
    take_picture(page, "timeline", tmp_path)


def test_list_of_runs_shows_the_command_and_the_days(page: Page, sandbox: Sandbox, tmp_path: Path) -> None:
    page.goto("/runs")

    see(page, "meeting-assets sync", f"{busiest_day(sandbox) + DAY} to {TODAY}")
    take_picture(page, "runs", tmp_path)


def test_sensors_and_schedules_are_on(page: Page, tmp_path: Path) -> None:
    page.goto("/automation")

    see(page, "finished_recordings", "nightly_reconciliation", "At 03:00 AM UTC")
    take_picture(page, "automation", tmp_path)
