"""Triggers of the job `meeting_context`: a nightly schedule, and the sensor of webhooks about bots and calendars.

The sensor is level-triggered. A run retrieves the bots of all unhandled messages and marks the messages as handled, so
a lost tick, a repeated request or a killed run loses no message. After a failed run, and while only messages are left
whose bots could not be retrieved, the sensor requests another run with growing intervals, until the message is a day
old.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, cast

import dagster as dg

from meeting_assets.core.errors import SettingsError
from meeting_assets.core.instants import now
from meeting_assets.orchestration.assets.context import JOB, context_config
from meeting_assets.orchestration.resources import apply_settings
from meeting_assets.orchestration.run_tags import for_this_database
from meeting_assets.orchestration.runs import LONGEST_RUN_S, MAX_RUNTIME
from meeting_assets.orchestration.triggers.run_requests import (
    LONGEST_DAY_S,
    MAX_RUNS_READ,
    NOT_ENDED,
    began_after,
    is_failing,
    is_waiting,
)
from meeting_assets.orchestration.triggers.webhook_events import EXPIRE_AFTER, INTERVAL_S, may_have_messages
from meeting_assets.orchestration.workspace import Workspace
from meeting_assets.pipeline.storage import Storage, access_of, bind_origin, open_storage
from meeting_assets.settings import Settings
from meeting_assets.webhooks import object_inbox
from meeting_assets.webhooks.event import BOT, BOT_UNFINISHED, CALENDAR
from meeting_assets.webhooks.object_inbox import ObjectMessage

UNFINISHED = frozenset(f"{BOT}.{code}" for code in BOT_UNFINISHED)
"""Events that do not request a run at once, because further events of the bot will follow."""
NO_MESSAGE = "No message is unhandled."
UNFINISHED_WAIT = timedelta(minutes=10)


def nightly_meeting_context(workspace: Workspace) -> dg.ScheduleDefinition:
    """Defines the schedule. It precedes the nightly reconciliation, which uses the stored bots."""
    return dg.ScheduleDefinition(
        name=workspace.named("nightly_meeting_context"),
        job_name=workspace.named(JOB),
        cron_schedule="45 2 * * *",
        execution_timezone="UTC",
        tags={MAX_RUNTIME: LONGEST_RUN_S},
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Stores new bots and the status changes of bots, and checks whether meetings were missed.",
    )


def webhook_object_events(workspace: Workspace) -> dg.SensorDefinition:
    """Defines the sensor."""

    @dg.sensor(
        name=workspace.named("webhook_object_events"),
        job_name=workspace.named(JOB),
        minimum_interval_seconds=INTERVAL_S,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=(
            "Requests a run for received webhooks about bots and calendars. Needs RECALL_WEBHOOK_SECRETS. Messages of "
            f"bots that go on wait for up to {UNFINISHED_WAIT.seconds // 60} minutes for others."
        ),
    )
    def _sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        settings = apply_settings(workspace)
        if not settings.webhook_secrets:
            return dg.SkipReason("RECALL_WEBHOOK_SECRETS is not set, so no webhooks are received.")
        if not may_have_messages(settings, object_inbox.has_unhandled):
            return dg.SkipReason(NO_MESSAGE)
        try:
            access_of(settings)
            with open_storage(settings) as storage:
                bind_origin(storage, settings)
                return _evaluate(context, workspace, storage, settings)
        except SettingsError as error:
            return dg.SkipReason(str(error))

    return _sensor


def _evaluate(
    context: dg.SensorEvaluationContext, workspace: Workspace, storage: Storage, settings: Settings
) -> dg.SensorResult | dg.SkipReason:
    messages = storage.database.read(object_inbox.unhandled)
    obsolete = {message.message_id for message in messages if _is_obsolete(message, settings)}
    if obsolete:
        storage.database.write(lambda connection: object_inbox.mark_handled(connection, obsolete, now()))
    left = [message for message in messages if message.message_id not in obsolete]
    if not left:
        return dg.SkipReason(f"{len(obsolete)} messages are handled." if obsolete else NO_MESSAGE)
    if (reason := _reason_to_wait(context.instance, workspace, left)) is not None:
        return dg.SkipReason(f"{len(left)} messages wait: {reason}")
    config = context_config(workspace, only_webhooks=True)
    request = dg.RunRequest(run_config=config, tags={MAX_RUNTIME: LONGEST_DAY_S})
    return dg.SensorResult(for_this_database([request], storage.database, workspace))


def _is_obsolete(message: ObjectMessage, settings: Settings) -> bool:
    """True if no run has to act on a message: it is too old, or it is about a calendar and calendars are off."""
    is_of_unused_calendar = message.family == CALENDAR and not settings.calendar
    return is_of_unused_calendar or message.received_at < now() - EXPIRE_AFTER


def _reason_to_wait(
    instance: dg.DagsterInstance, workspace: Workspace, messages: Sequence[ObjectMessage]
) -> str | None:
    """The reason not to request a run now; None if there is none."""
    oldest = min(message.received_at for message in messages)
    if all(message.event in UNFINISHED for message in messages) and now() < oldest + UNFINISHED_WAIT:
        return "their bots go on, and further messages are expected."
    records = instance.get_run_records(dg.RunsFilter(job_name=workspace.named(JOB)), limit=MAX_RUNS_READ)
    if records and records[0].dagster_run.status in NOT_ENDED:
        return "a run of the job is queued or in progress."
    if is_failing(records):
        return "the last run failed, and will be repeated."
    runs = _runs_for(messages, records, workspace)
    return f"{len(runs)} runs could not retrieve their bots; the next one follows." if is_waiting(runs) else None


def _runs_for(
    messages: Sequence[ObjectMessage], records: Sequence[dg.RunRecord], workspace: Workspace
) -> list[dg.RunRecord]:
    """The runs for webhooks that began after all messages had been received; newest first.

    More messages than one run handles are not retries, so of their runs only the last one counts.
    """
    newest = max(message.received_at for message in messages)
    ops = context_config(workspace, only_webhooks=True)["ops"]
    runs = [each for each in records if _ops_of(each) == ops and began_after(each, newest)]
    return runs[:1] if len(messages) >= object_inbox.MAX_MESSAGES else runs


def _ops_of(record: dg.RunRecord) -> Any:
    """The run config of a run's steps; loggers differ by how a run is launched."""
    return cast("dict[str, Any]", record.dagster_run.run_config).get("ops")
