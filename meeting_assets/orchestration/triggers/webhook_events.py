"""The sensor `webhook_events`: requests runs of the days that webhook messages in the inbox refer to.

A message is handled when a run that covers it has succeeded. So a lost tick or a tick of a dry run loses no message.
After a failed run the sensor requests another one, with growing intervals, until the message is a day old.
"""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import closing
from datetime import date, timedelta

import dagster as dg
from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError

from meeting_assets.core.errors import SettingsError, StoreError
from meeting_assets.core.instants import now
from meeting_assets.orchestration.resources import apply_settings
from meeting_assets.orchestration.run_tags import for_this_database
from meeting_assets.orchestration.runs import JOB
from meeting_assets.orchestration.triggers.finished_recordings import sensor_access
from meeting_assets.orchestration.triggers.run_requests import ended, requests_for
from meeting_assets.orchestration.workspace import Workspace
from meeting_assets.pipeline.pending_recordings import PendingRecording
from meeting_assets.pipeline.storage import Storage, bind_origin, open_storage
from meeting_assets.settings import Settings
from meeting_assets.store.database import Database
from meeting_assets.webhooks import inbox
from meeting_assets.webhooks.inbox import Message
from meeting_assets.webhooks.resolution import ResolvedDays, resolve_days

# The daemon evaluates sensors every 5 s. With an interval of 5 s it would skip every other evaluation.
INTERVAL_S = 3
BUDGET_S = 30.0
MAX_MESSAGES = 2_000
EXPIRE_AFTER = timedelta(days=1)
"""Older messages are left to the sensor `finished_recordings` and to `nightly_reconciliation`."""


def webhook_events(days: dg.DailyPartitionsDefinition, workspace: Workspace) -> dg.SensorDefinition:
    """Defines the sensor."""

    @dg.sensor(
        name=workspace.named("webhook_events"),
        job_name=workspace.named(JOB),
        minimum_interval_seconds=INTERVAL_S,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Requests runs for received webhooks within seconds. Needs RECALL_WEBHOOK_SECRETS.",
    )
    def _sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        settings = apply_settings(workspace)
        if not settings.webhook_secrets:
            return dg.SkipReason("RECALL_WEBHOOK_SECRETS is not set, so no webhooks are received.")
        if not may_have_messages(settings, inbox.has_unhandled):
            return dg.SkipReason("No message is unhandled.")
        try:
            with open_storage(settings) as storage:
                bind_origin(storage, settings)
                return _evaluate(context, workspace, storage, settings, days)
        except SettingsError as error:
            return dg.SkipReason(str(error))

    return _sensor


def may_have_messages(settings: Settings, has_unhandled: Callable[[Connection], bool]) -> bool:
    """True if a message may be unhandled. Reading it this way is cheaper than opening the storage."""
    try:
        with (
            closing(Database.at(settings.database_url, settings.database_schema, is_read_only=True)) as database,
            database.reading() as connection,
        ):
            return has_unhandled(connection)
    except (StoreError, DatabaseError):
        return True  # the table may not exist yet; opening the storage creates it or reports the error


def _evaluate(
    context: dg.SensorEvaluationContext,
    workspace: Workspace,
    storage: Storage,
    settings: Settings,
    partitions: dg.DailyPartitionsDefinition,
) -> dg.SensorResult:
    with storage.database.reading() as connection:
        messages = inbox.unhandled(connection, at_most=MAX_MESSAGES)
    from_api = _decode(context.cursor)
    resolved = resolve_days(storage, sensor_access(settings), messages, from_api, budget_s=BUDGET_S)
    pending = {
        message: PendingRecording(day, message.recording_id, message.received_at, is_one_shot=True)
        for message in messages
        if (day := resolved.day(message.recording_id)) is not None
    }
    handled = {message.message_id for message in messages if _is_obsolete(message, resolved, settings.first_day)}
    handled |= _covered(context.instance, workspace, pending)
    if handled:
        storage.database.write(lambda connection: inbox.mark_handled(connection, handled, now()))
    left = [each for message, each in pending.items() if message.message_id not in handled]
    found = requests_for(left, context.instance, partitions.get_partition_keys(), workspace)
    requests = for_this_database(found, storage.database, workspace)
    reason = f"The API cannot be read at the moment: {resolved.error}" if resolved.error else _reason(messages, handled)
    return dg.SensorResult(
        run_requests=requests, skip_reason=None if requests else reason, cursor=_encode(resolved.retrieved)
    )


def _is_obsolete(message: Message, resolved: ResolvedDays, first_day: date) -> bool:
    """True if no run can act on a message: it has no recording, is before the first day, or is too old."""
    has_no_recording = message.recording_id in resolved.unresolvable
    is_too_early = (resolved.day(message.recording_id) or first_day) < first_day
    return has_no_recording or is_too_early or message.received_at < now() - EXPIRE_AFTER


def _covered(
    instance: dg.DagsterInstance, workspace: Workspace, pending: Mapping[Message, PendingRecording]
) -> set[str]:
    """The messages that a successful run covers."""
    if not pending:
        return set()
    days = {each.day for each in pending.values()}
    runs = ended(instance, days, workspace, since=min(message.received_at for message in pending))
    return {message.message_id for message, each in pending.items() if any(run.covers(each) for run in runs)}


def _reason(messages: Sequence[Message], handled: Collection[str]) -> str:
    left = len(messages) - len(handled)
    if left:
        return f"{left} messages wait for runs that are requested or will be retried."
    return f"{len(handled)} messages are handled."


def _decode(cursor: str | None) -> dict[str, date]:
    """Days of recordings that earlier ticks got from the API and that the tables do not contain yet."""
    try:
        return {recording_id: date.fromisoformat(day) for recording_id, day in json.loads(cursor or "{}").items()}
    except (ValueError, TypeError, AttributeError, RecursionError):
        return {}


def _encode(from_api: Mapping[str, date]) -> str:
    return json.dumps({recording_id: day.isoformat() for recording_id, day in from_api.items()})
