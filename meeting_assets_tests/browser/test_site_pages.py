"""The shared pages of the site in a real browser: legible, accessible, linked."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import expect
from sqlalchemy import Engine

from meeting_assets.publications.pages import links
from meeting_assets_tests.browser.conftest import KINDS, PHONE, WIDE, Open
from meeting_assets_tests.support.browsers import serious_violations

pytestmark = pytest.mark.deployment

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
