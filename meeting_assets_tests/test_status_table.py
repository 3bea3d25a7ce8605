"""The table of `status` in terminals of every width: numbers stay whole."""

from __future__ import annotations

import io
from collections import Counter

import pytest
from rich.console import Console

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.console import print_status
from meeting_assets.health.status import Status
from meeting_assets.store.ledger_states import DELETED, FETCHED, PARSED, PENDING, SUPERSEDED

COUNTS = Counter({PARSED: 1_234_567, PENDING: 88_888, FETCHED: 77_777, DELETED: 66_666, SUPERSEDED: 55_555})


def printed(width: int, *, is_terminal: bool) -> str:
    lines = io.StringIO()
    status = Status(
        artifacts={kind: Counter(COUNTS) for kind in ARTIFACTS},
        outdated=Counter(dict.fromkeys(ARTIFACTS, 44_444)),
        rows=Counter(dict.fromkeys(ARTIFACTS, 9_876_543_210)),
    )
    print_status(Console(file=lines, width=width, force_terminal=is_terminal, no_color=True), status, "All days")
    return lines.getvalue()


@pytest.mark.parametrize("is_terminal", [True, False])
@pytest.mark.parametrize("width", [20, 40, 60, 80, 200])
def test_numbers_of_the_status_stay_whole(width: int, is_terminal: bool) -> None:
    text = printed(width, is_terminal=is_terminal)

    for number in ("1234567", "88888", "77777", "66666", "55555", "44444", "9,876,543,210"):
        assert text.count(number) == len(ARTIFACTS), number
    assert "…" not in text


def test_status_is_a_table_where_it_fits() -> None:
    text = printed(200, is_terminal=True)

    assert len([line for line in text.splitlines() if "9,876,543,210" in line and "1234567" in line]) == len(ARTIFACTS)
