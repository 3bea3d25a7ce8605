"""The sensor `webhook_events`: each message becomes one run that covers it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import dagster as dg
import pytest
from sqlalchemy import event

from meeting_assets.core.instants import now
from meeting_assets.definitions import definitions
from meeting_assets.orchestration.home import prepare_home
from meeting_assets.orchestration.runs import run_days
from meeting_assets.pipeline.storage import open_storage
from meeting_assets.sandbox import Fault, Sandbox
from meeting_assets.settings import read_settings
from meeting_assets.store.database import Database
from meeting_assets_tests.support.environments import sync_days, table_rows
from meeting_assets_tests.support.runs import run_successfully
from meeting_assets_tests.support.sensor_ticks import Requested, queue, reason, requested_by, start, tick
from meeting_assets_tests.support.webhook_inbox import announce, waiting

SENSOR = "webhook_events"

pytestmark = [
    pytest.mark.usefixtures("with_webhooks"),
    pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::dagster.PreviewWarning"),
]


@pytest.fixture
def defs(defs: dg.Definitions) -> dg.Definitions:
    """The definitions, with existing tables."""
    with open_storage(read_settings()):
        return defs


def requested(defs: dg.Definitions) -> Requested:
    return requested_by(tick(defs, SENSOR))


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

    queue(recording, [recording.id])

    assert requested(defs) == []
    assert waiting() == [recording.id]


@pytest.mark.parametrize("is_named", [True, False])
def test_run_that_started_before_a_message_does_not_cover_it(
    sandbox: Sandbox, defs: dg.Definitions, is_named: bool
) -> None:
    recording = sandbox.add_recording()
    run_id = queue(recording, [recording.id] if is_named else [])
    start(run_id)
    announce(recording, age=-timedelta(seconds=2))

    assert requested(defs) == [(recording.day.isoformat(), [recording.id])]
    assert waiting() == [recording.id]


@pytest.mark.parametrize("is_named", [True, False])
def test_run_that_started_after_a_message_covers_it(sandbox: Sandbox, defs: dg.Definitions, is_named: bool) -> None:
    recording = sandbox.add_recording()
    announce(recording, age=timedelta(seconds=2))
    run_id = queue(recording, [recording.id] if is_named else [])

    start(run_id)

    assert requested(defs) == []
    assert waiting() == [recording.id]


def test_run_that_omits_the_recording_does_not_cover_it(sandbox: Sandbox, defs: dg.Definitions) -> None:
    at = now()
    first, second = sandbox.add_recording(at), sandbox.add_recording(at)
    announce(second)

    queue(first, [first.id])

    assert requested(defs) == [(second.day.isoformat(), [second.id])]


def test_a_message_whose_run_has_ended_is_handled(sandbox: Sandbox, defs: dg.Definitions) -> None:
    recording = sandbox.add_recording()
    announce(recording)
    run_successfully(defs, [recording.day], recording_ids=[recording.id])

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
    sync_days([recording.day])
    announce(recording, event="transcript.done")
    sandbox.stats.reset()

    assert requested(defs) == [(recording.day.isoformat(), [recording.id])]
    assert sandbox.stats.requests == []


def test_day_of_an_unknown_recording_costs_one_api_call(sandbox: Sandbox, defs: dg.Definitions) -> None:
    recording = sandbox.add_recording(now() - timedelta(days=30))
    announce(recording)

    first = tick(defs, SENSOR)
    second = tick(defs, SENSOR, first.cursor if isinstance(first, dg.SensorResult) else None)

    assert isinstance(second, dg.SensorResult)
    assert [request.partition_key for request in second.run_requests or []] == [recording.day.isoformat()]
    assert sandbox.stats.retrieve_calls == 1


@pytest.mark.parametrize("answers_404", [True, False])
def test_deleted_recording_is_recorded_and_not_requested_again(
    sandbox: Sandbox, defs: dg.Definitions, answers_404: bool
) -> None:
    sandbox.habits.deleted_answers_404 = answers_404
    recording = sandbox.add_recording()
    sync_days([recording.day])
    sandbox.delete(recording.id)
    announce(recording, event="recording.deleted")

    for day, recording_ids in requested(defs):
        run_successfully(defs, [datetime.fromisoformat(str(day)).date()], recording_ids=recording_ids)

    assert requested(defs) == []
    assert waiting() == []
    (row,) = table_rows()["recordings"]
    assert "deleted" in row


def test_false_message_changes_nothing(sandbox: Sandbox, defs: dg.Definitions) -> None:
    recording = sandbox.add_recording()
    sync_days([recording.day])
    before = table_rows()
    announce(recording, event="recording.deleted")

    ((_, recording_ids),) = requested(defs)
    run_successfully(defs, [recording.day], recording_ids=recording_ids)

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
    sync_days([known.day])
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

    answer = tick(defs, SENSOR)

    assert reason(answer) == "No message is unhandled."
    assert len([each for each in statements if not each.startswith("BEGIN")]) == 1
    assert len(connections) <= 1
    assert sandbox.stats.requests == []


def test_sensor_works_before_the_tables_exist(sandbox: Sandbox, database_url: str) -> None:
    prepare_home(read_settings())

    assert not requested(definitions(read_settings()))


def test_sensor_without_secrets_names_the_setting(defs: dg.Definitions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RECALL_WEBHOOK_SECRETS")

    assert "RECALL_WEBHOOK_SECRETS is not set" in reason(tick(defs, SENSOR))


def test_invalid_cursor_is_replaced(sandbox: Sandbox, defs: dg.Definitions) -> None:
    recording = sandbox.add_recording()
    announce(recording)

    answers = [tick(defs, SENSOR, cursor) for cursor in ("no json", "[]", '{"x": 1}', '{"x": "y"}')]

    assert all(isinstance(each, dg.SensorResult) and each.run_requests for each in answers)
