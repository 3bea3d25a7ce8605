"""Run requests of sensors and schedules: a day, or some of its recordings, unless a run already covers them."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice, takewhile
from typing import Any, cast

import dagster as dg

from meeting_assets.core.instants import now
from meeting_assets.orchestration.assets.partitions import PARTITION, RANGE_END, RANGE_START
from meeting_assets.orchestration.assets.raw import RECORDINGS, STEP, fetch_config
from meeting_assets.orchestration.runs import JOB, MAX_RUNTIME
from meeting_assets.orchestration.workspace import DEFAULT, Workspace
from meeting_assets.pipeline.pending_recordings import PendingRecording

LONGEST_DAY_S = "1800"
MAX_NAMED_RECORDINGS = 10
"""A run names at most this many recordings; for more, the lists of the whole day cost fewer calls."""
MAX_REQUESTS = 20
MIN_WAIT = timedelta(minutes=1)
MAX_WAIT = timedelta(hours=1)
MAX_RUNS_READ = 30
MAX_RUNS_PER_HOUR = 6
"""Runs that name the same recording, whether they succeed or not."""
# Runs of one day are short and urgent, so they precede the runs of a backfill.
PRIORITY = {"dagster/priority": "10"}

NOT_ENDED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]
# A canceled run was unwanted, so the next one waits as after a failure.
UNSUCCESSFUL = [dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
SUCCESSFUL_OR_CANCELED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.CANCELED]


@dataclass(frozen=True, slots=True)
class FetchRun:
    """A run of the raw step: its days, its recordings and its start."""

    first_day: str
    last_day: str
    recording_ids: frozenset[str]
    """Empty if the run fetches all recordings of its days."""
    started_at: datetime | None

    def covers(self, pending: PendingRecording) -> bool:
        """True if the run starts its listing after the recording changed, so that it fetches the change.

        A run that names the recording was requested for it and counts as covering it: a change that it misses becomes
        pending again. For one-shot triggers such as webhooks, only a run that started after the event counts.
        """
        if not self.first_day <= pending.day.isoformat() <= self.last_day:
            return False
        if self.started_at is None and self.first_day != self.last_day:
            return False  # a queued range of days may wait for hours
        if self.recording_ids and pending.recording_id not in self.recording_ids:
            return False
        if self.recording_ids and not pending.is_one_shot:
            return True
        return self.started_at is None or pending.changed_at is None or pending.changed_at <= self.started_at


def runs_in_progress(instance: dg.DagsterInstance, workspace: Workspace = DEFAULT) -> list[FetchRun]:
    """The runs of a workspace's raw step that have not ended."""
    return _fetch_runs(instance.get_run_records(dg.RunsFilter(statuses=NOT_ENDED)), workspace)


def ended(
    instance: dg.DagsterInstance, days: Collection[date], workspace: Workspace = DEFAULT, *, since: datetime
) -> list[FetchRun]:
    """The runs of single days that ran the raw step and ended since an instant without failing."""
    tags = {PARTITION: [day.isoformat() for day in days]}
    records = instance.get_run_records(dg.RunsFilter(statuses=SUCCESSFUL_OR_CANCELED, tags=tags, updated_after=since))
    return [each for each in _fetch_runs(records, workspace) if each.started_at is not None]


def _fetch_runs(records: Iterable[dg.RunRecord], workspace: Workspace) -> list[FetchRun]:
    return [each for record in records if (each := _of_record(record, workspace)) is not None]


def _of_record(record: dg.RunRecord, workspace: Workspace) -> FetchRun | None:
    run = record.dagster_run
    first = run.tags.get(PARTITION, run.tags.get(RANGE_START))
    last = run.tags.get(PARTITION, run.tags.get(RANGE_END))
    # A run of the whole job selects no assets; partition keys of weeks look like days.
    is_whole_job = run.job_name == workspace.named(JOB)
    fetches = workspace.key(RECORDINGS) in run.asset_selection if run.asset_selection else is_whole_job
    if first is None or last is None or not fetches:
        return None
    given = cast("dict[str, Any]", run.run_config).get("ops", {}).get(workspace.named(STEP), {}).get("config", {})
    return FetchRun(first, last, frozenset(given.get("recording_ids", ())), _instant(record.start_time))


def requests_for(
    pending: Iterable[PendingRecording],
    instance: dg.DagsterInstance,
    partitions: Collection[str],
    workspace: Workspace = DEFAULT,
) -> Iterator[dg.RunRequest]:
    """One run per day with pending recordings that no run in progress covers, newest day first.

    Days that are not partitions and days whose runs keep failing are skipped.
    """
    running = runs_in_progress(instance, workspace)
    left: Mapping[date, set[str]] = defaultdict(set)
    days = frozenset(partitions)
    for each in pending:
        if each.day.isoformat() in days and not any(run.covers(each) for run in running):
            left[each.day].add(each.recording_id)
    requested = (_request(day, left[day], instance, workspace) for day in sorted(left, reverse=True))
    ready = (request for request in requested if request is not None)
    yield from islice(ready, MAX_REQUESTS)


def _request(
    day: date, recording_ids: set[str], instance: dg.DagsterInstance, workspace: Workspace
) -> dg.RunRequest | None:
    """A run of a day's recordings, except those with too many runs in the last hour; None if none is left or due."""
    # Other assets of a project have partitions with the same keys.
    job = None if workspace.owns_process else workspace.named(JOB)
    of_day = dg.RunsFilter(job_name=job, tags={PARTITION: day.isoformat()})
    records = instance.get_run_records(of_day, limit=MAX_RUNS_READ)
    recent = [record for record in records if (_instant(record.end_time) or now()) > now() - MAX_WAIT]
    named = Counter(recording_id for run in _fetch_runs(recent, workspace) for recording_id in run.recording_ids)
    remaining = {each for each in recording_ids if named[each] < MAX_RUNS_PER_HOUR}
    return request_for(day, remaining, workspace) if remaining and not is_failing(records) else None


def request_for(
    day: date, recording_ids: Collection[str] = (), workspace: Workspace = DEFAULT, *, run_key: str | None = None
) -> dg.RunRequest:
    """A run of a day; it names the recordings if they are few."""
    named = sorted(recording_ids) if len(recording_ids) <= MAX_NAMED_RECORDINGS else []
    config = fetch_config(named, workspace) if named else {}
    tags = {MAX_RUNTIME: LONGEST_DAY_S, **PRIORITY}
    return dg.RunRequest(run_key, partition_key=day.isoformat(), run_config=config, tags=tags)


def is_failing(records: Sequence[dg.RunRecord]) -> bool:
    """True if the last runs failed and the wait of 1, 2, 4, … minutes after the last one is not over; newest first."""
    return is_waiting([*takewhile(lambda record: record.dagster_run.status in UNSUCCESSFUL, records)])


def is_waiting(records: Sequence[dg.RunRecord]) -> bool:
    """True if the wait after the last of some runs without success is not over; newest first."""
    ended_at = _instant(records[0].end_time) if records else None
    return ended_at is not None and now() < ended_at + wait_after(len(records))


def wait_after(runs: int) -> timedelta:
    """The wait after a number of runs without success: 1, 2, 4, … minutes, at most an hour.

    >>> [int(wait_after(runs).total_seconds() / 60) for runs in (1, 2, 3, 7, 30)]
    [1, 2, 4, 60, 60]
    """
    return min(MIN_WAIT * float(2 ** (runs - 1)), MAX_WAIT)


def began_after(record: dg.RunRecord, instant: datetime) -> bool:
    """True if a run has begun, and did so after an instant."""
    started_at = _instant(record.start_time)
    return started_at is not None and started_at > instant


def _instant(epoch_s: float | None) -> datetime | None:
    return datetime.fromtimestamp(epoch_s, UTC) if epoch_s else None
