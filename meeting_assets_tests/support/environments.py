"""Test environments: settings of a home and a sandbox, syncs without Dagster, and the resulting table rows."""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select
from sqlmodel import SQLModel

from meeting_assets.artifacts import ARTIFACTS
from meeting_assets.artifacts.transcript import TranscriptWords
from meeting_assets.core.instants import days_between
from meeting_assets.pipeline.derive import derive_days
from meeting_assets.pipeline.fetch import fetch_days
from meeting_assets.pipeline.fetch_results import FetchReport
from meeting_assets.pipeline.load import load_days
from meeting_assets.pipeline.search_index import index_days
from meeting_assets.pipeline.storage import Storage, access_of, bind_origin, derived_tables, open_storage
from meeting_assets.sandbox import Sandbox, World, empty
from meeting_assets.schema.media_objects import MediaObjects, MeetingMetadata
from meeting_assets.schema.persistent import Artifacts, Recordings
from meeting_assets.settings import Settings, read_settings
from meeting_assets.store.database import table_of
from meeting_assets.store.ledger import LEDGER

# Columns that may differ between two runs with the same result.
VOLATILE_COLUMNS = frozenset({"fetched_at", "parsed_at", "attempts", "next_attempt_at"})
# Times of work, which equal contents may differ in: every sync sets the first, even without changes.
TIMES_OF_WORK = frozenset({"observed_at", "modified_at", "derived_at"})

Row = tuple[Any, ...]
TableRows = dict[str, list[Row]]


def free_port() -> int:
    """A port for downloads. Manifests contain it, so equal bytes from two sandboxes require the same port.

    It lies outside the range of ephemeral ports, so that it stays free between two uses.
    """
    while True:
        port = random.randrange(20_000, 32_000)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def use_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sets an empty home and removes all other settings from the environment."""
    for field in Settings.model_fields.values():
        if field.alias:
            monkeypatch.delenv(field.alias, raising=False)
    monkeypatch.setenv("MEETING_ASSETS_HOME", str(home))


def use_sandbox(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Points the settings at a sandbox."""
    monkeypatch.setenv("RECALL_BASE_URL", sandbox.url)
    monkeypatch.setenv("RECALL_API_KEY", sandbox.api_key)
    if sandbox.world.recordings:
        monkeypatch.setenv("MEETING_ASSETS_FIRST_DAY", sandbox.world.first_day.isoformat())


def keep_collections(world: World, *collections: str) -> World:
    """A copy of the world with the artifacts of some collections only."""
    bots = {bot.id: bot for bot in world.bots}
    bare = empty()
    for recording in world.recordings:
        recording.artifacts = [each for each in recording.artifacts if each.collection in collections]
        bare.add(recording, bots.get(recording.bot_id or ""))
    return bare


def days_of_world(sandbox: Sandbox) -> list[date]:
    """All days of the sandbox's world."""
    return days_between(sandbox.world.first_day, sandbox.world.last_day)


@contextmanager
def open_test_storage() -> Iterator[Storage]:
    """Opens the storage of the settings, bound to their API."""
    settings = read_settings()
    with open_storage(settings) as storage:
        bind_origin(storage, settings, adopts=True)
        yield storage


def sync_days(days: Sequence[date], *, recording_ids: Sequence[str] = (), refetch: bool = False) -> FetchReport:
    """Fetches, loads, derives and indexes some days, as a run does."""
    with open_test_storage() as storage:
        access = access_of(read_settings())
        report = asyncio.run(fetch_days(storage, access, days, recording_ids=recording_ids, refetch=refetch))
        for artifact in ARTIFACTS.values():
            loaded = load_days(artifact, days, storage)
            assert loaded.faults == []
        derived = derive_days(days, storage)
        assert derived.faults == []
        index_days(days, storage)
    return report


def table_rows(*, without: frozenset[str] = frozenset()) -> TableRows:
    """All rows of all tables except `meta`, sorted, without `TIMES_OF_WORK` and the columns in `without`."""
    with open_storage(read_settings()) as storage:
        return table_rows_of(storage, without=without)


def table_rows_of(storage: Storage, *, without: frozenset[str] = frozenset()) -> TableRows:
    """All rows of all tables except `meta` in an open storage; see `table_rows`."""
    models: tuple[type[SQLModel], ...] = (Recordings, Artifacts, MediaObjects, MeetingMetadata, *derived_tables())
    with storage.database.reading() as connection:
        return {table_of(model).name: content_of(connection, model, without=without) for model in models}


def content_of(connection: Connection, model: type[SQLModel], *, without: frozenset[str] = frozenset()) -> list[Row]:
    """All rows of a table, sorted, without `TIMES_OF_WORK` and the columns in `without`."""
    columns = [column for column in table_of(model).columns if column.name not in without | TIMES_OF_WORK]
    return sorted(map(tuple, connection.execute(select(*columns))), key=repr)


def age_missing_marks(by: timedelta) -> None:
    """Moves `missing_since` of all objects into the past, as if the sync had been earlier."""
    with open_storage(read_settings()) as storage, storage.database.writing() as connection:
        for table in (table_of(Recordings), table_of(Artifacts)):
            marked = table.c.missing_since.is_not(None)
            for since in connection.scalars(select(table.c.missing_since).where(marked).distinct()).all():
                moved = table.update().where(table.c.missing_since == since).values(missing_since=since - by)
                connection.execute(moved)


def ledger_row(artifact_id: str, kind: str) -> dict[str, Any]:
    """The ledger row of one artifact."""
    with open_storage(read_settings()) as storage, storage.database.reading() as connection:
        query = LEDGER.select().where(LEDGER.c.artifact_id == artifact_id, LEDGER.c.kind == kind)
        return dict(connection.execute(query).mappings().one())


def statuses_by_kind(recording_id: str) -> dict[str, str]:
    """The status of a recording's artifacts; of several artifacts of a kind, one."""
    query = select(LEDGER.c.kind, LEDGER.c.status).where(LEDGER.c.recording_id == recording_id)
    with open_storage(read_settings()) as storage, storage.database.reading() as connection:
        return dict(connection.execute(query.order_by(LEDGER.c.artifact_id)).all())


def transcript_words(transcript_id: str) -> list[str]:
    """The words of a transcript, in its order."""
    table = table_of(TranscriptWords)
    query = select(table.c.text).where(table.c.transcript_id == transcript_id).order_by(table.c.word_index)
    with open_storage(read_settings()) as storage, storage.database.reading() as connection:
        return [*connection.scalars(query)]


def count_rows(table: str) -> int:
    """The number of rows of a table."""
    return len(table_rows()[table])
