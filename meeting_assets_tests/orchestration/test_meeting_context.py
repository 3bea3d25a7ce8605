"""The job `meeting_context` within a sync, and as the sensor of webhooks requests it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

import dagster as dg
import pytest
from sqlalchemy import select, text

from meeting_assets.core.instants import now
from meeting_assets.definitions import definitions
from meeting_assets.orchestration.assets.context import JOB, context_config
from meeting_assets.orchestration.home import prepare_home
from meeting_assets.orchestration.runs import RunOutcome, dagster_instance, run
from meeting_assets.orchestration.sync import SyncReport, sync
from meeting_assets.orchestration.triggers import meeting_context
from meeting_assets.pipeline.bots import BOTS
from meeting_assets.pipeline.storage import open_storage
from meeting_assets.sandbox import Sandbox, combined, uniform
from meeting_assets.sandbox.faults import Fault
from meeting_assets.sandbox.world import Bot, World, identifier
from meeting_assets.settings import read_settings
from meeting_assets.webhooks import object_inbox
from meeting_assets.webhooks.object_inbox import OBJECT_INBOX, ObjectMessage
from meeting_assets_tests.conftest import sqlite_first
from meeting_assets_tests.pipeline.test_bots import AT, MINUTE, listed
from meeting_assets_tests.support.calendars import calendar_event
from meeting_assets_tests.support.environments import use_sandbox
from meeting_assets_tests.support.sensor_ticks import reason, tick
from meeting_assets_tests.support.webhook_sender import SECRET

pytestmark = pytest.mark.with_tables

DAY = date(2026, 3, 2)
SENSOR = "webhook_object_events"
NOT_ADMITTED = "bot_kicked_from_waiting_room"


def missed_bot(name: str = "missed", at: datetime = AT) -> Bot:
    return listed(name, at, "joining_call", "in_waiting_room", ("call_ended", NOT_ADMITTED), "done")


@pytest.fixture
def sandbox(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    """An API with two recorded meetings and a missed one."""
    with Sandbox(combined([uniform(DAY, recordings=2, words=1), World(bots=[missed_bot()])]), limits=False) as running:
        use_sandbox(running, monkeypatch)
        monkeypatch.setenv("RECALL_WEBHOOK_SECRETS", SECRET)
        yield running


def synced(defs: dg.Definitions, **options: Any) -> SyncReport:
    with dagster_instance():
        return sync(defs, read_settings(), [DAY], **options)


def rows(statement: Any) -> list[tuple[Any, ...]]:
    with open_storage(read_settings()) as storage, storage.database.reading() as connection:
        return [tuple(row) for row in connection.execute(statement)]


def announce(
    event: str, object_id: str, *, age: timedelta = timedelta(), handled_at: datetime | None = None
) -> ObjectMessage:
    """Puts a message into the inbox, as the receiver does."""
    message = ObjectMessage(uuid4().hex, event, object_id, now() - age, handled_at)
    with open_storage(read_settings()) as storage, storage.database.writing() as connection:
        object_inbox.insert_messages(connection, [message])
    return message


def unhandled() -> set[str]:
    return {row[0] for row in rows(select(OBJECT_INBOX.c.event).where(OBJECT_INBOX.c.handled_at.is_(None)))}


def is_requested(defs: dg.Definitions) -> bool:
    answer = tick(defs, SENSOR)
    requests = (answer.run_requests if isinstance(answer, dg.SensorResult) else None) or []
    assert all(request.run_config == context_config(only_webhooks=True) for request in requests)
    return len(requests) == 1


def run_for_webhooks(defs: dg.Definitions) -> RunOutcome:
    with dagster_instance():
        return run(defs, JOB, None, run_config=context_config(only_webhooks=True))


def test_sync_stores_the_bots_of_recorded_and_missed_meetings(sandbox: Sandbox, defs: dg.Definitions) -> None:
    report = synced(defs)

    assert report.is_complete
    assert sorted(row[0] for row in rows(select(BOTS.c.outcome))) == ["missed", "recorded", "recorded"]
    assert rows(text("SELECT category, sub_code FROM missed_meetings")) == [("not_admitted", NOT_ADMITTED)]
    assert (sandbox.stats.list_calls["bot"], sandbox.stats.retrieve_calls_by_collection["bot"]) == (1, 0)


@sqlite_first
def test_check_of_missed_meetings_is_evaluated_in_the_run_of_the_bots(sandbox: Sandbox, defs: dg.Definitions) -> None:
    recent = missed_bot("recent", now() - 60 * MINUTE)
    sandbox.world.bots.append(recent)

    synced(defs)

    with dagster_instance() as instance:
        key = dg.AssetCheckKey(dg.AssetKey("bots"), "no_meeting_was_missed_last_week")
        (record,) = instance.event_log_storage.get_asset_check_execution_history(key, limit=5)
    evaluation = record.event.dagster_event.asset_check_evaluation_data  # type: ignore[union-attr]
    assert not evaluation.passed
    assert {name: evaluation.metadata[name].value for name in ("violations", "not_admitted")} == {
        "violations": 1,
        "not_admitted": 1,
    }


@sqlite_first
def test_sync_of_a_named_recording_lists_no_bots(sandbox: Sandbox, defs: dg.Definitions) -> None:
    recording = sandbox.world.recordings[0]

    report = synced(defs, recording_ids=[recording.id])

    assert report.is_complete
    assert sandbox.stats.list_calls["bot"] == 0
    assert rows(select(BOTS.c.bot_id)) == [(recording.bot_id,)]


@sqlite_first
def test_failure_of_the_list_of_bots_is_reported_and_recordings_are_stored(
    sandbox: Sandbox, defs: dg.Definitions
) -> None:
    sandbox.inject(Fault("/api/v1/bot/", times=None, status=403, body='{"detail": "forbidden"}'))

    report = synced(defs)

    assert [each.succeeded for each in report.runs][:2] == [False, True]
    assert any("/api/v1/bot/" in fault for fault in report.faults)
    assert not report.is_complete
    assert rows(text("SELECT count(*) FROM meeting_metrics")) == [(2,)]


def test_message_about_a_bot_leads_to_a_retrieve_of_that_bot_only(sandbox: Sandbox, defs: dg.Definitions) -> None:
    announce("bot.done", identifier("bot", "missed"))

    requested = is_requested(defs)
    outcome = run_for_webhooks(defs)

    assert requested
    assert outcome.succeeded
    assert rows(select(BOTS.c.outcome, BOTS.c.sub_code)) == [("missed", NOT_ADMITTED)]
    assert (sandbox.stats.list_calls_total, sandbox.stats.retrieve_calls) == (0, 1)
    assert unhandled() == set()
    assert not is_requested(defs)


@sqlite_first
def test_message_about_a_bot_that_does_not_exist_is_handled(sandbox: Sandbox, defs: dg.Definitions) -> None:
    announce("bot.fatal", identifier("no such bot"))

    run_for_webhooks(defs)

    assert unhandled() == set()


@sqlite_first
def test_message_stays_unhandled_while_its_bot_cannot_be_retrieved(sandbox: Sandbox, defs: dg.Definitions) -> None:
    announce("bot.done", identifier("bot", "missed"))
    announce("bot.done", identifier("no such bot"))
    sandbox.inject(Fault(identifier("bot", "missed"), times=None, status=503))

    outcome = run_for_webhooks(defs)

    assert outcome.succeeded
    assert len(rows(select(OBJECT_INBOX.c.event).where(OBJECT_INBOX.c.handled_at.is_(None)))) == 1


@sqlite_first
def test_sensor_waits_longer_after_each_run_that_could_not_retrieve_a_bot(
    sandbox: Sandbox, defs: dg.Definitions
) -> None:
    announce("bot.done", identifier("bot", "missed"))
    sandbox.inject(Fault(identifier("bot", "missed"), times=None, status=403, body='{"detail": "forbidden"}'))

    outcomes = [run_for_webhooks(defs) for _ in range(3)]

    assert all(each.succeeded for each in outcomes)
    assert "3 runs could not retrieve their bots" in reason(tick(defs, SENSOR))


@sqlite_first
def test_new_message_requests_a_run_while_others_wait(sandbox: Sandbox, defs: dg.Definitions) -> None:
    announce("bot.done", identifier("bot", "missed"))
    sandbox.inject(Fault(identifier("bot", "missed"), times=None, status=503))
    run_for_webhooks(defs)
    waits = not is_requested(defs)

    announce("bot.done", identifier("another bot"))

    assert waits
    assert is_requested(defs)


@sqlite_first
@pytest.mark.parametrize(
    ("event", "age", "requested", "left"),
    [
        ("bot.call_ended", timedelta(), True, {"bot.call_ended"}),
        ("bot.a_new_code", timedelta(), True, {"bot.a_new_code"}),
        ("bot.in_waiting_room", timedelta(minutes=9), False, {"bot.in_waiting_room"}),
        ("bot.in_waiting_room", timedelta(minutes=11), True, {"bot.in_waiting_room"}),
        ("bot.done", timedelta(hours=25), False, set()),
        ("calendar.update", timedelta(), False, set()),
    ],
)
def test_requests_by_kind_and_age_of_a_message(
    sandbox: Sandbox, defs: dg.Definitions, event: str, age: timedelta, requested: bool, left: set[str]
) -> None:
    announce(event, identifier("bot", "missed"), age=age)

    assert is_requested(defs) is requested
    assert unhandled() == left


@sqlite_first
def test_calendar_message_requests_a_run_if_calendars_are_on(
    sandbox: Sandbox, defs: dg.Definitions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEETING_ASSETS_CALENDAR", "on")
    announce("calendar.sync_events", identifier("calendar"))

    assert is_requested(defs)


@sqlite_first
def test_message_about_a_calendar_is_handled_after_the_pass_over_its_events(
    sandbox: Sandbox, defs: dg.Definitions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEETING_ASSETS_CALENDAR", "on")
    with_calendar = definitions(read_settings())
    sandbox.add_events([calendar_event("weekly")])
    announce("bot.done", identifier("bot", "missed"))
    announce("calendar.sync_events", identifier("calendar"))

    outcome = run_for_webhooks(with_calendar)

    assert outcome.succeeded
    assert rows(text("SELECT title FROM calendar_events")) == [("Meeting weekly",)]
    assert unhandled() == set()


@sqlite_first
def test_message_about_a_calendar_stays_unhandled_if_the_pass_fails(
    sandbox: Sandbox, defs: dg.Definitions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEETING_ASSETS_CALENDAR", "on")
    with_calendar = definitions(read_settings())
    announce("bot.done", identifier("bot", "missed"))
    announce("calendar.sync_events", identifier("calendar"))
    sandbox.inject(Fault("/api/v2/calendar-events/", times=None, status=401, body="{}"))

    outcome = run_for_webhooks(with_calendar)

    assert not outcome.succeeded
    assert unhandled() == {"calendar.sync_events"}


@sqlite_first
def test_message_about_a_calendar_is_handled_by_the_bots_if_calendars_are_off(
    sandbox: Sandbox, defs: dg.Definitions
) -> None:
    announce("calendar.sync_events", identifier("calendar"))

    outcome = run_for_webhooks(defs)

    assert outcome.succeeded
    assert unhandled() == set()


@sqlite_first
def test_no_second_run_is_requested_while_one_is_queued(sandbox: Sandbox, defs: dg.Definitions) -> None:
    announce("bot.done", identifier("bot", "missed"))
    with dagster_instance() as instance:
        instance.create_run_for_job(defs.resolve_job_def(JOB), status=dg.DagsterRunStatus.NOT_STARTED)

    answer = tick(defs, SENSOR)

    assert "a run of the job is queued or in progress" in reason(answer)


@sqlite_first
def test_sensor_waits_after_a_failed_run(sandbox: Sandbox, defs: dg.Definitions) -> None:
    announce("bot.done", identifier("bot", "missed"))
    sandbox.inject(Fault("/api/v1/bot/", times=None, status=401))
    outcome = run_for_webhooks(defs)

    answer = tick(defs, SENSOR)

    assert not outcome.succeeded
    assert "the last run failed" in reason(answer)
    assert unhandled() == {"bot.done"}


@sqlite_first
def test_sensor_without_secrets_or_messages_skips(
    sandbox: Sandbox, defs: dg.Definitions, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_messages = tick(defs, SENSOR)
    monkeypatch.delenv("RECALL_WEBHOOK_SECRETS")
    without_secrets = tick(definitions(read_settings()), SENSOR)

    assert reason(without_messages) == "No message is unhandled."
    assert "RECALL_WEBHOOK_SECRETS is not set" in reason(without_secrets)


def test_unfinished_events_are_those_of_bots_that_go_on() -> None:
    assert "bot.in_call_recording" in meeting_context.UNFINISHED
    assert not {"bot.call_ended", "bot.done", "bot.fatal"} & meeting_context.UNFINISHED
    prepare_home(read_settings())
