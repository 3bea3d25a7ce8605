"""The page of a meeting in a real browser, opened from disk: times, playhead, search, keyboard, phone, print."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Browser, Page, expect

from meeting_assets.pipeline.storage import open_storage
from meeting_assets.publications.pages import links
from meeting_assets.publications.pages.meeting_page import meeting_page
from meeting_assets.publications.pages.rendering import static_files
from meeting_assets.publications.pages.site import Site
from meeting_assets.sandbox import Sandbox
from meeting_assets.settings import read_settings
from meeting_assets_tests.support.browsers import running_chromium, serious_violations, watched_page
from meeting_assets_tests.support.environments import sync_days, use_home, use_sandbox
from meeting_assets_tests.support.page_meetings import DAY, HOSTILE_TEXT, MEETINGS, SCRIPT, recording_ids, world

PHONE = {"width": 390, "height": 844}

pytestmark = pytest.mark.deployment


@dataclass(frozen=True)
class StoredSite:
    """A folder with the pages of `MEETINGS`."""

    folder: Path

    def url(self, name: str, fragment: str = "") -> str:
        key = links.meeting_key(DAY, recording_ids()[name])
        return (self.folder / key).as_uri() + fragment


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> StoredSite:
    folder = tmp_path_factory.mktemp("site")
    with ExitStack() as stack:
        monkeypatch = stack.enter_context(pytest.MonkeyPatch.context())
        use_home(tmp_path_factory.mktemp("home"), monkeypatch)
        with Sandbox(world(), limits=False) as sandbox:
            use_sandbox(sandbox, monkeypatch)
            sync_days([DAY])
        storage = stack.enter_context(open_storage(read_settings()))
        connection = stack.enter_context(storage.database.reading())
        for recording_id in recording_ids().values():
            file = folder / links.meeting_key(DAY, recording_id)
            file.parent.mkdir(parents=True)
            file.write_text(meeting_page(connection, recording_id, Site.read(connection)) or "", "utf-8")
    for key, content in static_files().items():
        (folder / key).write_bytes(content)
    return StoredSite(folder)


@pytest.fixture(scope="module")
def browser(site: StoredSite) -> Iterator[Browser]:
    """Started after the sync: while it runs, this thread can have no other event loop."""
    assert site
    with running_chromium() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with watched_page(browser) as (page, _):
        yield page


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a web server on the loopback interface: Chromium ignores names of downloads from disk."""
    handler = partial(QuietHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves files, and prints nothing."""

    def log_message(self, *message: object) -> None:
        """Requests are not logged."""


def marked_text(page: Page) -> str:
    return page.locator(".e.here p").inner_text()


def is_in_view(page: Page, selector: str) -> bool:
    box = page.locator(selector).bounding_box()
    assert box is not None
    assert page.viewport_size is not None
    return 0 <= box["y"] < page.viewport_size["height"]


@pytest.mark.parametrize("name", MEETINGS)
def test_page_opens_from_disk_without_faults_and_network_requests(
    browser: Browser, site: StoredSite, name: str
) -> None:
    with watched_page(browser) as (page, behaviour):
        page.goto(site.url(name))

        assert page.locator("h1").is_visible()
        assert [each.rpartition("/")[2] for each in behaviour.requests[:3]] == ["index.html", "style.css", "site.js"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["ordinary", "labels", "silent", "hostile", "no_transcript", "crowd"])
def test_page_has_no_serious_barriers_for_assistive_technology(
    browser: Browser, site: StoredSite, name: str, scheme: str
) -> None:
    with watched_page(browser, color_scheme=scheme) as (page, _):
        page.goto(site.url(name))
        for each in page.locator("details").all():
            each.evaluate("each => { each.open = true; }")

        assert serious_violations(page) == []


@pytest.mark.parametrize("name", MEETINGS)
def test_phone_shows_the_page_without_sideways_scrolling(browser: Browser, site: StoredSite, name: str) -> None:
    with watched_page(browser, viewport=PHONE) as (page, _):
        page.goto(site.url(name))

        width, shown = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")

        assert width <= shown <= PHONE["width"]


def test_texts_of_a_meeting_are_displayed_and_never_executed(page: Page, site: StoredSite) -> None:
    page.goto(site.url("hostile"))
    page.locator("#find").fill("<script>")

    expect(page.locator("h1")).to_contain_text(SCRIPT)
    expect(page.locator("#entries .e p").first).to_have_text(HOSTILE_TEXT.replace("\u0000", "\ufffd"))
    expect(page.locator("form.find [role=status]")).to_have_text("1 of 12")
    assert page.evaluate("document.scripts.length") == 1


@pytest.mark.parametrize(
    ("fragment", "text"),
    [
        ("#t=72", "And the plan for next week?"),
        ("#t=90", "Here is the link"),
        ("#t=96.5", "It is ready, I think we can send it."),
        ("#t=0", "Good morning. Shall we start with the numbers?"),
        ("#t=9999", "Bye all"),
    ],
)
def test_link_to_a_time_marks_the_paragraph_of_that_time(
    page: Page, site: StoredSite, fragment: str, text: str
) -> None:
    page.goto(site.url("ordinary", fragment))

    assert marked_text(page) == text
    assert is_in_view(page, ".e.here")
    assert page.evaluate("document.activeElement.className") == "t"


def test_link_to_a_later_time_of_an_open_page_moves_the_mark(page: Page, site: StoredSite) -> None:
    page.goto(site.url("monologue", "#t=0"))
    page.evaluate("location.hash = '#t=200'")
    expect(page.locator(".e.here a")).to_have_attribute("href", re.compile("^#t=[1-9]"))

    assert is_in_view(page, ".e.here")
    page.go_back()
    expect(page.locator(".e.here a")).to_have_attribute("href", "#t=0")


def test_click_on_a_swimlane_leads_to_the_words_of_that_moment(page: Page, site: StoredSite) -> None:
    page.goto(site.url("ordinary"))
    swimlane = page.locator(".lane svg").first
    box = swimlane.bounding_box()
    assert box is not None
    swimlane.click(position={"x": box["width"] * 97 / 600, "y": 10})

    assert marked_text(page) == "It is ready, I think we can send it."
    line, track = page.locator(".line").bounding_box(), page.locator(".over .track").bounding_box()
    assert line is not None
    assert track is not None
    assert (line["x"] + 1 - track["x"]) / track["width"] == pytest.approx(97 / 600, abs=0.005)


def test_playhead_moves_by_keys_and_leads_to_the_words(page: Page, site: StoredSite) -> None:
    page.goto(site.url("ordinary"))
    page.locator("#playhead").focus()
    for key in ("PageUp", "ArrowRight", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)

    expect(page.locator(".playhead output")).to_have_text("0:01:15 Ben Ito: Here is the link")
    assert page.locator("#playhead").get_attribute("aria-valuetext") == "0:01:15, Ben Ito"
    page.keyboard.press("Enter")
    assert marked_text(page) == "Here is the link"
    assert is_in_view(page, ".e.here")


def test_highlight_leads_to_its_moment(page: Page, site: StoredSite) -> None:
    page.goto(site.url("ordinary"))
    page.locator(".highlights a.t").first.click()

    assert marked_text(page).startswith("Sorry for being late.")


def test_typing_leads_to_the_first_match_and_keeps_the_focus(page: Page, site: StoredSite) -> None:
    page.goto(site.url("ordinary"))
    field, status = page.locator("#find"), page.locator("form.find [role=status]")

    field.press_sequentially("NUMBERS")

    expect(status).to_have_text("1 of 2")
    assert marked_text(page).endswith("the numbers?")
    assert is_in_view(page, ".e.here")
    assert page.evaluate("document.activeElement.id") == "find"
    assert page.evaluate("CSS.highlights.get('current').size") == 1


def test_search_steps_through_matches_in_both_directions(page: Page, site: StoredSite) -> None:
    page.goto(site.url("ordinary"))
    field, status = page.locator("#find"), page.locator("form.find [role=status]")
    field.fill("numbers")
    expect(status).to_have_text("1 of 2")

    field.press("Enter")
    expect(status).to_have_text("2 of 2")
    assert marked_text(page).startswith("Yes. The numbers")
    page.get_by_label("Next match").click()
    expect(status).to_have_text("1 of 2")
    field.press("Shift+Enter")
    expect(status).to_have_text("2 of 2")


def test_enter_right_after_typing_shows_the_first_match(page: Page, site: StoredSite) -> None:
    page.goto(site.url("ordinary"))

    page.locator("#find").evaluate(
        """field => {
            field.value = "numbers";
            field.dispatchEvent(new Event("input"));
            field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", cancelable: true }));
        }"""
    )

    assert page.inner_text("form.find [role=status]") == "1 of 2"


def test_words_without_match_are_reported_and_escape_clears_them(page: Page, site: StoredSite) -> None:
    page.goto(site.url("ordinary"))
    field, status = page.locator("#find"), page.locator("form.find [role=status]")
    field.fill("(no such words")
    expect(status).to_have_text("No match")

    field.fill("numbers")
    expect(status).to_have_text("1 of 2")
    field.press("Escape")

    expect(status).to_have_text("")
    assert field.input_value() == ""
    assert page.evaluate("CSS.highlights.get('found').size") == 0


def test_saved_files_are_named_by_day_and_title(page: Page, site: StoredSite) -> None:
    page.goto(site.url("ordinary"))

    names = page.eval_on_selector_all(".downloads a", "links => links.map(link => link.download)")

    end = recording_ids()["ordinary"].replace("-", "")[-8:]
    endings = ["vtt", "md", "attendance.csv"]
    assert names == [f"{DAY} Weekly planning {end}.{ending}" for ending in endings]


def test_browser_saves_files_under_the_name_of_a_hostile_title(browser: Browser, site: StoredSite) -> None:
    key = links.meeting_key(DAY, recording_ids()["hostile"])
    for link in re.findall(r'href="([^"/]+)" download', (site.folder / key).read_text("utf-8")):
        (site.folder / key).with_name(link).write_text("content")
    with served(site.folder) as address, browser.new_page() as page:
        page.goto(f"{address}/{key}")
        link = page.locator(".downloads a").first
        with page.expect_download() as download:
            link.click()

        saved = download.value.suggested_filename

        assert saved == link.get_attribute("download")
        assert saved.startswith(f"{DAY} script alert(1) script TTT")


def test_keyboard_alone_reaches_every_control(page: Page, site: StoredSite) -> None:
    page.goto(site.url("ordinary"))
    reachable = "a[href], button, input, summary, [tabindex='0']"
    expected = page.evaluate(
        f"[...document.querySelectorAll(`{reachable}`)].filter(each => each.checkVisibility()).length"
    )
    page.evaluate("document.activeElement.blur(); window.reached = new Set();")
    for _ in range(expected + 5):
        page.keyboard.press("Tab")
        page.evaluate("window.reached.add(document.activeElement)")

    missed = page.evaluate(
        f"[...document.querySelectorAll(`{reachable}`)]"
        ".filter(each => each.checkVisibility() && !window.reached.has(each)).map(each => each.outerHTML)"
    )
    assert expected > 40
    assert missed == []


def test_focused_link_is_outlined(page: Page, site: StoredSite) -> None:
    page.goto(site.url("ordinary"))
    page.keyboard.press("Tab")

    style = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")

    assert style == "solid"


def test_page_without_script_shows_everything_but_the_controls(browser: Browser, site: StoredSite) -> None:
    with watched_page(browser, java_script_enabled=False) as (page, _):
        page.goto(site.url("ordinary", "#t=72"))

        assert page.locator("#entries .e p").count() == 9
        assert page.locator("#entries .e p").last.is_visible()
        assert not page.locator("form.find").is_visible()
        assert not page.locator(".playhead").is_visible()
        assert is_in_view(page, "[id='t=72']")


def test_print_has_the_content_and_no_controls(page: Page, site: StoredSite) -> None:
    page.goto(site.url("ordinary"))
    page.emulate_media(media="print")

    for hidden in ("form.find", ".playhead", "header.site", ".parts", "button"):
        assert page.locator(hidden).first.is_hidden()
    assert page.locator("#entries .e p").last.is_visible()
    assert len(page.pdf()) > 10_000


def test_times_switch_to_the_zone_of_the_reader(browser: Browser, site: StoredSite) -> None:
    with watched_page(browser, timezone_id="Asia/Tokyo") as (page, _):
        page.goto(site.url("ordinary"))
        page.get_by_role("button", name="Times in UTC").click()

        expect(page.locator(".facts time").first).to_have_text("2026-03-02 15:00")
