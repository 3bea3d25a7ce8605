"""The sensor `finished_recordings`: requests runs for artifacts that the API lists and the ledger lacks.

It is level-triggered: each tick compares the API's lists with the ledger and requests a run for everything that can be
fetched now. Its cursor stores no recordings, only the position in the lists and the start of the last complete pass, so
no recording can be missed.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import dagster as dg
import msgspec

from meeting_assets.core.errors import Refused, SettingsError, Transient
from meeting_assets.core.instants import check_year, now
from meeting_assets.orchestration.resources import apply_settings
from meeting_assets.orchestration.run_tags import for_this_database
from meeting_assets.orchestration.runs import JOB
from meeting_assets.orchestration.triggers.run_requests import MAX_RUNS_PER_HOUR, requests_for
from meeting_assets.orchestration.workspace import Workspace
from meeting_assets.pipeline.discover import LISTED_COLLECTIONS
from meeting_assets.pipeline.listing_pass import ListingPass
from meeting_assets.pipeline.pending_recordings import PendingRecording, list_arrivals
from meeting_assets.pipeline.storage import Storage, access_of, bind_origin, open_storage
from meeting_assets.recall.client import Access
from meeting_assets.recall.objects import RECORDING
from meeting_assets.settings import Settings
from meeting_assets.store import worklist
from meeting_assets.store.observation import database_now

# Dagster ends a tick after 60 s and discards its results.
BUDGET_S = 40.0
LOOKBACK = timedelta(hours=24)
MAX_LOOKBACK = timedelta(days=30)
OVERLAP = timedelta(hours=1)
PAGE_LIFETIME = timedelta(hours=1)
POLL_INTERVAL = timedelta(minutes=10)
"""Interval of reading the lists if webhooks trigger runs."""
WITH_WEBHOOKS = (
    f"Webhooks trigger runs, so the lists are read every {POLL_INTERVAL.seconds // 60} minutes. "
    "No pending artifact of the ledger can be fetched now."
)


class Cursor(msgspec.Struct, frozen=True, rename={"completed_at": "whole_at"}):
    """The current pass over the API's lists, and the start of the last complete one.

    The JSON keeps the names of earlier versions, whose cursors stay valid.
    """

    began_at: str | None = None
    pages: dict[str, str] = {}
    completed_at: str | None = None

    @classmethod
    def decode(cls, text: str | None) -> "Cursor":
        """Decodes the cursor of the last tick; returns a new one if it is invalid."""
        try:
            cursor = msgspec.json.decode(text or "{}", type=cls)
            instants = [
                datetime.fromisoformat(each) for each in (cursor.began_at, cursor.completed_at) if each is not None
            ]
            for each in instants:
                check_year(each)
            is_valid = all(each.tzinfo for each in instants) and cursor.pages.keys() <= {RECORDING, *LISTED_COLLECTIONS}
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return cls()
        return cursor if is_valid else cls()

    def listing_pass(self, at: datetime) -> tuple["Cursor", ListingPass]:
        """The pass to resume, or a new one over everything created since the last complete pass."""
        if self.can_resume(at):
            return self, ListingPass(self.pages)
        since = at - LOOKBACK
        if self.completed_at is not None:
            # After an outage the pass includes all objects created during it.
            since = max(min(since, datetime.fromisoformat(self.completed_at) - OVERLAP), at - MAX_LOOKBACK)
        return msgspec.structs.replace(self, began_at=at.isoformat()), ListingPass.since(since)

    def can_resume(self, at: datetime) -> bool:
        """Whether the pass can be resumed; page cursors older than an hour may have expired."""
        if not self.began_at or not self.pages:
            return False
        # A pass with a start in the future comes from a wrong clock, and would be resumed for ever.
        return timedelta(0) <= at - datetime.fromisoformat(self.began_at) < PAGE_LIFETIME

    def is_fresh(self, at: datetime) -> bool:
        """Whether the last complete pass is recent enough to skip reading the lists while webhooks trigger runs."""
        if self.pages or self.completed_at is None:
            return False
        return timedelta(0) <= at - datetime.fromisoformat(self.completed_at) < POLL_INTERVAL

    def after(self, rest: ListingPass | None) -> "Cursor":
        """The cursor after a pass that ended at `rest`, or at the end of the lists if it is None."""
        if rest is not None:
            return msgspec.structs.replace(self, pages=dict(rest.pages))
        return Cursor(completed_at=self.began_at)

    def encode(self) -> str:
        return msgspec.json.encode(self).decode()


def sensor_access(settings: Settings) -> Access:
    """API access of a tick. It uses half of the rate limit for lists and leaves the other half to runs."""
    access = access_of(settings)
    return replace(access, list_calls_per_minute=max(1, access.list_calls_per_minute // 2))


def finished_recordings(days: dg.DailyPartitionsDefinition, workspace: Workspace) -> dg.SensorDefinition:
    """Defines the sensor."""

    @dg.sensor(
        name=workspace.named("finished_recordings"),
        job_name=workspace.named(JOB),
        minimum_interval_seconds=20,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Requests runs of days with finished recordings that lack artifacts, within half a minute.",
    )
    def _sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        cursor = Cursor.decode(context.cursor)
        settings = apply_settings(workspace)
        try:
            access = sensor_access(settings)
        except SettingsError as error:
            return dg.SkipReason(str(error))
        if settings.webhook_secrets and cursor.is_fresh(now()):
            return _from_ledger(context, workspace, settings, cursor, days.get_partition_keys())
        return _from_lists(context, workspace, settings, access, cursor, days.get_partition_keys())

    return _sensor


def _from_ledger(
    context: dg.SensorEvaluationContext,
    workspace: Workspace,
    settings: Settings,
    cursor: Cursor,
    partitions: Sequence[str],
) -> dg.SensorResult:
    """Requests runs for pending artifacts of the ledger; does not call the API."""
    with open_storage(settings) as storage:
        found = requests_for(_fetchable(storage), context.instance, partitions, workspace)
        requests = for_this_database(found, storage.database, workspace)
    return dg.SensorResult(
        run_requests=requests, skip_reason=None if requests else WITH_WEBHOOKS, cursor=cursor.encode()
    )


def _from_lists(
    context: dg.SensorEvaluationContext,
    workspace: Workspace,
    settings: Settings,
    access: Access,
    former: Cursor,
    partitions: Sequence[str],
) -> dg.SensorResult:
    """Requests runs for artifacts that the API lists and the ledger lacks, and for pending ones of the ledger."""
    at = now()
    cursor, listing = former.listing_pass(at)
    try:
        with open_storage(settings) as storage:
            bind_origin(storage, settings)
            listed, rest = list_arrivals(storage, access, listing, budget_s=BUDGET_S)
            pending = [*listed, *_fetchable(storage)]
            found = requests_for(pending, context.instance, partitions, workspace)
            requests = for_this_database(found, storage.database, workspace)
    except (Transient, Refused) as error:
        # The API refuses an expired page with the same error as a wrong key.
        if isinstance(error, Refused) and not former.can_resume(at):
            raise
        # A list that could not be read is not an empty list: the next tick starts a new pass.
        return dg.SensorResult(
            skip_reason=f"The API cannot be read at the moment: {error}",
            cursor=Cursor(completed_at=cursor.completed_at).encode(),
        )
    return dg.SensorResult(
        run_requests=requests,
        skip_reason=None if requests else _reason(pending, partitions),
        cursor=cursor.after(rest).encode(),
    )


def _fetchable(storage: Storage) -> list[PendingRecording]:
    """Pending artifacts of the ledger that can be fetched now."""
    with storage.database.reading() as connection:
        return [PendingRecording(*row) for row in worklist.fetchable_recordings(connection, database_now(connection))]


def _reason(pending: Sequence[PendingRecording], partitions: Collection[str]) -> str:
    valid_days = frozenset(partitions)
    outside = {each.recording_id: each.day for each in pending if each.day.isoformat() not in valid_days}
    waiting = {each.recording_id for each in pending} - outside.keys()
    if waiting:
        return (
            f"{len(waiting)} recordings wait: a run of their day is queued or in progress, its last run failed, or "
            f"their limit of {MAX_RUNS_PER_HOUR} runs an hour is reached."
        )
    if outside:
        first, last = min(outside.values()), max(outside.values())
        return (
            f"{len(outside)} recordings belong to days from {first} to {last}, which are not partitions: they are "
            "before MEETING_ASSETS_FIRST_DAY or in the future. They are not fetched. If the days are right, set "
            "MEETING_ASSETS_FIRST_DAY to an earlier day."
        )
    return "All available artifacts are stored."
