"""Alerts: two sensors that notify a person of failed runs, and of checks that start or stop failing.

They are plain sensors, not Dagster's run-status sensors, so that their cursors can store incidents and undelivered
notifications. People turn off alerts that come too often, so

- failures with the same cause or the same days are one incident: one alert, then one an hour with a count;
- a run that Dagster retries is reported only if its last retry fails;
- a check is reported when its outcome changes, not at every evaluation.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

import dagster as dg
import msgspec

from meeting_assets.core.instants import now
from meeting_assets.orchestration.assets.evaluations import VIOLATIONS
from meeting_assets.orchestration.operations.failures import Failure, Incident, failure_of, is_retried, notified
from meeting_assets.orchestration.operations.notifications import Notification, Waiting, deliver, notifier_of, sentence
from meeting_assets.orchestration.resources import apply_settings
from meeting_assets.orchestration.workspace import DEFAULT, Workspace

FAILURES_PER_TICK = 100
MAX_EVALUATIONS_READ = 20
RECORDINGS_IN_TEXT = 5
CHECK_FAILED, CHECK_PASSED = "check_failed", "check_passed"


class Undecided(msgspec.Struct):
    """A failed run that Dagster may still retry."""

    failure: Failure
    failed_at_s: float


class RunsCursor(msgspec.Struct, rename={"last_failure": "seen", "incidents": "spells"}):
    """The cursor of `failed_runs`. Its JSON keeps the names of earlier versions, whose cursors stay valid."""

    last_failure: str | None = None
    """Dagster's own cursor after the last failure that was read."""
    undecided: list[Undecided] = []
    incidents: list[Incident] = []
    outbox: list[Waiting] = []


class ChecksCursor(msgspec.Struct):
    """The cursor of `failed_checks`."""

    failing: list[str] = []
    outbox: list[Waiting] = []


Cursor = TypeVar("Cursor", RunsCursor, ChecksCursor)


def failed_runs(workspace: Workspace = DEFAULT) -> dg.SensorDefinition:
    """Defines the sensor that reports failed runs; it requests no runs."""

    @dg.sensor(
        name=workspace.named("failed_runs"),
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=(
            "Sends an alert when a run fails permanently, then one an hour with a count while runs with the same cause "
            "or days fail. Alerts go to the log, or to MEETING_ASSETS_ALERT_URL."
        ),
    )
    def _sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        cursor = _decode(context, RunsCursor)
        now_s = now().timestamp()
        failures = _permanent_failures(context, workspace, cursor, now_s)
        cursor.incidents, notifications = notified(cursor.incidents, failures, now_s=now_s)
        return _result(context, workspace, cursor, notifications, now_s)

    return _sensor


def failed_checks(workspace: Workspace = DEFAULT) -> dg.SensorDefinition:
    """Defines the sensor that reports changed outcomes of checks; it requests no runs."""

    @dg.sensor(
        name=workspace.named("failed_checks"),
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=(
            "Sends an alert when a check starts failing and when it passes again. Alerts go to the log, or to "
            "MEETING_ASSETS_ALERT_URL."
        ),
    )
    def _sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        cursor = _decode(context, ChecksCursor)
        notifications = list(_changed_outcomes(context, workspace, cursor))
        return _result(context, workspace, cursor, notifications, now().timestamp())

    return _sensor


def _permanent_failures(
    context: dg.SensorEvaluationContext, workspace: Workspace, cursor: RunsCursor, now_s: float
) -> list[Failure]:
    """Failures without another retry. Runs that may still be retried stay in the cursor."""
    candidates = [*cursor.undecided, *_new_failures(context, workspace, cursor)]
    runs = _runs(context, workspace, [each.failure.run_id for each in candidates])
    retries_enabled = context.instance.run_retries_enabled
    decisions = [
        (each, is_retried(run, failed_for_s=now_s - each.failed_at_s, retries_enabled=retries_enabled))
        for each in candidates
        if (run := runs.get(each.failure.run_id)) is not None
    ]
    cursor.undecided = [each for each, retried in decisions if retried is None]
    return [each.failure for each, retried in decisions if retried is False]


def _new_failures(context: dg.SensorEvaluationContext, workspace: Workspace, cursor: RunsCursor) -> Iterator[Undecided]:
    """Failures since the last tick. The first tick only stores where to start."""
    is_first = cursor.last_failure is None
    changes = context.instance.fetch_run_status_changes(
        dg.DagsterEventType.RUN_FAILURE,
        limit=1 if is_first else FAILURES_PER_TICK,
        cursor=cursor.last_failure,
        ascending=not is_first,
    )
    cursor.last_failure = changes.cursor
    records = [] if is_first else changes.records
    runs = _runs(context, workspace, [record.run_id for record in records])
    for record in records:
        run, event = runs.get(record.run_id), record.event_log_entry.dagster_event
        # Ctrl-C between two steps: Dagster reports a failure, and the command cancels the run right after it.
        if run is not None and event is not None and run.status is not dg.DagsterRunStatus.CANCELED:
            yield Undecided(failure_of(run, event), record.timestamp)


def _runs(context: dg.SensorEvaluationContext, workspace: Workspace, run_ids: list[str]) -> Mapping[str, dg.DagsterRun]:
    """The existing runs of this workspace and code location, and those of commands, which have no code location."""
    if not run_ids:
        return {}
    here = context.code_location_origin and context.code_location_origin.location_name
    found = context.instance.get_runs(dg.RunsFilter(run_ids=run_ids))
    return {
        run.run_id: run
        for run in found
        if workspace.includes(run)
        and (here is None or run.remote_job_origin is None or run.remote_job_origin.location_name == here)
    }


def _changed_outcomes(
    context: dg.SensorEvaluationContext, workspace: Workspace, cursor: ChecksCursor
) -> Iterator[Notification]:
    """Notifications of checks whose last outcome differs from the reported one."""
    if context.repository_def is None:
        return
    failing = set(cursor.failing)
    for key, (run_id, evaluation) in _evaluations(context, workspace, context.repository_def).items():
        name = key.to_user_string()
        if evaluation.passed == (name in failing):
            failing ^= {name}
            yield _notification(evaluation, run_id, context.repository_def.asset_graph.get_check_spec(key).description)
    cursor.failing = sorted(failing)


def _evaluations(
    context: dg.SensorEvaluationContext, workspace: Workspace, repository: dg.RepositoryDefinition
) -> dict[dg.AssetCheckKey, tuple[str, dg.AssetCheckEvaluation]]:
    """The last evaluation of every evaluated check, with its run."""
    storage = context.instance.event_log_storage
    found = {}
    own = None if workspace.owns_process else workspace.keys
    keys = sorted(each for each in repository.asset_graph.asset_check_keys if own is None or each.asset_key in own)
    for key, latest in storage.get_latest_asset_check_execution_by_key(keys).items():
        # The latest record may be a plan of a run that is in progress or has died.
        records = (
            [latest] if _is_evaluated(latest) else storage.get_asset_check_execution_history(key, MAX_EVALUATIONS_READ)
        )
        record = next(filter(_is_evaluated, records), None)
        if record is not None and record.evaluation is not None:
            found[key] = record.run_id, record.evaluation
    return found


def _is_evaluated(record: Any) -> bool:
    return bool(record.status.value != "PLANNED")


def _notification(evaluation: dg.AssetCheckEvaluation, run_id: str, description: str | None) -> Notification:
    name = f"{evaluation.check_name} of {evaluation.asset_key.to_user_string()}"
    if evaluation.passed:
        return Notification(
            kind=CHECK_PASSED, text=f"Check passes again: {name}.", run_id=run_id, checks=[evaluation.check_name]
        )
    is_error = evaluation.severity == dg.AssetCheckSeverity.ERROR
    count = evaluation.metadata.get(VIOLATIONS)
    found = f", violations: {count.value}" if count is not None else ""
    recordings = _named(evaluation, "recording_id")
    which = f" Recordings, newest first: {_some(recordings)}." if recordings else ""
    rule = f" Rule: {sentence(description)}" if description else ""
    return Notification(
        kind=CHECK_FAILED,
        text=f"Check {'fails' if is_error else 'warns'}: {name}{found}.{which}{rule} (run {run_id})",
        run_id=run_id,
        days=sorted(_named(evaluation, "day")),
        checks=[evaluation.check_name],
        recordings=recordings,
    )


def _named(evaluation: dg.AssetCheckEvaluation, column: str) -> list[str]:
    """The distinct values of a column in the tables of a check's metadata."""
    tables = [each for each in evaluation.metadata.values() if isinstance(each, dg.TableMetadataValue)]
    values = (record.data.get(column) for table in tables for record in table.records)
    return list(dict.fromkeys(str(value) for value in values if value))


def _some(recordings: Sequence[str]) -> str:
    more = len(recordings) - RECORDINGS_IN_TEXT
    return ", ".join(recordings[:RECORDINGS_IN_TEXT]) + (f" and {more} more" if more > 0 else "")


def _decode(context: dg.SensorEvaluationContext, kind: type[Cursor]) -> Cursor:
    try:
        return msgspec.json.decode(context.cursor, type=kind) if context.cursor else kind()
    except msgspec.DecodeError:
        context.log.warning("The cursor has an unknown format; the sensor starts with an empty one.")
        return kind()


def _result(
    context: dg.SensorEvaluationContext,
    workspace: Workspace,
    cursor: Cursor,
    notifications: list[Notification],
    now_s: float,
) -> dg.SensorResult:
    """Delivers notifications and ends the tick."""
    outbox = [*cursor.outbox, *(Waiting(notification, now_s) for notification in notifications)]
    notifier = notifier_of(apply_settings(workspace), context.log)
    cursor.outbox = deliver(outbox, notifier, context.log, now_s=now_s)
    summary = "; ".join(notification.text for notification in notifications) or "Nothing new."
    waiting = f" {len(cursor.outbox)} alerts wait for delivery." if cursor.outbox else ""
    return dg.SensorResult(skip_reason=summary + waiting, cursor=msgspec.json.encode(cursor).decode())
