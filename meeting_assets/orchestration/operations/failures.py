"""Runs that failed: why and of which days, whether Dagster will retry them, and which are told together.

Failures of one cause, or of the same days, are a spell. A spell is told when it begins, and once an hour with a count
while it goes on; an hour without a failure ends it.
"""

from collections.abc import Sequence
from datetime import date

import dagster as dg
import msgspec

from meeting_assets.core.instants import days_between
from meeting_assets.orchestration.assets.partitions import PARTITION, RANGE_END, RANGE_START
from meeting_assets.orchestration.operations.notifications import Notification, sentence

WILL_RETRY, RETRIED_BY = "dagster/will_retry", "dagster/auto_retry_run_id"
SPELL_S = 3600.0
# The daemon starts a retry within seconds; one that has not begun after this is not coming.
RETRY_BEGINS_WITHIN_S = 600.0
# Dagster decides on a retry right after it has noted the failure.
DECISION_WITHIN_S = 60.0
RUN_FAILED = "run_failed"


class Failure(msgspec.Struct, frozen=True):
    """One run that failed for good."""

    run_id: str
    job: str
    days: list[str]
    cause: str


class Incident(msgspec.Struct):
    """Failures that belong together."""

    job: str
    cause: str
    days: list[str]
    told_at_s: float | None = None
    """UNIX time of the last notification; None while there was none."""
    untold: list[Failure] = []

    def holds(self, failure: Failure) -> bool:
        """Whether a failure is more of the same."""
        is_same_work = bool(failure.days) and set(failure.days) <= set(self.days)
        return failure.job == self.job and (failure.cause == self.cause or is_same_work)

    def is_due(self, now_s: float) -> bool:
        """Whether it is time to tell of it."""
        return self.told_at_s is None or now_s - self.told_at_s >= SPELL_S


def is_retried(run: dg.DagsterRun, *, failed_for_s: float, retries_enabled: bool) -> bool | None:
    """Whether another run takes this one's place; None while that is not known yet."""
    will_retry = run.tags.get(WILL_RETRY)
    if RETRIED_BY in run.tags:
        return True
    if will_retry == "true":
        return None if failed_for_s < RETRY_BEGINS_WITHIN_S else False
    if will_retry is None and retries_enabled:
        return None if failed_for_s < DECISION_WITHIN_S else False
    return False


def failure_of(run: dg.DagsterRun, event: dg.DagsterEvent) -> Failure:
    """What a failed run's last event says."""
    return Failure(run.run_id, run.job_name, days_of(run), sentence(_cause(event)))


def days_of(run: dg.DagsterRun) -> list[str]:
    """The days a run is for."""
    if PARTITION in run.tags:
        return [run.tags[PARTITION]]
    if RANGE_START not in run.tags or RANGE_END not in run.tags:
        return []
    first, last = date.fromisoformat(run.tags[RANGE_START]), date.fromisoformat(run.tags[RANGE_END])
    return [day.isoformat() for day in days_between(first, last)]


def notified(
    spells: Sequence[Incident], failures: Sequence[Failure], *, now_s: float
) -> tuple[list[Incident], list[Notification]]:
    """The spells after new failures, and what is to be told now."""
    ongoing = [*spells]
    for failure in failures:
        spell = next((each for each in ongoing if each.holds(failure)), None)
        if spell is None:
            spell = Incident(failure.job, failure.cause, [])
            ongoing.append(spell)
        spell.untold.append(failure)
        spell.days = sorted({*spell.days, *failure.days})
    ongoing = [spell for spell in ongoing if spell.untold or not spell.is_due(now_s)]
    notifications = []
    for spell in ongoing:
        if spell.untold and spell.is_due(now_s):
            notifications.append(_notification(spell))
            spell.told_at_s, spell.untold = now_s, []
    return ongoing, notifications


def _cause(event: dg.DagsterEvent) -> str:
    """Our own sentence where a step said one; of other errors the kind alone, since their text may quote a row."""
    # A run that was failed from outside says no more than a message.
    step = event.job_failure_data.first_step_failure_event if event.event_specific_data else None
    if step is None:
        return event.message or "Dagster does not say why."
    failure = step.step_failure_data
    if failure.user_failure_data is not None and failure.user_failure_data.description:
        return failure.user_failure_data.description
    error = failure.error and (failure.error.cause or failure.error)
    return f"Step {step.step_key} ended in an unexpected {(error and error.cls_name) or 'error'}."


def _notification(spell: Incident) -> Notification:
    last = spell.untold[-1]
    days = sorted({day for failure in spell.untold for day in failure.days})
    count = len(spell.untold)
    what = f"{count} more runs of {spell.job} failed" if spell.told_at_s else f"{count} runs of {spell.job} failed"
    if count == 1:
        what = f"Another run of {spell.job} failed" if spell.told_at_s else f"A run of {spell.job} failed"
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
