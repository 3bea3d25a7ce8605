"""Writes received messages to the inbox; messages that arrive together share a transaction (group commit).

Old messages are deleted by the same thread in batches; received messages are written between the batches.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import TypeVar

from sqlalchemy import Connection

from meeting_assets.core.errors import StoreError, bug_message
from meeting_assets.core.instants import now
from meeting_assets.store.database import Database
from meeting_assets.webhooks import inbox, object_inbox
from meeting_assets.webhooks.inbox import Message
from meeting_assets.webhooks.object_inbox import ObjectMessage

PUT_TIMEOUT_S = 10.0
BATCH_DELAY_S = 0.005
"""Time in which further messages may join a transaction."""
RETENTION = timedelta(days=30)
"""Age at which handled messages are deleted."""
DELETION_INTERVAL_S = 24 * 3600.0
MAX_DELETED = 2_000
"""Messages deleted in one transaction, which received messages wait for."""

Result = TypeVar("Result")

logger = logging.getLogger(__name__)


class InboxWriter:
    """The only writer of the inbox in this process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._arrived = asyncio.Event()
        self._queue: list[tuple[Message | ObjectMessage, asyncio.Future[bool]]] = []
        # A thread of its own, so that no other work delays the writer.
        self._thread = ThreadPoolExecutor(1, "inbox")

    async def put(self, message: Message | ObjectMessage) -> bool:
        """Stores a message; True if it is new. Returns after the commit.

        Raises:
            StoreError, TimeoutError: the message may not be stored.
        """
        is_new: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._queue.append((message, is_new))
        self._arrived.set()
        async with asyncio.timeout(PUT_TIMEOUT_S):
            return await is_new

    async def run(self) -> None:
        """Writes until it is cancelled."""
        while True:
            await self._arrived.wait()
            await asyncio.sleep(BATCH_DELAY_S)
            self._arrived.clear()
            batch = [(message, is_new) for message, is_new in self._queue if not is_new.done()]
            self._queue.clear()
            if batch:
                await self._write(batch)

    async def run_deletion(self) -> None:
        """Deletes old handled messages once a day, until it is cancelled."""
        while True:
            try:
                await self._delete_old()
            except Exception as error:  # noqa: BLE001 - a failed deletion must not end this task
                logger.warning("Old messages could not be deleted; tried again in a day: %s", _cause(error))
            await asyncio.sleep(DELETION_INTERVAL_S)

    async def _delete_old(self) -> None:
        before = now() - RETENTION
        for delete_handled in (inbox.delete_handled, object_inbox.delete_handled):
            delete_batch = partial(delete_handled, before=before, at_most=MAX_DELETED)
            while await self._write_in_thread(delete_batch) == MAX_DELETED:
                pass

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _write(self, batch: Sequence[tuple[Message | ObjectMessage, asyncio.Future[bool]]]) -> None:
        try:
            messages = [message for message, _ in batch]
            new_ids = await self._write_in_thread(lambda connection: _insert(connection, messages))
        except Exception as error:  # noqa: BLE001 - a failed batch must not end the writer
            logger.warning("%d messages could not be stored: %s", len(batch), _cause(error))
            for _, is_new in batch:
                if not is_new.done():
                    is_new.set_exception(StoreError("not stored"))
            return
        for message, is_new in batch:
            if not is_new.done():
                is_new.set_result(message.message_id in new_ids)
                new_ids.discard(message.message_id)

    async def _write_in_thread(self, work: Callable[[Connection], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._database.write, work)


def _insert(connection: Connection, messages: Sequence[Message | ObjectMessage]) -> set[str]:
    """Inserts messages into the table of their kind, and returns the ids of new ones."""
    of_recordings = [each for each in messages if isinstance(each, Message)]
    of_objects = [each for each in messages if isinstance(each, ObjectMessage)]
    new_ids = inbox.insert_messages(connection, of_recordings)
    return new_ids | object_inbox.insert_messages(connection, of_objects)


def _cause(error: Exception) -> str:
    return str(error) if isinstance(error, StoreError) else bug_message(error)
