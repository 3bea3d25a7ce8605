"""Failed runs: their causes and days, whether Dagster will retry them, and the incidents that they belong to.

Failures with the same cause, or of the same days, form an incident. An incident is reported when it starts, then once
an hour with a count while it continues. An hour without a failure ends it.
"""

from collections.abc import Sequence
from datetime import date

import dagster as dg
import msgspec

from meeting_assets.core.instants import days_between
from meeting_assets.orchestration.assets.partitions import PARTITION, RANGE_END, RANGE_START
from meeting_assets.orchestration.operations.notifications import Notification, sentence

WILL_RETRY, RETRIED_BY = "dagster/will_retry", "dagster/auto_retry_run_id"
REPORT_INTERVAL_S = 3600.0
# The daemon starts a retry within seconds; after this time it will not start one.
RETRY_BEGINS_WITHIN_S = 600.0
# Dagster decides about a retry right after it has recorded the failure.
DECISION_WITHIN_S = 60.0
RUN_FAILED = "run_failed"


class Failure(msgspec.Struct, frozen=True):
    """A run that failed permanently."""

    run_id: str
    job: str
    days: list[str]
    cause: str


class Incident(msgspec.Struct, rename={"notified_at_s": "told_at_s", "unnotified": "untold"}):
    """Failures with the same cause or the same days, as stored in cursors."""

    job: str
    cause: str
    days: list[str]
    notified_at_s: float | None = None
    """UNIX time of the last notification; None before the first one."""
    unnotified: list[Failure] = []

    def includes(self, failure: Failure) -> bool:
        """Whether a failure belongs to this incident."""
        is_same_work = bool(failure.days) and set(failure.days) <= set(self.days)
        return failure.job == self.job and (failure.cause == self.cause or is_same_work)

    def is_due(self, now_s: float) -> bool:
        """Whether the next notification may be sent."""
        return self.notified_at_s is None or now_s - self.notified_at_s >= REPORT_INTERVAL_S


def is_retried(run: dg.DagsterRun, *, failed_for_s: float, retries_enabled: bool) -> bool | None:
    """Whether another run retries this one; None while Dagster has not decided."""
    will_retry = run.tags.get(WILL_RETRY)
    if RETRIED_BY in run.tags:
        return True
    if will_retry == "true":
        return None if failed_for_s < RETRY_BEGINS_WITHIN_S else False
    if will_retry is None and retries_enabled:
        return None if failed_for_s < DECISION_WITHIN_S else False
    return False


def failure_of(run: dg.DagsterRun, event: dg.DagsterEvent) -> Failure:
    """The failure that a run's last event describes."""
    return Failure(run.run_id, run.job_name, days_of_run(run), sentence(_cause(event)))


def days_of_run(run: dg.DagsterRun) -> list[str]:
    """The days of a run."""
    if PARTITION in run.tags:
        return [run.tags[PARTITION]]
    if RANGE_START not in run.tags or RANGE_END not in run.tags:
        return []
    first, last = date.fromisoformat(run.tags[RANGE_START]), date.fromisoformat(run.tags[RANGE_END])
    return [day.isoformat() for day in days_between(first, last)]


def notified(
    incidents: Sequence[Incident], failures: Sequence[Failure], *, now_s: float
) -> tuple[list[Incident], list[Notification]]:
    """The ongoing incidents after new failures, and the notifications to send now."""
    ongoing = [*incidents]
    for failure in failures:
        incident = next((each for each in ongoing if each.includes(failure)), None)
        if incident is None:
            incident = Incident(failure.job, failure.cause, [])
            ongoing.append(incident)
        incident.unnotified.append(failure)
        incident.days = sorted({*incident.days, *failure.days})
    ongoing = [incident for incident in ongoing if incident.unnotified or not incident.is_due(now_s)]
    notifications = []
    for incident in ongoing:
        if incident.unnotified and incident.is_due(now_s):
            notifications.append(_notification(incident))
            incident.notified_at_s, incident.unnotified = now_s, []
    return ongoing, notifications


def _cause(event: dg.DagsterEvent) -> str:
    """The description of our own failures; of other errors only the class, because their text may quote rows."""
    # A run that was failed from outside has only a message.
    step = event.job_failure_data.first_step_failure_event if event.event_specific_data else None
    if step is None:
        return event.message or "Dagster gives no reason."
    failure = step.step_failure_data
    if failure.user_failure_data is not None and failure.user_failure_data.description:
        return failure.user_failure_data.description
    error = failure.error and (failure.error.cause or failure.error)
    return f"Step {step.step_key} ended in an unexpected {(error and error.cls_name) or 'error'}."


def _notification(incident: Incident) -> Notification:
    last = incident.unnotified[-1]
    days = sorted({day for failure in incident.unnotified for day in failure.days})
    count = len(incident.unnotified)
    what = (
        f"{count} more runs of {incident.job} failed"
        if incident.notified_at_s
        else f"{count} runs of {incident.job} failed"
    )
    if count == 1:
        what = f"Another run of {incident.job} failed" if incident.notified_at_s else f"A run of {incident.job} failed"
    which = f"the last is run {last.run_id}" if count > 1 else f"run {last.run_id}"
    return Notification(
        kind=RUN_FAILED,
        text=f"{what}{_of_days(days)}: {last.cause.rstrip('.')}. ({which})",
        run_id=last.run_id,
        days=days,
    )


def _of_days(days: Sequence[str]) -> str:
    if len(days) <= 1:
        return "".join(f", day {day}" for day in days)
    return f", {len(days)} days from {days[0]} to {days[-1]}"
