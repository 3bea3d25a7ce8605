"""Intervals of sensors and times of schedules are those of the documentation."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from meeting_assets.definitions import definitions
from meeting_assets.settings import read_settings

PAGE = Path(__file__).parents[2] / "docs" / "running.md"
ROW = re.compile(r"\| (sensor|schedule)s? (`.+?`) \| (.+?) \|")
UNITS_S = {"s": 1, "min": 60}

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning")


@pytest.fixture(autouse=True)
def _media_is_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEETING_ASSETS_MEDIA", "video_mixed")


def published(kind: str) -> dict[str, str]:
    """The interval or time of each sensor or schedule in the documentation's table."""
    rows = [match.groups() for match in ROW.finditer(PAGE.read_text())]
    return {name: when for of, names, when in rows if of == kind for name in re.findall(r"`(\w+)`", names)}


def seconds(interval: str) -> int:
    """The length of an interval such as `every 10 min`."""
    _, number, unit = interval.split()
    return int(number) * UNITS_S[unit]


def cron(time: str) -> tuple[str, str]:
    """The cron schedule and time zone of a time such as `03:00 UTC`."""
    hour, minute, zone = re.split(r"[: ]", time)
    return f"{int(minute)} {int(hour)} * * *", zone


def test_sensors_have_the_documented_intervals() -> None:
    sensors = definitions(read_settings()).get_repository_def().sensor_defs

    found = {each.name: each.minimum_interval_seconds for each in sensors}

    assert found == {name: seconds(interval) for name, interval in published("sensor").items()}


def test_schedules_have_the_documented_times() -> None:
    schedules = definitions(read_settings()).get_repository_def().schedule_defs

    found = {each.name: (each.cron_schedule, each.execution_timezone or "UTC") for each in schedules}

    assert found == {name: cron(time) for name, time in published("schedule").items()}
