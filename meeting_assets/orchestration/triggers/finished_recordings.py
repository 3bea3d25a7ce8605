"""The sensor on finished meetings: what the API has finished and is not home becomes a run of its day.

It is level-triggered: each tick holds the API's lists and the ledger against each other and asks for what can be
fetched now. It remembers no meeting, so it can miss none: its cursor only says how far the lists were read.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta

import dagster as dg

from meeting_assets.core.errors import Refused, SettingsError, Transient
from meeting_assets.core.instants import check_year, now
from meeting_assets.orchestration.resources import settings_of_process
from meeting_assets.orchestration.run_tags import for_this_database
from meeting_assets.orchestration.runs import JOB
from meeting_assets.orchestration.triggers.run_requests import requests_for
from meeting_assets.pipeline.arrivals import RECORDING, ListingPass, PendingRecording, list_arrivals
from meeting_assets.pipeline.discover import LISTED_COLLECTIONS
from meeting_assets.pipeline.storage import Storage, access_of, bind_origin, open_storage
from meeting_assets.recall.client import Access
from meeting_assets.settings import Settings
from meeting_assets.store import worklist
from meeting_assets.store.observation import database_now

# Dagster gives a tick 60 s, and takes all it found if it needs longer.
BUDGET_S = 40.0
LOOK_BACK = timedelta(hours=24)
LONGEST_LOOK_BACK = timedelta(days=30)
OVERLAP = timedelta(hours=1)
PAGES_LIVE = timedelta(hours=1)
SAFETY_NET = timedelta(minutes=10)
"""How often the lists are read where webhooks announce what they show."""
WITH_WEBHOOKS = (
    f"Webhooks announce what finishes: the lists are read every {SAFETY_NET.seconds // 60} minutes. "
    "Nothing that the ledger waits for can be fetched now."
)


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far the lists were read: the round that is going on, and when the last whole one began."""

    began_at: str | None = None
    pages: dict[str, str] = field(default_factory=dict)
    whole_at: str | None = None

    @classmethod
    def read(cls, text: str | None) -> "Cursor":
        """The cursor of the last tick; a new one where that cannot be read."""
        try:
            cursor = cls(**json.loads(text or "{}"))
            instants = [datetime.fromisoformat(each) for each in (cursor.began_at, cursor.whole_at) if each is not None]
            for each in instants:
                check_year(each)
            is_sound = all(each.tzinfo for each in instants) and cursor.pages.keys() <= {RECORDING, *LISTED_COLLECTIONS}
            is_sound = is_sound and all(isinstance(each, str) for each in cursor.pages.values())
        except (ValueError, TypeError, AttributeError, RecursionError):
            return cls()
        return cursor if is_sound else cls()

    def round(self, at: datetime) -> tuple["Cursor", ListingPass]:
        """The round to go on with, or a new one that reaches back to the last whole one."""
        if self.is_amid(at):
            return self, ListingPass(self.pages)
        since = at - LOOK_BACK
        if self.whole_at is not None:
            # After an outage what was made meanwhile is looked at, too.
            since = max(min(since, datetime.fromisoformat(self.whole_at) - OVERLAP), at - LONGEST_LOOK_BACK)
        return replace(self, began_at=at.isoformat()), ListingPass.since(since)

    def is_amid(self, at: datetime) -> bool:
        """Whether a round can be gone on with: the API need not know an old page any more."""
        if not self.began_at or not self.pages:
            return False
        # A round that begins in the future was begun by a clock that was wrong, and would be gone on with for ever.
        return timedelta(0) <= at - datetime.fromisoformat(self.began_at) < PAGES_LIVE

    def is_fresh(self, at: datetime) -> bool:
        """Whether the lists were read so lately that, with webhooks, it is too early to read them again."""
        if self.pages or self.whole_at is None:
            return False
        return timedelta(0) <= at - datetime.fromisoformat(self.whole_at) < SAFETY_NET

    def after(self, rest: ListingPass | None) -> "Cursor":
        """The cursor when a portion was read."""
        if rest is not None:
            return replace(self, pages=dict(rest.pages))
        return Cursor(whole_at=self.began_at)

    def written(self) -> str:
        return json.dumps(asdict(self))


def sensor_access(settings: Settings) -> Access:
    """How a tick asks the API: slowly enough to leave half of the lists' limits to the runs."""
    access = access_of(settings)
    return replace(access, list_calls_per_minute=max(1, access.list_calls_per_minute // 2))


def finished_recordings(days: dg.DailyPartitionsDefinition) -> dg.SensorDefinition:
    """The sensor, for these partitions."""

    @dg.sensor(
        name="finished_recordings",
        job_name=JOB,
        minimum_interval_seconds=20,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Asks for the day of every meeting that has finished and is not home, within half a minute.",
    )
    def _sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        at = now()
        cursor = Cursor.read(context.cursor)
        settings = settings_of_process()
        try:
            access = sensor_access(settings)
        except SettingsError as error:
            return dg.SkipReason(str(error))
        if settings.webhook_secrets and cursor.is_fresh(at):
            with open_storage(settings) as storage:
                known = requests_for(_known(storage), context.instance, days.get_partition_keys())
                requests = for_this_database(known, storage.database)
            return dg.SensorResult(
                run_requests=requests, skip_reason=None if requests else WITH_WEBHOOKS, cursor=cursor.written()
            )
        is_amid = cursor.is_amid(at)
        cursor, portion = cursor.round(at)
        try:
            with open_storage(settings) as storage:
                due, rest = _due(storage, settings, access, portion)
                found = requests_for(due, context.instance, days.get_partition_keys())
                requests = for_this_database(found, storage.database)
        except (Transient, Refused) as error:
            # A page that the API does not know any more is refused; so is everything, for a wrong key.
            if isinstance(error, Refused) and not is_amid:
                raise
            # What could not be read is not empty: nothing is concluded, and reading starts anew.
            return dg.SensorResult(
                skip_reason=f"The API cannot be read at the moment: {error}",
                cursor=Cursor(whole_at=cursor.whole_at).written(),
            )
        return dg.SensorResult(
            run_requests=requests,
            skip_reason=None if requests else _reason(due, days.get_partition_keys()),
            cursor=cursor.after(rest).written(),
        )

    return _sensor


def _due(
    storage: Storage, settings: Settings, access: Access, portion: ListingPass
) -> tuple[list[PendingRecording], ListingPass | None]:
    bind_origin(storage, settings)
    due, rest = list_arrivals(storage, access, portion, budget_s=BUDGET_S)
    return [*due, *_known(storage)], rest


def _known(storage: Storage) -> list[PendingRecording]:
    """What the ledger itself knows to be fetchable."""
    with storage.database.reading() as connection:
        return [PendingRecording(*row) for row in worklist.fetchable(connection, database_now(connection))]


def _reason(due: Sequence[PendingRecording], partitions: Collection[str]) -> str:
    known = frozenset(partitions)
    outside = {each.recording_id: each.day for each in due if each.day.isoformat() not in known}
    waiting = {each.recording_id for each in due} - outside.keys()
    if waiting:
        return f"{len(waiting)} recordings wait for a run that has been asked for."
    if outside:
        first, last = min(outside.values()), max(outside.values())
        return (
            f"{len(outside)} recordings are of days from {first} to {last}, which are no partitions: before "
            "MEETING_ASSETS_FIRST_DAY, or in the future. They are not fetched. If the days are right, set "
            "MEETING_ASSETS_FIRST_DAY."
        )
    return "Everything that could be fetched is home."
