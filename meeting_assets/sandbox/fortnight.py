"""Fourteen days of meetings that are always the same for the same dates."""

from datetime import date, timedelta

from .uniform import uniform
from .world import World, combined


def fortnight(last_day: date, seed: int = 0) -> World:
    """The fourteen days that end with `last_day`."""
    days = [last_day - timedelta(days=n) for n in range(14)]
    return combined(uniform(day, recordings=4, words=400, seed=seed, people=4) for day in days)
