"""`yesterday_was_ingested` passes after a run of the whole day, and after no other run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import pytest

from meeting_assets.core.instants import now
from meeting_assets.definitions import definitions
from meeting_assets.orchestration.assets.ingestion_check import YESTERDAY_WAS_INGESTED, expected_day
from meeting_assets.orchestration.runs import dagster_instance, run_days
from meeting_assets.orchestration.workspace import CHECK_TABLES
from meeting_assets.sandbox import Sandbox, uniform
from meeting_assets.settings import read_settings
from meeting_assets_tests.support.environments import use_sandbox

DAY = timedelta(days=1)
YESTERDAY = expected_day(now())
CHECK = dg.AssetCheckKey(dg.AssetKey("recordings"), YESTERDAY_WAS_INGESTED)

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning")

Ingest = Callable[[dg.Definitions, Sandbox], object]


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(uniform(YESTERDAY, recordings=2)) as running:
        use_sandbox(running, monkeypatch)
        monkeypatch.setenv("MEETING_ASSETS_FIRST_DAY", (YESTERDAY - 30 * DAY).isoformat())
        yield running


def evaluation(defs: dg.Definitions) -> dg.AssetCheckEvaluation:
    """The nightly job's evaluation of the check."""
    with dagster_instance() as instance:
        result = defs.resolve_job_def(CHECK_TABLES).execute_in_process(instance=instance)
    (found,) = (each for each in result.get_asset_check_evaluations() if each.asset_check_key == CHECK)
    return found


INGESTIONS: dict[str, tuple[Ingest, bool]] = {
    "nothing": (lambda defs, _: None, False),
    "the day": (lambda defs, _: run_days(defs, [YESTERDAY]), True),
    "a range with the day": (lambda defs, _: run_days(defs, [YESTERDAY - DAY, YESTERDAY]), True),
    "an old day": (lambda defs, _: run_days(defs, [YESTERDAY - 20 * DAY]), False),
    "one recording of the day": (
        lambda defs, sandbox: run_days(defs, [YESTERDAY], recording_ids=[sandbox.world.recordings[0].id]),
        False,
    ),
}


@pytest.mark.parametrize("name", INGESTIONS)
def test_check_passes_only_after_a_run_of_the_whole_day(sandbox: Sandbox, defs: dg.Definitions, name: str) -> None:
    ingest, expected = INGESTIONS[name]
    ingest(defs, sandbox)

    found = evaluation(defs)

    assert found.passed == expected
    assert found.metadata["violations"].value == int(not expected)
    assert found.metadata["day"].value == YESTERDAY.isoformat()


@pytest.mark.usefixtures("defs")
def test_days_before_the_first_one_are_not_expected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEETING_ASSETS_FIRST_DAY", (YESTERDAY + DAY).isoformat())

    assert evaluation(definitions(read_settings())).passed


@pytest.mark.parametrize(
    ("at", "day"),
    [
        (datetime(2026, 3, 3, 4, 59, tzinfo=UTC), date(2026, 3, 1)),
        (datetime(2026, 3, 3, 5, 0, tzinfo=UTC), date(2026, 3, 2)),
        (datetime(2026, 3, 3, 23, 59, tzinfo=UTC), date(2026, 3, 2)),
    ],
)
def test_a_day_is_expected_from_five_oclock_of_the_next_day(at: datetime, day: date) -> None:
    assert expected_day(at) == day
