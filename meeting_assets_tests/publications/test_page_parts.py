"""Parts of pages: charts."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any
from unicodedata import category

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from meeting_assets.publications.pages.charts import HEIGHT, WIDTH, Point, line_chart, scale, share_bar
from meeting_assets.publications.pages.definitions_page import DefinedTable, defined_tables
from meeting_assets.publications.pages.meeting_header import saved_name
from meeting_assets.publications.pages.values import number, percent
from meeting_assets_tests.support.site_pages import HOSTILE, read_html

IDS = st.uuids().map(str)
MONDAY = date(2026, 1, 5)
NUMBERS = st.none() | st.floats(min_value=0, max_value=1e6, allow_nan=False)


def chart(values: list[tuple[float | None, float | None]], **options: Any) -> str:
    points = [Point(MONDAY + index * timedelta(days=7), *each) for index, each in enumerate(values)]
    described: dict[str, Any] = {"title": "Talk share", "subject": "Ana", "compared": "team mean", "text": number}
    return str(line_chart(points, **described | options))


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=30))
def test_everything_of_a_chart_is_drawn_inside_it(values: list[tuple[float | None, float | None]]) -> None:
    drawn = chart(values)

    pairs = [pair.split(",") for each in re.findall(r'points="([^"]+)"', drawn) for pair in each.split()]
    pairs += re.findall(r'cx="([^"]+)" cy="([^"]+)"', drawn)
    assert len(re.findall("<circle", drawn)) == sum(value is not None for value, _ in values)
    assert all(0 <= float(x) <= WIDTH and 0 <= float(y) <= HEIGHT for x, y in pairs)
    assert "nan" not in drawn


@given(st.lists(st.floats(min_value=0, max_value=1e6), min_size=1), st.booleans())
def test_scale_contains_all_numbers_between_few_ticks(numbers: list[float], from_zero: bool) -> None:
    low, high, step = scale(numbers, from_zero=from_zero)

    assert low <= min(numbers) * (1 + 1e-9)
    assert max(numbers) <= high * (1 + 1e-9)
    assert 1 <= round((high - low) / step) <= 6
    assert low == 0 or not from_zero


def test_week_without_a_value_interrupts_the_line() -> None:
    assert chart([(1, None), (2, None), (None, None), (3, None), (4, None)]).count('class="own" points') == 2


def test_description_of_a_chart_states_every_value() -> None:
    drawn = chart([(0.25, 0.2), (None, 0.3)], text=percent)

    assert "Week of 2026-01-05: Ana 25%, team mean 20%." in drawn
    assert "Week of 2026-01-12: Ana \u2013, team mean 30%." in drawn


def test_published_range_is_a_band_behind_the_lines() -> None:
    drawn = chart([(150, 160)], band=(130, 175), from_zero=False)

    assert drawn.index('class="band"') < drawn.index("<circle")
    assert 'class="band"' not in chart([(150, 160)])


def test_hostile_name_is_text_in_a_chart() -> None:
    assert "script" not in read_html(chart([(1, 2)], title=HOSTILE, subject=HOSTILE).encode()).tags


@pytest.mark.parametrize(("share", "width"), [(0.0, "0.0"), (0.5, "50.0"), (1.7, "100.0"), (-1.0, "0.0")])
def test_bar_of_a_share_stays_in_its_track(share: float, width: str) -> None:
    assert f'class="own" width="{width}"' in share_bar(share)


@given(st.text() | st.just(HOSTILE) | st.text("\u202e/:<\ud800.", max_size=5) | st.just("é" * 500), IDS)
def test_name_of_a_saved_file_suits_every_file_system(title: str, recording_id: str) -> None:
    name = saved_name(MONDAY, title, recording_id)

    assert re.fullmatch(r"2026-01-05 \S.* [0-9a-f]{8}", name)
    assert not set('<>:"/\\|?*') & set(name)
    assert not [each for each in name if category(each) in {"Cc", "Cf", "Cs", "Zl", "Zp"}]
    assert len(f"{name}.attendance.csv".encode()) <= 255


@given(st.none() | st.text(), IDS, IDS)
def test_saved_files_of_two_meetings_with_one_title_have_different_names(title: str | None, one: str, two: str) -> None:
    assume(one[-8:] != two[-8:])

    assert saved_name(MONDAY, title, one) != saved_name(MONDAY, title, two)


@pytest.mark.parametrize("table", defined_tables(), ids=lambda table: table.name)
def test_every_definition_begins_with_a_short_sentence_without_technical_words(table: DefinedTable) -> None:
    for column in table.columns:
        assert re.fullmatch(r"[A-Z\u201c][^_`=/]*\.", column.plain), column.name
        assert len(column.plain.split()) <= 25, column.name
        assert not re.search(r"NULL|\b(IPU|interval|artifact|median|union|offset|denominator)s?\b", column.plain), (
            column.name
        )
