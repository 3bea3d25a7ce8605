"""The progress bar: its remaining time, its counts, and its places."""

from __future__ import annotations

import io
import os
import re
from contextlib import suppress
from datetime import date

import pytest
from rich.console import Console

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.cli.estimates import WEIGHTS_S, Estimate
from meeting_assets.cli.ingestion import DAYS_PER_RUN, SAMPLE_DAYS, sync_stages
from meeting_assets.cli.progress_bars import KINDS, TITLES, items_shown, stages_shown
from meeting_assets.core.progress import Stage, report_progress
from meeting_assets.orchestration.assets import partitions
from meeting_assets.sandbox import fortnight

STAGES = [Stage.START, Stage.FETCH, Stage.LOAD]


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_remaining_time_is_known_from_the_beginning() -> None:
    assert Estimate(STAGES, {}, Clock()).remaining_s() == sum(WEIGHTS_S[each] for each in STAGES)


def test_pace_of_the_items_predicts_the_end_of_their_stage() -> None:
    clock = Clock()
    estimate = Estimate([Stage.FETCH], {}, clock)

    clock.now_s = 100.0
    estimate.update(Stage.FETCH, 25, 100)

    assert estimate.remaining_s() == pytest.approx(300.0)
    assert estimate.share == pytest.approx(0.25)


def test_progress_never_goes_back() -> None:
    estimate = Estimate(STAGES, {Stage.LOAD: 2}, Clock())
    shares = []

    for stage, done, total, part in [
        (Stage.FETCH, 5, 10, ""),
        (Stage.FETCH, 4, 10, ""),
        (Stage.LOAD, 0, 0, "words"),
        (Stage.LOAD, 3, 3, "words"),
        (Stage.LOAD, 0, 9, "turns"),
        (Stage.FETCH, 1, 10, ""),
        (Stage.LOAD, 9, 9, "turns"),
    ]:
        estimate.update(stage, done, total, part)
        shares.append(estimate.share)

    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert estimate.remaining_s() == pytest.approx(0.0)


def test_a_second_run_repeats_the_stages() -> None:
    estimate = Estimate([Stage.LIST, Stage.LOAD, Stage.LIST, Stage.LOAD], {}, Clock())

    for stage in (Stage.LIST, Stage.LOAD, Stage.LIST):
        estimate.update(stage, 1, 1)

    assert estimate.share > 0.5


def test_constants_of_the_plan_are_those_of_the_pipeline() -> None:
    world = fortnight(date(2026, 3, 15))

    assert len(ARTIFACTS) == KINDS
    assert DAYS_PER_RUN == partitions.DAYS_PER_RUN
    assert (world.last_day - world.first_day).days + 1 == SAMPLE_DAYS
    assert {*WEIGHTS_S} == {*TITLES} == {*Stage}


@pytest.mark.parametrize(("days", "runs"), [(0, 1), (1, 1), (30, 1), (31, 2)])
def test_each_run_of_a_sync_has_its_stages(days: int, runs: int) -> None:
    assert sync_stages(days, has_bots=True).count(Stage.FETCH) == runs


@pytest.mark.parametrize("width", [40, 60, 160])
def test_bar_fits_into_its_terminal(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    primary, secondary = os.openpty()
    with (
        os.fdopen(secondary, "w") as file,
        stages_shown(Console(file=file, force_terminal=True, width=width), "Syncing", [Stage.FETCH], is_quiet=False),
    ):
        report_progress(Stage.FETCH, 1234, 99_999)
    text = _written_to(primary)

    assert "Fetching artifacts" in text
    assert "1,234/99,999" in text
    assert re.search(r"\d:\d\d:\d\d", text)
    assert "…" not in text


def _written_to(terminal: int) -> str:
    """Everything that a closed terminal shows; reading its end is an error on Linux."""
    found = b""
    with suppress(OSError):
        while part := os.read(terminal, 65_536):
            found += part
    os.close(terminal)
    return found.decode()


@pytest.mark.parametrize("is_quiet", [True, False])
def test_pipes_and_quiet_commands_have_no_bar(is_quiet: bool) -> None:
    lines = io.StringIO()

    with stages_shown(Console(file=lines), "Syncing", [Stage.FETCH], is_quiet=is_quiet):
        report_progress(Stage.FETCH, 1, 2)
    with items_shown(Console(file=lines), "Exporting", 2, is_quiet=is_quiet) as advance:
        advance()

    assert lines.getvalue() == ("" if is_quiet else "Syncing\n")
