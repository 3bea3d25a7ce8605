"""What sensor and schedule ask Dagster to run: a day, or some recordings of it, unless a run is about to do so."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice, takewhile
from typing import Any, cast

import dagster as dg

from meeting_assets.core.instants import now
from meeting_assets.orchestration.assets.partitions import PARTITION, RANGE_END, RANGE_START
from meeting_assets.orchestration.assets.raw import STEP
from meeting_assets.orchestration.runs import JOB, MAX_RUNTIME
from meeting_assets.pipeline.arrivals import PendingRecording

LONGEST_DAY_S = "1800"
FEW_RECORDINGS = 10
"""Up to so many are asked for one by one; of more, the lists of the whole day cost fewer calls."""
DAYS_AT_ONCE = 20
FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(hours=1)
RUNS_LOOKED_AT = 30
RUNS_AN_HOUR = 6
"""Of one recording, whatever comes of them."""
# Runs of a day are short, and somebody waits for them; a backfill takes its turn between them.
PRIORITY = {"dagster/priority": "10"}

NOT_ENDED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]
# Whoever cancels a run does not want another one at once.
NOT_WELL = [dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
ENDED_WELL = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.CANCELED]


@dataclass(frozen=True, slots=True)
class Fetching:
    """A run that fetches something: which days and recordings it looks at, and since when."""

    first_day: str
    last_day: str
    recording_ids: frozenset[str]
    """Empty for all."""
    started_at: datetime | None

    def will_bring(self, due: PendingRecording) -> bool:
        """Whether the run has not looked yet, has recorded what is due, or looked late enough to see it.

        A run that names the recording was asked for because of it, and is taken to see it: what it misses is due again.
        """
        if not self.first_day <= due.day.isoformat() <= self.last_day:
            return False
        if self.started_at is None and self.first_day != self.last_day:
            return False  # a range of days may wait for hours, and then take some
        if self.recording_ids and due.recording_id not in self.recording_ids:
            return False
        if self.recording_ids and not due.is_one_shot:
            return True
        return self.started_at is None or due.changed_at is None or due.changed_at <= self.started_at


def underway(instance: dg.DagsterInstance) -> list[Fetching]:
    """The runs that have not ended and fetch something."""
    return _fetching(instance.get_run_records(dg.RunsFilter(statuses=NOT_ENDED)))


def ended(instance: dg.DagsterInstance, days: Collection[date], *, since: datetime) -> list[Fetching]:
    """The runs of single days that have ended since an instant, did not fail, and have fetched something."""
    tags = {PARTITION: [day.isoformat() for day in days]}
    records = instance.get_run_records(dg.RunsFilter(statuses=ENDED_WELL, tags=tags, updated_after=since))
    return [each for each in _fetching(records) if each.started_at is not None]


def _fetching(records: Iterable[dg.RunRecord]) -> list[Fetching]:
    return [each for record in records if (each := _of_record(record)) is not None]


def _of_record(record: dg.RunRecord) -> Fetching | None:
    run = record.dagster_run
    first = run.tags.get(PARTITION, run.tags.get(RANGE_START))
    last = run.tags.get(PARTITION, run.tags.get(RANGE_END))
    # A run of the whole job names no assets; the weeks of another job are named like days.
    fetches = dg.AssetKey("recordings") in run.asset_selection if run.asset_selection else run.job_name == JOB
    if first is None or last is None or not fetches:
        return None
    given = cast("dict[str, Any]", run.run_config).get("ops", {}).get(STEP, {}).get("config", {})
    return Fetching(first, last, frozenset(given.get("recording_ids", ())), _instant(record.start_time))


def requests_for(
    due: Iterable[PendingRecording], instance: dg.DagsterInstance, partitions: Collection[str]
) -> Iterator[dg.RunRequest]:
    """A run per day with something due that no run underway will bring, the newest day first.

    Days outside the partitions and days whose runs keep failing are left out.
    """
    running = underway(instance)
    left: Mapping[date, set[str]] = defaultdict(set)
    days = frozenset(partitions)
    for each in due:
        if each.day.isoformat() in days and not any(run.will_bring(each) for run in running):
            left[each.day].add(each.recording_id)
    ready = (request for day in sorted(left, reverse=True) if (request := _request(day, left[day], instance)))
    yield from islice(ready, DAYS_AT_ONCE)


def _request(day: date, recording_ids: set[str], instance: dg.DagsterInstance) -> dg.RunRequest | None:
    """A run of a day's recordings, but of those that its runs bring nothing of; None if it is too early for any."""
    records = instance.get_run_records(dg.RunsFilter(tags={PARTITION: day.isoformat()}), limit=RUNS_LOOKED_AT)
    lately = [record for record in records if (_instant(record.end_time) or now()) > now() - LONGEST_WAIT]
    named = Counter(recording_id for run in _fetching(lately) for recording_id in run.recording_ids)
    hopeful = {each for each in recording_ids if named[each] < RUNS_AN_HOUR}
    return request_for(day, hopeful) if hopeful and not _is_failing(records) else None


def request_for(day: date, recording_ids: Collection[str] = (), *, run_key: str | None = None) -> dg.RunRequest:
    """A run of a day: of some of its recordings where they are few."""
    few = sorted(recording_ids) if len(recording_ids) <= FEW_RECORDINGS else []
    tags = {MAX_RUNTIME: LONGEST_DAY_S, **PRIORITY}
    return dg.RunRequest(run_key, partition_key=day.isoformat(), run_config=_config(few), tags=tags)


def _config(recording_ids: Collection[str]) -> dict[str, Any]:
    """Run config of the raw step, none for whole days."""
    return {"ops": {STEP: {"config": {"recording_ids": [*recording_ids]}}}} if recording_ids else {}


def _is_failing(records: Sequence[dg.RunRecord]) -> bool:
    """Whether the last runs of a day failed, and it is too early to try again: after 1, 2, 4, ... minutes."""
    failures = len([*takewhile(lambda record: record.dagster_run.status in NOT_WELL, records)])
    ended_at = _instant(records[0].end_time) if failures else None
    return ended_at is not None and now() < ended_at + min(FIRST_WAIT * 2 ** (failures - 1), LONGEST_WAIT)


def _instant(epoch_s: float | None) -> datetime | None:
    return datetime.fromtimestamp(epoch_s, UTC) if epoch_s else None
