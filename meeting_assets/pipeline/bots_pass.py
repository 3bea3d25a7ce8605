"""The pass over bots: lists new bots, and retrieves stored bots that had not ended.

The first pass reads the whole list. A later pass reads pages from the newest end: as many bots as the list has become
longer since the last complete pass, then until a page shows no new bot. The order of the list is not documented, so it
is read from the times of the listed bots. If bots are missing all the same, the whole list is read again.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import pairwise
from time import monotonic
from typing import Any, NamedTuple

from sqlalchemy import Connection

from meeting_assets.core.errors import PayloadError
from meeting_assets.pipeline.bot_corrections import correct_outcomes
from meeting_assets.pipeline.bots import (
    ObservedBot,
    bot_count,
    delete_cancelled_bots,
    record_bots,
    unfinished_bots,
    unknown_bots,
)
from meeting_assets.pipeline.retrieval import Name, Retrieval
from meeting_assets.pipeline.storage import Storage
from meeting_assets.recall.bot_status import recordings_of, status_changes_of
from meeting_assets.recall.client import Access, RecallClient
from meeting_assets.recall.objects import Bot, decode_object, instant_of
from meeting_assets.recall.pagination import PageMissing
from meeting_assets.recall.responses import Page
from meeting_assets.store.database import meta_value, put_meta
from meeting_assets.store.observation import ObservationClock, record_observation_time
from meeting_assets.store.tombstones import is_canonical_uuid

BOT = "bot"
"""The collection of bots."""
LISTED, NOT_STORED = "bots_listed", "bots_not_stored"
"""Names in `meta`: at the last complete pass, the length of the list, and that length less the stored bots."""
FIRST_PAGE = "bots_on_first_page"
"""Name in `meta` of the hash of the first page of the list at the last complete pass."""

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class BotsReport:
    """Totals of one pass: bots, list calls and seconds."""

    new: int = 0
    retrieved: int = 0
    gone: int = 0
    """Retrieved bots that do not exist, or no longer."""
    unreadable: int = 0
    """Bots that could not be decoded."""
    list_calls: int = 0
    bots_s: float = 0.0
    failed: dict[str, str] = field(default_factory=dict)
    """Errors of bots whose retrieve failed, by id; a later pass retrieves them."""


async def sync_bots(storage: Storage, access: Access, bot_ids: Collection[str] = ()) -> BotsReport:
    """Stores new bots and those that had not ended; with `bot_ids`, only these bots, without listing any.

    Raises:
        Refused, Transient: see `core.errors`; the pages read so far are stored.
        StoreError: the database cannot be written.
    """
    started_s = monotonic()
    bots_pass = BotsPass(storage)
    async with RecallClient(access) as client:
        if bot_ids:
            await bots_pass.retrieve(client, bot_ids)
        else:
            await bots_pass.read_list(client)
            at = bots_pass.clock.wall_clock()
            unfinished = storage.database.read(lambda connection: unfinished_bots(connection, at))
            await bots_pass.retrieve(client, [each for each in unfinished if each not in bots_pass.listed])
            correct_outcomes(storage, at)
    bots_pass.report.bots_s = round(monotonic() - started_s, 3)
    return bots_pass.report


class BotsPass:
    """One pass: its clock, its report, and the ids of the bots that it has listed."""

    def __init__(self, storage: Storage) -> None:
        self.clock = ObservationClock.of(storage.database)
        self.report = BotsReport()
        self.listed: set[str] = set()
        self._storage = storage

    async def read_list(self, client: RecallClient) -> None:
        """Reads and stores pages of the list from its newest end until all new bots are stored."""
        first, bots, new = await self._read_page(client, "")
        former = self._storage.database.read(_former_counts)
        if former is None:
            await self._read_forwards(client, first, at_least=None)
        elif first.next_query is not None:
            at_least = max(0, (first.count or 0) - former.listed)
            if not await self._is_newest_first(client, first, bots):
                await self._read_backwards(client, first, at_least=at_least)
            elif new or at_least > len(first.results):
                await self._read_forwards(client, first, at_least=at_least - len(first.results))
            if self._not_stored(first) > former.not_stored:
                await self._read_forwards(client, first, at_least=None)
        values = {LISTED: str(first.count or 0), NOT_STORED: str(self._not_stored(first)), FIRST_PAGE: _hash_of(bots)}
        for name, value in values.items():
            self._storage.database.set_meta(name, value)

    async def is_list_unchanged(self, client: RecallClient) -> bool:
        """True if the first page shows that the list is that of the last complete pass. Stores nothing.

        False also if the newest bots may be on another page, and before the first complete pass.
        """
        former = self._storage.database.read(_former_counts)
        if former is None:
            return False
        first = await anext(client.list_pages(BOT))
        bots = [bot for document in first.results if (bot := self._decoded(document)) is not None]
        shows_newest = first.next_query is None or is_newest_first(bots) is True
        is_complete = first.count == former.listed and self._not_stored(first) <= former.not_stored
        return shows_newest and is_complete and _hash_of(bots) == former.first_page

    async def retrieve(self, client: RecallClient, bot_ids: Collection[str]) -> None:
        """Retrieves and stores some bots. Bots that were deleted at Recall.ai before they joined are deleted here."""
        names = [Name(BOT, each) for each in dict.fromkeys(bot_ids)]
        bots: list[ObservedBot] = []
        gone: dict[str, datetime] = {}
        for name, outcome in (await Retrieval(client, self.clock).each(names)).items():
            requested_at = outcome.requested_at or self.clock.started_at
            if outcome.is_gone:
                gone[name.object_id] = requested_at
            elif outcome.fault is not None:
                self.report.failed[name.object_id] = outcome.fault
            elif (bot := self._decoded(outcome.document)) is not None:
                bots.append(ObservedBot(bot, requested_at))
        self.report.retrieved += len(bots)
        self.report.gone += len(gone)
        self._record(bots)
        if deleted := delete_cancelled_bots(self._storage, gone):
            self._storage.database.write(partial(note_deleted_bots, count=deleted))
        for bot_id, fault in self.report.failed.items():
            logger.warning("bot %s could not be retrieved: %s", bot_id, fault)

    async def _read_forwards(self, client: RecallClient, first: Page, *, at_least: int | None) -> None:
        """Reads the pages after the first one: a number of bots, then until a page shows no new bot; None reads all."""
        if first.next_query is None:
            return
        requested_at = self.clock.now()
        async for page in client.list_pages(BOT, first.next_query):
            _, new = self._store(page, requested_at)
            if at_least is not None:
                at_least -= len(page.results)
                if at_least <= 0 and not new:
                    return
            requested_at = self.clock.now()

    async def _read_backwards(self, client: RecallClient, first: Page, *, at_least: int) -> None:
        """Reads the pages from the last one to the second one; `at_least` as for `_read_forwards`."""
        for number in range(first.page_count or 1, 1, -1):
            page, _, new = await self._read_page(client, f"page={number}")
            if not page.results:
                continue  # the list has become shorter
            at_least -= len(page.results)
            if at_least <= 0 and not new:
                return

    async def _is_newest_first(self, client: RecallClient, first: Page, bots: Sequence[Bot]) -> bool:
        """Whether the list begins with the newest bots. If its first page does not show that, the last page is read."""
        order = is_newest_first(bots)
        if order is not None or first.page_count is None:
            return order is not False
        _, last, _ = await self._read_page(client, f"page={first.page_count}")
        newest_of_first, newest_of_last = _newest(bots), _newest(last)
        return newest_of_first is None or newest_of_last is None or newest_of_first >= newest_of_last

    async def _read_page(self, client: RecallClient, query: str) -> tuple[Page, list[Bot], int]:
        """Reads and stores one page; returns it with its bots and the number of new ones. A missing page is empty."""
        requested_at = self.clock.now()
        try:
            page = await anext(client.list_pages(BOT, query))
        except PageMissing:
            page = Page([], None)
        return page, *self._store(page, requested_at)

    def _store(self, page: Page, requested_at: datetime) -> tuple[list[Bot], int]:
        self.report.list_calls += 1
        bots = [bot for document in page.results if (bot := self._decoded(document)) is not None]
        bot_ids = {str(bot.id) for bot in bots}
        unknown = self._storage.database.read(lambda connection: unknown_bots(connection, bot_ids))
        self.listed |= bot_ids
        self._record([ObservedBot(bot, requested_at) for bot in bots])
        # Bots from before the retention period stay unknown. They must not make the pass read on.
        if new := unknown and unknown - self._storage.database.read(partial(unknown_bots, bot_ids=unknown)):
            self.report.new += len(new)
        return bots, len(new)

    def _record(self, bots: Sequence[ObservedBot]) -> None:
        if bots:
            record_observation_time(self._storage.database, self.clock.now())
            record_bots(self._storage, bots, self.clock.wall_clock())

    def _decoded(self, document: Any) -> Bot | None:
        object_id = document.get("id")
        # Any other id could be confidential.
        is_id = isinstance(object_id, str) and is_canonical_uuid(object_id)
        try:
            return decode_object(document, Bot, f"{BOT} {object_id}" if is_id else BOT)
        except PayloadError as error:
            self.report.unreadable += 1
            logger.warning("a bot could not be read. %s", error)
            return None

    def _not_stored(self, first: Page) -> int:
        """Listed bots that are not stored, such as unreadable and purged ones, less stored bots that are not listed.

        The result may be negative. Only an increase since the last complete pass shows that bots are missing.
        """
        return (first.count or 0) - self._storage.database.read(bot_count)


def note_deleted_bots(connection: Connection, count: int) -> None:
    """Records that bots were deleted here, so that the next pass does not look for them in the whole list.

    The row of `meta` is written after all other tables (see `store.locks`).
    """
    former = _former_counts(connection)
    if count and former is not None:
        put_meta(connection, {NOT_STORED: str(former.not_stored + count)})


def is_newest_first(bots: Sequence[Bot]) -> bool | None:
    """True if bots are listed with the newest first, False if with the oldest first, None if they do not show it."""
    times = [at for bot in bots if (at := _begun_at(bot)) is not None]
    falling = sum(first > second for first, second in pairwise(times))
    rising = sum(first < second for first, second in pairwise(times))
    return None if falling == rising else falling > rising


def _newest(bots: Sequence[Bot]) -> datetime | None:
    return max([at for bot in bots if (at := _begun_at(bot)) is not None], default=None)


def _begun_at(bot: Bot) -> datetime | None:
    """When a bot began to join, or is to join."""
    first = next((each.at for each in status_changes_of(bot) or () if each.at is not None), None)
    return first or instant_of(bot.join_at)


class _Counts(NamedTuple):
    """Values of `meta` after the last complete pass; earlier versions stored no hash of the first page."""

    listed: int
    not_stored: int
    first_page: str | None


def _former_counts(connection: Connection) -> _Counts | None:
    listed, not_stored, first_page = (meta_value(connection, name) for name in (LISTED, NOT_STORED, FIRST_PAGE))
    return None if listed is None or not_stored is None else _Counts(int(listed), int(not_stored), first_page)


def _hash_of(bots: Sequence[Bot]) -> str:
    """A hash of everything that is stored of some bots, in the order of the list."""
    values = [
        (str(bot.id), bot.columns, bot.is_recording_off, status_changes_of(bot), recordings_of(bot)) for bot in bots
    ]
    return hashlib.sha256(json.dumps(values, default=str, sort_keys=True).encode()).hexdigest()
