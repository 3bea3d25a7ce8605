"""Arithmetic shared by all metrics. An undefined result is None, never 0 and never not-a-number."""

from __future__ import annotations

from collections.abc import Sequence


def ratio(part: float, whole: float | None) -> float | None:
    """`part / whole`; None if `whole` is 0 or unknown.

    >>> ratio(1, 4), ratio(0, 0)
    (0.25, None)
    """
    return part / whole if whole else None


def median(values: Sequence[int]) -> float | None:
    """The middle value, or the mean of the two middle ones.

    >>> median([3, 1, 2]), median([1, 2]), median([])
    (2, 1.5, None)
    """
    if not values:
        return None
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def seconds_or_none(time_us: float | None) -> float | None:
    """Converts microseconds to seconds; None stays None."""
    return None if time_us is None else time_us / 1_000_000
