"""Names and forms of the weekly measures, as pages show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any, NamedTuple

from meeting_assets.metrics.measures import Measure
from meeting_assets.publications.pages import values
from meeting_assets.publications.pages.charts import Point, line_chart
from meeting_assets.publications.pages.ranges import PublishedRange

NAMES = {
    "talk_share": "Talk share",
    "presence_talk_ratio": "Talk while attending",
    "words_per_minute": "Words per minute",
    "fillers_per_100_words": "Fillers per 100 words",
    "interruptions_made_per_hour": "Interruptions made per hour",
    "interruptions_received_per_hour": "Interruptions received per hour",
    "silence_ratio": "Silence",
    "overlap_ratio": "Overlapping speech",
    "interactivity_per_min": "Speaker changes per minute",
    "interruptions_per_hour": "Interruptions per hour",
    "gini_talk": "Unevenness of talk (Gini)",
}


class Trend(NamedTuple):
    """A measure week by week, with the means it is compared with."""

    title: str
    column: str
    table: str
    chart: str
    cells: Sequence[tuple[str, str]]
    """The value and the mean of each week, as text."""
    published: PublishedRange | None


def formatted(measure: Measure, value: float | None) -> str:
    """A value of a measure as text: shares as percentages."""
    return values.percent(value) if measure.unit == "0-1" else values.number(value)


def trends(
    measures: Sequence[Measure],
    weeks: Sequence[date],
    own: Mapping[date, Mapping[str, Any]],
    means: Mapping[date, Mapping[str, float]],
    published: Mapping[str, PublishedRange],
    *,
    table: str,
    subject: str,
    compared: str,
) -> list[Trend]:
    """The measures that have a value in any of the weeks. `own` has rows of `table` by week; `means` has measures."""
    found = []
    for measure in measures:
        column = f"{measure.name}_mean"
        points = [Point(week, own.get(week, {}).get(column), means.get(week, {}).get(measure.name)) for week in weeks]
        if all(point.value is None for point in points):
            continue
        of_measure = published.get(measure.name)
        chart = line_chart(
            points,
            title=f"{NAMES[measure.name]} by week",
            subject=subject,
            compared=compared,
            text=partial(formatted, measure),
            from_zero=measure.name != "words_per_minute",
            band=(of_measure.low, of_measure.high) if of_measure else None,
        )
        cells = [(formatted(measure, point.value), formatted(measure, point.mean)) for point in points]
        found.append(Trend(NAMES[measure.name], column, table, chart, cells, of_measure))
    return found
