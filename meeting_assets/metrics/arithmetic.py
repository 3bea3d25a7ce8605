"""Arithmetic that all questions share. What is undefined is None, never 0 and never not-a-number."""

from __future__ import annotations

from collections.abc import Sequence


def ratio(part: float, whole: float | None) -> float | None:
    """`part / whole`, None of nothing.

    >>> ratio(1, 4), ratio(0, 0)
    (0.25, None)
    """
    return part / whole if whole else None


def median(values: Sequence[int]) -> float | None:
    """The middle one, or the mean of the two in the middle.

    >>> median([3, 1, 2]), median([1, 2]), median([])
    (2, 1.5, None)
    """
    if not values:
        return None
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def seconds_or_none(time_us: float | None) -> float | None:
    """Microseconds as seconds; None stays None."""
    return None if time_us is None else time_us / 1_000_000
