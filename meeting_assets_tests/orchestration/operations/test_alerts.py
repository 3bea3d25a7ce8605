"""Alerts: each failure is reported once, is delivered or waits, and contains no secret and no personal data."""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Iterator
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import dagster as dg
import pytest

from meeting_assets.core.errors import SettingsError
from meeting_assets.orchestration.operations.alerts import failed_checks, failed_runs
from meeting_assets.orchestration.operations.failures import Failure, Incident, notified
from meeting_assets.orchestration.runs import dagster_instance, run_days
from meeting_assets.sandbox import Sandbox, uniform
from meeting_assets.settings import read_settings
from meeting_assets_tests.support.environments import free_port, use_sandbox

DAY = date(2026, 3, 2)
OTHER_DAY = DAY + timedelta(days=1)
SECRET = "T0-B0-s3cret71c04d5e"
HOUR_S = 3600.0
WILL_RETRY, RETRIED_BY = "dagster/will_retry", "dagster/auto_retry_run_id"

pytestmark = [
    pytest.mark.deployment,
    pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning"),
]


class Receiver:
    """A real HTTP server on loopback that records the documents it receives."""

    def __init__(self, port: int) -> None:
        self.documents: list[dict[str, Any]] = []
        self.requests = 0
        self.status = 200
        self.url = f"http://127.0.0.1:{port}/services/{SECRET}"
        receiver = self

        class Answering(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver.requests += 1
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if receiver.status == 200:
                    assert self.headers["Content-Type"] == "application/json"
                    receiver.documents.append(json.loads(body))
                self.send_response(receiver.status)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()

            def log_request(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Answering)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def __enter__(self) -> Receiver:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Watch:
    """A sensor over its ticks; the cursor is all it remembers."""

    def __init__(self, sensor: dg.SensorDefinition, defs: dg.Definitions) -> None:
        self._sensor = sensor
        self._defs = defs
        self.cursor: str | None = None

    def tick(self) -> str:
        """What the tick shows."""
        with (
            dagster_instance() as instance,
            dg.build_sensor_context(instance=instance, cursor=self.cursor, definitions=self._defs) as context,
        ):
            result = self._sensor(context)
        assert isinstance(result, dg.SensorResult)
        assert result.skip_reason is not None
        self.cursor = result.cursor
        return str(result.skip_reason.skip_message)

    def let_pass(self, seconds: float) -> None:
        """Makes everything the cursor remembers so much older."""
        assert self.cursor is not None
        self.cursor = re.sub(
            r'("\w+_s":)(\d+\.\d+)', lambda found: f"{found[1]}{float(found[2]) - seconds}", self.cursor
        )


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(uniform(DAY, recordings=2, words=20)) as running:
        use_sandbox(running, monkeypatch)
        yield running


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    with Receiver(free_port()) as running:
        monkeypatch.setenv("MEETING_ASSETS_ALERT_URL", running.url)
        yield running


@pytest.fixture
def runs(defs: dg.Definitions) -> Watch:
    """The sensor of failed runs, which has begun to look."""
    watch = Watch(failed_runs, defs)
    watch.tick()
    return watch


@pytest.fixture
def checks(defs: dg.Definitions) -> Watch:
    return Watch(failed_checks, defs)


def fail(defs: dg.Definitions, monkeypatch: pytest.MonkeyPatch, day: date = DAY) -> str:
    """A run that a wrong key fails; its id."""
    with monkeypatch.context() as patched:
        patched.setenv("RECALL_API_KEY", "not-the-key")
        outcome = run_days(defs, [day])
    assert not outcome.succeeded
    return outcome.run_id


def die(tags: dict[str, str] | None = None) -> str:
    """A run whose process went down; its id."""
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


# runs


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
    watch = Watch(failed_runs, defs)
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


# checks


def test_check_is_reported_when_it_starts_and_stops_failing(
    sandbox: Sandbox, defs: dg.Definitions, checks: Watch, receiver: Receiver
) -> None:
    recording = sandbox.world.recordings[0]
    transcript = recording.of("transcript")[0]
    whole = sandbox.payload(transcript.id, "transcript")
    run_days(defs, [DAY])
    checks.tick()
    assert receiver.documents == []

    sandbox.reissue(transcript.id, {"transcript": b'{"poison": 1}'})
    first_failed = run_days(defs, [DAY]).run_id
    checks.tick()
    run_days(defs, [OTHER_DAY])
    checks.tick()
    sandbox.reissue(transcript.id, {"transcript": whole})
    passed = run_days(defs, [DAY]).run_id
    checks.tick()
    run_days(defs, [DAY])
    checks.tick()

    failed_document, passed_document = receiver.documents
    assert failed_document["kind"] == "check_failed"
    assert failed_document["run_id"] == first_failed
    assert failed_document["recordings"] == [recording.id]
    assert failed_document["days"] == [DAY.isoformat()]
    (check,) = failed_document["checks"]
    assert "quarantined" in check
    assert failed_document["text"].startswith(f"Check fails: {check} of transcript")
    assert f"violations: 1. Recordings, newest first: {recording.id}. Rule: Every fetched " in failed_document["text"]
    assert passed_document["kind"] == "check_passed"
    assert passed_document["run_id"] == passed
    assert passed_document["checks"] == [check]
    assert passed_document["text"].startswith(f"Check passes again: {check} of transcript")


def test_run_that_dies_before_its_checks_changes_no_outcome(
    sandbox: Sandbox, defs: dg.Definitions, checks: Watch, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    transcript = sandbox.world.recordings[0].of("transcript")[0]
    sandbox.reissue(transcript.id, {"transcript": b'{"poison": 1}'})
    run_days(defs, [DAY])
    checks.tick()

    fail(defs, monkeypatch)
    checks.tick()
    fresh = Watch(failed_checks, defs)
    fresh.tick()

    assert [document["kind"] for document in receiver.documents] == ["check_failed"] * 2


# delivery


def test_without_a_receiver_alerts_go_to_the_log(
    defs: dg.Definitions, runs: Watch, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    run_id = fail(defs, monkeypatch)

    shown = runs.tick()

    logged = capfd.readouterr().err
    assert "WARNING" in logged
    assert f"A run of sync_recordings failed, day {DAY}: " in logged
    assert run_id in logged
    assert run_id in shown


@pytest.mark.parametrize("status", [302, 404, 500])
def test_rejected_alert_waits_for_the_next_tick(
    defs: dg.Definitions, runs: Watch, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    run_id = fail(defs, monkeypatch)
    receiver.status = status

    assert "1 alerts wait for delivery" in runs.tick()
    assert receiver.requests == 1
    receiver.status = 200
    runs.tick()
    runs.tick()

    assert [document["run_id"] for document in receiver.documents] == [run_id]


def test_an_alert_waits_for_a_receiver_that_is_down(
    defs: dg.Definitions, runs: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = fail(defs, monkeypatch)
    port = free_port()
    monkeypatch.setenv("MEETING_ASSETS_ALERT_URL", f"http://127.0.0.1:{port}/services/{SECRET}")

    runs.tick()
    with Receiver(port) as receiver:
        runs.tick()

    assert [document["run_id"] for document in receiver.documents] == [run_id]


def test_an_alert_that_waited_too_long_goes_to_the_log(
    defs: dg.Definitions,
    runs: Watch,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    run_id = fail(defs, monkeypatch)
    receiver.status = 500
    runs.tick()
    assert run_id not in capfd.readouterr().err

    runs.let_pass(3 * HOUR_S)
    runs.tick()
    logged = capfd.readouterr().err
    receiver.status = 200
    runs.tick()

    assert "An alert could not be delivered: A run of sync_recordings failed" in logged
    assert run_id in logged
    assert receiver.documents == []


def test_invalid_cursor_of_alerts_is_replaced(runs: Watch, receiver: Receiver) -> None:
    runs.cursor = '{"seen": 3, "of": "another version"}'

    runs.tick()

    assert runs.cursor is not None
    assert receiver.documents == []


@pytest.mark.parametrize("status", [200, 302, 500, None])
def test_url_of_the_alert_receiver_is_logged_nowhere(
    defs: dg.Definitions,
    runs: Watch,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    status: int | None,
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore", "httpcore.http11", "httpcore.connection", "dagster"):
        caplog.set_level(logging.DEBUG, name)
    fail(defs, monkeypatch)
    with Receiver(free_port()) as receiver:
        monkeypatch.setenv("MEETING_ASSETS_ALERT_URL", receiver.url)
        receiver.status = status or 0
        if status is not None:
            shown = runs.tick()
    if status is None:
        shown = runs.tick()
    runs.let_pass(3 * HOUR_S)
    shown += runs.tick()

    texts = {
        "tick": shown,
        "cursor": str(runs.cursor),
        "log": caplog.text,
        "output": "".join(capfd.readouterr()),
        "settings": repr(read_settings()) + str(read_settings()),
    }
    assert [source for source, text in texts.items() if SECRET in text] == []
    files = [path for path in home.rglob("*") if path.is_file()]
    assert [path for path in files if SECRET.encode() in path.read_bytes()] == []
    assert SECRET in os.environ["MEETING_ASSETS_ALERT_URL"]


@pytest.mark.parametrize(
    "url", ["hooks.slack.com/x", "ftp://host/x", "https:///x", "https://ho st/x", "http://h:999999/"]
)
def test_a_url_that_cannot_be_posted_to_is_refused_without_being_quoted(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("MEETING_ASSETS_ALERT_URL", url + SECRET)

    with pytest.raises(SettingsError) as refused:
        read_settings()

    assert str(refused.value).startswith("MEETING_ASSETS_ALERT_URL is wrong: ")
    assert SECRET not in str(refused.value)
