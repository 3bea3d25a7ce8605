"""A failed run is reported once, unless Dagster retries it."""

from __future__ import annotations

import json

import dagster as dg
import pytest

from meeting_assets.orchestration.operations.alerts import failed_runs
from meeting_assets.orchestration.operations.failures import Failure, Incident, notified
from meeting_assets.orchestration.runs import dagster_instance, run_days
from meeting_assets_tests.support.alerts import DAY, HOUR_S, OTHER_DAY, Receiver, Watch, fail

WILL_RETRY = "dagster/will_retry"

pytestmark = [
    pytest.mark.deployment,
    pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning"),
]


def die(tags: dict[str, str] | None = None) -> str:
    """Creates a run whose process has ended; returns its id."""
    with dagster_instance() as instance:
        run = instance.create_run_for_job(_nothing, tags={"dagster/partition": DAY.isoformat(), **(tags or {})})
        instance.report_run_failed(run, "The process of this run is gone.")
    return run.run_id


def tag(run_id: str, **tags: str) -> None:
    with dagster_instance() as instance:
        instance.add_run_tags(run_id, {f"dagster/{name}": value for name, value in tags.items()})


def tags_of(run_id: str) -> dict[str, str]:
    with dagster_instance() as instance:
        run = instance.get_run_by_id(run_id)
    assert run is not None
    return dict(run.tags)


@dg.job
def _nothing() -> None:
    pass


@dg.op
def quote_a_meeting() -> None:
    raise ValueError("Jane Doe said: we are going to sell")


@dg.job
def quoting() -> None:
    quote_a_meeting()


@dg.op
def quote_a_url() -> None:
    raise dg.Failure(description="No answer from https://user:pass@host/path?Signature=abc <b>\nat line 3")


@dg.job
def linking() -> None:
    quote_a_url()


def execute(job: dg.JobDefinition) -> None:
    with dagster_instance() as instance:
        job.execute_in_process(instance=instance, raise_on_error=False)


def test_failed_run_is_reported_with_its_day_and_cause(
    defs: dg.Definitions, runs: Watch, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = fail(defs, monkeypatch)

    runs.tick()

    (document,) = receiver.documents
    assert {**document, "text": ""} == {
        "text": "",
        "kind": "run_failed",
        "run_id": run_id,
        "days": [DAY.isoformat()],
        "checks": [],
        "recordings": [],
    }
    assert document["text"].startswith(f"A run of sync_recordings failed, day {DAY}: ")
    assert "RECALL_API_KEY" in document["text"]
    assert run_id in document["text"]


def test_failed_run_is_reported_once(
    defs: dg.Definitions, runs: Watch, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(defs, monkeypatch)

    for _ in range(3):
        runs.tick()
        runs.let_pass(2 * HOUR_S)

    assert len(receiver.documents) == 1


def test_failures_before_the_first_tick_are_not_reported(
    defs: dg.Definitions, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = Watch(failed_runs(), defs)
    fail(defs, monkeypatch)

    watch.tick()
    watch.tick()

    assert receiver.documents == []


def test_successful_run_is_not_reported(defs: dg.Definitions, runs: Watch, receiver: Receiver) -> None:
    assert run_days(defs, [DAY]).succeeded

    assert runs.tick() == "Nothing new."
    assert receiver.documents == []


def test_more_failures_of_a_day_are_counted_and_reported_after_an_hour(
    defs: dg.Definitions, runs: Watch, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(defs, monkeypatch)
    runs.tick()
    fail(defs, monkeypatch)
    runs.tick()
    last = fail(defs, monkeypatch)
    runs.tick()
    within_the_hour = len(receiver.documents)

    runs.let_pass(HOUR_S)
    runs.tick()

    assert within_the_hour == 1
    assert len(receiver.documents) == 2
    assert receiver.documents[1]["text"].startswith(f"2 more runs of sync_recordings failed, day {DAY}: ")
    assert receiver.documents[1]["run_id"] == last


def test_one_cause_on_several_days_is_one_alert(
    defs: dg.Definitions, runs: Watch, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(defs, monkeypatch)
    fail(defs, monkeypatch, OTHER_DAY)

    runs.tick()

    (document,) = receiver.documents
    assert document["days"] == [DAY.isoformat(), OTHER_DAY.isoformat()]
    assert document["text"].startswith(f"2 runs of sync_recordings failed, 2 days from {DAY} to {OTHER_DAY}: ")


def test_another_cause_on_another_day_is_another_alert() -> None:
    incidents, first = notified([], [Failure("1", "sync_recordings", ["2026-03-02"], "no key")], now_s=0)

    _, second = notified(incidents, [Failure("2", "sync_recordings", ["2026-03-03"], "no database")], now_s=1)

    assert [notification.run_id for notification in [*first, *second]] == ["1", "2"]


def test_incident_ends_after_an_hour_without_a_failure() -> None:
    failure = Failure("1", "sync_recordings", ["2026-03-02"], "no key")
    incidents, _ = notified([], [failure], now_s=0)

    after, notifications = notified(incidents, [], now_s=HOUR_S)

    assert (after, notifications) == ([], [])
    assert notified(after, [failure], now_s=HOUR_S + 1)[1] != []


def test_failures_without_days_and_of_different_causes_are_different() -> None:
    failures = [Failure("1", "run_retention", [], "locked"), Failure("2", "run_retention", [], "full")]

    incidents, notifications = notified([], failures, now_s=0)

    assert [type(each) for each in incidents] == [Incident, Incident]
    assert len(notifications) == 2


def test_retried_run_is_not_reported(runs: Watch, receiver: Receiver) -> None:
    run_id = die()
    assert tags_of(run_id)[WILL_RETRY] == "true"
    runs.tick()

    tag(run_id, auto_retry_run_id="the-retry")
    runs.let_pass(HOUR_S)
    runs.tick()

    assert receiver.documents == []


def test_failed_last_retry_is_reported(runs: Watch, receiver: Receiver) -> None:
    retried = die()
    last = die({"dagster/max_retries": "0"})
    tag(retried, auto_retry_run_id=last)
    assert tags_of(last)[WILL_RETRY] == "false"

    runs.tick()

    (document,) = receiver.documents
    assert document["run_id"] == last
    assert "The process of this run is gone" in document["text"]
    assert document["days"] == [DAY.isoformat()]


def test_run_that_dagster_stops_retrying_is_reported(runs: Watch, receiver: Receiver) -> None:
    run_id = die()
    runs.tick()
    assert receiver.documents == []

    tag(run_id, will_retry="false")
    runs.tick()

    assert [document["run_id"] for document in receiver.documents] == [run_id]


def test_missing_retry_is_reported(runs: Watch, receiver: Receiver) -> None:
    run_id = die()
    runs.tick()

    runs.let_pass(HOUR_S)
    runs.tick()

    assert [document["run_id"] for document in receiver.documents] == [run_id]


def test_text_of_an_unexpected_error_is_not_reported(runs: Watch, receiver: Receiver) -> None:
    execute(quoting)

    runs.tick()

    (document,) = receiver.documents
    assert "Step quote_a_meeting ended in an unexpected ValueError" in document["text"]
    assert "Jane" not in json.dumps(document)


def test_alerts_contain_urls_without_queries_and_escaped_markup(runs: Watch, receiver: Receiver) -> None:
    execute(linking)

    runs.tick()

    (document,) = receiver.documents
    assert "No answer from https://host/path &lt;b&gt;. (run" in document["text"]
