"""Purge of a meeting's context: its bot with status changes, its calendar events with invitees, and webhook messages.

Bots and events belong to no recording alone. They are deleted with their last recording that is not purged: a bot that
records twice has two recordings, and an event may be linked to several bots. The tombstone of a recording names its
bot and its events. These, and other events of such bots, are not stored again (`store.tombstones`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain

from sqlalchemy import Connection, and_, select

from meeting_assets.core.batches import batched
from meeting_assets.core.errors import PayloadError
from meeting_assets.pipeline.bot_status_changes import CHANGES
from meeting_assets.pipeline.bots import BOTS
from meeting_assets.pipeline.deletion.removal import PurgeReport, delete_rows
from meeting_assets.pipeline.listings import listing_of
from meeting_assets.pipeline.media_objects import MEDIA
from meeting_assets.pipeline.storage import Storage
from meeting_assets.recall.objects import Recording, decode_object
from meeting_assets.schema.persistent import WebhookObjectEvents
from meeting_assets.store import calendar_events, tombstones
from meeting_assets.store.calendar_events import EVENT_BOTS, EVENTS, INVITEES, Row, linked_bots
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger import LEDGER, RECORDINGS
from meeting_assets.store.tombstones import TOMBSTONES, is_canonical_uuid

OBJECT_INBOX = table_of(WebhookObjectEvents)


@dataclass(frozen=True, slots=True)
class Context:
    """Bots and calendar events of some recordings."""

    bot_ids: frozenset[str]
    """Bots that have no other stored recording."""
    event_ids: frozenset[str]
    """Calendar events that are linked to no other stored recording."""
    shared_events: tuple[Row, ...] = ()
    """Rows of calendar events that are linked to another stored recording, too."""


def context_of(connection: Connection, recording_ids: Collection[str], bot_ids: Collection[str] = ()) -> Context:
    """The bots and calendar events of some recordings. `bot_ids` are further bots, of recordings that are not stored.

    A recording with a tombstone does not count as stored.
    """
    c = RECORDINGS.c
    wanted, event_ids = {*bot_ids}, set()
    for batch in batched(recording_ids, tombstones.BATCH):
        for bot_id, event_id in connection.execute(
            select(c.bot_id, c.calendar_event_id).where(c.recording_id.in_(batch))
        ):
            wanted.add(bot_id)
            event_ids.add(event_id)
        named = select(TOMBSTONES.c.bot_id).where(TOMBSTONES.c.recording_id.in_(batch))
        wanted.update(connection.scalars(named))
    wanted.discard(None)
    event_ids.discard(None)
    events = calendar_events.events_of(connection, bot_ids=wanted, event_ids=filter(is_canonical_uuid, event_ids))
    kept_bots, kept_events = _kept(connection, recording_ids, wanted, events)
    shared = tuple(
        each
        for each in events
        if each["calendar_event_id"] in kept_events or not kept_bots.isdisjoint(linked_bots(each))
    )
    owned = {each["calendar_event_id"] for each in events} - {each["calendar_event_id"] for each in shared}
    return Context(frozenset(wanted - kept_bots), frozenset(owned), shared)


def delete_context(connection: Connection, recording_id: str, report: PurgeReport) -> int:
    """Deletes the context of a recording that has a tombstone, before the rows of the recording are deleted.

    Returns the number of deleted bots, for `note_deleted_bots`.
    """
    context = context_of(connection, [recording_id])
    # As the pass over the calendars, which locks events in the order of their ids before their bots and invitees.
    shared_ids = {each["calendar_event_id"] for each in context.shared_events}
    calendar_events.lock_events(connection, context.event_ids | shared_ids)
    for table in (INVITEES, EVENT_BOTS, EVENTS):
        delete_rows(connection, table, table.c.calendar_event_id.in_(context.event_ids), report)
    for event in context.shared_events:
        _unlink(connection, event, context.bot_ids, report)
    ids = {recording_id, *context.bot_ids, *_media_ids(connection, recording_id)}
    delete_rows(connection, OBJECT_INBOX, OBJECT_INBOX.c.object_id.in_([*filter(is_canonical_uuid, ids)]), report)
    return delete_bots(connection, context.bot_ids, report)


def delete_bots(connection: Connection, bot_ids: Collection[str], report: PurgeReport) -> int:
    """Deletes bots and their status changes, and returns the number of bots."""
    # Locked in the order of `pipeline.bots`, which locks a bot before its status changes.
    locked = select(BOTS.c.bot_id).where(BOTS.c.bot_id.in_(bot_ids)).order_by(BOTS.c.bot_id).with_for_update()
    found = connection.scalars(locked).all()
    delete_rows(connection, CHANGES, CHANGES.c.bot_id.in_(bot_ids), report)
    delete_rows(connection, BOTS, BOTS.c.bot_id.in_(found), report)
    return len(found)


def known_bots(storage: Storage, recording_ids: Collection[str]) -> dict[str, str]:
    """The bots of recordings, by recording id: from the table, and of other recordings from the raw store."""
    found: dict[str, str | None] = {}
    with storage.database.reading() as connection:
        for batch in batched(recording_ids, tombstones.BATCH):
            query = select(RECORDINGS.c.recording_id, RECORDINGS.c.bot_id).where(RECORDINGS.c.recording_id.in_(batch))
            found |= dict(connection.execute(query).all())
    if only_in_raw := {*recording_ids} - found.keys():
        found |= _bots_in_raw(storage, only_in_raw)
    return {recording_id: bot_id for recording_id, bot_id in found.items() if bot_id is not None}


def events_of_recordings(connection: Connection, bots: Mapping[str, str | None]) -> dict[str, tuple[str, ...]]:
    """The ids of the calendar events of recordings that have any. `bots` maps the recordings to their bots."""
    named: dict[str, str | None] = {}
    for batch in batched(bots, tombstones.BATCH):
        query = select(RECORDINGS.c.recording_id, RECORDINGS.c.calendar_event_id)
        named |= dict(connection.execute(query.where(RECORDINGS.c.recording_id.in_(batch))).all())
    own = {each for each in named.values() if each is not None and is_canonical_uuid(each)}
    events = calendar_events.events_of(connection, bot_ids=filter(None, bots.values()), event_ids=own)
    found: dict[str, tuple[str, ...]] = {}
    for recording_id, bot_id in bots.items():
        event_id = named.get(recording_id)
        of_bot = {each["calendar_event_id"] for each in events if bot_id is not None and bot_id in linked_bots(each)}
        own_event = {event_id} if event_id in own and event_id is not None else set()
        if ids := of_bot | own_event:
            found[recording_id] = tuple(sorted(ids))
    return found


def _bots_in_raw(storage: Storage, recording_ids: Collection[str]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for recording_id, days in storage.raw.days_of(recording_ids).items():
        for day in days:
            # A damaged object names no bot, and is purged like any other.
            with suppress(PayloadError):
                listing = listing_of(storage.raw.read_listing(day, recording_id))
                bot = decode_object(listing.recording, Recording, "recording.json").bot
                if bot is not None:
                    found[recording_id] = str(bot.id)
    return found


def _kept(
    connection: Connection, recording_ids: Collection[str], bot_ids: Collection[str], events: Collection[Row]
) -> tuple[set[str], set[str]]:
    """The bots and events of other recordings that have no tombstone."""
    c = RECORDINGS.c
    event_ids = [each["calendar_event_id"] for each in events]
    wanted = {*bot_ids, *chain.from_iterable(map(linked_bots, events))}
    is_purged = select(TOMBSTONES.c.recording_id).where(TOMBSTONES.c.recording_id == c.recording_id).exists()
    bots: set[str] = set()
    kept_events: set[str] = set()
    for column, ids in ((c.bot_id, wanted), (c.calendar_event_id, event_ids)):
        for batch in batched(sorted(ids), tombstones.BATCH):
            query = select(c.recording_id, c.bot_id, c.calendar_event_id).where(and_(column.in_(batch), ~is_purged))
            for recording_id, bot_id, event_id in connection.execute(query):
                if recording_id not in recording_ids:
                    bots.add(bot_id)
                    kept_events.add(event_id)
    return bots, kept_events


def _unlink(connection: Connection, event: Row, bot_ids: Collection[str], report: PurgeReport) -> None:
    """Removes purged bots from an event that belongs to another recording, too."""
    left = [each for each in linked_bots(event) if each not in bot_ids]
    if left != linked_bots(event):
        calendar_events.set_bots(connection, event["calendar_event_id"], left)
        report.tables |= {EVENTS.name, EVENT_BOTS.name}


def _media_ids(connection: Connection, recording_id: str) -> set[str]:
    """The ids of a recording's media objects, which webhook messages may name."""
    listed = select(MEDIA.c.media_object_id).where(MEDIA.c.recording_id == recording_id)
    stored = select(LEDGER.c.artifact_id).where(LEDGER.c.recording_id == recording_id)
    return {*connection.scalars(listed), *connection.scalars(stored)}
