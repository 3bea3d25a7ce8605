"""Weeks are made from their days by runs of their own: at the end of a sync, and when one is found out of date."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import dagster as dg
import pytest
from sqlalchemy import select

from meeting_assets.core.instants import now
from meeting_assets.metrics.trends import MeetingTrends, People
from meeting_assets.orchestration.assets.partitions import daily, days_of_a_week, weekly
from meeting_assets.orchestration.assets.rollups import JOB
from meeting_assets.orchestration.runs import dagster_instance, run
from meeting_assets.orchestration.sync import sync, weeks_of, weeks_to_roll_up
from meeting_assets.orchestration.triggers.run_requests import ended, runs_in_progress
from meeting_assets.pipeline.rollup import roll_up, roll_up_people
from meeting_assets.publications.shared_publishing import publish_shared
from meeting_assets.sandbox import Sandbox, combined, uniform
from meeting_assets.settings import read_settings
from meeting_assets.store.database import table_of
from meeting_assets_tests.support.environments import open_test_storage, use_sandbox
from meeting_assets_tests.support.snapshots import DOWNLOAD_PORT, sync_once

SUNDAY, MONDAY = date(2026, 3, 1), date(2026, 3, 2)
WEEK_BEFORE, WEEK, WEEK_AFTER = date(2026, 2, 23), date(2026, 3, 2), date(2026, 3, 9)

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning")


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    world = combined([uniform(SUNDAY, recordings=1), uniform(MONDAY, recordings=1)])
    with Sandbox(world, download_port=DOWNLOAD_PORT) as running:
        use_sandbox(running, monkeypatch)
        yield running


def tick(defs: dg.Definitions) -> dg.SensorResult | dg.SkipReason:
    with (
        dagster_instance() as instance,
        dg.build_sensor_context(instance, repository_def=defs.get_repository_def()) as context,
    ):
        answer: Any = defs.resolve_sensor_def("outdated_weeks")(context)
    assert isinstance(answer, dg.SensorResult | dg.SkipReason)
    return answer


def asked_for(defs: dg.Definitions) -> list[tuple[str | None, str | None]]:
    """First and last week of the runs that a tick asks for."""
    answer = tick(defs)
    requests = (answer.run_requests or []) if isinstance(answer, dg.SensorResult) else []
    ends = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
    return [(request.tags.get(ends[0]), request.tags.get(ends[1])) for request in requests]


def weeks_with_trends() -> list[date]:
    with open_test_storage() as storage, storage.database.reading() as connection:
        return [*connection.scalars(select(table_of(MeetingTrends).c.week).order_by(table_of(MeetingTrends).c.week))]


def materialized(run_id: str) -> set[tuple[str, str | None]]:
    with dg.DagsterInstance.get() as instance:
        events = instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
    found = [entry.dagster_event for entry in events if entry.dagster_event]
    return {(event.asset_key.to_user_string(), event.partition) for event in found if event.asset_key}


@pytest.mark.deployment
def test_sync_rolls_up_the_weeks_of_its_days_and_the_following_ones(defs: dg.Definitions) -> None:
    report = sync(defs, read_settings(), [SUNDAY, MONDAY])

    assert report.is_complete
    assert weeks_with_trends() == [WEEK_BEFORE, WEEK]
    weeks = [each.isoformat() for each in (WEEK_BEFORE, WEEK, WEEK_AFTER)]
    assert materialized(report.runs[-1].run_id) == {
        *((table, week) for table in ("meeting_trends", "person_trends") for week in weeks),
        ("people", None),
        ("person_keys", None),
        *((table, None) for table in ("recording_series", "series_members", "series_trends")),
        ("shared_pages", None),
    }
    with open_test_storage() as storage, storage.database.reading() as connection:
        assert connection.execute(select(table_of(People))).first() is not None
    assert asked_for(defs) == []


def weeks_of_a_sync() -> list[date]:
    """What a sync of the two days would roll up now."""
    with open_test_storage() as storage:
        return weeks_to_roll_up([SUNDAY, MONDAY], storage, read_settings())


def test_sync_of_stored_days_rolls_up_no_week(defs: dg.Definitions) -> None:
    sync_once(__name__, [SUNDAY, MONDAY])
    with open_test_storage() as storage:
        roll_up(storage)
        roll_up_people(storage)
        publish_shared(storage, read_settings())

    again = sync(defs, read_settings(), [SUNDAY, MONDAY])

    assert (len(again.runs), again.is_complete) == (2, True)


def test_a_sync_rolls_up_the_weeks_that_are_out_of_date(defs: dg.Definitions) -> None:
    sync_once(__name__, [SUNDAY, MONDAY])
    with open_test_storage() as storage:
        roll_up(storage, [WEEK_BEFORE])
        roll_up_people(storage)
        publish_shared(storage, read_settings())

    assert weeks_of_a_sync() == [WEEK]


def test_missing_shared_pages_are_written_by_a_run(defs: dg.Definitions) -> None:
    sync_once(__name__, [SUNDAY, MONDAY])
    with open_test_storage() as storage:
        roll_up(storage)
        roll_up_people(storage)

    assert weeks_of_a_sync() == [WEEK_BEFORE, WEEK, WEEK_AFTER]
    assert len(asked_for(defs)) == 1
    assert run(defs, JOB, [WEEK], run_config={}).succeeded
    assert weeks_of_a_sync() == []
    assert asked_for(defs) == []


def test_outdated_people_are_derived_again(defs: dg.Definitions) -> None:
    sync_once(__name__, [SUNDAY, MONDAY])
    with open_test_storage() as storage:
        roll_up(storage)

    assert weeks_of_a_sync() == [WEEK_BEFORE, WEEK, WEEK_AFTER]
    assert len(asked_for(defs)) == 1
    assert run(defs, JOB, [WEEK], run_config={}).succeeded
    assert weeks_of_a_sync() == []
    assert asked_for(defs) == []


def test_sensor_requests_outdated_weeks_unless_a_run_failed_recently(
    defs: dg.Definitions, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert asked_for(defs) == []
    sync_once(__name__, [SUNDAY, MONDAY])

    assert asked_for(defs) == [(WEEK_BEFORE.isoformat(), WEEK.isoformat())]

    with monkeypatch.context() as broken:
        broken.setenv("MEETING_ASSETS_METRICS", "no_such=1")
        outcome = run(defs, JOB, [WEEK_BEFORE, WEEK], run_config={})
    assert not outcome.succeeded
    assert "no_such" in outcome.faults[0]
    reason = tick(defs)
    assert isinstance(reason, dg.SkipReason)
    assert "The last run failed" in (reason.skip_message or "")


def test_run_of_a_week_is_not_confused_with_a_run_of_its_monday(defs: dg.Definitions) -> None:
    outcome = run(defs, JOB, [WEEK], run_config={})

    assert outcome.succeeded
    with dagster_instance() as instance:
        rolled_up = instance.get_run_by_id(outcome.run_id)
        fetching = [*runs_in_progress(instance), *ended(instance, [MONDAY], since=now() - timedelta(days=1))]
    assert rolled_up is not None
    assert "dagster/partition" not in rolled_up.tags
    assert fetching == []


@pytest.mark.deployment
def test_a_run_of_a_weeks_key_fetches_nothing(defs: dg.Definitions) -> None:
    with dagster_instance() as instance:
        result = defs.resolve_job_def(JOB).execute_in_process(instance=instance, partition_key=WEEK.isoformat())
        fetching = ended(instance, [MONDAY], since=now() - timedelta(days=1))

    assert result.success
    assert fetching == []


def test_week_depends_on_those_of_its_days_that_are_partitions() -> None:
    days, weeks = daily(date(2026, 2, 26)), weekly(date(2026, 2, 26))

    def above(week: date) -> list[str]:
        subset = weeks.subset_with_partition_keys([week.isoformat()])
        found = days_of_a_week().get_upstream_mapped_partitions_result_for_partitions(subset, weeks, days)
        return sorted(found.partitions_subset.get_partition_keys())

    assert weeks.get_partition_keys()[0] == WEEK_BEFORE.isoformat()
    assert above(WEEK_BEFORE) == ["2026-02-26", "2026-02-27", "2026-02-28", "2026-03-01"]
    assert above(WEEK) == [f"2026-03-0{day}" for day in range(2, 9)]


def test_weeks_of_days_end_with_the_current_one() -> None:
    assert weeks_of([SUNDAY, MONDAY]) == [WEEK_BEFORE, WEEK, WEEK_AFTER]
    assert weeks_of([date(2100, 1, 4)]) == [date(2100, 1, 4)]
