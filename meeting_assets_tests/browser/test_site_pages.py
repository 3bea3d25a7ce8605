"""The shared pages of the site in a real browser, opened from disk."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import Engine, select

from meeting_assets.metrics.series import RecordingSeries
from meeting_assets.metrics.tables import MeetingMetrics, ParticipantMetrics
from meeting_assets.metrics.trends import People
from meeting_assets.pipeline.everyday_views import EVERYDAY_VIEWS
from meeting_assets.publications.pages import links
from meeting_assets.publications.pages.index_page import index_of, index_page
from meeting_assets.publications.pages.meetings import Attendee, Meeting, Meetings
from meeting_assets.publications.pages.rendering import static_files
from meeting_assets.publications.pages.site import Site
from meeting_assets.schema.persistent import Recordings
from meeting_assets.store.database import table_of
from meeting_assets_tests.conftest import shared_folder
from meeting_assets_tests.support.browsers import running_chromium, serious_violations
from meeting_assets_tests.support.site_pages import HOSTILE, copy_of_database, write, write_site
from meeting_assets_tests.support.stored_fortnight import fortnight_at_home

pytestmark = pytest.mark.deployment

WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
KINDS = ("index", "people", "person", "series list", "series", "health", "definitions")
MANY = 450

CONTRAST = """() => {
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const colour = rgb(getComputedStyle(each).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return rgb(getComputedStyle(document.body).backgroundColor);
  };
  const poor = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.textContent.trim() || !element.checkVisibility() || element.closest("title, desc, option")) continue;
    const style = getComputedStyle(element);
    const text = element.namespaceURI.endsWith("svg") ? style.fill : style.color;
    const [a, b] = [light(rgb(text)), light(behind(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) poor.push(`${node.textContent.trim().slice(0, 40)}: ${ratio.toFixed(2)}`);
  }
  return poor;
}"""
"""Texts whose contrast is below 4.5:1."""


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The fortnight with one hostile name and title."""
    with ExitStack() as open_home:
        with shared_folder(tmp_path_factory, "fortnight") as home:
            open_home.enter_context(fortnight_at_home(home, f"sqlite:///{home / 'meetings.db'}"))
        engine = copy_of_database(home / "meetings.db", tmp_path_factory.mktemp("site") / "copy.db")
        people = table_of(People)
        with engine.begin() as connection:
            recordings = table_of(Recordings)
            newest = connection.scalar(select(recordings.c.recording_id).order_by(recordings.c.started_at.desc()))
            for table, values in (
                (recordings, {"display_title": HOSTILE}),
                (table_of(ParticipantMetrics), {"name": HOSTILE}),
            ):
                connection.execute(table.update().where(table.c.recording_id == newest).values(values))
            first = connection.scalar(select(people.c.person_key).order_by(people.c.person_key))
            connection.execute(people.update().where(people.c.person_key == first).values(name=HOSTILE))
        yield engine
        engine.dispose()


@pytest.fixture(scope="module")
def site(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the written site."""
    folder = tmp_path_factory.mktemp("pages")
    write_site(engine, folder)
    return folder


@pytest.fixture(scope="module")
def keys(engine: Engine) -> dict[str, str]:
    """The key of one page of each kind."""
    with engine.connect() as connection:
        people, series = table_of(People).c, table_of(RecordingSeries).c
        person = connection.scalar(select(people.person_key).order_by(people.meeting_count.desc()))
        of_series = connection.scalar(select(series.series_id).order_by(series.meeting_count.desc()))
    assert person is not None
    assert of_series is not None
    pages = (links.INDEX, links.PEOPLE, links.person_key_page(person), links.SERIES, links.series_page(of_series))
    return dict(zip(KINDS, (*pages, links.HEALTH, links.DEFINITIONS), strict=True))


@pytest.fixture(scope="module")
def browser(site: Path) -> Iterator[Browser]:
    """Started last: while it runs, this thread can have no other event loop."""
    assert site
    with running_chromium() as browser:
        yield browser


Open = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, site: Path) -> Iterator[Open]:
    """Opens a page from disk. Messages of the console, errors and requests for anything but the site fail the test."""
    contexts, troubles = [], []

    def open_in_new_context(key: str, folder: Path = site, **options: Any) -> Page:
        context = browser.new_context(**{"viewport": WIDE, "timezone_id": "Asia/Tokyo", "locale": "en-US"} | options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: troubles.append(message.text))
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("dialog", lambda dialog: troubles.append(dialog.message))
        page.on("request", lambda each: None if each.url.startswith(folder.as_uri()) else troubles.append(each.url))
        page.on("requestfailed", lambda each: troubles.append(f"{each.url} failed"))
        page.goto(f"{folder.as_uri()}/{key}")
        return page

    yield open_in_new_context
    for context in contexts:
        context.close()
    assert troubles == []


@pytest.fixture(scope="module")
def meetings(engine: Engine) -> list[Any]:
    """The rows of the view `meetings`, newest first."""
    view = EVERYDAY_VIEWS["meetings"].subquery()
    with engine.connect() as connection:
        return [*connection.execute(select(view).order_by(view.c.started_at.desc(), view.c.recording_id.desc()))]


def shown(page: Page) -> list[str]:
    """The recording ids of the visible rows of the list of meetings, in their order."""
    hrefs = page.eval_on_selector_all(
        "#meetings tbody tr", "rows => rows.filter(r => r.checkVisibility()).map(r => r.querySelector('th a').href)"
    )
    return [re.findall(r"/([^/]+)/index\.html$", href)[0] for href in hrefs]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_have_a_contrast_of_at_least_4_5(open_page: Open, keys: dict[str, str], kind: str, scheme: str) -> None:
    assert open_page(keys[kind], color_scheme=scheme).evaluate(CONTRAST) == []


@pytest.mark.parametrize("kind", KINDS)
def test_axe_finds_nothing_serious(open_page: Open, keys: dict[str, str], kind: str) -> None:
    assert serious_violations(open_page(keys[kind])) == []


def test_axe_finds_nothing_serious_on_a_phone(open_page: Open) -> None:
    assert serious_violations(open_page(links.SERIES, viewport=PHONE)) == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
def test_page_never_scrolls_sideways(
    open_page: Open, keys: dict[str, str], kind: str, viewport: dict[str, int]
) -> None:
    page = open_page(keys[kind], viewport=viewport)

    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


def test_phone_shows_every_value_of_a_row(open_page: Open) -> None:
    row = open_page(links.INDEX, viewport=PHONE).locator("#meetings tbody tr").nth(3)

    boxes = [cell.bounding_box() for cell in row.locator("td, th").all()]

    assert all(box and box["x"] >= 0 and box["x"] + box["width"] <= PHONE["width"] for box in boxes)


def test_printed_list_of_meetings_fits_the_paper(open_page: Open) -> None:
    page = open_page(links.INDEX, viewport={"width": 720, "height": 1000})
    page.emulate_media(media="print")

    assert page.evaluate("document.documentElement.scrollWidth") <= 720
    assert not page.locator("form.filters").is_visible()


def test_hostile_names_and_titles_are_displayed_as_text(open_page: Open) -> None:
    assert "<script>alert('x')</script>" in open_page(links.INDEX).inner_text("#meetings")
    assert "<script>alert('x')</script>" in open_page(links.PEOPLE).inner_text("#people-list")


def test_meetings_are_shown_newest_first(open_page: Open, meetings: list[Any]) -> None:
    assert shown(open_page(links.INDEX)) == [row.recording_id for row in meetings]


def test_without_javascript_every_meeting_is_shown(open_page: Open, meetings: list[Any]) -> None:
    page = open_page(links.INDEX, java_script_enabled=False)

    assert page.locator("#meetings tbody tr").count() == len(meetings)
    assert page.locator("#meetings tbody tr").last.is_visible()
    assert not page.locator("form.filters").is_visible()


@pytest.mark.parametrize(
    ("head", "value"),
    [
        ("Duration", lambda row: row.duration_minutes),
        ("Top speaker", lambda row: row.top_talk_share),
        ("Late arrivals", lambda row: row.late_joiners),
    ],
)
def test_list_is_sorted_by_a_column_in_both_directions(
    open_page: Open, meetings: list[Any], head: str, value: Callable[[Any], Any]
) -> None:
    page, values = open_page(links.INDEX), {row.recording_id: value(row) for row in meetings}
    known = sorted(each for each in values.values() if each is not None)
    unknown = [None] * (len(values) - len(known))
    button = page.get_by_role("button", name=head, exact=True)

    button.click()
    assert [values[each] for each in shown(page)] == [*reversed(known), *unknown]
    assert page.locator("#meetings th[aria-sort=descending]").inner_text().startswith(head)
    button.click()
    assert [values[each] for each in shown(page)] == [*known, *unknown]


def test_sort_buttons_work_with_the_keyboard(open_page: Open, meetings: list[Any]) -> None:
    page = open_page(links.INDEX)

    page.get_by_role("button", name="Duration", exact=True).focus()
    page.keyboard.press("Enter")

    longest = max(meetings, key=lambda row: row.duration_minutes or 0)
    assert shown(page)[0] == longest.recording_id
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.ariaLabel") == "Definition of Duration"


def test_click_beside_the_label_of_a_head_sorts(open_page: Open, meetings: list[Any]) -> None:
    page = open_page(links.INDEX)
    head = page.locator("#meetings th", has_text="Participants")
    box = head.bounding_box()
    assert box is not None

    head.click(position={"x": box["width"] - 3, "y": box["height"] / 2})

    assert head.get_attribute("aria-sort") == "ascending"
    assert page.locator("#meetings th[aria-sort]").count() == 1


def test_mark_beside_a_label_leads_to_the_definition(open_page: Open) -> None:
    page = open_page(links.INDEX)

    page.get_by_role("link", name="Definition of Late arrivals").click()

    assert page.url.endswith("definitions.html#meeting_metrics.late_joiners")
    box = page.locator(":target").bounding_box()
    assert box is not None
    assert box["y"] >= 16


def test_phone_sorts_in_both_directions(open_page: Open, meetings: list[Any]) -> None:
    page = open_page(links.INDEX, viewport=PHONE)
    lengths = {row.recording_id: row.duration_minutes for row in meetings if row.duration_minutes is not None}

    page.get_by_label("Sort by").select_option("Duration")
    assert shown(page)[0] == max(lengths, key=lengths.__getitem__)
    page.get_by_role("button", name="Descending").click()
    assert shown(page)[0] == min(lengths, key=lengths.__getitem__)


def test_phone_returns_to_the_order_of_the_page(open_page: Open, keys: dict[str, str]) -> None:
    page = open_page(keys["series"], viewport=PHONE)
    names = page.locator("table[data-sortable=people] tbody th")
    listed, choice = names.all_inner_texts(), page.get_by_label("Sort by").first

    choice.select_option("Late arrivals")
    choice.select_option("Order of the page")

    assert names.all_inner_texts() == listed
    assert "people=" not in page.url


def test_filters_and_order_are_restored_when_the_reader_comes_back(open_page: Open) -> None:
    page = open_page(links.INDEX)
    page.get_by_label("Title").fill("daily")
    page.locator("form [name=data]").select_option("complete")
    page.get_by_role("button", name="Duration", exact=True).click()
    rows = shown(page)

    page.locator("#meetings tbody th a:visible").first.click()
    page.go_back()

    assert shown(page) == rows
    assert page.get_by_label("Title").input_value() == "daily"
    assert page.locator("#meetings th[aria-sort=descending]").inner_text().startswith("Duration")


def test_address_shows_the_same_rows_to_another_reader(open_page: Open, meetings: list[Any]) -> None:
    page = open_page(links.INDEX)
    page.locator("form [name=series]").select_option("Daily")
    page.get_by_label("From").fill("2026-01-07")
    page.get_by_role("button", name="Late arrivals", exact=True).click()

    other = open_page(links.INDEX + page.evaluate("location.hash"))

    assert 0 < len(shown(other)) < len(meetings)
    assert shown(other) == shown(page)
    assert other.locator("form [name=series] option:checked").inner_text() == "Daily"


def test_cleared_filters_leave_no_trace_in_the_address(open_page: Open, meetings: list[Any]) -> None:
    page = open_page(links.INDEX + "#title=daily&series=gone&sort=-duration")
    assert 0 < len(shown(page)) < len(meetings)

    page.get_by_role("button", name="Clear filters").click()
    expect(page.locator("#meetings tbody tr:not([hidden])")).to_have_count(len(meetings))
    page.get_by_role("button", name="Start", exact=True).click()

    assert "#" not in page.url


def test_skip_link_keeps_the_filters(open_page: Open) -> None:
    page = open_page(links.INDEX + "#title=daily")

    page.locator("a.skip").focus()
    page.keyboard.press("Enter")

    assert page.evaluate("document.activeElement.id") == "content"
    assert page.url.endswith("#title=daily")


def test_index_suggests_the_command_that_searches_transcripts(open_page: Open) -> None:
    page = open_page(links.INDEX)
    command = page.locator("[data-search]")
    assert command.inner_text() == "meeting-assets search 'words'"

    page.get_by_label("Title").fill("it's -late")
    page.get_by_label("Person").fill("Ana Ruiz")
    page.get_by_label("From").fill("2026-01-07")

    words = shlex.split(command.inner_text())
    assert words == ["meeting-assets", "search", "--speaker", "Ana Ruiz", "--from", "2026-01-07", "it's -late"]
    page.get_by_label("Title").fill("-x $(id)")
    assert shlex.split(command.inner_text())[-2:] == ["--", "-x $(id)"]


def test_list_is_filtered_by_title(open_page: Open, meetings: list[Any]) -> None:
    page = open_page(links.INDEX)

    page.get_by_label("Title").fill("DAILY")

    expected = [row.recording_id for row in meetings if "daily" in (row.title or "").lower()]
    assert 0 < len(expected) < len(meetings)
    assert shown(page) == expected
    assert page.inner_text("[data-count]") == f"{len(expected)} of {len(meetings)} match"


def test_list_is_filtered_by_day_range_platform_series_and_data(open_page: Open, meetings: list[Any]) -> None:
    page = open_page(links.INDEX)
    form = page.locator("form.filters")
    first, last = date(2026, 1, 7), date(2026, 1, 13)

    form.locator("[name=from]").fill(first.isoformat())
    form.locator("[name=to]").fill(last.isoformat())
    of_days = [row for row in meetings if first <= row.day <= last]
    assert shown(page) == [row.recording_id for row in of_days]
    form.locator("[name=platform]").select_option("Zoom")
    assert shown(page) == [row.recording_id for row in of_days if row.platform == "zoom"]
    form.get_by_role("button", name="Clear filters").click()
    expect(page.locator("#meetings tbody tr:not([hidden])")).to_have_count(len(meetings))
    form.locator("[name=series]").select_option("Daily")
    repeated = {row.recording_id for row in meetings if row.title == "Daily" and row.series_id}
    assert {*shown(page)} <= repeated
    form.locator("[name=series]").select_option("")
    form.locator("[name=data]").select_option("notes")
    assert all(
        "complete" not in text for text in page.locator("#meetings tbody tr:visible td:last-child").all_inner_texts()
    )


def test_part_of_a_name_filters_by_persons_on_all_devices_and_under_all_names(open_page: Open, engine: Engine) -> None:
    people, metrics = table_of(People).c, table_of(ParticipantMetrics).c
    page = open_page(links.INDEX)
    with engine.connect() as connection:
        name = connection.scalar(
            select(people.name).where(people.name != HOSTILE).order_by(people.meeting_count.desc()).limit(1)
        )
        expected = {*connection.scalars(select(metrics.recording_id).where(metrics.name == name))}

    for given in (str(name), str(name).split()[-1].lower()):
        page.get_by_label("Person").fill(given)

        assert {*shown(page)} >= expected
        assert len(shown(page)) < page.locator("#meetings tbody tr").count()


def test_list_is_filtered_by_customer_key(open_page: Open, meetings: list[Any]) -> None:
    page = open_page(links.INDEX)
    key = next(iter(meetings[5].bot_metadata or meetings[5].recording_metadata))
    value = (meetings[5].bot_metadata or meetings[5].recording_metadata)[key]

    page.get_by_label("Customer key").fill(f"{key}={value}")

    documents = [(row.recording_id, row.bot_metadata or {}, row.recording_metadata or {}) for row in meetings]
    assert shown(page) == [each for each, *of in documents if any(str(one.get(key)) == value for one in of)]


def test_many_meetings_are_shown_step_by_step_and_filtered_as_a_whole(open_page: Open, tmp_path: Path) -> None:
    write_many(tmp_path)
    page = open_page(links.INDEX, folder=tmp_path)

    assert len(shown(page)) == 200
    page.get_by_role("button", name="Show more").click()
    assert len(shown(page)) == 400
    page.reload()
    assert len(shown(page)) == 400
    page.get_by_role("button", name="Show all").click()
    assert len(shown(page)) == MANY
    assert not page.locator("[data-more]").is_visible()
    page.get_by_label("Title").fill(f"meeting {MANY - 1}")
    assert len(shown(page)) == 1


def test_many_meetings_are_all_shown_without_javascript(open_page: Open, tmp_path: Path) -> None:
    write_many(tmp_path)

    page = open_page(links.INDEX, folder=tmp_path, java_script_enabled=False)

    assert page.locator("#meetings tbody tr:visible").count() == MANY


def write_many(folder: Path) -> None:
    """Writes an index of many meetings."""
    start = datetime(2026, 1, 5, 9, tzinfo=UTC)
    meetings = {}
    for number in range(MANY):
        at = start - timedelta(hours=number)
        facts = (f"meeting {number}", at, 600.0, "zoom", None, 1, "Ana", 1.0, 0, ())
        meetings[f"id-{number}"] = Meeting._make((f"id-{number}", at.date(), *facts, ()))
    attendees = {each: [Attendee("zoom:a", "Ana", 0.0, 600.0, None, "1")] for each in meetings}
    index = index_of(Meetings(meetings, attendees), Site({"zoom:a": "zoom:a"}, {"zoom:a": "Ana"}, {}))
    write(folder / links.INDEX, index_page(index, 60.0).encode())
    for key, content in static_files().items():
        write(folder / key, content)


def test_times_switch_to_the_zone_of_the_reader_and_stay_so(open_page: Open, meetings: list[Any]) -> None:
    page = open_page(links.INDEX)
    first, started_at = page.locator("#meetings time").first, meetings[0].started_at

    assert first.inner_text() == f"{started_at:%Y-%m-%d %H:%M} UTC"
    page.get_by_role("button", name="Times in UTC").click()
    assert first.inner_text() == f"{started_at + timedelta(hours=9):%Y-%m-%d %H:%M}"
    page.get_by_role("link", name="Data health").click()
    assert page.get_by_role("button", name="Times in Asia/Tokyo").is_visible()
    page.get_by_role("button", name="Times in Asia/Tokyo").click()
    assert "UTC" in page.locator("main time").first.inner_text()


def test_skip_link_is_the_first_stop_of_the_keyboard(open_page: Open) -> None:
    page = open_page(links.INDEX)

    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


def test_reader_finds_who_is_regularly_late_from_the_index(open_page: Open, engine: Engine) -> None:
    page = open_page(links.INDEX)

    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Series").click()
    page.get_by_role("link", name="Daily").first.click()

    assert page.locator("h1").inner_text() == "Daily"
    assert re.search(r"at least twice:? .*\(\d+ of \d+\)|Nobody was late", page.inner_text("main").replace("\n", " "))


def test_number_leads_to_its_definition(open_page: Open, keys: dict[str, str]) -> None:
    page = open_page(keys["person"])

    page.get_by_role("link", name="Talk share", exact=True).first.click()

    target = page.locator(":target")
    assert page.url.endswith("#person_trends.talk_share_mean")
    assert "mean over meetings of talk time / that of all persons" in target.inner_text()


def test_definitions_are_found_by_words(open_page: Open) -> None:
    page = open_page(links.DEFINITIONS)

    page.get_by_label("Find a number or a word").fill("gini attendees")

    columns = page.locator("#definitions tbody tr:visible th").all_inner_texts()
    assert "gini_talk_attendees" in columns
    assert len(columns) < 10
    page.reload()
    assert page.locator("#definitions tbody tr:visible th").all_inner_texts() == columns


@pytest.mark.parametrize("anchor", ["#talk_share", "#person_trends.talk_share_mean", "#table-series_members"])
@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
def test_linked_definition_is_in_view_below_the_edge(open_page: Open, anchor: str, viewport: dict[str, int]) -> None:
    page = open_page(links.DEFINITIONS + anchor, viewport=viewport)

    top = page.evaluate("document.querySelector(':target').closest('tr, h2').getBoundingClientRect().top")

    assert 16 <= top < viewport["height"] / 2


def test_link_to_a_definition_is_not_hidden_by_a_search(open_page: Open) -> None:
    page = open_page(links.DEFINITIONS + "#find=gini")

    page.evaluate("location.hash = '#talk_time_s'")

    expect(page.locator("[id='participant_metrics.talk_time_s']")).to_be_in_viewport()
    page.go_back()
    expect(page.get_by_label("Find a number or a word")).to_have_value("gini")


def test_chart_has_a_dot_for_each_value_of_the_table(open_page: Open, keys: dict[str, str]) -> None:
    page = open_page(keys["person"])

    rows = page.locator("details tbody tr").count()

    assert rows > 1
    assert page.locator("svg.trend").first.locator("circle").count() == rows


def test_durations_are_those_of_the_database(open_page: Open, engine: Engine) -> None:
    metrics = table_of(MeetingMetrics).c
    with engine.connect() as connection:
        rows = connection.execute(select(metrics.recording_id, metrics.duration_s)).all()
        expected = {row.recording_id: row.duration_s for row in rows}
    page = open_page(links.INDEX)

    found = page.eval_on_selector_all("#meetings tbody tr", "rows => rows.map(r => r.cells[3].dataset.sort)")

    assert [float(each) for each in found] == pytest.approx([expected[each] for each in shown(page)])
