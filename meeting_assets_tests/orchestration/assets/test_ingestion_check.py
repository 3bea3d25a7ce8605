"""`yesterday_was_ingested` passes after a run of the whole day, and after no other run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import pytest

from meeting_assets.core.instants import now, start_of
from meeting_assets.definitions import definitions
from meeting_assets.orchestration.assets.ingestion_check import (
    NIGHTLY_RECONCILIATION,
    PAGE_EVENTS,
    YESTERDAY_WAS_INGESTED,
    due_day,
    expected_day,
    was_ingested,
)
from meeting_assets.orchestration.assets.materializations import LISTED_AT, NAMED_RECORDINGS, RUN
from meeting_assets.orchestration.assets.partitions import range_tags
from meeting_assets.orchestration.code_location import job_origin
from meeting_assets.orchestration.runs import JOB, dagster_instance
from meeting_assets.orchestration.workspace import CHECK_TABLES
from meeting_assets.sandbox import Sandbox, uniform
from meeting_assets.settings import read_settings
from meeting_assets_tests.support.environments import use_sandbox
from meeting_assets_tests.support.runs import run_successfully

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
    "the day": (lambda defs, _: run_successfully(defs, [YESTERDAY]), True),
    "a range with the day": (lambda defs, _: run_successfully(defs, [YESTERDAY - DAY, YESTERDAY]), True),
    "an old day": (lambda defs, _: run_successfully(defs, [YESTERDAY - 20 * DAY]), False),
    "one recording of the day": (
        lambda defs, sandbox: run_successfully(defs, [YESTERDAY], recording_ids=[sandbox.world.recordings[0].id]),
        False,
    ),
}
IN_MAKE_TEST = {"nothing", "the day"}
"""The others take a run each; tests below cover them with single events."""


@pytest.mark.parametrize(
    "name", [name if name in IN_MAKE_TEST else pytest.param(name, marks=pytest.mark.deployment) for name in INGESTIONS]
)
def test_check_passes_only_after_a_run_of_the_whole_day(sandbox: Sandbox, defs: dg.Definitions, name: str) -> None:
    ingest, expected = INGESTIONS[name]
    ingest(defs, sandbox)

    found = evaluation(defs)

    assert found.passed == expected
    assert found.metadata["violations"].value == int(not expected)
    assert found.metadata["day"].value == YESTERDAY.isoformat()


def report(
    instance: dg.DagsterInstance, *, named: int = 0, listed_at: datetime | None = None, day: date = YESTERDAY
) -> None:
    """Records a materialization of `recordings`."""
    metadata: dict[str, dg.MetadataValue] = {f"{RUN}{NAMED_RECORDINGS}": dg.MetadataValue.int(named)}
    if listed_at is not None:
        metadata[f"{RUN}{LISTED_AT}"] = dg.MetadataValue.timestamp(listed_at)
    instance.report_runless_asset_event(
        dg.AssetMaterialization(CHECK.asset_key, partition=day.isoformat(), metadata=metadata)
    )


@pytest.mark.parametrize(
    ("after_midnight", "expected"), [(timedelta(0), True), (timedelta(seconds=-1), False), (None, False)]
)
def test_listing_counts_from_its_begin(after_midnight: timedelta | None, expected: bool) -> None:
    """A run that lists at 23:58 and stores at 00:03 may miss the recordings of the last minutes."""
    with dg.DagsterInstance.ephemeral() as instance:
        listed_at = None if after_midnight is None else start_of(YESTERDAY + DAY) + after_midnight
        report(instance, listed_at=listed_at)

        assert was_ingested(instance, YESTERDAY) == expected


def test_many_later_runs_of_named_recordings_hide_no_run_of_the_whole_day() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        report(instance, listed_at=now())
        for _ in range(PAGE_EVENTS + 1):
            report(instance, named=1, listed_at=now())

        assert was_ingested(instance, YESTERDAY)


RANGE = range_tags(YESTERDAY - DAY, YESTERDAY + DAY)
NIGHTLY = {"dagster/schedule_name": NIGHTLY_RECONCILIATION}
RUNS = {
    "queued nightly run": (dg.DagsterRunStatus.QUEUED, NIGHTLY | RANGE, 1),
    "nightly run in progress": (dg.DagsterRunStatus.STARTED, NIGHTLY | RANGE, 1),
    "failed nightly run": (dg.DagsterRunStatus.FAILURE, NIGHTLY | RANGE, 0),
    "nightly run of named recordings": (dg.DagsterRunStatus.STARTED, NIGHTLY, 0),
    "nightly run of older days": (
        dg.DagsterRunStatus.STARTED,
        NIGHTLY | range_tags(YESTERDAY - 9 * DAY, YESTERDAY - DAY),
        0,
    ),
    "run of a user": (dg.DagsterRunStatus.STARTED, RANGE, 0),
}


@pytest.mark.parametrize("name", RUNS)
def test_day_is_not_due_while_its_nightly_run_is_unfinished(name: str) -> None:
    status, tags, days_earlier = RUNS[name]
    with dg.DagsterInstance.ephemeral() as instance:
        origin = job_origin(JOB)
        instance.add_run(dg.DagsterRun(JOB, run_id="one", status=status, tags=tags, remote_job_origin=origin))

        assert due_day(instance, now()) == expected_day(now()) - days_earlier * DAY


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
