"""The sensor on announced recordings: messages in the inbox become runs of the days they are about.

A message is handled once a run has seen what it announces and has ended well. So a tick that is lost, or only tried
out, loses no message; a run that fails is asked for again, ever later, until the message is a day old.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from datetime import date, timedelta

import dagster as dg
from sqlalchemy.exc import DatabaseError

from meeting_assets.core.errors import SettingsError, StoreError
from meeting_assets.core.instants import now
from meeting_assets.orchestration.resources import settings_of_process
from meeting_assets.orchestration.run_tags import for_this_database
from meeting_assets.orchestration.runs import JOB
from meeting_assets.orchestration.triggers.finished_recordings import sensor_access
from meeting_assets.orchestration.triggers.run_requests import ended, requests_for
from meeting_assets.pipeline.arrivals import PendingRecording
from meeting_assets.pipeline.storage import Storage, bind_origin, open_storage
from meeting_assets.settings import Settings
from meeting_assets.store.connections import retry_on_conflict
from meeting_assets.store.database import Database
from meeting_assets.webhooks import inbox
from meeting_assets.webhooks.inbox import Message
from meeting_assets.webhooks.resolution import Days, resolve_days

# The daemon evaluates sensors every 5 s. With an interval of 5 s every other evaluation would come a moment too early.
INTERVAL_S = 3
BUDGET_S = 30.0
MESSAGES_AT_ONCE = 2_000
HOPELESS_AFTER = timedelta(days=1)
"""What could not be brought home by then is left to the sensor that polls, and to the night."""


def announced_recordings(days: dg.DailyPartitionsDefinition) -> dg.SensorDefinition:
    """The sensor, for these partitions."""

    @dg.sensor(
        name="announced_recordings",
        job_name=JOB,
        minimum_interval_seconds=INTERVAL_S,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Asks for what webhooks announce, within seconds; with RECALL_WEBHOOK_SECRETS set.",
    )
    def _sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        settings = settings_of_process()
        if not settings.webhook_secrets:
            return dg.SkipReason("RECALL_WEBHOOK_SECRETS is not set: no webhooks are received.")
        if not _is_anything_waiting(settings):
            return dg.SkipReason("No message waits.")
        try:
            with open_storage(settings) as storage:
                bind_origin(storage, settings)
                return _answer(context, storage, settings, days)
        except SettingsError as error:
            return dg.SkipReason(str(error))

    return _sensor


def _is_anything_waiting(settings: Settings) -> bool:
    """Whether it is worth while to open the warehouse: mostly it is not."""
    try:
        with (
            closing(Database.at(settings.database_url, settings.database_schema, is_read_only=True)) as database,
            database.reading() as connection,
        ):
            return inbox.is_anything_waiting(connection)
    except (StoreError, DatabaseError):
        return True  # the table may be missing yet; opening the warehouse makes it, or says what is wrong


def _answer(
    context: dg.SensorEvaluationContext,
    storage: Storage,
    settings: Settings,
    partitions: dg.DailyPartitionsDefinition,
) -> dg.SensorResult:
    with storage.database.reading() as connection:
        messages = inbox.waiting(connection, at_most=MESSAGES_AT_ONCE)
    asked = _read(context.cursor)
    known = resolve_days(storage, sensor_access(settings), messages, asked, budget_s=BUDGET_S)
    due = {message: _due(message, known) for message in messages if message.recording_id in known.by_recording}
    handled = {message.message_id for message in messages if _is_pointless(message, known, settings.first_day)}
    handled |= _seen(context.instance, due)
    if handled:
        _mark_handled(storage, handled)
    left = [each for message, each in due.items() if message.message_id not in handled]
    requests = for_this_database(
        requests_for(left, context.instance, partitions.get_partition_keys()), storage.database
    )
    reason = f"The API cannot be read at the moment: {known.error}" if known.error else _reason(messages, handled)
    return dg.SensorResult(
        run_requests=requests, skip_reason=None if requests else reason, cursor=_written(known.retrieved)
    )


@retry_on_conflict
def _mark_handled(storage: Storage, message_ids: Collection[str]) -> None:
    with storage.database.writing() as connection:
        inbox.mark_handled(connection, message_ids, now())


def _due(message: Message, known: Days) -> PendingRecording:
    return PendingRecording(
        known.by_recording[message.recording_id], message.recording_id, message.received_at, is_told_once=True
    )


def _is_pointless(message: Message, known: Days, first_day: date) -> bool:
    """Whether no run will do anything about a message."""
    is_of_nothing = message.recording_id in known.unresolvable
    is_too_early = known.by_recording.get(message.recording_id, first_day) < first_day
    return is_of_nothing or is_too_early or message.received_at < now() - HOPELESS_AFTER


def _seen(instance: dg.DagsterInstance, due: Mapping[Message, PendingRecording]) -> set[str]:
    """The messages that a run has seen."""
    if not due:
        return set()
    days = {each.day for each in due.values()}
    runs = ended(instance, days, since=min(message.received_at for message in due))
    return {message.message_id for message, each in due.items() if any(run.will_bring(each) for run in runs)}


def _reason(messages: Sequence[Message], handled: Collection[str]) -> str:
    left = len(messages) - len(handled)
    if left:
        return f"{left} messages wait for runs that have been asked for, or that are tried again later."
    return f"{len(handled)} messages are handled."


def _read(cursor: str | None) -> dict[str, date]:
    """The days the API was asked for before, which the tables do not know yet."""
    try:
        return {recording_id: date.fromisoformat(day) for recording_id, day in json.loads(cursor or "{}").items()}
    except (ValueError, TypeError, AttributeError, RecursionError):
        return {}


def _written(asked: Mapping[str, date]) -> str:
    return json.dumps({recording_id: day.isoformat() for recording_id, day in asked.items()})
