"""Alerts: two sensors that tell a person when runs fail, and when a check begins to fail or passes again.

They are plain sensors, not Dagster's run-status sensors, because the cursor is then theirs: it remembers what was told
already and what is still to be delivered. A wall of alerts is what makes people turn alerts off, so

- runs that fail of one cause, or of the same days, are told once, and then once an hour with a count while they go on;
- a run that Dagster retries is not told before its last retry has failed;
- a check is told when it turns, not each time it is evaluated.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

import dagster as dg
import msgspec

from meeting_assets.core.instants import now
from meeting_assets.orchestration.operations.failures import Failure, Incident, failure_of, is_retried, notified
from meeting_assets.orchestration.operations.notifications import Notification, Waiting, deliver, notifier_of, sentence
from meeting_assets.orchestration.resources import settings_of_process

FAILURES_PER_TICK = 100
EVALUATIONS_LOOKED_AT = 20
RECORDINGS_IN_TEXT = 5
CHECK_FAILED, CHECK_PASSED = "check_failed", "check_passed"


class Undecided(msgspec.Struct):
    """A failed run of which it is not known yet whether it is retried."""

    failure: Failure
    failed_at_s: float


class RunsCursor(msgspec.Struct):
    """What `failed_runs` remembers from tick to tick."""

    seen: str | None = None
    """Dagster's own cursor behind the last failure looked at."""
    undecided: list[Undecided] = []
    spells: list[Incident] = []
    outbox: list[Waiting] = []


class ChecksCursor(msgspec.Struct):
    """What `failed_checks` remembers from tick to tick."""

    failing: list[str] = []
    outbox: list[Waiting] = []


Cursor = TypeVar("Cursor", RunsCursor, ChecksCursor)


@dg.sensor(
    name="failed_runs",
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=(
        "Tells of runs that failed for good: at once, and then once an hour with a count while runs go on failing of "
        "the same cause or days. Goes to the log, or to MEETING_ASSETS_ALERT_URL."
    ),
)
def failed_runs(context: dg.SensorEvaluationContext) -> dg.SensorResult:
    """The sensor that tells of failed runs; it starts none."""
    cursor = _remembered(context, RunsCursor)
    now_s = now().timestamp()
    failures = _failed_for_good(context, cursor, now_s)
    cursor.spells, notifications = notified(cursor.spells, failures, now_s=now_s)
    return _result(context, cursor, notifications, now_s)


@dg.sensor(
    name="failed_checks",
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=(
        "Tells of checks that begin to fail, and of those that pass again. Goes to the log, or to "
        "MEETING_ASSETS_ALERT_URL."
    ),
)
def failed_checks(context: dg.SensorEvaluationContext) -> dg.SensorResult:
    """The sensor that tells of checks that turn; it starts no run."""
    cursor = _remembered(context, ChecksCursor)
    notifications = list(_turned(context, cursor))
    return _result(context, cursor, notifications, now().timestamp())


def _failed_for_good(context: dg.SensorEvaluationContext, cursor: RunsCursor, now_s: float) -> list[Failure]:
    """Failures that no retry will make good; what is not known yet stays in the cursor."""
    candidates = [*cursor.undecided, *_new_failures(context, cursor)]
    runs = _runs(context, [each.failure.run_id for each in candidates])
    retries_enabled = context.instance.run_retries_enabled
    verdicts = [
        (each, is_retried(run, failed_for_s=now_s - each.failed_at_s, retries_enabled=retries_enabled))
        for each in candidates
        if (run := runs.get(each.failure.run_id)) is not None
    ]
    cursor.undecided = [each for each, verdict in verdicts if verdict is None]
    return [each.failure for each, verdict in verdicts if verdict is False]


def _new_failures(context: dg.SensorEvaluationContext, cursor: RunsCursor) -> Iterator[Undecided]:
    """Failures since the last tick; a sensor that has never run begins with the next one."""
    is_first = cursor.seen is None
    changes = context.instance.fetch_run_status_changes(
        dg.DagsterEventType.RUN_FAILURE,
        limit=1 if is_first else FAILURES_PER_TICK,
        cursor=cursor.seen,
        ascending=not is_first,
    )
    cursor.seen = changes.cursor
    records = [] if is_first else changes.records
    runs = _runs(context, [record.run_id for record in records])
    for record in records:
        run, event = runs.get(record.run_id), record.event_log_entry.dagster_event
        if run is not None and event is not None:
            yield Undecided(failure_of(run, event), record.timestamp)


def _runs(context: dg.SensorEvaluationContext, run_ids: list[str]) -> Mapping[str, dg.DagsterRun]:
    """Those of the runs that still exist and belong to this code location, or to no one, as a command's do."""
    if not run_ids:
        return {}
    here = context.code_location_origin and context.code_location_origin.location_name
    found = context.instance.get_runs(dg.RunsFilter(run_ids=run_ids))
    return {
        run.run_id: run
        for run in found
        if here is None or run.remote_job_origin is None or run.remote_job_origin.location_name == here
    }


def _turned(context: dg.SensorEvaluationContext, cursor: ChecksCursor) -> Iterator[Notification]:
    """Checks whose last evaluation differs from what was told."""
    if context.repository_def is None:
        return
    failing = set(cursor.failing)
    for key, (run_id, evaluation) in _evaluations(context, context.repository_def).items():
        name = key.to_user_string()
        if evaluation.passed == (name in failing):
            failing ^= {name}
            yield _told_of(evaluation, run_id, context.repository_def.asset_graph.get_check_spec(key).description)
    cursor.failing = sorted(failing)


def _evaluations(
    context: dg.SensorEvaluationContext, repository: dg.RepositoryDefinition
) -> dict[dg.AssetCheckKey, tuple[str, dg.AssetCheckEvaluation]]:
    """The last evaluation of every check that has one, with its run."""
    storage = context.instance.event_log_storage
    found = {}
    keys = sorted(repository.asset_graph.asset_check_keys)
    for key, latest in storage.get_latest_asset_check_execution_by_key(keys).items():
        # A run that is under way, or died, has noted that it means to evaluate the check.
        is_over = _is_evaluated(latest)
        records = [latest] if is_over else storage.get_asset_check_execution_history(key, EVALUATIONS_LOOKED_AT)
        record = next(filter(_is_evaluated, records), None)
        if record is not None and record.evaluation is not None:
            found[key] = record.run_id, record.evaluation
    return found


def _is_evaluated(record: Any) -> bool:
    return bool(record.status.value != "PLANNED")


def _told_of(evaluation: dg.AssetCheckEvaluation, run_id: str, claim: str | None) -> Notification:
    name = f"{evaluation.check_name} of {evaluation.asset_key.to_user_string()}"
    if evaluation.passed:
        return Notification(
            kind=CHECK_PASSED, text=f"Check passes again: {name}.", run_id=run_id, checks=[evaluation.check_name]
        )
    is_error = evaluation.severity == dg.AssetCheckSeverity.ERROR
    count = evaluation.metadata.get("broken")
    found = f", {count.value} found" if count is not None else ""
    recordings = _named(evaluation, "recording_id")
    which = f" Recordings, newest first: {_some(recordings)}." if recordings else ""
    what = f" It claims: {sentence(claim)}" if claim else ""
    return Notification(
        kind=CHECK_FAILED,
        text=f"Check {'fails' if is_error else 'warns'}: {name}{found}.{which}{what} (run {run_id})",
        run_id=run_id,
        days=sorted(_named(evaluation, "day")),
        checks=[evaluation.check_name],
        recordings=recordings,
    )


def _named(evaluation: dg.AssetCheckEvaluation, column: str) -> list[str]:
    """What the tables of a check's metadata hold in a column, each once."""
    tables = [each for each in evaluation.metadata.values() if isinstance(each, dg.TableMetadataValue)]
    values = (record.data.get(column) for table in tables for record in table.records)
    return list(dict.fromkeys(str(value) for value in values if value))


def _some(recordings: Sequence[str]) -> str:
    more = len(recordings) - RECORDINGS_IN_TEXT
    return ", ".join(recordings[:RECORDINGS_IN_TEXT]) + (f" and {more} more" if more > 0 else "")


def _remembered(context: dg.SensorEvaluationContext, kind: type[Cursor]) -> Cursor:
    try:
        return msgspec.json.decode(context.cursor, type=kind) if context.cursor else kind()
    except msgspec.DecodeError:
        context.log.warning("The cursor is not one of this version's; beginning anew.")
        return kind()


def _result(
    context: dg.SensorEvaluationContext, cursor: Cursor, notifications: list[Notification], now_s: float
) -> dg.SensorResult:
    """Delivers what is to be told, and ends the tick."""
    outbox = [*cursor.outbox, *(Waiting(notification, now_s) for notification in notifications)]
    cursor.outbox = deliver(outbox, notifier_of(settings_of_process(), context.log), context.log, now_s=now_s)
    told_of = "; ".join(notification.text for notification in notifications) or "Nothing new."
    waiting = f" {len(cursor.outbox)} alerts wait to be delivered." if cursor.outbox else ""
    return dg.SensorResult(skip_reason=told_of + waiting, cursor=msgspec.json.encode(cursor).decode())
