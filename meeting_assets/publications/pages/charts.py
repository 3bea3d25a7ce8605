"""Charts as inline SVG. The stylesheet colours them, and every chart has a table with the same numbers beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from math import ceil, floor, log10
from typing import NamedTuple

from markupsafe import Markup

WIDTH, HEIGHT = 360, 170
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 10, 26
TICKS = 4
LEAST = 1e-6
"""Smaller numbers are drawn as 0."""

_BAND = Markup('<rect class="band" x="{}" y="{}" width="{}" height="{}"/>')
_TICK = Markup('<line class="grid" x1="{}" x2="{}" y1="{}" y2="{}"/><text class="tick end" x="{}" y="{}">{}</text>')
_WEEK = Markup('<text class="tick middle" x="{}" y="{}">{}</text>')
_LINE = Markup('<polyline class="{}" points="{}"/>')
_DOT = Markup('<circle class="own" cx="{}" cy="{}" r="3.5"><title>{}</title></circle>')
_CHART = Markup('<svg class="trend" viewBox="0 0 {} {}" role="img" aria-label="{}"><desc>{}</desc>{}</svg>')
_SHARE = Markup(
    '<svg class="share-bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
    '<rect class="track" width="100" height="10"/><rect class="own" width="{}" height="10"/></svg>'
)


class Point(NamedTuple):
    """A week's value and the mean it is compared with."""

    week: date
    value: float | None
    mean: float | None = None


def line_chart(
    points: Sequence[Point],
    *,
    title: str,
    subject: str,
    compared: str,
    text: Callable[[float | None], str],
    band: tuple[float, float] | None = None,
    from_zero: bool = True,
) -> Markup:
    """Values as a line with dots, means as a dashed line, and a published range as a band.

    Weeks without a value interrupt a line. `text` formats a value; `subject` and `compared` name the lines. The axis
    begins at 0 unless `from_zero` is false, so that small changes look small.
    """
    known = [each for point in points for each in (point.value, point.mean) if each is not None]
    low, high, step = scale([*known, *(band or ())], from_zero=from_zero)
    x = [_x(index, len(points)) for index in range(len(points))]

    def y(value: float) -> float:
        return round(TOP + (HEIGHT - TOP - BOTTOM) * (1 - (value - low) / (high - low)), 1)

    parts: list[Markup] = []
    if band:
        parts.append(_BAND.format(LEFT, y(band[1]), WIDTH - LEFT - RIGHT, round(y(band[0]) - y(band[1]), 1)))
    for tick in _ticks(low, high, step):
        at = y(tick)
        label = _tick_label(tick, step, text)
        parts.append(_TICK.format(LEFT, WIDTH - RIGHT, at, at, LEFT - 6, round(at + 4, 1), label))
    parts += _weeks(points, x)
    parts += _line("mean", [(at, point.mean) for at, point in zip(x, points, strict=True)], y)
    parts += _line("own", [(at, point.value) for at, point in zip(x, points, strict=True)], y)
    for at, point in zip(x, points, strict=True):
        if point.value is not None:
            tip = f"{point.week.isoformat()}: {text(point.value)}"
            parts.append(_DOT.format(at, y(point.value), tip))
    description = _description(points, subject, compared, text)
    return _CHART.format(WIDTH, HEIGHT, title, description, Markup("").join(parts))


def share_bar(share: float | None) -> Markup:
    """A bar of a share from 0 to 1 for a table's cell, which states the number beside it."""
    if share is None:
        return Markup("")
    return _SHARE.format(round(100 * min(max(share, 0.0), 1.0), 1))


def scale(numbers: Sequence[float], *, from_zero: bool = True) -> tuple[float, float, float]:
    """The ends of an axis and the step between its ticks. It may begin above 0 if the numbers lie far above.

    >>> scale([0.2, 0.37]), scale([140.0, 172.0], from_zero=False), scale([])
    ((0.0, 0.4, 0.1), (140.0, 180.0, 10.0), (0.0, 1.0, 0.5))
    """
    if not numbers or max(numbers) < LEAST:
        return 0.0, 1.0, 0.5
    least, most = min(numbers), max(numbers)
    start = 0.0 if from_zero or least < 0.6 * most else least
    step = _round_step(max(most - start, most * 0.05) / TICKS)
    low = floor(start / step + 1e-9) * step
    high = max(ceil(most / step - 1e-9) * step, low + step)
    return round(low, 10), round(high, 10), step


def _round_step(step: float) -> float:
    """The next of 1, 2, 5 times a power of ten."""
    power = 10.0 ** floor(log10(step))
    return round(next(each * power for each in (1, 2, 5, 10) if each * power >= step * 0.999), 10)


def _ticks(low: float, high: float, step: float) -> Iterator[float]:
    for index in range(round((high - low) / step) + 1):
        yield round(low + index * step, 10)


def _tick_label(tick: float, step: float, text: Callable[[float | None], str]) -> str:
    """The text of a tick, with as many decimals as the step has."""
    if text(1.0) == "100%":
        return f"{tick * 100:.{0 if step >= 0.01 else 1}f}%"
    return f"{tick:,.{0 if step >= 1 else 1 if step >= 0.1 else 2}f}"


def _x(index: int, count: int) -> float:
    inset = 14
    width = WIDTH - LEFT - RIGHT - 2 * inset
    return round(LEFT + inset + (width / 2 if count == 1 else width * index / (count - 1)), 1)


def _weeks(points: Sequence[Point], x: Sequence[float]) -> Iterator[Markup]:
    """Labels of the first, the last and a middle week."""
    shown = {0, len(points) - 1} | ({(len(points) - 1) // 2} if len(points) > 4 else set())
    for index in sorted(shown):
        week = points[index].week
        label = f"{week.day} {week:%b}" + (f" {week.year}" if index == 0 else "")
        yield _WEEK.format(x[index], HEIGHT - 8, label)


def _line(kind: str, points: Sequence[tuple[float, float | None]], y: Callable[[float], float]) -> Iterator[Markup]:
    """One polyline for each run of weeks with values."""
    run: list[str] = []
    for at, value in (*points, (0.0, None)):
        if value is not None:
            run.append(f"{at},{y(value)}")
        elif run:
            # A single week has no line; round caps draw it as a dot.
            path = run if len(run) > 1 else run * 2
            yield _LINE.format(kind, " ".join(path))
            run = []


def _description(points: Sequence[Point], subject: str, compared: str, text: Callable[[float | None], str]) -> str:
    weeks = (
        f"Week of {point.week.isoformat()}: {subject} {text(point.value)}, {compared} {text(point.mean)}."
        for point in points
    )
    return " ".join(weeks)
