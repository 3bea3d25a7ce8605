"""Weeks and the measures of their meetings: columns and numbers that all weekly tables share.

A measure is a ratio that each meeting has. A week always has four numbers of a measure:

    NAME_n        meetings that have a value
    NAME_mean     mean of their values: every meeting counts the same, a short one like a long one (Gong's rule)
    NAME_pooled   sum of numerators / sum of denominators: every second counts the same
    NAME_change   NAME_mean - NAME_mean of the week before; NULL if one of them has none

Weeks are ISO weeks in UTC, named by their Monday; a meeting belongs to the week of its recording's day.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from math import fsum
from typing import Any, cast

from sqlmodel import SQLModel

from meeting_assets.metrics.arithmetic import ratio
from meeting_assets.metrics.measures import MEETING_MEASURES, Measure, Numbers
from meeting_assets.metrics.speech import Columns
from meeting_assets.schema import fields

WEEK = timedelta(days=7)


def measure_columns(measures: Iterable[Measure]) -> Any:
    """A base class that declares the four columns of every measure."""
    columns: dict[str, Any] = {}
    types: dict[str, Any] = {}
    for each in measures:
        sources = (*each.sources, "recordings.day")
        types |= {f"{each.name}_n": int} | dict.fromkeys(
            (f"{each.name}_mean", f"{each.name}_pooled", f"{each.name}_change"), float | None
        )
        columns[f"{each.name}_n"] = fields.count(f"meetings that have a {each.name}", derived_from=sources)
        for suffix, description in (
            ("mean", f"mean over meetings of {each.formula}"),
            ("pooled", f"{each.formula}, numerators and denominators summed over meetings"),
            ("change", f"{each.name}_mean - that of the week before"),
        ):
            columns[f"{each.name}_{suffix}"] = fields.number(description, unit=each.unit, derived_from=sources)
    declared = {"__annotations__": types, "__module__": __name__, **columns}
    return cast(Any, type(SQLModel))("MeasureColumns", (SQLModel,), declared)


def monday(day: date) -> date:
    """The first day of a day's ISO week.

    >>> monday(date(2026, 1, 1)).isoformat()
    '2025-12-29'
    """
    return day - timedelta(days=day.weekday())


def meeting_trend(meetings: Sequence[Numbers], before: Sequence[Numbers]) -> Columns:
    """The columns of `MeetingTrends` without its key and hash, from rows of `meeting_metrics` of two weeks."""
    return {
        "meeting_count": len(meetings),
        "meeting_hours": fsum(row["duration_s"] or 0 for row in meetings) / 3600,
        **trend_columns(
            MEETING_MEASURES, [_with_weights(row) for row in meetings], [_with_weights(row) for row in before]
        ),
    }


def trend_columns(measures: Iterable[Measure], rows: Iterable[Numbers], before: Iterable[Numbers]) -> Columns:
    """The four columns of each measure, from the meetings of a week and of the week before."""
    rows, before = [*rows], [*before]
    columns: Columns = {}
    for measure in measures:
        pairs = [pair for row in rows if (pair := measure.of(row)) is not None]
        mean, mean_before = _mean(pairs), _mean([pair for row in before if (pair := measure.of(row)) is not None])
        columns |= {
            f"{measure.name}_n": len(pairs),
            f"{measure.name}_mean": mean,
            f"{measure.name}_pooled": ratio(fsum(above for above, _ in pairs), fsum(below for _, below in pairs)),
            f"{measure.name}_change": None if mean is None or mean_before is None else mean - mean_before,
        }
    return columns


def _with_weights(row: Numbers) -> Numbers:
    """Adds the columns that measures divide; None if the meeting itself has no such ratio."""
    gini, talk_s = row["gini_talk"], row["talk_s"]
    return {
        **row,
        "word_count_of_speech": row["word_count"] if row["words_per_minute"] is not None else None,
        "gini_talk_s": None if gini is None else gini * talk_s,
    }


def _mean(pairs: Sequence[tuple[float, float]]) -> float | None:
    return ratio(fsum(above / below for above, below in pairs), len(pairs))
