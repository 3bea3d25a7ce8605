"""`meeting-assets sync`: a run for new bots, then runs for the days, late arrivals, weeks and media files."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime

import dagster as dg

from meeting_assets.core.errors import StoreError
from meeting_assets.core.instants import now, start_of
from meeting_assets.core.progress import Stage, report_progress
from meeting_assets.health.status import Status, status_of
from meeting_assets.metrics.weeks import WEEK, monday
from meeting_assets.orchestration.assets.context import JOB as MEETING_CONTEXT
from meeting_assets.orchestration.assets.context import is_context_due
from meeting_assets.orchestration.assets.media import JOB as SYNC_MEDIA
from meeting_assets.orchestration.assets.partitions import chunks
from meeting_assets.orchestration.assets.rollups import JOB as ROLL_UP
from meeting_assets.orchestration.run_tags import database_tag
from meeting_assets.orchestration.runs import LAUNCHED_BY, SYNC_COMMAND, RunOutcome, run, run_days
from meeting_assets.pipeline.discover import ARTIFACTS_COME_WITHIN
from meeting_assets.pipeline.media.activity import days_to_analyse
from meeting_assets.pipeline.media.results import waiting_days
from meeting_assets.pipeline.missing_pages import are_shared_pages_missing
from meeting_assets.pipeline.pending_recordings import late_arrivals
from meeting_assets.pipeline.rollup import are_people_outdated, outdated_weeks
from meeting_assets.pipeline.series_rollup import outdated_series
from meeting_assets.pipeline.storage import Storage, access_of, bind_origin, open_storage
from meeting_assets.recall.client import Access
from meeting_assets.settings import Settings
from meeting_assets.store import heartbeats
from meeting_assets.store.connections import retry_on_conflict
from meeting_assets.store.database_id import replacement_notice

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class SyncReport:
    """The runs of a sync, and the state of its days in the ledger afterwards."""

    runs: list[RunOutcome] = field(default_factory=list)
    seen: Status = field(default_factory=Status)
    notice: str | None = None
    """A sentence for the user about the start, if there is one."""

    @property
    def faults(self) -> list[str]:
        """The faults of all runs; several runs may report the same one, such as a wrong key."""
        return [*dict.fromkeys(fault for run in self.runs for fault in run.faults)]

    @property
    def is_complete(self) -> bool:
        """Whether all available artifacts are stored."""
        return all(run.succeeded for run in self.runs) and self.seen.missing == 0 and not self.seen.unreadable


def sync(
    defs: dg.Definitions,
    settings: Settings,
    days: Sequence[date],
    *,
    recording_ids: Sequence[str] = (),
    refetch: bool = False,
    command: str = SYNC_COMMAND,
) -> SyncReport:
    """Syncs consecutive days, or some recordings of one day.

    Lists of runs show `command` as that which launched them.

    Continues after a failed run, unless every other run would fail too. A failed run of the bots, which a sync of named
    recordings omits, never stops the others.

    Raises:
        SettingsError, StoreError: no run could be started.
        ApiError: the runs of the days ended, but late arrivals could not be listed.
    """
    report = SyncReport()
    access = access_of(settings)
    began = now()
    with open_storage(settings) as storage:
        report.notice = replacement_notice(storage.database, storage.raw)
        bind_origin(storage, settings, adopts=True)
        tags = {**database_tag(storage.database), LAUNCHED_BY: command}
        if not recording_ids and is_context_due(storage, settings):
            report_progress(Stage.BOTS, 0, 0)
            # First, because the runs of the days use the stored bots. Without them, they ask for the bots themselves.
            report.runs.append(run(defs, MEETING_CONTEXT, None, run_config={}, tags=tags))
        for chunk in chunks([*days]):
            report.runs.append(run_days(defs, chunk, recording_ids=recording_ids, refetch=refetch, tags=tags))
            if report.runs[-1].is_permanent_failure:
                break
        else:
            if not recording_ids and (since := unlisted_since(days, began)) < began:
                _run_late_arrivals(defs, storage, access, days, report, since, tags)
            for chunk in chunks(weeks_to_roll_up(days, storage, settings)):
                report.runs.append(run(defs, ROLL_UP, chunk, run_config={}, tags=tags))
            _run_media(defs, settings, storage, days, report, tags)
        with suppress(StoreError):
            _remove_heartbeats(storage, report.runs)
        report.seen = status_of(storage, days, recording_ids)
    return report


def _run_media(
    defs: dg.Definitions,
    settings: Settings,
    storage: Storage,
    days: Sequence[date],
    report: SyncReport,
    tags: Mapping[str, str],
) -> None:
    """Downloads the media files of the days that wait; last, because everything else is complete without them."""
    if not (settings.media_kinds or settings.audio_activity):
        return
    waiting = {*waiting_days(storage.database, settings.media_kinds, at=now())}
    if settings.audio_activity:
        waiting |= {*days_to_analyse(storage)}
    for chunk in chunks([*days]):
        if waiting.intersection(chunk):
            report.runs.append(run(defs, SYNC_MEDIA, chunk, run_config={}, tags=tags))


def unlisted_since(days: Sequence[date], began: datetime) -> datetime:
    """The earliest instant that the lists of some run of these days did not cover, at most the start of the sync.

    The lists of a run reach three days beyond its last day. Later artifacts are left to the next sync.
    """
    return min(start_of(next(chunks([*days]))[-1]) + ARTIFACTS_COME_WITHIN, began)


def weeks_of(days: Iterable[date]) -> list[date]:
    """The weeks of some days and their following weeks up to the current one: trends compare with the week before."""
    found = {monday(day) for day in days}
    this_week = monday(now().date())
    return sorted(found | {week + WEEK for week in found if week < this_week})


def weeks_to_roll_up(days: Iterable[date], storage: Storage, settings: Settings) -> list[date]:
    """The weeks of some days from the first to the last outdated one.

    All weeks if people or series are outdated, or if shared pages are missing, which any run of a roll-up writes.
    """
    weeks = weeks_of(days)
    if are_people_outdated(storage) or outdated_series(storage) or are_shared_pages_missing(storage, settings):
        return weeks
    outdated = outdated_weeks(storage, weeks)
    return [week for week in weeks if outdated and outdated[0] <= week <= outdated[-1]]


def _run_late_arrivals(
    defs: dg.Definitions,
    storage: Storage,
    access: Access,
    days: Sequence[date],
    report: SyncReport,
    since: datetime,
    tags: Mapping[str, str],
) -> None:
    """Runs for artifacts that were created too late for the lists of their day's run."""
    late = late_arrivals(storage, access, days, since=since)
    for day, recording_ids in late.items():
        logger.info("%d recordings of %s have artifacts that arrived late", len(recording_ids), day)
        run = run_days(defs, [day], recording_ids=recording_ids, tags=tags)
        report.runs.append(run)


@retry_on_conflict
def _remove_heartbeats(storage: Storage, runs: Sequence[RunOutcome]) -> None:
    """Removes the heartbeats of ended runs, which cannot be orphaned any more."""
    with storage.database.writing() as connection:
        for run in runs:
            heartbeats.remove(connection, run.run_id)
