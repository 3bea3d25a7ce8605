"""The player of a meeting's page in a real browser, opened from disk: lanes, times and words move it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from meeting_assets.core.media_kinds import MediaKind
from meeting_assets.publications.pages import links
from meeting_assets.publications.pages.rendering import static_files
from meeting_assets.publications.publishing import publish_days
from meeting_assets.sandbox import Sandbox, uniform
from meeting_assets.settings import read_settings
from meeting_assets_tests.support.browsers import running_chromium, serious_violations, watched_page
from meeting_assets_tests.support.environments import open_test_storage, sync_days, use_home, use_sandbox
from meeting_assets_tests.support.media_homes import expect_media, fetch

DAY = date(2026, 3, 2)
KINDS = [MediaKind.AUDIO_MIXED, MediaKind.VIDEO_MIXED, MediaKind.AUDIO_SEPARATE]

pytestmark = pytest.mark.deployment


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page of a meeting with stored audio and video."""
    home = tmp_path_factory.mktemp("home")
    with ExitStack() as stack:
        monkeypatch = stack.enter_context(pytest.MonkeyPatch.context())
        use_home(home, monkeypatch)
        with Sandbox(uniform(DAY, recordings=1, words=120, has_audio_mixed=True), media=True, limits=False) as sandbox:
            use_sandbox(sandbox, monkeypatch)
            sync_days([DAY])
            recording_id = sandbox.world.recordings[0].id
            with open_test_storage() as storage:
                expect_media(storage, KINDS)
                fetch(storage, KINDS)
        with open_test_storage() as storage:
            publish_days(storage, read_settings(), [DAY])
            for key, content in static_files().items():
                storage.publications.put(key, content)
            assert storage.publications.folder is not None
            path: Path = storage.publications.folder / links.meeting_key(DAY, recording_id)
        yield path.as_uri()


@pytest.fixture(scope="module")
def browser(url: str) -> Iterator[Browser]:
    """Started after the sync: while it runs, this thread can have no other event loop."""
    assert url
    with running_chromium() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, url: str) -> Iterator[Page]:
    with watched_page(browser) as (page, _):
        page.goto(url)
        choose(page, "Audio of the meeting")
        yield page


def choose(page: Page, label: str) -> None:
    page.get_by_label("Source").select_option(label=label)
    page.wait_for_function("() => document.querySelector('.player audio, .player video').readyState >= 1")


def position_s(page: Page) -> float:
    return float(page.evaluate("document.querySelector('.player audio, .player video').currentTime"))


def test_files_are_played_from_disk(page: Page) -> None:
    duration_s = page.evaluate("document.querySelector('.player audio').duration")

    assert duration_s == pytest.approx(36, abs=15)
    page.evaluate("document.querySelector('.player audio').muted = true")
    page.evaluate("document.querySelector('.player audio').play()")
    page.wait_for_function("() => document.querySelector('.player audio').currentTime > 0.3")


def test_click_on_a_swimlane_moves_the_player(page: Page) -> None:
    swimlane = page.locator(".lanes[data-end] .lane svg").first
    swimlane.scroll_into_view_if_needed()
    box = swimlane.bounding_box()
    assert box is not None

    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 10)

    end_s = float(page.locator(".lanes[data-end]").get_attribute("data-end") or 0)
    assert position_s(page) == pytest.approx(end_s / 2, abs=0.5)


def test_click_on_a_time_moves_the_player(page: Page) -> None:
    link = page.locator("#entries a.t").last
    second = int((link.get_attribute("href") or "").removeprefix("#t="))
    assert second > 5

    link.click()

    assert position_s(page) == pytest.approx(second, abs=0.1)


def test_click_on_a_word_moves_the_player(page: Page) -> None:
    paragraph = page.locator("#entries .e p").last
    steps = page.evaluate("JSON.parse(document.querySelector('.player').dataset.words).at(-1)")
    spot = paragraph.evaluate(
        """(element) => {
            const text = element.firstChild.data;
            const at = text.indexOf(' ') + 1;  // the second word
            const range = document.createRange();
            range.setStart(element.firstChild, at + 1);
            range.setEnd(element.firstChild, at + 2);
            const box = range.getBoundingClientRect();
            const all = element.getBoundingClientRect();
            return { x: box.left + 1 - all.left, y: box.top + box.height / 2 - all.top };
        }"""
    )

    paragraph.click(position=spot)

    assert position_s(page) == pytest.approx((steps[0] + steps[1]) / 10, abs=0.05)


def test_playhead_moves_the_player_by_keyboard(page: Page) -> None:
    slider = page.get_by_label("Position")
    slider.focus()
    page.keyboard.press("ArrowRight")

    page.keyboard.press("Enter")

    assert position_s(page) == pytest.approx(5, abs=0.1)


def test_another_source_goes_on_at_the_same_position(page: Page) -> None:
    page.locator("#entries a.t").last.click()
    before_s = position_s(page)

    choose(page, "Video of the meeting")

    page.wait_for_function("() => document.querySelector('.player video').currentTime > 1")
    expect(page.locator(".player .media")).to_be_visible()
    assert position_s(page) == pytest.approx(before_s, abs=0.5)


def test_missing_file_is_said_and_another_one_plays(browser: Browser, url: str, tmp_path: Path) -> None:
    path = Path(url.removeprefix("file://"))
    for name in (links.SCRIPT, links.STYLESHEET):
        (tmp_path / name).write_bytes((path.parents[3] / name).read_bytes())
    raw = path.parents[4] / "raw"
    html = path.read_text().replace("../../../../raw/", f"{raw.as_uri()}/").replace("../../../", "")
    first = re.findall(r'<option value="([^"]+)"', html)[0]
    copy = tmp_path / "index.html"
    copy.write_text(html.replace(f'"{first}"', '"missing.mp3"'))
    errors: list[str] = []
    context = browser.new_context()
    page = context.new_page()
    page.on("pageerror", lambda error: errors.append(str(error)))

    page.goto(copy.as_uri())
    status = page.locator(".player [role=status]")
    expect(status.get_by_text("not beside this copy")).to_be_visible()
    expect(status.get_by_text("Click a lane")).to_be_hidden()

    page.locator("#source").select_option(index=1)

    expect(status.get_by_text("not beside this copy")).to_be_hidden()
    expect(status.get_by_text("Click a lane")).to_be_visible()
    page.wait_for_function("() => document.querySelector('.player audio, .player video').readyState > 0")
    assert errors == []
    context.close()


def test_player_is_accessible(page: Page) -> None:
    assert serious_violations(page) == []
