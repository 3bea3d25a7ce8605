"""The receiver's ASGI application: verifies a message, stores it in the inbox, then responds.

POST /webhooks   200  stored now or earlier, or ignored: a real-time event, a test message, an undocumented object
                 401  not signed with one of the secrets within the last five minutes
                 400, 408, 413  not a JSON object, too slow, too long; after 408 and 413 the rest of the body is
                      not read and the connection is closed
                 503  the database failed; Recall.ai delivers the message again
GET /health      200 or 503: database reachable or not; and the number of messages by outcome since the start
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from enum import StrEnum
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from meeting_assets.core.errors import PayloadError, StoreError
from meeting_assets.core.instants import now
from meeting_assets.store.database import Database
from meeting_assets.webhooks import inbox
from meeting_assets.webhooks.event import ObjectEvent, WebhookEvent, parse_event
from meeting_assets.webhooks.inbox import Message
from meeting_assets.webhooks.inbox_writer import InboxWriter
from meeting_assets.webhooks.object_inbox import ObjectMessage
from meeting_assets.webhooks.signature import SignatureStatus, WebhookVerifier

PATH = "/webhooks"
HEALTH = "/health"
MAX_BODY_BYTES = 1_000_000
BODY_TIMEOUT_S = 10.0
HEALTH_TIMEOUT_S = 3.0


class Outcome(StrEnum):
    """Result of one request to `PATH`."""

    STORED = "stored"
    REPEATED = "repeated"
    IGNORED = "ignored"
    UNSIGNED = "unsigned"
    FORGED = "forged"
    STALE = "stale"
    UNREADABLE = "unreadable"
    TOO_LONG = "too_long"
    TOO_SLOW = "too_slow"
    NOT_STORED = "not_stored"


HTTP_STATUS = {
    Outcome.STORED: HTTPStatus.OK,
    Outcome.REPEATED: HTTPStatus.OK,
    # Recall.ai retries other codes for a day, then stops sending any webhooks.
    Outcome.IGNORED: HTTPStatus.OK,
    Outcome.UNSIGNED: HTTPStatus.UNAUTHORIZED,
    Outcome.FORGED: HTTPStatus.UNAUTHORIZED,
    Outcome.STALE: HTTPStatus.UNAUTHORIZED,
    Outcome.UNREADABLE: HTTPStatus.BAD_REQUEST,
    Outcome.TOO_LONG: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    Outcome.TOO_SLOW: HTTPStatus.REQUEST_TIMEOUT,
    Outcome.NOT_STORED: HTTPStatus.SERVICE_UNAVAILABLE,
}
REJECTED = {
    SignatureStatus.UNSIGNED: Outcome.UNSIGNED,
    SignatureStatus.FORGED: Outcome.FORGED,
    SignatureStatus.STALE: Outcome.STALE,
}
BODY_UNREAD = {Outcome.TOO_LONG, Outcome.TOO_SLOW}
"""Outcomes of requests with an incomplete body; their connections are closed."""


class TooLong(Exception):
    """A body exceeds `MAX_BODY_BYTES`."""


class Application:
    """Request handlers with their database, and counters of outcomes."""

    def __init__(self, database: Database, verifier: WebhookVerifier) -> None:
        self._database = database
        self._verifier = verifier
        self._counts: Counter[Outcome] = Counter()
        self._health_thread = ThreadPoolExecutor(1, "health")
        self._writer = InboxWriter(database)

    def asgi(self) -> Starlette:
        """The ASGI application."""
        routes = [Route(PATH, self._receive, methods=["POST"]), Route(HEALTH, self._health, methods=["GET"])]
        app = Starlette(routes=routes, lifespan=self._lifespan)
        app.router.redirect_slashes = False
        return app

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(each) for each in (self._writer.run(), self._writer.run_deletion())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._writer.close()
            self._health_thread.shutdown(wait=False, cancel_futures=True)

    async def _receive(self, request: Request) -> JSONResponse:
        outcome = await self._process(request)
        self._counts[outcome] += 1
        headers = {"Connection": "close"} if outcome in BODY_UNREAD else None
        return JSONResponse({"outcome": outcome.value}, HTTP_STATUS[outcome], headers)

    async def _process(self, request: Request) -> Outcome:
        try:
            async with asyncio.timeout(BODY_TIMEOUT_S):
                body = await _read_body(request)
        except TooLong:
            return Outcome.TOO_LONG
        except TimeoutError:
            return Outcome.TOO_SLOW
        except ClientDisconnect:
            return Outcome.UNREADABLE
        signature, message_id = self._verifier.verify(request.headers, body)
        if signature is not SignatureStatus.GENUINE:
            return REJECTED[signature]
        return await self._store(message_id, body)

    async def _store(self, message_id: str, body: bytes) -> Outcome:
        try:
            event = parse_event(body)
        except PayloadError:
            return Outcome.UNREADABLE
        if event is None:
            return Outcome.IGNORED
        message = _message(message_id, event)
        try:
            return Outcome.STORED if await self._writer.put(message) else Outcome.REPEATED
        except (StoreError, TimeoutError):
            return Outcome.NOT_STORED

    async def _health(self, _: Request) -> JSONResponse:
        is_reachable = await self._is_database_reachable()
        document = {
            "database": "reachable" if is_reachable else "unreachable",
            "messages": {outcome.value: self._counts[outcome] for outcome in Outcome},
        }
        return JSONResponse(document, HTTPStatus.OK if is_reachable else HTTPStatus.SERVICE_UNAVAILABLE)

    async def _is_database_reachable(self) -> bool:
        try:
            async with asyncio.timeout(HEALTH_TIMEOUT_S):
                await asyncio.get_running_loop().run_in_executor(
                    self._health_thread, self._database.read, inbox.has_unhandled
                )
        except Exception:  # noqa: BLE001 - any failure means that the database cannot be used
            return False
        return True


def _message(message_id: str, event: WebhookEvent | ObjectEvent) -> Message | ObjectMessage:
    at = now()
    handled_at = None if event.needs_run else at
    if isinstance(event, ObjectEvent):
        return ObjectMessage(message_id, event.event, event.object_id, at, handled_at)
    return Message(message_id, event.event, event.recording_id, event.artifact_id, at, handled_at)


async def _read_body(request: Request) -> bytes:
    if int(request.headers.get("content-length", "0")) > MAX_BODY_BYTES:
        raise TooLong
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise TooLong
    return bytes(body)
