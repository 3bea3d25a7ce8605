"""The calendar pass: stores the events of connected calendars, and links them to recordings and bots.

The first pass lists all events that the API gives, and so does the first one with another `CALENDAR_VERSION`. Later
passes list the events that changed since the last complete pass. A pass that fails changes nothing about where the next
one starts, so no event is missed. The API lists events of the last 60 days and the next 28; stored events stay when
they leave that window.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select
from sqlmodel import SQLModel

from meeting_assets.core.batches import batched
from meeting_assets.core.clocks import elapsed_s
from meeting_assets.core.coroutines import run_coroutine
from meeting_assets.core.errors import ApiError, ListRefused, PayloadError
from meeting_assets.core.instants import day_of, shifted, to_iso8601
from meeting_assets.pipeline.calendar_links import choose_bots, link_bots, lock_recordings_of, unlinked_bots
from meeting_assets.pipeline.storage import Storage
from meeting_assets.recall.calendar_objects import CALENDAR_EVENTS, CalendarEvent, decode_calendar_event
from meeting_assets.recall.client import Access, RecallClient, encode_query
from meeting_assets.schema.calendar import CalendarEvents, CalendarInvitees
from meeting_assets.store import calendar_events, tombstones
from meeting_assets.store.connections import retry_on_conflict
from meeting_assets.store.database import meta_value, put_meta, table_of
from meeting_assets.store.observation import ObservationClock, record_observation_time

logger = logging.getLogger(__name__)

LISTED_AT = "calendar_listed_at"
"""Name in `meta` of the start of the last complete pass, by the database's clock."""
LISTED_BY = "calendar_listed_by"
"""Name in `meta` of the `CALENDAR_VERSION` of the last complete pass."""
FAULT = "calendar_fault"
"""Name in `meta` of a sentence about the fault of the last pass; empty if it succeeded."""
CALENDAR_VERSION = "2"
"""Increase it when the same responses of the API would be stored as other rows, or when other events are decodable.

The next pass then lists all events: also those that were undecodable before and have not changed since."""
OVERLAP = timedelta(hours=1)
"""A pass lists changes of this time before the last one again: the clocks of the API's hosts differ from ours."""
MAX_FAULTS = 20
"""Undecodable events that a report names."""


@dataclass(slots=True)
class CalendarReport:
    """Counts of one calendar pass."""

    listed: int = 0
    new: int = 0
    changed: int = 0
    left_out: int = 0
    """Events of purged recordings, and events before the retention period."""
    unreadable: int = 0
    linked_recordings: int = 0
    """Recordings that got values of their events."""
    linked_bots: int = 0
    faults: list[str] = field(default_factory=list)
    """Sentences about undecodable events, which affect no other event."""
    unavailable: str | None = None
    """A sentence for the user if the API offers no calendar events to this key; nothing was listed then."""
    calendar_s: float = 0.0


class _Counts(NamedTuple):
    """Effects of one transaction, which may be repeated after its commit."""

    new: int = 0
    changed: int = 0
    left_out: int = 0
    recordings: int = 0
    bots: int = 0


def update_calendar(storage: Storage, access: Access) -> CalendarReport:
    """Stores new and changed calendar events, and links all stored ones to recordings and bots.

    Raises:
        Refused, Transient: the list could not be read completely; the next pass lists the same events again.
        StoreError: the database does not answer.
    """
    report = CalendarReport()
    began_s = elapsed_s()
    clock = ObservationClock.of(storage.database)
    began_at = clock.wall_clock()
    try:
        run_coroutine(_list_changes(storage, access, clock, report))
    except ListRefused as error:
        storage.database.set_meta(FAULT, unavailable_sentence(error))
        if report.listed:
            raise
        report.unavailable = unavailable_sentence(error)
        logger.warning(report.unavailable)
    except ApiError as error:
        storage.database.set_meta(FAULT, _failed_sentence(error))
        raise
    else:
        storage.database.set_meta(FAULT, "")
        listed_at = began_at.isoformat(timespec="microseconds")
        storage.database.write(partial(put_meta, values={LISTED_AT: listed_at, LISTED_BY: CALENDAR_VERSION}))
    _link_the_rest(storage, report)
    report.calendar_s = elapsed_s() - began_s
    return report


def unavailable_sentence(error: ListRefused) -> str:
    """Says for a user that the API offers no calendar events, and what to do."""
    return (
        f"Recall.ai offers no calendar events to this API key ({error}). Connect a calendar with Calendar V2 of "
        "the same workspace and region, or set MEETING_ASSETS_CALENDAR=off."
    )


def last_fault(connection: Connection) -> str | None:
    """A sentence for the user about the fault of the last pass; None if it succeeded, and before the first one."""
    return meta_value(connection, FAULT) or None


def changed_since(connection: Connection) -> datetime | None:
    """The instant from which the next pass lists changes; None lists all events.

    It is not later than the newest stored change by the API's clock, so a fast clock of the database loses no event.
    """
    listed_at, newest = meta_value(connection, LISTED_AT), calendar_events.newest_change(connection)
    if listed_at is None or newest is None or meta_value(connection, LISTED_BY) != CALENDAR_VERSION:
        return None
    return shifted(min(datetime.fromisoformat(listed_at), newest), -OVERLAP)


def row_counts(connection: Connection) -> dict[type[SQLModel], int]:
    """The number of rows of both tables."""
    models: tuple[type[SQLModel], ...] = (CalendarEvents, CalendarInvitees)
    return {model: connection.scalar(select(func.count()).select_from(table_of(model))) or 0 for model in models}


def rows_version(connection: Connection) -> str:
    """A text that changes if and only if a row of either table changes: the number of events and the last change."""
    events = table_of(CalendarEvents)
    modified_at = select(func.max(events.c.modified_at, type_=events.c.modified_at.type))
    count, last = row_counts(connection)[CalendarEvents], connection.scalar(modified_at)
    return f"{count} {to_iso8601(last)}" if last else str(count)


async def _list_changes(storage: Storage, access: Access, clock: ObservationClock, report: CalendarReport) -> None:
    """Stores the events page by page, so that memory does not depend on their number."""
    since = storage.database.read(changed_since)
    query = encode_query({"updated_at__gte": since} if since else {})
    async with RecallClient(access) as client:
        requested_at = clock.now()
        async for page in client.list_pages(CALENDAR_EVENTS, query, version="v2"):
            events = _decoded(page.results, report)
            for batch in batched(events, calendar_events.BATCH):
                record_observation_time(storage.database, requested_at)
                _count(report, _store(storage, batch, requested_at))
            requested_at = clock.now()


def _decoded(documents: Sequence[dict[str, Any]], report: CalendarReport) -> list[CalendarEvent]:
    """The decodable events of a page; of an event that is listed twice, the later one."""
    found: dict[str, CalendarEvent] = {}
    for document in documents:
        report.listed += 1
        try:
            event = decode_calendar_event(document)
        except PayloadError as error:
            report.unreadable += 1
            if len(report.faults) < MAX_FAULTS:
                report.faults.append(str(error))
            logger.warning("%s; it is not stored", error)
        else:
            found[event.calendar_event_id] = event
    return list(found.values())


@retry_on_conflict
def _store(storage: Storage, events: Sequence[CalendarEvent], observed_at: datetime) -> _Counts:
    """Stores some events in one transaction, and links their recordings and bots."""
    bot_ids = {bot_id for event in events for bot_id in event.bot_ids}
    with storage.database.writing() as connection:
        purged = tombstones.tombstoned_bots_until_commit(connection, bot_ids)
        # The API may list an event of a purged recording without its bots.
        purged_events = tombstones.tombstoned_events(connection, [each.calendar_event_id for each in events])
        recordings = lock_recordings_of(connection, bot_ids - purged)
        recorded = {*recordings.values()}
        kept = [
            replace(event, bot_ids=tuple(each for each in event.bot_ids if each not in purged))
            for event in events
            # An event of a stored recording is kept as long as the recording.
            if not recorded.isdisjoint(event.bot_ids)
            or (event.calendar_event_id not in purged_events and _is_storable(event, purged, storage.oldest_day))
        ]
        rows = {event.calendar_event_id: _row(event, recorded, observed_at) for event in kept}
        invitees = {event.calendar_event_id: _invitee_rows(event) for event in kept}
        stored = calendar_events.store_events(connection, rows, invitees)
        linked = link_bots(connection, bot_ids - purged, recordings, former=stored.before)
    return _Counts(len(stored.new), len(stored.changed), len(events) - len(kept), *linked)


@retry_on_conflict
def _link(storage: Storage, bot_ids: Sequence[str]) -> _Counts:
    with storage.database.writing() as connection:
        recorded = lock_recordings_of(connection, bot_ids)
        recordings, bots = link_bots(connection, bot_ids, recorded)
    return _Counts(recordings=recordings, bots=bots)


def _link_the_rest(storage: Storage, report: CalendarReport) -> None:
    """Links recordings and bots that were stored after their events."""
    storage.database.write(choose_bots)
    bot_ids = sorted(storage.database.read(unlinked_bots))
    for batch in batched(bot_ids, calendar_events.BATCH):
        _count(report, _link(storage, batch))


def _is_storable(event: CalendarEvent, purged_bots: Collection[str], oldest_day: date) -> bool:
    return day_of(event.start_at) >= oldest_day and not {*purged_bots} & {*event.bot_ids}


def _failed_sentence(error: ApiError) -> str:
    return (
        f"Recall.ai did not list the calendar events ({error}). Later passes list them again. If this persists, check "
        "the connected calendars at Recall.ai."
    )


def _row(event: CalendarEvent, recorded: set[str], observed_at: datetime) -> dict[str, Any]:
    # A stable sort: bots with a recording first, each group in the API's order.
    bots = sorted(event.bot_ids, key=lambda each: each not in recorded)
    values = asdict(event)
    del values["bot_ids"], values["invitees"]
    planned_s = (event.end_at - event.start_at).total_seconds() if event.end_at else -1.0
    return values | {
        "planned_s": planned_s if planned_s >= 0 else None,
        "bot_id": bots[0] if bots else None,
        "other_bot_ids": bots[1:] or None,
        "invitee_count": len(event.invitees),
        "observed_at": observed_at,
    }


def _invitee_rows(event: CalendarEvent) -> list[dict[str, Any]]:
    return [{"calendar_event_id": event.calendar_event_id, **asdict(invitee)} for invitee in event.invitees]


def _count(report: CalendarReport, counts: _Counts) -> None:
    report.new += counts.new
    report.changed += counts.changed
    report.left_out += counts.left_out
    report.linked_recordings += counts.recordings
    report.linked_bots += counts.bots
