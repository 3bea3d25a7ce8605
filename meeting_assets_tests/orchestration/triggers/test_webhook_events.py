"""The sensor `webhook_events`: each message becomes one run that covers it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import dagster as dg
import pytest
from sqlalchemy import event

from meeting_assets.core.instants import now
from meeting_assets.definitions import definitions
from meeting_assets.orchestration.home import prepare_home
from meeting_assets.orchestration.runs import JOB, dagster_instance, run_days
from meeting_assets.orchestration.triggers.finished_recordings import Cursor
from meeting_assets.pipeline.storage import open_storage
from meeting_assets.sandbox import Fault, Recording, Sandbox, empty, uniform
from meeting_assets.settings import read_settings
from meeting_assets.store.database import Database
from meeting_assets.webhooks import inbox
from meeting_assets.webhooks.inbox import Message
from meeting_assets_tests.support.deployment import Deployment
from meeting_assets_tests.support.environments import table_rows, use_sandbox
from meeting_assets_tests.support.ui import until
from meeting_assets_tests.support.webhook_sender import SECRET, ReceiverCommand

ROWS_WITHIN_S = 20
PATIENCE_S = 60

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning")


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    with Sandbox(empty(), limits=False) as running:
        use_sandbox(running, monkeypatch)
        monkeypatch.setenv("MEETING_ASSETS_FIRST_DAY", (now() - timedelta(days=40)).date().isoformat())
        monkeypatch.setenv("RECALL_WEBHOOK_SECRETS", SECRET)
        yield running


@pytest.fixture
def defs(defs: dg.Definitions) -> dg.Definitions:
    """With the tables made, the inbox among them."""
    with open_storage(read_settings()):
        return defs


def announce(*recordings: Recording, event: str = "recording.done", age: timedelta = timedelta()) -> None:
    """Puts a message of each recording into the inbox, as the receiver does."""
    messages = [Message(uuid4().hex, event, each.id, None, now() - age) for each in recordings]
    with open_storage(read_settings()) as storage, storage.database.writing() as connection:
        inbox.insert_messages(connection, messages)


def waiting() -> list[str]:
    """The recordings of unhandled messages."""
    with open_storage(read_settings()) as storage, storage.database.reading() as connection:
        return sorted(message.recording_id for message in inbox.unhandled(connection, at_most=100))


def tick(
    defs: dg.Definitions, cursor: str | None = None, sensor: str = "webhook_events"
) -> dg.SensorResult | dg.SkipReason:
    """The result of one evaluation of a sensor."""
    with (
        dagster_instance() as instance,
        dg.build_sensor_context(instance, cursor=cursor, repository_def=defs.get_repository_def()) as context,
    ):
        answer: Any = defs.resolve_sensor_def(sensor)(context)
    assert isinstance(answer, dg.SensorResult | dg.SkipReason)
    return answer


def requested(defs: dg.Definitions) -> list[tuple[str | None, list[str]]]:
    """The days a tick asks for, with the recordings."""
    answer = tick(defs)
    requests = (answer.run_requests if isinstance(answer, dg.SensorResult) else None) or []
    return [(request.partition_key, ids_of(request.run_config)) for request in requests]


def ids_of(run_config: Any) -> list[str]:
    return list(run_config.get("ops", {}).get("raw_artifacts", {}).get("config", {}).get("recording_ids", []))


def reason(answer: dg.SensorResult | dg.SkipReason) -> str:
    said = answer.skip_message if isinstance(answer, dg.SkipReason) else answer.skip_reason
    return str(said)


def queue(defs: dg.Definitions, recording: Recording, recording_ids: Sequence[str]) -> str:
    """A run of the recording's day that waits for its turn."""
    with dagster_instance() as instance:
        run = instance.create_run_for_job(
            defs.resolve_job_def(JOB),
            run_config={"ops": {"raw_artifacts": {"config": {"recording_ids": [*recording_ids]}}}},
            tags={"dagster/partition": recording.day.isoformat()},
            status=dg.DagsterRunStatus.NOT_STARTED,
        )
    return run.run_id


def start(run_id: str) -> None:
    """The run begins, and does not end."""
    with dagster_instance() as instance:
        run = instance.get_run_by_id(run_id)
        assert run is not None
        instance.report_dagster_event(dg.DagsterEvent(dg.DagsterEventType.RUN_START.value, run.job_name), run_id=run_id)


def test_recording_of_a_webhook_is_requested_by_its_id(sandbox: Sandbox, defs: dg.Definitions) -> None:
    recording = sandbox.add_recording()
    announce(recording)

    assert requested(defs) == [(recording.day.isoformat(), [recording.id])]


def test_simultaneous_messages_make_one_run(sandbox: Sandbox, defs: dg.Definitions) -> None:
    recording = sandbox.add_recording()
    for happening in ("transcript.done", "recording.done", "participant_events.done", "recording.done"):
        announce(recording, event=happening)

    assert requested(defs) == [(recording.day.isoformat(), [recording.id])]


def test_message_waits_for_its_run_and_requests_no_other(sandbox: Sandbox, defs: dg.Definitions) -> None:
    recording = sandbox.add_recording()
    announce(recording)

    queue(defs, recording, [recording.id])

    assert requested(defs) == []
    assert waiting() == [recording.id]


@pytest.mark.parametrize("is_named", [True, False])
def test_run_that_started_before_a_message_does_not_cover_it(
    sandbox: Sandbox, defs: dg.Definitions, is_named: bool
) -> None:
    recording = sandbox.add_recording()
    run_id = queue(defs, recording, [recording.id] if is_named else [])
    start(run_id)
    announce(recording, age=-timedelta(seconds=2))

    assert requested(defs) == [(recording.day.isoformat(), [recording.id])]
    assert waiting() == [recording.id]


@pytest.mark.parametrize("is_named", [True, False])
def test_run_that_started_after_a_message_covers_it(sandbox: Sandbox, defs: dg.Definitions, is_named: bool) -> None:
    recording = sandbox.add_recording()
    announce(recording, age=timedelta(seconds=2))
    run_id = queue(defs, recording, [recording.id] if is_named else [])

    start(run_id)

    assert requested(defs) == []
    assert waiting() == [recording.id]


def test_run_that_omits_the_recording_does_not_cover_it(sandbox: Sandbox, defs: dg.Definitions) -> None:
    at = now()
    first, second = sandbox.add_recording(at), sandbox.add_recording(at)
    announce(second)

    queue(defs, first, [first.id])

    assert requested(defs) == [(second.day.isoformat(), [second.id])]


def test_a_message_whose_run_has_ended_is_handled(sandbox: Sandbox, defs: dg.Definitions) -> None:
    recording = sandbox.add_recording()
    announce(recording)
    assert run_days(defs, [recording.day], recording_ids=[recording.id]).succeeded

    assert requested(defs) == []
    assert waiting() == []


def test_message_of_a_failed_run_waits_for_another_run(sandbox: Sandbox, defs: dg.Definitions) -> None:
    recording = sandbox.add_recording()
    announce(recording)
    sandbox.inject(Fault(status=500, match="/api/v1/", times=None))
    failed = run_days(defs, [recording.day], recording_ids=[recording.id])
    sandbox.clear_faults()

    assert not failed.succeeded
    assert requested(defs) == []  # so soon after
    assert waiting() == [recording.id]


def test_message_expires_after_a_day(sandbox: Sandbox, defs: dg.Definitions) -> None:
    announce(sandbox.add_recording(), age=timedelta(hours=25))

    assert requested(defs) == []
    assert waiting() == []


def test_day_of_a_known_recording_costs_no_api_call(sandbox: Sandbox, defs: dg.Definitions) -> None:
    recording = sandbox.add_recording(now() - timedelta(days=30))
    run_days(defs, [recording.day])
    announce(recording, event="transcript.done")
    sandbox.stats.reset()

    assert requested(defs) == [(recording.day.isoformat(), [recording.id])]
    assert sandbox.stats.requests == []


def test_day_of_an_unknown_recording_costs_one_api_call(sandbox: Sandbox, defs: dg.Definitions) -> None:
    recording = sandbox.add_recording(now() - timedelta(days=30))
    announce(recording)

    first = tick(defs)
    second = tick(defs, first.cursor if isinstance(first, dg.SensorResult) else None)

    assert isinstance(second, dg.SensorResult)
    assert [request.partition_key for request in second.run_requests or []] == [recording.day.isoformat()]
    assert sandbox.stats.retrieve_calls == 1


@pytest.mark.parametrize("answers_404", [True, False])
def test_deleted_recording_is_recorded_and_not_requested_again(
    sandbox: Sandbox, defs: dg.Definitions, answers_404: bool
) -> None:
    sandbox.habits.deleted_answers_404 = answers_404
    recording = sandbox.add_recording()
    run_days(defs, [recording.day])
    sandbox.delete(recording.id)
    announce(recording, event="recording.deleted")

    for day, recording_ids in requested(defs):
        assert run_days(defs, [datetime.fromisoformat(str(day)).date()], recording_ids=recording_ids).succeeded

    assert requested(defs) == []
    assert waiting() == []
    (row,) = table_rows()["recordings"]
    assert "deleted" in row


def test_false_message_changes_nothing(sandbox: Sandbox, defs: dg.Definitions) -> None:
    recording = sandbox.add_recording()
    run_days(defs, [recording.day])
    before = table_rows()
    announce(recording, event="recording.deleted")

    ((_, recording_ids),) = requested(defs)
    assert run_days(defs, [recording.day], recording_ids=recording_ids).succeeded

    assert table_rows() == before
    assert requested(defs) == []


def test_message_about_a_missing_object_is_handled(sandbox: Sandbox, defs: dg.Definitions) -> None:
    recording = sandbox.add_recording()
    announce(recording)
    sandbox.habits.deleted_answers_404 = True
    sandbox.delete(recording.id)

    assert requested(defs) == []
    assert waiting() == []


def test_a_message_about_a_time_before_the_first_day_is_handled(sandbox: Sandbox, defs: dg.Definitions) -> None:
    announce(sandbox.add_recording(now() - timedelta(days=50)))

    assert requested(defs) == []
    assert waiting() == []


def test_messages_wait_while_the_api_is_unreachable(sandbox: Sandbox, defs: dg.Definitions) -> None:
    known, unknown = sandbox.add_recording(now() - timedelta(days=2)), sandbox.add_recording()
    run_days(defs, [known.day])
    announce(known, unknown)
    sandbox.inject(Fault(status=503, match="/api/v1/recording/", times=None, headers={"Retry-After": "0"}))

    asked = requested(defs)

    assert asked == [(known.day.isoformat(), [known.id])]
    assert unknown.id in waiting()


@pytest.mark.parametrize("code", [400, 403, 422, 451, 500])
def test_recording_that_the_api_refuses_blocks_no_other_message(
    sandbox: Sandbox, defs: dg.Definitions, code: int
) -> None:
    recordings = [sandbox.add_recording() for _ in range(3)]
    announce(*recordings)
    victim = min(recordings, key=lambda each: each.id)
    sandbox.inject(Fault(f"/api/v1/recording/{victim.id}/", times=None, status=code))

    asked = requested(defs)

    others = {each.id for each in recordings} - {victim.id}
    assert {recording_id for _, ids in asked for recording_id in ids} == others
    assert (victim.id in waiting()) == (code == 500)


def test_tick_without_messages_is_one_query_on_one_connection(
    sandbox: Sandbox, defs: dg.Definitions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RECALL_API_KEY")
    connections: list[object] = []
    statements: list[str] = []
    original = Database.__init__

    def watched(self: Database, engine: Any) -> None:
        event.listen(engine, "connect", lambda *_: connections.append(engine))
        event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
        original(self, engine)

    monkeypatch.setattr(Database, "__init__", watched)

    answer = tick(defs)

    assert reason(answer) == "No message is unhandled."
    assert len([each for each in statements if not each.startswith("BEGIN")]) == 1
    assert len(connections) <= 1
    assert sandbox.stats.requests == []


def test_sensor_works_before_the_tables_exist(sandbox: Sandbox, database_url: str) -> None:
    prepare_home(read_settings())

    assert not requested(definitions(read_settings()))


def test_sensor_without_secrets_names_the_setting(defs: dg.Definitions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RECALL_WEBHOOK_SECRETS")

    assert "RECALL_WEBHOOK_SECRETS is not set" in reason(tick(defs))


def test_invalid_cursor_is_replaced(sandbox: Sandbox, defs: dg.Definitions) -> None:
    recording = sandbox.add_recording()
    announce(recording)

    answers = [tick(defs, cursor) for cursor in ("no json", "[]", '{"x": 1}', '{"x": "y"}')]

    assert all(isinstance(each, dg.SensorResult) and each.run_requests for each in answers)


def test_with_webhooks_the_lists_are_read_every_ten_minutes(sandbox: Sandbox, defs: dg.Definitions) -> None:
    sandbox.add_recording()
    lately, long_ago = (
        Cursor(completed_at=(now() - timedelta(minutes=minutes)).isoformat()).encode() for minutes in (9, 11)
    )

    soon = tick(defs, lately, sensor="finished_recordings")
    calls = sandbox.stats.list_calls_total
    late = tick(defs, long_ago, sensor="finished_recordings")

    assert isinstance(soon, dg.SensorResult)
    assert isinstance(late, dg.SensorResult)
    assert (calls, soon.cursor, soon.run_requests) == (0, lately, [])
    assert "every 10 minutes" in reason(soon)
    assert len(late.run_requests or []) == 1
    assert sandbox.stats.list_calls_total > 0


def test_every_tick_reads_the_lists_without_webhooks(
    sandbox: Sandbox, defs: dg.Definitions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RECALL_WEBHOOK_SECRETS")

    tick(defs, Cursor(completed_at=now().isoformat()).encode(), sensor="finished_recordings")

    assert sandbox.stats.list_calls_total > 0


def test_pending_artifacts_are_requested_between_listing_passes(sandbox: Sandbox, defs: dg.Definitions) -> None:
    recording = sandbox.add_recording()
    transcript = recording.of("transcript")[0].id
    sandbox.inject(Fault(status=500, match=f"transcript:{transcript}", times=None))
    run_days(defs, [recording.day])
    with open_storage(read_settings()) as storage, storage.database.writing() as connection:
        connection.exec_driver_sql("UPDATE artifacts SET next_attempt_at = NULL")

    answer = tick(defs, Cursor(completed_at=now().isoformat()).encode(), sensor="finished_recordings")

    assert isinstance(answer, dg.SensorResult)
    assert [ids_of(request.run_config) for request in answer.run_requests or []] == [[recording.id]]


@pytest.mark.deployment
def test_rows_are_stored_within_seconds_of_a_webhook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = uniform(now().date() - timedelta(days=3), recordings=1)
    with (
        Sandbox(world, limits=False) as sandbox,
        Deployment(tmp_path, sandbox, RECALL_WEBHOOK_SECRETS=SECRET) as deployment,
        ReceiverCommand(deployment.settings) as receiver,
    ):
        deployment.settle(monkeypatch)
        sandbox.habits.webhook_copies, sandbox.habits.webhooks_shuffled = 2, True
        sandbox.notify(receiver.url, SECRET)
        until(
            lambda: deployment.ui.ticks("finished_recordings"),
            "the first look of the other sensor",
            within_s=PATIENCE_S,
        )
        recording = sandbox.add_recording(processing=True)

        sandbox.finish(recording.id)
        meeting_s = seconds_until(lambda: rows("meeting_metrics", recording))
        sandbox.add_transcript(recording.id)
        transcript_s = seconds_until(lambda: len(rows("transcripts", recording)) == 2)

        until(lambda: not waiting(), "every message handled", within_s=PATIENCE_S)
        runs = deployment.ui.runs(day=recording.day)

    assert max(meeting_s, transcript_s) < ROWS_WITHIN_S
    assert [run.recording_ids for run in runs] == [[recording.id]] * 2


def seconds_until(look: Callable[[], object]) -> float:
    began_s = time.monotonic()
    until(look, "rows", within_s=PATIENCE_S)
    return time.monotonic() - began_s


def rows(table: str, recording: Recording) -> list[tuple[Any, ...]]:
    return [row for row in table_rows()[table] if row[0] == recording.id]
