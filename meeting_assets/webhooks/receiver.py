"""The receiver of webhooks: a small server that answers a message once it stands in the inbox, and does nothing else.

    POST /webhooks   200  it is in the inbox, or was already, or is about nothing that is kept here: a real-time event,
                          a test message, an object that is not stored
                     401  nobody who knows a secret has signed it lately
                     400, 408, 413  it is no JSON object, came too slowly, is too long; after 408 and 413 the
                          connection is closed and the rest of the body is not read
                     503  the database does not take it: the sender will deliver it again
    GET /health      200 or 503, whether the database can be reached; and what has come since the start

Messages that come at the same time share a transaction. TLS is the business of a proxy in front.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import timedelta
from enum import StrEnum
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self, TypeVar

import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from meeting_assets.core.errors import PayloadError, SettingsError, StoreError
from meeting_assets.core.instants import now
from meeting_assets.pipeline.storage import open_database, origin_of
from meeting_assets.settings import Settings
from meeting_assets.store.connections import retry_on_conflict
from meeting_assets.store.database import Database
from meeting_assets.webhooks import inbox
from meeting_assets.webhooks.inbox import Message
from meeting_assets.webhooks.message import SignatureStatus, WebhookVerifier, message_id, parse_event
from meeting_assets.webhooks.protocol import CONNECTIONS, BoundedProtocol

PATH = "/webhooks"
HEALTH = "/health"
BODY_BYTES = 1_000_000
HEADER_BYTES = 8_192
BODY_S = 10.0
STORED_WITHIN_S = 10.0
HEALTH_S = 3.0
STOP_S = 15
GATHERED_S = 0.005
"""What comes within this time is written in one transaction."""
KEPT = timedelta(days=30)
FORGET_EVERY_S = 24 * 3600.0

Answer = TypeVar("Answer")

logger = logging.getLogger(__name__)


class Outcome(StrEnum):
    """What became of a request."""

    STORED = "stored"
    REPEATED = "repeated"
    NOT_OURS = "not_ours"
    UNSIGNED = "unsigned"
    FORGED = "forged"
    STALE = "stale"
    UNREADABLE = "unreadable"
    TOO_LONG = "too_long"
    TOO_SLOW = "too_slow"
    NOT_STORED = "not_stored"


ANSWERS = {
    Outcome.STORED: HTTPStatus.OK,
    Outcome.REPEATED: HTTPStatus.OK,
    # Anything but 2xx would be sent again for a day, and then nothing at all.
    Outcome.NOT_OURS: HTTPStatus.OK,
    Outcome.UNSIGNED: HTTPStatus.UNAUTHORIZED,
    Outcome.FORGED: HTTPStatus.UNAUTHORIZED,
    Outcome.STALE: HTTPStatus.UNAUTHORIZED,
    Outcome.UNREADABLE: HTTPStatus.BAD_REQUEST,
    Outcome.TOO_LONG: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    Outcome.TOO_SLOW: HTTPStatus.REQUEST_TIMEOUT,
    Outcome.NOT_STORED: HTTPStatus.SERVICE_UNAVAILABLE,
}
UNREAD = {Outcome.TOO_LONG, Outcome.TOO_SLOW}
"""Answered before the body was complete."""
CLOSE = {"Connection": "close"}
REJECTED = {
    SignatureStatus.UNSIGNED: Outcome.UNSIGNED,
    SignatureStatus.FORGED: Outcome.FORGED,
    SignatureStatus.STALE: Outcome.STALE,
}


class TooLong(Exception):
    """A body longer than any message."""


class GroupCommit:
    """The inbox's only writer: one transaction for all that has come while the last one was written."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._arrived = asyncio.Event()
        self._waiting: list[tuple[Message, asyncio.Future[bool]]] = []
        # Its own thread: nothing else can keep the writer waiting.
        self._thread = ThreadPoolExecutor(1, "inbox")

    async def put(self, message: Message) -> bool:
        """Returns when the message is in the database; whether it is new there.

        Raises:
            StoreError, TimeoutError: it is not known to be there.
        """
        is_there: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((message, is_there))
        self._arrived.set()
        async with asyncio.timeout(STORED_WITHIN_S):
            return await is_there

    async def run(self) -> None:
        """Writes until it is cancelled."""
        while True:
            await self._arrived.wait()
            await asyncio.sleep(GATHERED_S)
            self._arrived.clear()
            batch = [(message, is_there) for message, is_there in self._waiting if not is_there.done()]
            self._waiting.clear()
            if batch:
                await self._write(batch)

    async def _write(self, batch: Sequence[tuple[Message, asyncio.Future[bool]]]) -> None:
        try:
            new = await self._in_thread(self._put, [message for message, _ in batch])
        except Exception as error:  # noqa: BLE001 - the writer outlives whatever happens to one batch
            logger.warning("%d messages could not be stored: %s", len(batch), _sentence(error))
            for _, is_there in batch:
                if not is_there.done():
                    is_there.set_exception(StoreError("not stored"))
            return
        for message, is_there in batch:
            if not is_there.done():
                is_there.set_result(message.message_id in new)
                new.discard(message.message_id)

    @retry_on_conflict
    def _put(self, messages: Sequence[Message]) -> set[str]:
        with self._database.writing() as connection:
            return inbox.put(connection, messages)

    async def forget_old(self) -> None:
        """Deletes what was handled long ago, once a day, until it is cancelled."""
        while True:
            with suppress(StoreError):
                await self._in_thread(self._forget)
            await asyncio.sleep(FORGET_EVERY_S)

    @retry_on_conflict
    def _forget(self) -> None:
        with self._database.writing() as connection:
            inbox.forget_handled(connection, now() - KEPT)

    async def _in_thread(self, work: Callable[..., Answer], *arguments: Any) -> Answer:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *arguments)

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)


class Receiver:
    """The receiver on a port of this machine, from `with` on; `serve` returns when it is told to stop."""

    def __init__(self, settings: Settings, *, host: str, port: int) -> None:
        if not settings.webhook_secrets:
            raise SettingsError(
                "RECALL_WEBHOOK_SECRETS is not set: without a secret from the Recall.ai dashboard nobody can tell its "
                "webhooks from forged ones."
            )
        self._settings = settings
        self._seals = WebhookVerifier(settings.webhook_secrets)
        self._host, self._port = host, port
        self.counts: Counter[Outcome] = Counter()

    def __enter__(self) -> Self:
        self._database = open_database(self._settings)
        try:
            self._database.bind_origin(origin_of(self._settings.base_url))
            self._listener = _listener(self._host, self._port)
        except BaseException:
            self._database.close()
            raise
        self._server = uvicorn.Server(self._config())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.close()
        self._database.close()

    @property
    def url(self) -> str:
        """Where messages are to be sent."""
        host, port = self._listener.getsockname()[:2]
        return f"http://{f'[{host}]' if ':' in host else host}:{port}{PATH}"

    def serve(self) -> None:
        """Serves until SIGTERM, SIGINT or `stop`; what has come by then is answered."""
        with _quiet_signals():
            self._server.run([self._listener])

    def stop(self) -> None:
        """Tells `serve` to return, from any thread."""
        self._server.should_exit = True

    def app(self) -> Starlette:
        """The ASGI application."""
        routes = [Route(PATH, self._take, methods=["POST"]), Route(HEALTH, self._tell, methods=["GET"])]
        app = Starlette(routes=routes, lifespan=self._writing)
        app.router.redirect_slashes = False
        return app

    def _config(self) -> uvicorn.Config:
        return uvicorn.Config(
            self.app(),
            http=BoundedProtocol,
            ws="none",
            lifespan="on",
            log_config=None,
            log_level="critical",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            h11_max_incomplete_event_size=HEADER_BYTES,
            limit_concurrency=CONNECTIONS,
            timeout_keep_alive=60,
            timeout_graceful_shutdown=STOP_S,
        )

    @asynccontextmanager
    async def _writing(self, _: Starlette) -> AsyncIterator[None]:
        self._health_thread = ThreadPoolExecutor(1, "health")
        self._commits = GroupCommit(self._database)
        tasks = [asyncio.create_task(work) for work in (self._commits.run(), self._commits.forget_old())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._commits.close()
            self._health_thread.shutdown(wait=False, cancel_futures=True)

    async def _take(self, request: Request) -> JSONResponse:
        fate = await self._fate(request)
        self.counts[fate] += 1
        return JSONResponse({"outcome": fate.value}, ANSWERS[fate], CLOSE if fate in UNREAD else None)

    async def _fate(self, request: Request) -> Outcome:
        try:
            async with asyncio.timeout(BODY_S):
                body = await _body(request)
        except TooLong:
            return Outcome.TOO_LONG
        except TimeoutError:
            return Outcome.TOO_SLOW
        except ClientDisconnect:
            return Outcome.UNREADABLE
        standing = self._seals.standing(request.headers, body)
        sent = message_id(request.headers)
        if standing is not SignatureStatus.GENUINE or sent is None:
            return REJECTED.get(standing, Outcome.UNSIGNED)
        try:
            announced = parse_event(body)
        except PayloadError:
            return Outcome.UNREADABLE
        if announced is None:
            return Outcome.NOT_OURS
        at = now()
        message = Message(sent, *announced, received_at=at, handled_at=None if announced.is_news else at)
        try:
            return Outcome.STORED if await self._commits.put(message) else Outcome.REPEATED
        except (StoreError, TimeoutError):
            return Outcome.NOT_STORED

    async def _tell(self, _: Request) -> JSONResponse:
        is_there = await self._is_database_there()
        document = {
            "database": "reachable" if is_there else "unreachable",
            "messages": {fate.value: self.counts[fate] for fate in Outcome},
        }
        return JSONResponse(document, HTTPStatus.OK if is_there else HTTPStatus.SERVICE_UNAVAILABLE)

    async def _is_database_there(self) -> bool:
        try:
            async with asyncio.timeout(HEALTH_S):
                await asyncio.get_running_loop().run_in_executor(self._health_thread, self._look)
        except Exception:  # noqa: BLE001 - whatever it is, the database cannot be worked with
            return False
        return True

    def _look(self) -> None:
        with self._database.reading() as connection:
            inbox.is_anything_waiting(connection)


async def _body(request: Request) -> bytes:
    if int(request.headers.get("content-length", "0")) > BODY_BYTES:
        raise TooLong
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_BYTES:
            raise TooLong
    return bytes(body)


def _sentence(error: Exception) -> str:
    """What may be logged of an error: ours are sentences, of others the kind alone."""
    return str(error) if isinstance(error, StoreError) else f"unexpected {type(error).__name__}"


def _listener(host: str, port: int) -> socket.socket:
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        # asyncio sends answers at once only where the protocol is named.
        listener = socket.socket(family, kind, socket.IPPROTO_TCP)
    except OSError as error:
        raise SettingsError(f"--host {host} cannot be used: {error.strerror}.") from None
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen()
    except OSError as error:
        listener.close()
        raise SettingsError(f"--host {host} --port {port} cannot be used: {error.strerror}.") from None
    return listener


@contextmanager
def _quiet_signals() -> Iterator[None]:
    """Uvicorn repeats the signal that stopped it; here that is a good end."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    former = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
