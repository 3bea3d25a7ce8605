"""Data versions: assets of other projects run once per change, never without one, by condition and by sensor."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import dagster as dg
import pytest

from meeting_assets.core.instants import days_between
from meeting_assets.orchestration.assets.materializations import MOST_OBSERVED
from meeting_assets.orchestration.assets.partitions import daily
from meeting_assets.orchestration.automation import changed_partitions, eager_on_change
from meeting_assets.orchestration.runs import dagster_instance
from meeting_assets.sandbox import Sandbox, combined, uniform
from meeting_assets_tests.support.environments import use_sandbox
from meeting_assets_tests.support.runs import run_once, run_successfully
from meeting_assets_tests.support.snapshots import DOWNLOAD_PORT

FIRST, SECOND, EMPTY = date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 4)
METRICS = dg.AssetKey("meeting_metrics")
ASSETS = ["recordings", "raw/transcript", "raw/participants", "transcripts", "transcript_words", "participants"]
ASSETS += ["speech", "meeting_metrics"]
SPEECH = dg.AssetKey("speech")
REPORTS = DAILY, WHOLE, EAGER, SPEECH_REPORT = "daily_report", "whole_report", "eager_report", "speech_report"

Requested = dict[str, set[str | None]]

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning")


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    world = combined([uniform(FIRST, recordings=2), uniform(SECOND, recordings=1)])
    with Sandbox(world, download_port=DOWNLOAD_PORT) as running:
        use_sandbox(running, monkeypatch)
        yield running


@pytest.fixture
def automation(defs: dg.Definitions) -> Automation:
    """Evaluates the conditions of assets of another project downstream of `meeting_metrics` and of `speech`."""
    condition: Any = dg.AutomationCondition
    all_days = ~condition.any_deps_missing(), condition.in_latest_time_window()

    def foreign(
        name: str, condition: Any, partitions: dg.PartitionsDefinition[str] | None, dep: dg.AssetKey = METRICS
    ) -> dg.AssetsDefinition:
        @dg.asset(name=name, deps=[dep], automation_condition=condition, partitions_def=partitions)
        def _report() -> dg.MaterializeResult[None]:
            return dg.MaterializeResult()

        return _report

    days = daily(FIRST)
    reports = [
        foreign(DAILY, eager_on_change().without(all_days[1]), days),
        foreign(WHOLE, eager_on_change().without(all_days[0]), None),
        foreign(EAGER, condition.eager().without(all_days[1]), days),
        foreign(SPEECH_REPORT, eager_on_change().without(all_days[1]), days, SPEECH),
    ]
    return Automation(dg.Definitions(assets=[*(defs.assets or ()), *reports], resources=defs.resources))


class Automation:
    """Dagster's evaluation of automation conditions, tick by tick; requested runs are executed."""

    def __init__(self, defs: dg.Definitions) -> None:
        self._defs = defs
        self._cursor: Any = None
        self.tick()

    def tick(self) -> Requested:
        """The requested partitions of each report, whose runs have ended; None is an asset without partitions."""
        requested = self.evaluate()
        self.run(requested)
        return requested

    def evaluate(self) -> Requested:
        """The same, before the runs begin."""
        with dagster_instance() as instance:
            result = dg.evaluate_automation_conditions(self._defs, instance, cursor=self._cursor)
        self._cursor = result.cursor
        return {name: {*result.get_requested_partitions(dg.AssetKey(name))} for name in REPORTS}

    def run(self, requested: Requested) -> None:
        """Runs the reports."""
        with dagster_instance() as instance:
            for name, partitions in requested.items():
                for partition in partitions:
                    report = self._defs.get_assets_def(name)
                    assert dg.materialize([report], instance=instance, partition_key=partition).success

    def after(self, defs: dg.Definitions, days: list[date]) -> Requested:
        """The requested partitions after a run of some days."""
        run_successfully(defs, days)
        requested = self.tick()
        self.tick()
        return requested


def keys(*days: date) -> set[str | None]:
    return {day.isoformat() for day in days}


def change_transcript(sandbox: Sandbox, day: date) -> None:
    recording = next(each for each in sandbox.world.recordings if each.day == day)
    sandbox.reissue(recording.of("transcript")[0].id)


def versions(asset: str, day: date) -> list[str]:
    """Data versions of all materializations of a day, oldest first."""
    filters = dg.AssetRecordsFilter(dg.AssetKey(asset.split("/")), asset_partitions=[day.isoformat()])
    with dagster_instance() as instance:
        records = instance.fetch_materializations(filters, limit=100, ascending=True).records
    found = [each.asset_materialization for each in records if each.asset_materialization]
    return [str(each.metadata["data_version"].value) for each in found]


def materialize_metrics(version: str) -> None:
    """Reports a materialization of the metrics of the first day with a data version."""
    event = dg.AssetMaterialization(METRICS, partition=FIRST.isoformat(), tags={"dagster/data_version": version})
    with dagster_instance() as instance:
        instance.report_runless_asset_event(event)


def test_change_between_a_request_and_the_next_tick_leads_to_another_run(automation: Automation) -> None:
    requested = []
    for version in ("a", "b", "c"):
        materialize_metrics(version)
        requested.append(automation.tick())
    afterwards = automation.tick()

    assert [each[DAILY] for each in requested] == [keys(FIRST)] * 3
    assert [each[WHOLE] for each in requested] == [{None}] * 3
    assert (afterwards[DAILY], afterwards[WHOLE]) == (set(), set())


def test_change_during_the_downstream_run_leads_to_another_run(automation: Automation) -> None:
    materialize_metrics("a")
    first = automation.evaluate()
    in_between = automation.evaluate()
    materialize_metrics("b")
    automation.run(first)
    second, afterwards = automation.tick(), automation.tick()

    assert (first[DAILY], first[WHOLE]) == (second[DAILY], second[WHOLE]) == (keys(FIRST), {None})
    assert in_between[DAILY] == in_between[WHOLE] == afterwards[DAILY] == afterwards[WHOLE] == set()


def test_manual_run_of_a_report_requests_no_other(automation: Automation) -> None:
    materialize_metrics("a")
    automation.tick()
    automation.tick()

    automation.run({DAILY: keys(FIRST), WHOLE: {None}})
    requested = automation.tick()

    assert requested[DAILY] == requested[WHOLE] == set()


def test_report_is_requested_once_per_data_version(automation: Automation) -> None:
    requested = []
    for version in ("a", "a", "b", "b"):
        materialize_metrics(version)
        requested.append(automation.tick())
        automation.tick()

    assert [each[DAILY] for each in requested] == [keys(FIRST), set(), keys(FIRST), set()]
    assert [each[WHOLE] for each in requested] == [{None}, set(), {None}, set()]


@pytest.mark.deployment
@pytest.mark.parametrize("days", [[FIRST], [FIRST, SECOND, EMPTY]], ids=["a single day", "a range"])
def test_report_runs_once_per_change_and_never_without_one(
    sandbox: Sandbox, defs: dg.Definitions, automation: Automation, days: list[date]
) -> None:
    first = automation.after(defs, days)
    unchanged = automation.after(defs, days)
    change_transcript(sandbox, FIRST)
    changed = automation.after(defs, days)
    again = automation.after(defs, days)

    assert (first[DAILY], first[WHOLE]) == (keys(*days), {None})
    assert (unchanged[DAILY], unchanged[WHOLE]) == (set(), set())
    assert (changed[DAILY], changed[WHOLE]) == (keys(FIRST), {None})
    assert (again[DAILY], again[WHOLE]) == (set(), set())


@pytest.mark.deployment
def test_range_after_single_days_changes_no_version(defs: dg.Definitions, automation: Automation) -> None:
    automation.after(defs, [FIRST])
    automation.after(defs, [SECOND])

    after_range = automation.after(defs, [FIRST, SECOND])
    after_day = automation.after(defs, [FIRST])

    assert after_range[DAILY] == after_range[WHOLE] == after_day[DAILY] == after_day[WHOLE] == set()


@pytest.mark.deployment
def test_large_range_is_a_change_for_conditions_except_on_meeting_metrics_and_none_for_the_sensor(
    defs: dg.Definitions, automation: Automation
) -> None:
    many_days = days_between(FIRST, FIRST + timedelta(days=MOST_OBSERVED))
    automation.after(defs, [FIRST])
    with dagster_instance() as instance:
        cursor = changed_partitions(instance, SPEECH).cursor

    requested = [automation.after(defs, days) for days in (many_days, many_days, [FIRST])]

    # The exception that docs/running.md names. The range and the next run of the day have other versions.
    assert [FIRST.isoformat() in each[SPEECH_REPORT] for each in requested] == [True, False, True]
    assert [each[DAILY] for each in requested] == [keys(*many_days[1:]), set(), set()]
    with dagster_instance() as instance:
        assert FIRST.isoformat() not in changed_partitions(instance, SPEECH, cursor).partitions


@pytest.mark.deployment
def test_eager_ignores_data_versions(defs: dg.Definitions, automation: Automation) -> None:
    automation.after(defs, [FIRST])

    unchanged = automation.after(defs, [FIRST])

    # If this fails, Dagster respects data versions, and `eager_on_change` is not needed any more.
    assert unchanged[EAGER] == keys(FIRST)


@pytest.mark.deployment
def test_sensor_finds_each_change_once(sandbox: Sandbox, defs: dg.Definitions) -> None:
    found, cursor = [], 0
    for days, is_changed in [([FIRST, SECOND], False), ([FIRST], False), ([FIRST, SECOND], True), ([SECOND], False)]:
        if is_changed:
            change_transcript(sandbox, SECOND)
        run_successfully(defs, days)
        with dagster_instance() as instance:
            partitions, cursor = changed_partitions(instance, METRICS, cursor)
        found.append({*partitions})

    assert found == [keys(FIRST, SECOND), set(), keys(SECOND), set()]


@pytest.mark.deployment
def test_sensor_finds_changes_of_runs_between_two_ticks(sandbox: Sandbox, defs: dg.Definitions) -> None:
    run_successfully(defs, [FIRST])
    with dagster_instance() as instance:
        cursor = changed_partitions(instance, METRICS).cursor
    change_transcript(sandbox, FIRST)
    run_successfully(defs, [FIRST])
    run_successfully(defs, [FIRST, SECOND])

    with dagster_instance() as instance:
        assert {*changed_partitions(instance, METRICS, cursor).partitions} == keys(FIRST, SECOND)


def test_only_assets_with_other_content_have_another_version(sandbox: Sandbox, defs: dg.Definitions) -> None:
    run_once(__name__, defs, [FIRST])
    change_transcript(sandbox, FIRST)
    run_successfully(defs, [FIRST])

    changed = {asset for asset in ASSETS if len({*versions(asset, FIRST)}) > 1}

    of_transcript = {"recordings", "raw/transcript", "transcripts", "transcript_words", "meeting_metrics", "speech"}
    assert changed == of_transcript


def test_metric_parameters_are_an_input_of_the_metrics_alone(
    defs: dg.Definitions, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_once(__name__, defs, [FIRST])
    monkeypatch.setenv("MEETING_ASSETS_METRICS", "dead_air_s=3")
    run_successfully(defs, [FIRST])

    changed = {asset for asset in ASSETS if len({*versions(asset, FIRST)}) > 1}

    assert changed == {"meeting_metrics", "speech"}
