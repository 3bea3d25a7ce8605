"""Lists of the site in a real browser: sorting, filters, and their state in the address."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import Engine, select

from meeting_assets.metrics.tables import MeetingMetrics, ParticipantMetrics
from meeting_assets.metrics.trends import People
from meeting_assets.publications.pages import links
from meeting_assets.publications.pages.index_page import index_of, index_page
from meeting_assets.publications.pages.meetings import Attendee, Meeting, Meetings
from meeting_assets.publications.pages.rendering import static_files
from meeting_assets.publications.pages.site import Site
from meeting_assets.store.database import table_of
from meeting_assets_tests.browser.conftest import PHONE, Open
from meeting_assets_tests.support.site_pages import HOSTILE, write

pytestmark = pytest.mark.deployment

MANY = 450


def shown(page: Page) -> list[str]:
    """The recording ids of the visible rows of the list of meetings, in their order."""
    hrefs = page.eval_on_selector_all(
        "#meetings tbody tr", "rows => rows.filter(r => r.checkVisibility()).map(r => r.querySelector('th a').href)"
    )
    return [re.findall(r"/([^/]+)/index\.html$", href)[0] for href in hrefs]


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
    assert repeated
    assert {*shown(page)} == repeated
    form.locator("[name=series]").select_option("")
    data = page.locator("#meetings tbody tr:visible td:last-child")
    bad_count = [text == "complete" for text in data.all_inner_texts()].count(False)
    form.locator("[name=data]").select_option("bad")
    assert 0 < bad_count < len(meetings)
    assert len(shown(page)) == bad_count
    assert "complete" not in data.all_inner_texts()


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


def test_durations_are_those_of_the_database(open_page: Open, engine: Engine) -> None:
    metrics = table_of(MeetingMetrics).c
    with engine.connect() as connection:
        rows = connection.execute(select(metrics.recording_id, metrics.duration_s)).all()
        expected = {row.recording_id: row.duration_s for row in rows}
    page = open_page(links.INDEX)

    found = page.eval_on_selector_all("#meetings tbody tr", "rows => rows.map(r => r.cells[3].dataset.sort)")

    assert [float(each) for each in found] == pytest.approx([expected[each] for each in shown(page)])
